"""Excel: a workbook of sites read and checked row by row, beside what reading alone takes with its peers."""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import xlsxwriter
from python_calamine import CalamineWorkbook
from rich.console import Console
from rich.table import Table
from shapely import box

from geo.imports.prepare import ImportOptions, prepare_import
from geo.vector_io import read_vector

LIMIT_S = 10.0
HEADS = (
    *("图斑编号", "图斑名称", "治理状态", "类型", "损毁面积（亩）", "治理面积（公顷）"),
    *("治理完成时间", "恢复方向", "责任主体", "矿种", "备注", "WKT"),
)
STATUSES = ("未治理", "治理中", "已治理")
TODAY = date(2026, 1, 1)
Times = dict[str, list[tuple[float, float]]]
"""{work: seconds by the clock and of CPU, a round}."""


def run(*, n_rows: int, rounds: int, console: Console) -> None:
    """Print the medians of interleaved rounds, each with its ratio to openpyxl and to the limit."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_workbook(Path(folder) / "sites.xlsx", n_rows)
        works: dict[str, Callable[[], int]] = {
            "read, confined process": lambda: len(read_vector(path).rows),
            "read and checked": lambda: checked(path),
            "openpyxl, read only, no check": lambda: by_openpyxl(path),
            "calamine alone, no check": lambda: by_calamine(path),
        }
        times: Times = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                start, busy = time.perf_counter(), cpu_seconds()
                assert work() == n_rows
                times[name].append((time.perf_counter() - start, cpu_seconds() - busy))
    show(times, n_rows, console)


def make_workbook(path: Path, n_rows: int) -> Path:
    """A workbook of sites with twelve columns, boundaries as WKT among them."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("图斑")
        sheet.write_row(0, 0, HEADS)
        for row in range(n_rows):
            west, south = 116 + (row % 300) * 0.003, 33 + (row // 300) * 0.003
            words = [f"{row:06d}", f"图斑{row}", STATUSES[row % 3], "露天采场"]
            values = [15.5 + row % 7, 0.5, 45_809 - row % 900, "林地", "历史遗留", "煤", ""]
            wkt = box(west, south, west + 0.0015, south + 0.0015).wkt
            sheet.write_row(row + 1, 0, [*words, *values, wkt])
    return path


def checked(path: Path) -> int:
    """Read, mapped, judged row by row: polygons, areas, words, dates, repeats."""
    prepared = prepare_import(path, ImportOptions(), today=TODAY)
    assert not prepared.rejected
    return len(prepared.rows)


def by_openpyxl(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    count = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) - 1
    book.close()
    return count


def by_calamine(path: Path) -> int:
    return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1


def cpu_seconds() -> float:
    """What this process and its children have computed: much the same on a busy machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def show(times: Times, n_rows: int, console: Console) -> None:
    medians = {
        name: [statistics.median(column) for column in zip(*found, strict=True)]
        for name, found in times.items()
    }
    peer, limit = medians["openpyxl, read only, no check"][1], medians["calamine alone, no check"][1]
    made = Table(title=f"Excel of {n_rows:,} rows, 12 columns with boundaries (seconds, medians)")
    heads = ("work", "seconds", f"x limit of {LIMIT_S:g} s", "of CPU", "x openpyxl", "x calamine")
    for column in heads:
        made.add_column(column, justify="left" if column == "work" else "right")
    for name, (seconds, busy) in medians.items():
        ratios = (seconds / LIMIT_S, busy, busy / peer, busy / limit)
        made.add_row(name, f"{seconds:.2f}", *(f"{one:.2f}" for one in ratios))
    console.print(made)
