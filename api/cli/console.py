"""What every command shares: the store option, the two consoles, numbers with units and progress bars."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geo.errors import BadValue, InvalidInput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from api.settings import Settings
    from geo.runs.pools import Pool
    from geo.store import Store

NULL = "–"
DEFAULT_STORE = "data/reverdure.gpkg"

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="REVERDURE_STORE",
        help="Path or URL of the store.",
        metavar="PATH|URL",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
LangOption = Annotated[
    str, typer.Option("--lang", envvar="REVERDURE_LANG", help="en or zh.", metavar="en|zh")
]


WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        help="Processes that compute; REVERDURE_WORKERS where not given, else this one.",
        metavar="N",
        min=1,
    ),
]
DaskOption = Annotated[
    str | None,
    typer.Option(
        "--dask",
        help="Dask scheduler whose workers compute instead; REVERDURE_DASK where not given.",
        metavar="tcp://HOST:PORT",
    ),
]


class NotADate(InvalidInput):
    """A text that should be a date is none."""

    template = "{option}: {text!r} is not a date such as 2024-12-31"


def report(sentence: str) -> None:
    """Say an error on stderr, in one line."""
    sys.stderr.write(f"error: {' '.join(sentence.split())}\n")


def note(sentence: str) -> None:
    """Say something beside the result, on stderr."""
    sys.stderr.write(f"{sentence}\n")


def stdout() -> Console:
    """A console on stdout; 120 columns where stdout is no terminal, so that a pipe breaks no row."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table of `columns`; those named in `right` are set flush right, as numbers are."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(
        title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        made.add_column(Text(column), justify="right" if column in right else "left", overflow="fold")
    return made


def add_row(made: Table, *cells: str) -> None:
    """Append a row of plain text: nothing in a cell is read as markup."""
    from rich.text import Text

    made.add_row(*(Text(cell) for cell in cells))


def starred(text: str, proposals: Sequence[object]) -> str:
    """The text, with an asterisk while proposals wait for a second person."""
    return f"{text}*" if proposals else text


def note_of_stars(proposals: Iterable[Sequence[object]]) -> None:
    """Say what the asterisks of a table mean, where there is one."""
    if any(proposals):
        note("* a change waits for a second person and is counted nowhere: `reverdure approve` lists it")


def print_json(value: object) -> None:
    """Print `value` as JSON on stdout, in UTF-8, with null for what is not there."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2)
    sys.stdout.write(text + "\n")


def plain(value: Any) -> Any:
    """`value` as JSON types: dataclasses and wire models as objects, enums by value, dates as ISO text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case Enum() | date() | Path():
            return str(value)
    return value


def hectares(value: float | None, digits: int = 1) -> str:
    """Hectares with thousands set apart, an en dash for None.

    >>> hectares(12345.678), hectares(None)
    ('12,345.7', '–')
    """
    return NULL if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, reason: str | None = None, digits: int = 1) -> str:
    """A share as percent; an en dash with its reason for None.

    >>> percent(0.3868, digits=2), percent(None, "no sites")
    ('38.68 %', '– (no sites)')
    """
    if value is not None:
        return f"{100 * value:.{digits}f} %"
    return f"{NULL} ({reason})" if reason else NULL


def word(table_name: str, slug: str | None, lang: str = "en") -> str:
    """The label of a slug of a reference table; the slug itself where the table does not list it."""
    from geo.words import label

    try:
        return label(table_name, slug, "zh" if lang == "zh" else "en")
    except (KeyError, FileNotFoundError):
        return slug or ""


def date_of(option: str, text: str | None) -> date | None:
    """The date of an option's text, None where none was given. Raises: NotADate."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotADate(option=option, text=text) from error


def pairs(option: str, texts: Sequence[str], *, last_sign: bool = False) -> dict[str, str]:
    """The pairs of a repeatable `LEFT=RIGHT` option, as `pairs_of` reads them; else a usage error."""
    from api.pairs import pairs_of

    try:
        return pairs_of(option, texts, last_sign=last_sign)
    except BadValue as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def store_exists(location: str) -> bool:
    """Whether there is a file at the place; True for a URL of a server."""
    if "://" in location and not location.startswith("gpkg://"):
        return True
    return Path(location.removeprefix("gpkg://")).is_file()


@contextmanager
def opened(location: str, *, create: bool = False) -> Iterator[Store]:
    """The store at `location`, closed afterwards. Raises: StoreMissing where there is none to open."""
    from geo.store import Store

    store = Store.open(location, create=create)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def progress_bar(label_text: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A function (done, total) that draws a bar on stderr; it draws nothing where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label_text, total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield step


def settings() -> Settings:
    """The settings of environment and file, as the service reads them. Raises: BadSettings."""
    from api.settings import read_settings

    return read_settings()


def pool(workers: int | None, dask: str | None) -> Pool:
    """Where shards are computed: as the options say, else as the settings do. Raises: NoSuchPool."""
    from geo.runs.pools import pool_of

    known = settings()
    if workers is None and dask is None:
        return pool_of(known.workers, known.dask)
    return pool_of(workers or 1, dask)


def register_legends() -> None:
    """Make the further products known whose legends lie in the folder that the settings name."""
    if not any(os.environ.get(name) for name in ("REVERDURE_LEGENDS", "REVERDURE_CONFIG")):
        return
    folder = settings().legends
    if folder is not None:
        from geo.landcover import register_legends as register

        register(folder)


def today() -> date:
    """The date of today in the zone of the settings, else the machine's."""
    from geo import clock

    return clock.today(settings().timezone)


def now() -> str:
    """The time now, as UTC text."""
    from geo import clock

    return clock.now_utc()
