"""`reverdure evidence`: what the land cover says of one site, in words, and what that rests on."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.maps import UnknownSiteCode

if TYPE_CHECKING:
    from geo.evidence.items import ToldEvidence
    from geo.recovery import Recovery
    from geo.scenes import Scene
    from geo.words import Lang


def evidence(
    site: Annotated[str, typer.Option("--site", help="The code of the site.", metavar="CODE")],
    store: console.StoreOption = console.DEFAULT_STORE,
    product: Annotated[str | None, typer.Option(help="Only this land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """The verdicts on one site with their reasons, its course through the years, and what they came from."""
    from geo.evidence.items import told_evidence
    from geo.site_results import site_recoveries
    from geo.store import sites

    with console.opened(store) as opened:
        with opened.read() as conn:
            found = sites.by_code(conn, site)
        if found is None:
            raise UnknownSiteCode(site_code=site)
        told = told_evidence(opened, found.site_id, product=product, edition=edition)
        recoveries = site_recoveries(opened, found.site_id, product=product, edition=edition)
    if as_json:
        from api.schemas.recovery import EvidenceItem

        console.print_json({"site_code": site, "items": [EvidenceItem.of(one) for one in told]})
    elif not told:
        typer.echo(f"{site} was not judged yet: `reverdure recover` judges it")
    else:
        _print(told, recoveries, "zh" if lang == "zh" else "en")


def _print(told: list[ToldEvidence], recoveries: list[Recovery], lang: Lang) -> None:
    """Print each verdict as a paragraph, the courses behind it, and its scenes and parameters."""
    from geo.trajectory.classes import class_trajectories
    from geo.trajectory.words import trajectory_sentences, trajectory_title

    courses = class_trajectories(recoveries)
    join = "" if lang == "zh" else " "
    for one in told:
        judged, basis = one.evidence, one.basis
        typer.echo(one.words[lang])
        key = (judged.site_id, judged.product, judged.edition, judged.from_year, judged.to_year)
        course = courses.get(key)
        for line in [] if course is None else [course, *([course.raw] if course.raw else [])]:
            told_course = join.join(trajectory_sentences(line, lang))
            typer.echo(f"  {trajectory_title(line, lang)}\n    {told_course}")
        scenes = ", ".join(_scenes(basis.scenes))
        typer.echo(f"  {console.word('words_pages', 'basis_scenes', lang)}: {scenes or console.NULL}")
        if basis.thresholds is not None:
            numbers = ", ".join(f"{name} {value:g}" for name, value in basis.thresholds.items())
            typer.echo(f"  {console.word('words_pages', 'basis_thresholds', lang)}: {numbers}")
        typer.echo(f"  {console.word('words_pages', 'basis_key', lang)}: {judged.content_key}\n")


def _scenes(used: tuple[Scene, ...]) -> list[str]:
    """The scenes by year with the beginning of their file's hash; years of one file are told together."""
    files = [(sha256, list(scenes)) for sha256, scenes in groupby(used, key=lambda scene: scene.sha256)]
    return [
        f"{'–'.join(dict.fromkeys((str(scenes[0].year), str(scenes[-1].year))))} {sha256[:12]}"
        for sha256, scenes in files
    ]
