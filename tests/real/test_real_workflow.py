"""The commands of docs/workflow.md on real data, as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs_page import DocsPage, lay_out

pytestmark = pytest.mark.real_data

PAGE = DocsPage.of("workflow")


def test_the_merged_titles_lose_the_overlap_that_the_import_reports(real_data: Path, tmp_path: Path) -> None:
    place = lay_out(tmp_path, *(real_data / "amapa_lourenco").iterdir())
    printed = [done.stdout + done.stderr for _, done in PAGE.run(place)]
    imported, merged, approved, before, after, verified = printed
    assert "overlap by 419.4 ha" in imported
    assert "27,980.0765 ha become FIELD of 27,560.6640 ha, a difference of -419.4125 ha" in merged
    assert "approved by reviewer" in approved
    assert "27,980.1" in before
    assert "27,560.7" in after
    assert verified.startswith("ok: ")
