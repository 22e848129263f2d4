"""The steps around an import: a look, template, marked workbook, undo, status lists; also by command."""

from __future__ import annotations

import io
import json

import openpyxl
from shapely import box
from typer.testing import CliRunner

from api.cli import app


def csv_file(*rows: str, head: str = "编号,状况,面积,WKT") -> bytes:
    return "\n".join([head, *rows]).encode("gb18030")


def square(west: float, south: float = 33.1) -> str:
    return f'"{box(west, south, west + 0.01, south + 0.01).wkt}"'


FILE = csv_file(f"00901,完,1500,{square(116.1)}", f"00902,完,1500,{square(116.3)}")
MAPPED = {"map": ["status=状况"], "status_map": ["完=treated"], "unit": ["面积=亩"], "as_of": "2021-01-01"}


def detect(client, content: bytes = FILE, name: str = "sites.csv", **fields):
    return client.post("/api/imports/detect", files={"file": (name, content)}, data=fields)


def test_a_look_tells_encoding_columns_units_and_words_and_keeps_the_file(service) -> None:
    found = detect(service.client, map="status=状况").json()
    assert (found["format"], found["encoding"], found["rows_in"], found["shapes"]) == ("csv", "GB18030", 2, 2)
    assert found["mapping"] == {"site_code": "编号", "status": "状况", "declared_area_ha": "面积"}
    area = next(one for one in found["columns"] if one["name"] == "面积")
    assert (area["unit"], area["unit_assumed"], area["unit_hint"]) == ("ha", True, "mu")
    assert found["unknown_statuses"] == {"完": 2}
    tried = service.client.post("/api/imports", data={"upload": found["upload"], **MAPPED})
    assert tried.status_code == 201, tried.text
    assert tried.json()["counts"]["new"] == 2
    assert not tried.json()["rows"][0]["findings"]
    assert service.client.post("/api/imports", data={"upload": "0" * 64}).status_code == 409
    assert service.client.post("/api/imports", data={"upload": "../../etc"}).status_code == 409


def test_metres_without_a_system_get_candidates_with_names(service) -> None:
    content = csv_file('1,,,"POLYGON((39500000 3700000,39500100 3700000,39500100 3700100,39500000 3700000))"')
    found = detect(service.client, content).json()
    assert found["needs_crs"] is True
    assert found["crs_candidates"] == [
        {"code": "EPSG:4527", "name": "CGCS2000 / 3-degree Gauss-Kruger zone 39"}
    ]
    content = csv_file('1,,,"POLYGON((500000 3700000,500100 3700000,500100 3700100,500000 3700000))"')
    found = detect(service.client, content).json()
    assert len(found["crs_candidates"]) == 21
    assert found["crs_candidates"][0]["name"] == "CGCS2000 / 3-degree Gauss-Kruger CM 117E"


def test_what_was_said_of_columns_is_remembered_for_the_next_file(service) -> None:
    client = service.client
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data={**MAPPED, "dry_run": "false"})
    assert done.status_code == 201, done.text
    again = csv_file(f"00903,完,1500,{square(116.5)}")
    found = detect(client, again).json()
    assert found["remembered_at"] is not None
    assert found["mapping"]["status"] == "状况"
    assert found["unknown_statuses"] == {}
    tried = client.post("/api/imports", files={"file": ("b.csv", again)}).json()
    assert (tried["counts"]["new"], tried["mapping"]["status"]) == (1, "状况")


def test_an_import_is_undone_over_http_and_told_once_more(service) -> None:
    client = service.client
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data={**MAPPED, "dry_run": "false"})
    number = done.json()["import_id"]
    assert client.get(f"/api/imports/{number}/undo").status_code == 404
    undone = client.post(f"/api/imports/{number}/undo", json={"reason": "wrong file"})
    assert undone.status_code == 200, undone.text
    assert undone.json()["counts"] == {"undone": 0, "proposed": 2, "turned_down": 0, "refused": 0}
    assert client.get(f"/api/imports/{number}/undo").json() == undone.json()
    assert client.post(f"/api/imports/{number}/undo").status_code == 409
    assert client.post("/api/imports/999/undo").status_code == 404


def test_an_undo_names_the_sites_that_somebody_changed_since(service) -> None:
    client = service.client
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data={**MAPPED, "dry_run": "false"})
    site_id = done.json()["rows"][0]["site_id"]
    change = {"status": "relapsed", "effective_on": "2022-01-01", "reason": "sank", "restored_ha": None}
    changed = client.post(f"/api/sites/{site_id}/status", json=change, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    refused = client.post(f"/api/imports/{done.json()['import_id']}/undo")
    assert (refused.status_code, refused.json()["sites"]) == (403, ["00901"])
    partly = client.post(f"/api/imports/{done.json()['import_id']}/undo", json={"partly": True})
    assert partly.json()["counts"] == {"undone": 0, "proposed": 1, "turned_down": 0, "refused": 1}


def sheet_of(answer):
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]


def test_the_marked_workbook_keeps_its_cells_after_a_partial_commit(service) -> None:
    client = service.client
    content = csv_file(f"00901,nonsense,1,{square(116.1)}", f"00902,完,2,{square(116.3)}")
    tried = client.post("/api/imports", files={"file": ("a.csv", content)}, data=MAPPED).json()
    sheet = sheet_of(client.get(f"/api/imports/{tried['import_id']}/marked.xlsx?lang=en"))
    assert "no known word" in sheet["B2"].comment.text
    done = client.post(f"/api/imports/{tried['import_id']}/commit", json={"only_valid": True}).json()
    sheet = sheet_of(client.get(f"/api/imports/{done['import_id']}/marked.xlsx?lang=en"))
    assert (sheet["B2"].value, sheet["E2"].value) == ("nonsense", "rejected")


def test_the_marked_workbook_of_a_file_that_is_gone_has_the_receipt_alone(service) -> None:
    client = service.client
    done = client.post("/api/imports", files={"file": ("a.csv", FILE)}, data={**MAPPED, "dry_run": "false"})
    sheet = sheet_of(client.get(f"/api/imports/{done.json()['import_id']}/marked.xlsx?lang=en"))
    assert [cell.value for cell in sheet[2]] == ["00901", "new", None]


def test_the_template_is_a_workbook_in_both_languages(service) -> None:
    assert sheet_of(service.client.get("/api/imports/template.xlsx?lang=zh"))["A1"].value == "图斑编号"
    assert sheet_of(service.client.get("/api/imports/template.xlsx?lang=en"))["A1"].value == "Site code"


def test_a_status_list_goes_out_and_comes_back_as_differences(service) -> None:
    client = service.client
    answer = client.get("/api/exports/status.xlsx?city=340604&lang=en")
    sheet = sheet_of(answer)
    assert [sheet.cell(row, 1).value for row in (4, 5, 6)] == ["001", "002", None]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    book.worksheets[0]["F4"] = "Planned"
    target = io.BytesIO()
    book.save(target)
    tried = client.post(
        "/api/imports", files={"file": ("l.xlsx", target.getvalue())}, data={"kind": "status"}
    ).json()
    assert {name: n for name, n in tried["counts"].items() if n} == {"changed": 1, "unchanged": 1}
    done = client.post(f"/api/imports/{tried['import_id']}/commit")
    assert done.status_code == 201, done.text
    assert client.get("/api/sites/1").json()["properties"]["status"] == "planned"
    again = client.post(
        "/api/imports", files={"file": ("l.xlsx", target.getvalue())}, data={"kind": "status"}
    ).json()
    assert again["counts"]["unchanged"] == 2
    assert client.get("/api/exports/status.xlsx?city=999999").status_code == 404


def run(*words: str):
    done = CliRunner().invoke(app, [*words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_same_steps_by_command(tmp_path) -> None:
    store, file = str(tmp_path / "s.gpkg"), tmp_path / "sites.csv"
    file.write_bytes(FILE)
    shown = run("import", str(file), "--store", store, "--detect", "--map", "status=状况")
    assert "ha? (fits mu)" in shown
    assert "status word not known: 完 (2 rows)" in shown
    words = ("--map", "status=状况", "--status-map", "完=treated", "--unit", "面积=mu", "--cities", "none")
    marked = tmp_path / "marked.xlsx"
    run("import", str(file), "--store", store, *words, "--as-of", "2021-01-01", "--marked", str(marked))
    assert openpyxl.load_workbook(marked).worksheets[0]["A2"].value == "00901"
    again = run(
        "import", str(file), "--store", store, "--cities", "none", "--dry-run", "--as-of", "2021-01-01"
    )
    assert "2 unchanged" in again
    listed = tmp_path / "list.xlsx"
    assert "2 sites" in run("status", "export", str(listed), "--store", store)
    book = openpyxl.load_workbook(listed)
    book.worksheets[0]["F4"], book.worksheets[0]["I4"] = "Accepted", "seen on the spot"
    book.save(listed)
    assert "1 changed, 1 unchanged" in run("status", "apply", str(listed), "--store", store)
    assert "1 proposals of status:2" in run(
        "approve", "--source", "status:2", "--as", "wang", "--store", store
    )
    refused = CliRunner().invoke(app, ["import", "undo", "1", "--store", store])
    assert refused.exit_code == 1
    undone = json.loads(run("import", "undo", "1", "--partly", "--store", store, "--json"))
    assert undone["counts"] == {"undone": 0, "proposed": 1, "turned_down": 0, "refused": 1}
    assert "1 proposals" in run("approve", "--source", "undo:1", "--as", "wang", "--store", store)
    assert "written" in run("import", "template", str(tmp_path / "t.xlsx"))
    run("verify", "--store", store)


def test_the_map_of_a_status_list_shows_the_sites_that_its_rows_speak_of(service) -> None:
    content = service.client.get("/api/exports/status.xlsx?lang=en").content
    sent = {"kind": "status"}
    tried = service.client.post("/api/imports", files={"file": ("list.xlsx", content)}, data=sent).json()
    assert tried["counts"]["unchanged"] == 5
    drawn = service.client.get(f"/maps/imports/{tried['import_id']}?lang=en").text
    assert "row1" in drawn
    assert "row5" in drawn
