"""The demo's journal carried out in a store: each act on its day, as the officers would have done it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Final

from geo.changes import NewSite
from geo.demo.histories import Story
from geo.demo.journal import Act, Deed
from geo.demo.mistakes import mistakes
from geo.demo.records import new_site
from geo.history import Fact
from geo.store import Connection, changes, history, proposals

SOURCE: Final = "demo"

Progress = Callable[[int, int], None]


class Office:
    """The officers of the demo at the store; remembers which site and which proposal is whose."""

    def __init__(self, conn: Connection, stories: Sequence[Story]) -> None:
        self.conn, self.stories = conn, stories
        self.wrong = mistakes(stories)
        self.site_ids: dict[int, int] = {}
        self.proposals: dict[tuple[int, int], int] = {}
        self.reports = 0

    def work(self, acts: Sequence[Act], *, progress: Progress) -> None:
        """Carry out the acts in their order."""
        done = 0
        for (_, _, deed), same in groupby(acts, key=lambda act: (act.at, act.actor, act.deed)):
            group = list(same)
            if deed is Deed.ENTER:
                self._enter(group)
            else:
                for act in group:
                    self._do(act)
            done += len(group)
            progress(done, len(acts))

    def _enter(self, acts: Sequence[Act]) -> None:
        new = [self._new(act.index) for act in acts]
        first = acts[0]
        source = f"{SOURCE}:inventory-{first.at.year}"
        ids = changes.create_sites(
            self.conn, new, actor=first.actor, source=source, now=first.now, today=first.at.date()
        )
        self.site_ids.update(zip((act.index for act in acts), ids, strict=True))

    def _new(self, index: int) -> NewSite:
        story, wrong = self.stories[index], self.wrong.get(index)
        measured = story.damaged_units if wrong is None else wrong.damaged_units or story.damaged_units
        return new_site(story, damaged_units=measured)

    def _do(self, act: Act) -> None:
        today, key = act.at.date(), (act.index, act.case)
        if act.deed is Deed.REPORT:
            self._report(act)
        elif act.deed is Deed.APPROVE:
            proposals.approve(
                self.conn, self.proposals[key], actor=act.actor, now=act.now, comment="材料齐全", today=today
            )
        else:
            proposals.reject(
                self.conn, self.proposals[key], actor=act.actor, now=act.now, comment="缺少现场照片"
            )

    def _report(self, act: Act) -> None:
        site_id, change = self.site_ids[act.index], act.change
        if change is None:
            return
        if act.voids is not None:
            change = replace(change, voids_seq=self._row_of(site_id, *act.voids))
        applied = changes.apply_change(
            self.conn, site_id, change,
            actor=act.actor, source=SOURCE, now=act.now, if_version=None, today=act.at.date(),
        )  # fmt: skip
        self.reports += 1
        if applied.proposal is not None:
            self.proposals[act.index, act.case] = applied.proposal.proposal_id

    def _row_of(self, site_id: int, fact: Fact, day: date) -> int:
        found = history.rows(self.conn, site_id=site_id)
        return next(row.seq for row in found if row.fact is fact and row.effective_on == day)
