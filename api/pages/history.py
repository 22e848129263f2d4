"""The history of a site in words, and the moves open to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.pages.view import NULL, WORDS, Page, hectares
from api.schemas.sites import fact_on_wire
from geo.canonical import parse_json
from geo.facts import current
from geo.history import Fact, HistoryRow
from geo.sites import Approach, Site
from geo.status import Status, StatusRow, next_statuses, status_table
from geo.timeline import ENTERED

TABLE_OF_FACT: Final[Mapping[Fact, str]] = {
    Fact.STATUS: "status",
    Fact.KIND: "kinds",
    Fact.TARGET_USE: "targets",
    Fact.RESPONSIBLE: "responsible",
    Fact.APPROACH: "approaches",
    Fact.SETTLEMENT: "settlements",
    Fact.PONDING: "pondings",
}
_CONTENT: Final = re.compile(r"sha256:[0-9a-f]{64}")
AREAS: Final = frozenset({Fact.GEOMETRY, Fact.DAMAGED, Fact.RESTORED})


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One row of the history in words; `status` is the slug that a row of the status states.

    `before` is what held on its day until it was recorded; `reason` comes in pieces, each with the address of
    the attachment that it names, None for words; `undoable` says that an undo may be asked for.
    """

    row: HistoryRow
    status: str | None
    fact: str
    value: str
    voided: bool
    effective_on: date
    before: str
    reason: list[tuple[str, str | None]]
    undoable: bool


def history_lines(page: Page, rows: Sequence[HistoryRow], names: Mapping[str, str]) -> list[HistoryLine]:
    """The rows in words, the latest on the ground first; of one day the status, then the last recorded."""
    voided = {row.voids_seq for row in rows}
    entries = {row.recorded_at for row in rows if row.fact is Fact.MEMBERSHIP and row.value == ENTERED}
    ordered = sorted(rows, key=lambda row: (row.effective_on, row.fact is Fact.STATUS, row.seq), reverse=True)
    return [
        HistoryLine(
            row=row,
            status=_status(row),
            fact=page.say(f"fact_{row.fact.value}"),
            value=_value(page, row, names),
            voided=row.seq in voided,
            effective_on=row.effective_on,
            before=_before(page, row, rows, names),
            reason=_pieces(row.reason),
            undoable=row.seq not in voided and row.recorded_at not in entries,
        )
        for row in ordered
    ]


def _before(page: Page, row: HistoryRow, rows: Sequence[HistoryRow], names: Mapping[str, str]) -> str:
    """What the fact was on the row's day before the row was recorded; an en dash for nothing."""
    earlier = current(
        [other for other in rows if other.seq < row.seq and other.fact is row.fact], on=row.effective_on
    )
    return _value(page, earlier[row.fact], names) if row.fact in earlier else NULL


def _pieces(reason: str) -> list[tuple[str, str | None]]:
    """The reason in pieces: words, and attachments by the address of their content."""
    return [
        (f"{piece[7:15]}…", f"/api/files/{piece[7:]}") if _CONTENT.fullmatch(piece) else (piece, None)
        for piece in re.split(f"({_CONTENT.pattern})", reason)
        if piece
    ]


def _status(row: HistoryRow) -> str | None:
    stated = parse_json(row.value) if row.fact is Fact.STATUS else None
    return stated if isinstance(stated, str) else None


def _value(page: Page, row: HistoryRow, names: Mapping[str, str]) -> str:
    if row.voids_seq is not None and row.value == "null":
        return page.say("voids", seq=row.voids_seq)
    return fact_words(page, row.fact, fact_on_wire(parse_json(row.value)), names)


def fact_words(page: Page, fact: Fact, value: object, names: Mapping[str, str]) -> str:
    """A fact's value, as the wire has it, in words; an en dash for nothing. `names` are those of units."""
    if isinstance(value, Mapping):
        return _of_mapping(page, fact, value, names) or NULL
    if value is None or value == "":
        return NULL
    if fact in AREAS and isinstance(value, float | int):
        return f"{hectares(float(value), 2)} {page.say('unit_ha')}"
    if fact is Fact.MEMBERSHIP:
        return page.say(f"membership_{value}")
    table = TABLE_OF_FACT.get(fact)
    return str(value) if table is None else page.word(table, str(value))


def _of_mapping(page: Page, fact: Fact, value: Mapping[str, object], names: Mapping[str, str]) -> str:
    """A unit by its name and code, other fields as a list; '' for nothing."""
    if fact is Fact.UNIT:
        code = value.get("adcode")
        return "" if code is None else f"{names.get(str(code), '')} {code}".strip()
    return in_words(page, value)


def other_fields(page: Page, fields: Mapping[str, object]) -> list[tuple[str, str]]:
    """The fields that no rate depends on, as pairs of words; source columns keep their names."""
    return [(_field_name(page, key), in_words(page, value)) for key, value in fields.items()]


def _field_name(page: Page, key: str) -> str:
    slug = f"attribute_{key}"
    known = page.word(WORDS, slug)
    return key if known == slug else known


def in_words(page: Page, value: object) -> str:
    """A JSON value as a person writes it: lists parted, yes and no, an en dash for what is not known."""
    match value:
        case None | "":
            return NULL
        case bool():
            return page.say("yes" if value else "no")
        case Mapping():
            return "; ".join(
                f"{_field_name(page, key)}: {in_words(page, item)}" for key, item in value.items()
            )
        case list() | tuple():
            return ("、" if page.lang == "zh" else ", ").join(in_words(page, item) for item in value) or NULL
        case _:
            return str(value)


def moves_of(site: Site, rows: Sequence[HistoryRow]) -> list[StatusRow]:
    """The statuses that the site may move to, in the order of the status table."""
    voided = {row.voids_seq for row in rows}
    stated = [
        row for row in rows if row.fact is Fact.STATUS and row.voids_seq is None and row.seq not in voided
    ]
    stated.sort(key=lambda row: (row.effective_on, row.seq))
    past = [Status(str(parse_json(row.value))) for row in stated]
    earlier = past[-2] if len(past) > 1 else None
    natural = site.approach is Approach.NATURAL_RECOVERY
    open_moves = next_statuses(site.status, natural_recovery=natural, earlier=earlier)
    return [row for slug, row in status_table().items() if slug in open_moves]
