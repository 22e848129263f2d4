"""Findings tell to say options on the command line, fields in the interface, controls on a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import geo
from api.cli import app
from api.import_words import said
from geo.reference import reference_rows
from tests.api.test_import_steps import csv_file, square
from tests.api.test_import_wizard import upload_of

OPTION = re.compile(r"(?<![\w`-])--[a-z][a-z-]+")
MODULES = (
    *("imports/*.py", "readers/*.py", "vector_io.py", "crs.py"),
    *("status_sheet.py", "store/batch_decisions.py"),
)


def options_said() -> set[str]:
    texts = [text for row in reference_rows("findings") for text in row.values()]
    folder = Path(geo.__file__).parent
    sources = [path.read_text("utf-8") for pattern in MODULES for path in folder.glob(pattern)]
    return {option for text in [*texts, *sources] for option in OPTION.findall(text)}


def test_every_option_that_a_sentence_names_has_its_field_and_its_control() -> None:
    known = {OPTION.search(row["option"])[0] for row in reference_rows("import_controls")}
    assert options_said() <= known
    for lang in ("zh", "en"):
        for option in options_said() - {"--cities"}:
            assert "--" not in said(f"say {option} now", "page", lang)
            assert "--" not in said(f"say {option} now", "wire", lang)


def test_every_control_is_shown_by_a_step_of_the_wizard() -> None:
    folder = Path(said.__code__.co_filename).parent / "pages" / "templates"
    pages = "".join(path.read_text("utf-8") for path in folder.glob("import*.html"))
    for row in reference_rows("import_controls"):
        for slug in filter(None, (row["control"], row["choice"])):
            assert f"t('{slug}')" in pages, slug


def test_every_option_of_the_table_is_one_of_the_commands() -> None:
    helps = [["import", "file", "--help"], ["import", "undo", "--help"], ["status", "apply", "--help"]]
    told = "".join(CliRunner().invoke(app, one, env={"COLUMNS": "200"}).output for one in helps)
    for row in reference_rows("import_controls"):
        assert OPTION.search(row["option"])[0] in told


FILE = csv_file(f"00901,完,1500,{square(116.1)}", head="编号,状态,面积,WKT")


@pytest.mark.parametrize(("lang", "words"), [("en", "“Status words”"), ("zh", "“状态词对照”")])
def test_a_page_names_its_own_control(service, lang: str, words: str) -> None:
    client = service.client
    page = client.post(f"/imports/look?lang={lang}", files={"file": ("a.csv", FILE)}).text
    sent = {"upload": upload_of(page), "column": ["编号", "状态"], "field": ["site_code", "status"]}
    tried = client.post(f"/imports/try?lang={lang}", data={**sent, "unit": ["", ""]}, follow_redirects=True)
    assert words in tried.text
    assert "--status-map" not in tried.text
    drawn = client.get(f"/maps/imports/1?lang={lang}").text
    assert "00901" in drawn
    assert "--status-map" not in drawn
    wire = client.get("/api/imports/1").json()["rows"][0]["findings"][0]
    assert "status_map=" in wire["suggestion"]
    refused = client.post("/api/imports/1/commit").json()["detail"]
    assert "only_valid=true" in refused
    assert "--" not in refused


def test_the_command_line_names_its_options(service, tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(FILE)
    told = CliRunner().invoke(
        app, ["import", str(path), "--store", str(service.folder / "sites.gpkg"), "--json"]
    )
    assert "--status-map" in told.output


def test_from_the_dry_run_the_columns_can_be_chosen_anew(service) -> None:
    client = service.client
    page = client.post("/imports/look?lang=en", files={"file": ("a.csv", FILE)}).text
    sent = {
        "upload": upload_of(page),
        "column": ["编号", "状态"],
        "field": ["site_code", ""],
        "unit": ["", ""],
    }
    assert "/imports/1/columns" in client.post("/imports/try?lang=en", data=sent, follow_redirects=True).text
    again = client.get("/imports/1/columns?lang=en").text
    assert upload_of(again) == upload_of(page)
    sent["field"] = ["site_code", "status"]
    more = {"word": ["完"], "word_status": ["treated"]}
    tried = client.post("/imports/try?lang=en", data={**sent, **more}, follow_redirects=False)
    client.post(f"{tried.headers['location']}/commit", data={})
    assert client.get("/api/sites?q=00901").json()["features"][0]["properties"]["status"] == "treated"
    assert "is not kept any more" in client.get("/imports/2/columns?lang=en").text


def test_rows_without_a_code_are_numbered_from_the_page(service) -> None:
    client = service.client
    content = csv_file(f"x,{square(116.1)}", f"y,{square(116.3)}", head="说明甲,WKT")
    page = client.post("/imports/look?lang=en", files={"file": ("a.csv", content)}).text
    assert "number the rows" in page
    sent = {"upload": upload_of(page), "column": ["说明甲"], "field": [""], "unit": [""], "numbered": "N-"}
    tried = client.post("/imports/try?lang=en", data=sent, follow_redirects=False)
    rows = client.get(f"/api{tried.headers['location']}").json()["rows"]
    assert [row["site_code"] for row in rows] == ["N-1", "N-2"]
