"""Proposals that came together, from an import or an undo, as the review queue shows and decides them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.pages.view import Page
from geo.errors import NotFound
from geo.proposals import ProposalState, comes_in_bulk
from geo.store import Connection, batch_decisions, import_undos, imports

if TYPE_CHECKING:
    from api.pages.reviews import Review


@dataclass(frozen=True, slots=True)
class Batch:
    """One source in words, how many of its proposals stand in each state, and who may decide on them all."""

    words: str
    import_id: int
    states: Mapping[ProposalState, int]
    may_decide: bool
    own: bool

    @property
    def open(self) -> int:
        """How many wait."""
        return self.states.get(ProposalState.OPEN, 0)


def batch_of(page: Page, conn: Connection, source: str | None, shown: Sequence[Review]) -> Batch | None:
    """What came from `source`, None where nothing came together under such a name.

    `shown` are those of it that the page shows: whoever may decide on one of them may try all.
    """
    named = None if source is None else _named(page, conn, source)
    if source is None or named is None:
        return None
    words, import_id = named
    return Batch(
        words=words,
        import_id=import_id,
        states=batch_decisions.states(conn, source),
        may_decide=any(one.may_decide for one in shown),
        own=any(one.own for one in shown),
    )


def sources_to_choose(page: Page, conn: Connection) -> list[tuple[str, str]]:
    """Any source, then each that has open proposals, with their number."""
    found = [("", page.work("batch_any"))]
    for source, count in batch_decisions.open_sources(conn).items():
        named = _named(page, conn, source)
        if named is not None:
            found.append((source, f"{named[0]} ({count})"))
    return found


def _named(page: Page, conn: Connection, source: str) -> tuple[str, int] | None:
    """The source in words, and the import that it speaks of."""
    kind, _, number = source.partition(":")
    if not comes_in_bulk(source) or not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    try:
        import_id = import_undos.import_of(conn, int(number)) if kind == "undo" else int(number)
        name = imports.get_head(conn, import_id).file_name
    except NotFound:
        return None
    return page.work("batch_undo" if kind == "undo" else "batch_import", id=import_id, name=name), import_id
