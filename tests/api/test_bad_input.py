"""What people send wrongly, through the interface of the wizard: told on its row, nothing written."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter
from shapely import box

from geo.store import history

HEAD = ("图斑编号", "状态", "状态日期", "损毁面积（公顷）", "治理面积（公顷）", "市", "WKT")
FORMULA = object()


def row(code: Any = "N1", **cells: Any) -> list[Any]:
    west = cells.pop("west", 116.5)
    wkt = box(west, 33.2, west + 0.01, 33.21).wkt
    return [code, *(cells.get(name) for name in ("status", "since", "damaged", "restored", "city")), wkt]


def workbook(*rows: Sequence[Any], cached: object = "") -> bytes:
    """A workbook as people make them; in place of `FORMULA` stands one, with the value that it last gave."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("图斑")
        for line, cells in enumerate([HEAD, *rows]):
            for place, cell in enumerate(cells):
                if cell is FORMULA:
                    sheet.write_formula(line, place, "=1+1", value=cached)
                elif cell is not None:
                    sheet.write(line, place, cell)
    return target.getvalue()


def tried(client: Any, content: bytes, name: str = "a.xlsx", **fields: str) -> dict:
    sent = {"as_of": "2019-01-01", "unit": "损毁面积（公顷）=ha", **fields}
    answer = client.post("/api/imports?lang=en", files={"file": (name, content)}, data=sent)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def told(client: Any, content: bytes, line: int = 0, **fields: str) -> tuple[str, dict[str, dict]]:
    """What becomes of the row, and its findings by their codes."""
    found = tried(client, content, **fields)["rows"][line]
    return found["result"], {one["code"]: one for one in found["findings"]}


@pytest.mark.parametrize(
    ("cells", "code", "column", "problem"),
    [
        (
            {"status": "已治理", "since": "2031-06-01"},
            "future_date",
            "状态日期",
            "2031-06-01 lies after today",
        ),
        ({"status": "已治理", "since": "2021-02-30"}, "unreadable_value", "状态日期", "no such day"),
        ({"status": "已治理", "since": "2021年2月30日"}, "unreadable_value", "状态日期", "no such day"),
        ({"status": "已治理", "since": 20210230}, "unreadable_value", "状态日期", "no such day"),
        ({"status": "已治理", "since": "03/04/2021"}, "unreadable_value", "状态日期", "told apart"),
        ({"damaged": 2, "restored": 3}, "restored_over_damaged", None, "3.0 ha restored is more than 2.0"),
        ({"damaged": "1,5"}, "unreadable_value", "损毁面积（公顷）", "may part thousands or decimals"),
        ({"damaged": "1.234,5"}, "unreadable_value", "损毁面积（公顷）", "may part thousands or decimals"),
        ({"damaged": "约3"}, "unreadable_value", "损毁面积（公顷）", "cannot be read as an area"),
        ({"status": "治理完了"}, "unknown_word", "状态", "no known word for status"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_says_what_helps(service, cells, code, column, problem) -> None:
    result, found = told(service.client, workbook(row(**cells)))
    assert result == "rejected"
    assert (found[code]["column"], found[code]["severity"]) == (column, "error")
    assert problem in found[code]["problem"]
    assert found[code]["suggestion"]


@pytest.mark.parametrize(
    ("cells", "code", "problem", "suggestion"),
    [
        ({"damaged": "1.234"}, "ambiguous_number", "read as 1.234", "1234 or 1.2340"),
        ({"damaged": "1,234"}, "ambiguous_number", "read as 1234", "1234 or 1.2340"),
        ({"damaged": "1，234"}, "ambiguous_number", "read as 1234", "1234 or 1.2340"),
        ({"city": "Huaibej"}, "unit_looks_like", "which is Huaibei but for one sign", "write Huaibei"),
        ({"city": "Tongling"}, "unit_differs", "the polygon lies in Huaibei", "the polygon decides"),
    ],
)
def test_a_doubtful_cell_marks_its_row(service, cells, code, problem, suggestion) -> None:
    result, found = told(service.client, workbook(row(**cells)))
    assert result == "new"
    assert problem in found[code]["problem"]
    assert suggestion in found[code]["suggestion"]


@pytest.mark.parametrize("city", ["Huaibei市", "Huaibei", "340600", None])
def test_the_right_name_of_a_unit_says_nothing(service, city) -> None:
    assert told(service.client, workbook(row(city=city))) == ("new", {})


def test_full_width_digits_are_read_as_what_they_are(service) -> None:
    sent = workbook(
        row("Ｎ１", damaged="１２．５", restored="３ 亩", status="已治理", since="２０１９年１月１日")
    )
    assert told(service.client, sent) == ("new", {})
    number = tried(service.client, sent)["import_id"]
    site = service.client.post(f"/api/imports/{number}/commit").json()["rows"][0]["site_id"]
    says = service.client.get(f"/api/sites/{site}").json()["properties"]
    assert (says["site_code"], says["damaged_ha"], says["restored_ha"]) == ("N1", 12.5, 0.2)


def test_a_move_that_the_table_forbids_names_what_is_allowed(service) -> None:
    result, found = told(service.client, workbook(["001", "已验收", *row()[2:]]))
    assert result == "rejected"
    assert (
        "cannot go from Untreated to Accepted; it can go to: Planned, Removed"
        in found["illegal_move"]["problem"]
    )


def test_an_id_that_excel_ate_is_told_with_the_one_that_is_meant(service) -> None:
    result, found = told(service.client, workbook(row(1)))
    assert result == "rejected"
    assert "the inventory holds 001" in found["zeros_lost"]["problem"]
    assert "format the column as text" in found["zeros_lost"]["suggestion"]
    result, found = told(service.client, workbook(row(123456789012345678)))
    assert (result, found["digits_lost"]["severity"]) == ("rejected", "error")


@pytest.mark.parametrize(
    ("cached", "result", "code"),
    [(3.5, "new", "formula_value"), ("", "rejected", "formula_without_value")],
)
def test_a_formula_counts_as_what_it_last_gave_or_refuses_its_row(service, cached, result, code) -> None:
    became, found = told(service.client, workbook(row(damaged=FORMULA), cached=cached))
    assert became == result
    assert (found[code]["column"], found[code]["value"]) == ("损毁面积（公顷）", "=1+1")


def test_a_bad_row_among_good_ones_writes_nothing_until_the_good_ones_are_asked_for(service) -> None:
    client, store = service.client, service.app.state.store
    with store.read() as conn:
        before = history.head(conn)
    number = tried(client, workbook(row("N1", west=116.3), row("N2", damaged="1,5", west=116.4)))["import_id"]
    refused = client.post(f"/api/imports/{number}/commit")
    assert refused.status_code == 422
    assert "row 3 (site N2, column 损毁面积（公顷）)" in refused.json()["detail"]
    with store.read() as conn:
        assert history.head(conn) == before
    taken = client.post(f"/api/imports/{number}/commit", json={"only_valid": True}).json()
    assert (taken["counts"]["new"], taken["counts"]["rejected"]) == (1, 1)
    assert [(row["row"], row["line"]) for row in taken["rows"]] == [(1, 2), (2, 3)]
    assert '<td class="num">3</td>' in client.get(f"/imports/{taken['import_id']}").text


def page_that_refuses(client: Any, name: str, content: bytes) -> str:
    """The first step, as it refuses the file."""
    answer = client.post("/imports/look?lang=en", files={"file": (name, content)})
    assert answer.status_code == 422, answer.text
    return str(answer.text)


HTML = b"<html><body><table><tr><td>\xe5\x9b\xbe\xe6\x96\x91</td></tr></table></body></html>"


def test_a_workbook_that_is_a_page_is_refused_by_what_it_is(service) -> None:
    answer = service.client.post("/api/imports", files={"file": ("a.xlsx", HTML)})
    assert answer.status_code == 422
    assert "is named as an Excel workbook but is" in answer.json()["detail"]
    assert "is named as an Excel workbook but is" in page_that_refuses(service.client, "a.xlsx", HTML)
    assert not any(service.folder.glob("sites-uploads/*/*"))


def archive_of(declared: int) -> bytes:
    """A small archive that says of its one file that it unpacks to so many bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sites.shp", b"\0" * 1000)
    content = bytearray(target.getvalue())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(mark) + offset, declared)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (archive_of((2 << 30) + 1), "unpacks to more than 2048 MiB"),
        (archive_of(100 << 20), "packed more than 200 times"),
    ],
)
def test_an_archive_that_would_fill_the_disk_is_refused_before_it_is_unpacked(
    service, content, problem
) -> None:
    answer = service.client.post("/api/imports", files={"file": ("a.zip", content)})
    assert answer.status_code == 422
    assert problem in answer.json()["detail"]
    assert problem in page_that_refuses(service.client, "a.zip", content)
    assert not any(service.folder.glob("sites-uploads/*/*"))


def test_an_archive_that_unpacks_to_more_than_it_says_is_stopped(service) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sites.shp", bytes(range(256)) * 4096)
    content = bytearray(target.getvalue())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(mark) + offset, 1000)
    answer = service.client.post("/api/imports", files={"file": ("a.zip", bytes(content))})
    assert answer.status_code == 422, answer.text


def test_two_gigabytes_are_refused_by_what_they_say_or_as_soon_as_they_pass_the_limit(start_service) -> None:
    service = start_service(max_upload_mb=0.5)
    length = {"Content-Length": str(2 << 30), "Content-Type": "multipart/form-data; boundary=x"}
    answer = service.client.post("/api/imports", content=b"", headers=length)
    assert answer.status_code == 413

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        for _ in range(2000):
            yield b"\0" * (1 << 20)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = service.client.post("/api/imports", content=endless(), headers=kind)
    assert answer.status_code == 413
    assert not any(service.folder.glob("sites-uploads/*"))
