"""`reverdure scenes`: register dated land-cover rasters and read whole scenes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from geo.errors import InvalidInput

if TYPE_CHECKING:
    from geo.scenes import Scene

app = typer.Typer(no_args_is_help=True, help="Register land-cover rasters and read whole scenes.")

ProductOption = Annotated[
    str, typer.Option("--product", help="A product of the product table, such as clcd.")
]
EditionOption = Annotated[str, typer.Option("--edition", help="Which edition of it, such as v1 or c6.")]


class NoSuchFile(InvalidInput):
    """A raster that should be registered is not there."""

    template = "there is no file {path}"


class WantsYears(InvalidInput):
    """Years that a command needs were not given."""

    template = "{command} needs {options}"


@app.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(help="GeoTIFFs of one product and edition.")],
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    year: Annotated[int | None, typer.Option(help="The year, where a file's name does not say it.")] = None,
    bands: Annotated[
        str | None, typer.Option(help="First and last year of a file with a band a year.", metavar="A:B")
    ] = None,
    nodata: Annotated[
        int | None, typer.Option(help="The value of cells without data, where undeclared.")
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Register rasters as scenes; the year is the only group 1900-2099 of four digits in a file's name."""
    from geo.landcover import product as product_of
    from geo.scenes import check_same_grid, inspect_scenes
    from geo.store import scenes as stored_scenes

    for path in files:
        if not path.is_file():
            raise NoSuchFile(path=path)
    legend = product_of(product).legend
    found = inspect_scenes(
        [path.resolve() for path in files],
        product=product,
        edition=edition,
        legend_codes=legend.keys(),
        year=year,
        bands=_bands(bands),
        nodata=nodata,
    )
    with console.opened(store) as opened:
        with opened.read() as conn:
            known = stored_scenes.find(conn, product=product, edition=edition)
        check_same_grid([*known, *found])
        relative = [replace(scene, path=opened.relative(Path(scene.path))) for scene in found]
        with opened.write() as conn:
            registered = stored_scenes.add(conn, relative)
    if as_json:
        console.print_json({"items": [_wire(scene) for scene in registered]})
    else:
        years = [scene.year for scene in registered]
        span = f"{min(years)}" if min(years) == max(years) else f"{min(years)}-{max(years)}"
        typer.echo(f"{len(registered)} scenes of {product} edition {edition} are registered ({span})")


@app.command("list")
def list_scenes(
    store: console.StoreOption = console.DEFAULT_STORE,
    product: Annotated[str | None, typer.Option(help="Only this product.")] = None,
    edition: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    as_json: console.JsonOption = False,
) -> None:
    """List the registered scenes."""
    from geo.store import scenes as stored_scenes

    with console.opened(store) as opened, opened.read() as conn:
        found = stored_scenes.find(conn, product=product, edition=edition)
    if as_json:
        console.print_json({"items": [_wire(scene) for scene in found], "next": None})
        return
    if not found:
        typer.echo(
            "no scene is registered; `reverdure scenes add FILES... --product P --edition E` registers some"
        )
        return
    made = console.table(
        "Scenes", "product", "edition", "year", "band", "cells", "CRS", "file", right=("year", "band")
    )
    for scene in found:
        size = f"{scene.grid.width} x {scene.grid.height}"
        crs = scene.grid.crs if len(scene.grid.crs) < 20 else "as in the file"
        cells = (scene.product, scene.edition, str(scene.year), str(scene.band), size, crs, scene.path)
        console.add_row(made, *cells)
    console.stdout().print(made)


@app.command("areas")
def areas(
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    year: Annotated[int | None, typer.Option(help="The year of the scene.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Class areas of a whole scene: true ground hectares, and grid hectares beside them."""
    from geo.recover import scene_item

    if year is None:
        raise WantsYears(command="scenes areas", options="--year")
    with console.opened(store) as opened:
        item: dict[str, Any] = scene_item(opened, product, edition, year=year)
    if as_json:
        console.print_json(item)
        return
    words = _class_words(product, lang)
    made = console.table(
        f"{product}, edition {edition}, {year}: class areas (ha)",
        "code",
        "class",
        "ha",
        "grid ha",
        right=_NUMBERS,
    )
    by_grid: dict[str, float | None] = (item.get("area_ha_grid") or {}).get(str(year), {})
    for code, ha in item["area_ha"][str(year)].items():
        console.add_row(
            made,
            code,
            words.get(code, "no data"),
            console.hectares(ha, 2),
            console.hectares(by_grid.get(code), 2),
        )
    console.stdout().print(made)
    console.note("ha is true area on the ellipsoid; grid ha is cells x the nominal cell area")


@app.command("transitions")
def transitions(
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    from_year: Annotated[int | None, typer.Option("--from", help="The earlier year.")] = None,
    to_year: Annotated[int | None, typer.Option("--to", help="The later year.")] = None,
    as_json: console.JsonOption = False,
    lang: console.LangOption = "en",
) -> None:
    """Areas of a whole scene that went from class to class between two years."""
    from geo.recover import scene_item

    if from_year is None or to_year is None:
        raise WantsYears(command="scenes transitions", options="--from and --to")
    with console.opened(store) as opened:
        item: dict[str, Any] = scene_item(opened, product, edition, from_year=from_year, to_year=to_year)
    if as_json:
        console.print_json(item)
        return
    words = _class_words(product, lang)
    title = f"{product}, edition {edition}: {from_year} to {to_year} (ha)"
    made = console.table(title, "from", "to", "ha", "grid ha", right=_NUMBERS)
    for move in sorted(item["transitions"], key=_falling_ha):
        names = (_class_name(words, move["from_code"]), _class_name(words, move["to_code"]))
        console.add_row(made, *names, console.hectares(move["ha"], 2), console.hectares(move["ha_grid"], 2))
    console.stdout().print(made)
    console.note("raw figures (temporal rule none): a class may flicker from year to year")


_NUMBERS = ("code", "ha", "grid ha")


def _falling_ha(move: dict[str, Any]) -> float:
    return -float(move["ha"])


def _class_words(product: str, lang: str) -> dict[str, str]:
    """The label of each class of a product, by its code as text."""
    from geo.landcover import product as product_of

    return {
        str(code): (row.zh if lang == "zh" else row.en) for code, row in product_of(product).legend.items()
    }


def _class_name(words: dict[str, str], code: object) -> str:
    return "no data" if code is None else f"{code} {words.get(str(code), '')}".strip()


def _bands(text: str | None) -> tuple[int, int] | None:
    """The first and last year of `A:B`, None where not given."""
    if text is None:
        return None
    first, sign, last = text.partition(":")
    if not sign or not first.strip().isdigit() or not last.strip().isdigit():
        raise typer.BadParameter(f"{text!r} is not of the form 1985:2022", param_hint="--bands")
    return int(first), int(last)


def _wire(scene: Scene) -> object:
    """A scene as the API says it."""
    from api.schemas.landcover import SceneItem

    return SceneItem.of(scene)
