"""Planning as the API and the pages see it: rights, progress of targets, overdue sites with their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from api.auth.rights import Rights
from geo.accounts.rights import Action
from geo.planning import Overdue, Progress, Project, Target, Work, progress, progress_days, work_done
from geo.readings import known_until, ledger_of
from geo.sites import Site
from geo.store import Connection, Store, cities, projects, sites
from geo.store.sites import SiteFilter


def check_project_units(conn: Connection, rights: Rights, project: Project) -> None:
    """Raise `UnknownCity`, `UnknownSite`, or `NotAllowed` outside one's own units."""
    if project.adcode is not None:
        cities.get(conn, project.adcode)
    rights.check(conn, Action.PLAN, *project_units(conn, project))


def project_units(conn: Connection, project: Project) -> frozenset[str | None]:
    """The unit that runs a project and those of its sites. Raises `UnknownSite`."""
    places = {sites.get(conn, site_id).adcode for site_id in project.site_ids}
    own = set() if project.adcode is None and places else {project.adcode}
    return frozenset(own | places)


def progress_of(store: Store, target: Target, today: date) -> Progress:
    """What was done of a target by today, or by the end of its year."""
    before, now = progress_days(target, today)
    with store.read() as conn:
        wanted = SiteFilter(adcodes=frozenset({target.adcode}), limit=None, with_left=True)
        inside = frozenset(site.site_id for site in sites.find(conn, wanted))
        ledger = ledger_of(store, conn)
        known = known_until(ledger, None)
        return progress(
            ledger.snapshot(as_of=before, known_us=known), ledger.snapshot(as_of=now, known_us=known), inside
        )


def works_of(store: Store, conn: Connection, found: Sequence[Project], today: date) -> list[Work]:
    """What became of the sites of each project by today."""
    if not found:
        return []
    ledger = ledger_of(store, conn)
    now = ledger.snapshot(as_of=today, known_us=known_until(ledger, None))
    return [work_done(now, frozenset(project.site_ids)) for project in found]


def overdue_sites(conn: Connection, *, today: date, adcode: str | None) -> list[tuple[Overdue, Site]]:
    """The overdue sites of a unit or of all, the longest overdue first. Raises `UnknownCity`."""
    if adcode is not None:
        cities.get(conn, adcode)
    wanted = None if adcode is None else frozenset({adcode})
    return [
        (each, sites.get(conn, each.site_id)) for each in projects.overdue(conn, today=today, adcodes=wanted)
    ]
