"""`reverdure split` and `merge`: sites leave and others enter; hectares before and after are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.maps import UnknownSiteCode
from geo.readers.vector_formats import READ_FORMATS

if TYPE_CHECKING:
    from datetime import date

    from api.schemas.proposals import ProposalItem
    from geo.imports.prepare import ImportOptions
    from geo.redrawing import Part, Redrawing
    from geo.sites import Site
    from geo.store import Connection

OnOption = Annotated[
    str | None, typer.Option("--on", help="The first day of the new sites; today by default.")
]
ReasonOption = Annotated[str, typer.Option(help="Why, for the record.")]
ActorOption = Annotated[
    str | None,
    typer.Option("--as", help="Who proposes or records it; the set actor by default.", metavar="NAME"),
]
AREAS = ("damaged", "restored")


def merge(
    codes: Annotated[list[str], typer.Argument(help="Codes of the sites that become one.")],
    code: Annotated[str, typer.Option("--code", help="The code of the merged site.")],
    store: console.StoreOption = console.DEFAULT_STORE,
    on: OnOption = None,
    reason: ReasonOption = "",
    as_name: ActorOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Propose that sites leave and one enters that covers them; a second person has to approve it."""
    from geo.redrawing import plan_merge
    from geo.store.redrawings import known_sites

    today = console.today()
    with console.opened(store) as opened, opened.write() as conn:
        planned = plan_merge(
            known_sites(conn, _ids(conn, codes)),
            site_code=code,
            facts={},
            effective_on=console.date_of("--on", on) or today,
            reason=reason,
            today=today,
        )
        item = _proposed(conn, planned, as_name, today)
    _print(item, as_json=as_json)


def split(
    code: Annotated[str, typer.Argument(help="The code of the site that is split.")],
    parts: Annotated[
        Path,
        typer.Argument(
            help="A file with one polygon a part, its code and, where known, its name, damaged and restored"
            f" areas: {READ_FORMATS}.",
            exists=True,
            dir_okay=False,
        ),
    ],
    store: console.StoreOption = console.DEFAULT_STORE,
    field_map: Annotated[
        list[str] | None, typer.Option("--map", help="Which column holds a field.", metavar="FIELD=COLUMN")
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value for every part; {row} is its number.", metavar="FIELD=VALUE"),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="The layer, where the file holds several.")] = None,
    crs: Annotated[str | None, typer.Option(help="The reference system, such as EPSG:4527.")] = None,
    on: OnOption = None,
    reason: ReasonOption = "",
    as_name: ActorOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Propose that a site leaves and the parts in a file enter; a second person has to approve it.

    Declared areas that no part states are divided by area.
    """
    from geo.imports.prepare import ImportOptions
    from geo.redrawing import plan_split
    from geo.store.redrawings import known_sites

    options = ImportOptions(
        field_map=console.pairs("--map", field_map or []),
        constants=console.pairs("--set", constants or []),
        layer=layer,
        source_crs=crs,
    )
    drawn = _parts(parts, options)
    today = console.today()
    with console.opened(store) as opened, opened.write() as conn:
        (known,) = known_sites(conn, _ids(conn, [code]))
        planned = plan_split(
            known,
            drawn,
            effective_on=console.date_of("--on", on) or today,
            reason=reason,
            today=today,
        )
        item = _proposed(conn, planned, as_name, today)
    _print(item, as_json=as_json)


def _ids(conn: Connection, codes: Sequence[str]) -> list[int]:
    from geo.store import sites

    found = []
    for code in codes:
        site = sites.by_code(conn, code)
        if site is None:
            raise UnknownSiteCode(site_code=code)
        found.append(site.site_id)
    return found


def _parts(file: Path, options: ImportOptions) -> list[Part]:
    """The polygons of a file with what it says of each, read as an import reads them.

    Raises the errors of reading, and `ImportRefused` where a row cannot be a site.
    """
    from geo.history import Fact
    from geo.imports.prepare import ImportRefused, prepare_import
    from geo.redrawing import Part

    prepared = prepare_import(file, options, today=console.today())
    if prepared.rejected:
        raise ImportRefused(prepared.receipt(actor=console.settings().actor))
    found = []
    for row in prepared.rows:
        if row.new is None:
            continue
        stated: dict[Fact, object] = {}
        for fact in (Fact.DAMAGED, Fact.RESTORED):
            value = row.new.facts.get(fact)
            if isinstance(value, Mapping) and value.get("units") is not None:
                stated[fact] = value
        if row.new.facts.get(Fact.NAME):
            stated[Fact.NAME] = row.new.facts[Fact.NAME]
        found.append(Part(row.new.site_code, row.new.geometry, stated))
    return found


def _proposed(conn: Connection, planned: Redrawing, as_name: str | None, today: date) -> ProposalItem:
    """The redrawing, proposed with the units that its new sites lie in."""
    from api.shapes import proposal_items
    from api.site_writing import Units
    from geo.redrawing import placed
    from geo.store import changes

    places = Units()
    applied = changes.propose_redrawing(
        conn,
        placed(planned, [places.fact(conn, each.geometry) for each in planned.enters]),
        actor=as_name or console.settings().actor,
        now=console.now(),
        if_versions={},
        today=today,
    )
    return proposal_items(conn, [] if applied.proposal is None else [applied.proposal])[0]


def _print(item: ProposalItem, *, as_json: bool) -> None:
    if as_json:
        console.print_json(item)
        return
    typer.echo(f"proposal {item.proposal_id}: {'; '.join(hectares_told(item))}")
    if item.redrawing is not None and item.redrawing.shared_by_area:
        console.note(f"divided by area: {', '.join(item.redrawing.shared_by_area)}")
    console.note(f"`reverdure approve {item.proposal_id} --as NAME` releases it")


def hectares_told(item: ProposalItem) -> list[str]:
    """What a proposal changes in hectares: before, after and the difference, a sentence each."""
    told = item.redrawing
    if told is not None:
        names = [site.site_code for site in told.enters]
        left = "1 site" if len(told.leaves) == 1 else f"{len(told.leaves)} sites"
        after = names[0] if len(names) == 1 else f"{len(names)} ({', '.join(names)})"
        said = _sentence(f"{left} of", told.left_ha, f"become {after} of", told.entered_ha)
        return [said if len(told.leaves) > 1 else said.replace(" become ", " becomes ", 1)]
    said_of = {name: (item.before.get(name), item.change.facts.get(name)) for name in AREAS}
    if item.change.geometry_changes:
        said_of["area"] = (item.before.get("geometry"), item.change.area_ha)
    return [
        _sentence(name, before if isinstance(before, float) else None, "becomes", after)
        for name, (before, after) in said_of.items()
        if isinstance(after, float)
    ]


def hectares_changed(before: Site, after: Site) -> list[str]:
    """What a change did to the areas of a site, a sentence each; nothing where it left them as they were."""
    pairs = {
        "area": (before.area_ha, after.area_ha),
        "damaged": (before.damaged_ha, after.damaged_ha),
        "restored": (before.restored_ha, after.restored_ha),
    }
    return [_sentence(name, had, "becomes", has) for name, (had, has) in pairs.items() if had != has]


def _sentence(what: str, before: float | None, becomes: str, after: float | None) -> str:
    had, has = (console.hectares(area, 4) for area in (before, after))
    difference = "" if before is None or after is None else f", a difference of {after - before:+,.4f} ha"
    return f"{what} {had} ha {becomes} {has} ha{difference}"
