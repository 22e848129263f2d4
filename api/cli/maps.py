"""`reverdure map`: a map as a file that opens without the server, its assets in a folder beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from geo.errors import NotFound

if TYPE_CHECKING:
    from geo.words import Lang

app = typer.Typer(no_args_is_help=True, help="Write a map as a file that opens without the server.")

OutOption = Annotated[
    Path, typer.Option("--out", help="The page to write.", metavar="FILE.html", dir_okay=False)
]
CityOption = Annotated[str | None, typer.Option("--city", help="Only this unit.", metavar="ADCODE")]


class UnknownSiteCode(NotFound):
    """No site has this code."""

    template = "no site has the code {site_code!r}"


@app.command("remediation")
def remediation(
    out: OutOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    city: CityOption = None,
    as_of: Annotated[str | None, typer.Option(help="The day on the ground.", metavar="YYYY-MM-DD")] = None,
    lang: console.LangOption = "zh",
) -> None:
    """Units by treatment rate, sites by status."""
    from tiles.links import save_page
    from tiles.maps import remediation_html

    day = console.date_of("--as-of", as_of)
    with console.opened(store) as opened:
        page = save_page(
            out,
            lambda links: remediation_html(
                opened, city=city, as_of=day, lang=_lang(lang), today=console.today(), links=links
            ),
        )
    _written(page)


@app.command("recovery")
def recovery(
    out: OutOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    city: CityOption = None,
    product: Annotated[str | None, typer.Option(help="The land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Its edition.")] = None,
    from_year: Annotated[int | None, typer.Option("--from", help="The earlier year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year.")] = None,
    lang: console.LangOption = "zh",
) -> None:
    """Two years of land cover side by side, sites by verdict."""
    from tiles.links import save_page
    from tiles.maps import recovery_html

    with console.opened(store) as opened:
        page = save_page(
            out,
            lambda links: recovery_html(
                opened,
                city=city,
                product=product,
                edition=edition,
                from_year=from_year,
                to_year=to_year,
                lang=_lang(lang),
                links=links,
            ),
        )
    _written(page)


@app.command("site")
def site(
    site_code: Annotated[str, typer.Argument(help="The site's code.")],
    out: OutOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    product: Annotated[str | None, typer.Option(help="The land-cover product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Its edition.")] = None,
    lang: console.LangOption = "zh",
) -> None:
    """One site, its land cover by year."""
    from geo.store import sites
    from tiles.links import save_page
    from tiles.maps import site_html

    with console.opened(store) as opened:
        with opened.read() as conn:
            found = sites.by_code(conn, site_code)
        if found is None:
            raise UnknownSiteCode(site_code=site_code)
        page = save_page(
            out,
            lambda links: site_html(
                opened, found.site_id, lang=_lang(lang), product=product, edition=edition, links=links
            ),
        )
    _written(page)


def _lang(text: str) -> Lang:
    return "en" if text == "en" else "zh"


def _written(page: Path) -> None:
    typer.echo(f"{page} (its assets are in {page.with_name(f'{page.stem}_files')})")
