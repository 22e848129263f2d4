"""Every closed set of a site has its words in both languages, and nothing more."""

from __future__ import annotations

from enum import StrEnum

import pytest

from geo.facts import MEMBERSHIPS
from geo.history import Fact
from geo.proposals import ProposalState
from geo.reference import reference_rows
from geo.sites import Approach, Kind, Ponding, Responsible, Settlement, Target
from geo.status import Status, status_table
from geo.words import label


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("status", Status),
        ("kinds", Kind),
        ("targets", Target),
        ("responsible", Responsible),
        ("approaches", Approach),
        ("settlements", Settlement),
        ("pondings", Ponding),
        ("facts", Fact),
        ("proposal_states", ProposalState),
        ("memberships", MEMBERSHIPS),
    ],
)
def test_every_word_is_in_its_table_in_both_languages(
    table: str, words: type[StrEnum] | tuple[str, ...]
) -> None:
    assert [row["slug"] for row in reference_rows(table)] == [str(word) for word in words]
    assert all(label(table, str(word), "zh") and label(table, str(word), "en") for word in words)


def test_every_status_has_a_colour_of_its_own() -> None:
    assert len({row.colour for row in status_table().values()}) == len(Status)


def test_every_move_of_the_table_leads_to_a_status() -> None:
    table = status_table()
    assert set(table) == set(Status)
    assert {slug for slug, row in table.items() if row.treated} == {
        Status.TREATED,
        Status.ACCEPTED,
        Status.CLOSED,
    }
    assert {slug for slug, row in table.items() if row.second_person} == {
        Status.ACCEPTED,
        Status.CLOSED,
        Status.EXCLUDED,
    }
    assert all(Status.EXCLUDED in row.next for slug, row in table.items() if slug is not Status.EXCLUDED)
