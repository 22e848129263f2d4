"""The commands of docs/imports.md on real data, run as they stand there."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.docs_page import DocsPage

pytestmark = pytest.mark.real_data

PAGE = DocsPage.of("imports")
FILES = ("wv_coal_permits/wv_coal_permits.geojson", "brumadinho_landsat8/brumadinho_damage_extent.zip")


@pytest.fixture(scope="module")
def said(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """What a command of the page printed, by its beginning; all of them run in order."""
    folder = tmp_path_factory.mktemp("imports")
    for file in FILES:
        shutil.copy(real_data / file, folder)
    printed = {" ".join(("reverdure", *words)): done.stdout for words, done in PAGE.run(folder)}
    printed["folder"] = str(folder)
    return lambda beginning: next(text for line, text in printed.items() if line.startswith(beginning))


def test_a_look_at_a_file_tells_units_and_words(said):
    permits = said("reverdure import wv_coal_permits.geojson --detect")
    assert "88 rows, 88 with geometry" in permits
    assert permits.count("status word not known") == 8
    assert re.search(r"Acres +declared_area_ha +acre ", permits)
    assert "ha? (fits m2)" in said("reverdure import brumadinho")


def test_the_permits_come_in_with_their_findings_and_a_marked_workbook(said):
    told = said("reverdure import wv_coal_permits.geojson --store")
    assert "88 rows gave 88 new, 0 changed, 0 unchanged, 0 rejected" in told
    assert "declared_area_differs (49), declared_area_zero (5)" in told
    assert "overlap by 103.4 ha" in told
    sheet = openpyxl.load_workbook(Path(said("folder")) / "marked.xlsx").worksheets[0]
    assert sheet.max_row == 89


def test_the_status_list_comes_back_unchanged_and_the_import_is_undone(said):
    assert "88 rows would give 0 new, 0 changed, 88 unchanged, 0 rejected" in said("reverdure status apply")
    assert "of 88 rows 88 waits for a second person" in said("reverdure import undo")
    assert "88 proposals of undo:1 are approved by Wang Li" in said("reverdure approve")
    assert "of 88 rows 88 undone" in said("reverdure import show")
    assert said("reverdure verify").startswith("ok: 792 rows")
