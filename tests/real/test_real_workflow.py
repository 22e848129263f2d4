"""The commands of docs/workflow.md on real data, as a user types them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app

pytestmark = pytest.mark.real_data

DOC = Path(__file__).resolve().parents[2] / "docs" / "workflow.md"


def test_the_merged_titles_lose_the_overlap_that_the_import_reports(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(real_data / "amapa_lourenco")
    commands = re.findall(r"^reverdure (.*)$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    printed = []
    for command in commands:
        words = [str(tmp_path / word) if word == "field.gpkg" else word for word in shlex.split(command)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.stderr
        printed.append(done.stdout + done.stderr)
    imported, merged, approved, before, after, verified = printed
    assert "overlap by 419.4 ha" in imported
    assert "27,980.0765 ha become FIELD of 27,560.6640 ha, a difference of -419.4125 ha" in merged
    assert "approved by reviewer" in approved
    assert "27,980.1" in before
    assert "27,560.7" in after
    assert verified.startswith("ok: ")
