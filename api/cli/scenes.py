"""`reverdure scenes`: register dated rasters and read whole scenes of land cover."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from geo.errors import InvalidInput

if TYPE_CHECKING:
    from geo.scenes import Scene

app = typer.Typer(no_args_is_help=True, help="Register rasters and read whole scenes of land cover.")

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
    files: Annotated[
        list[str],
        typer.Argument(
            help="GeoTIFFs of one product and edition: files, or addresses of COGs (https://, s3://).",
            metavar="FILE|URL...",
        ),
    ],
    product: ProductOption,
    edition: EditionOption,
    store: console.StoreOption = console.DEFAULT_STORE,
    kind: Annotated[
        str, typer.Option(help="What the cells hold.", metavar="landcover|spectral|displacement")
    ] = "landcover",
    year: Annotated[int | None, typer.Option(help="The year, where a file's name does not say it.")] = None,
    bands: Annotated[
        str | None, typer.Option(help="First and last year of a file with a band a year.", metavar="A:B")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="First and last day that one file shows.", metavar="DAY:DAY")
    ] = None,
    nodata: Annotated[
        int | None, typer.Option(help="The value of cells without data, where undeclared.")
    ] = None,
    band_names: Annotated[
        str | None, typer.Option(help="Spectral: the bands in order, blue,green,red,nir ...")
    ] = None,
    scale: Annotated[float, typer.Option(help="Measured value = stored value x scale + offset.")] = 1.0,
    offset: Annotated[float, typer.Option(help="See --scale.")] = 0.0,
    unit: Annotated[str, typer.Option(help="Displacement: mm or mm_per_year.")] = "mm",
    zero: Annotated[
        str | None, typer.Option(help="Displacement: the day from which it is reckoned.", metavar="DAY")
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help="Displacement: the last day of each band or file.", metavar="DAY,...")
    ] = None,
    sigma_band: Annotated[
        int | None, typer.Option(help="Displacement: the band with the standard deviation.")
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Register rasters as scenes; the year is the only group 1900-2099 of four digits in a file's name."""
    from geo.band_scenes import Scaling
    from geo.registration import RasterRequest, register_scenes
    from geo.scenes import SceneKind

    places = [_place(text) for text in files]
    if kind not in set(SceneKind):
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(SceneKind)}", param_hint="--kind")
    request = RasterRequest(
        product=product,
        edition=edition,
        kind=SceneKind(kind),
        year=year,
        bands=_bands(bands),
        period=_period(period),
        band_names=None if band_names is None else tuple(name.strip() for name in band_names.split(",")),
        unit=unit,
        zero=console.date_of("--zero", zero),
        days=tuple(_days(dates)),
        sigma_band=sigma_band,
        scaling=Scaling(scale, offset, nodata),
    )
    with console.opened(store) as opened:
        registered = register_scenes(opened, places, request)
    if as_json:
        console.print_json({"items": [_wire(scene) for scene in registered]})
    else:
        years = [scene.year for scene in registered]
        of = "" if kind == "landcover" else f"{kind} "
        span = f"{min(years)}" if min(years) == max(years) else f"{min(years)}-{max(years)}"
        typer.echo(f"{len(registered)} {of}scenes of {product} edition {edition} are registered ({span})")


def _place(text: str) -> Path:
    """The file, or the remote raster, of an argument. Raises: NoSuchFile, BadAddress."""
    from geo.remote import place_of

    remote = place_of(text)
    if remote is not None:
        return remote
    if not Path(text).is_file():
        raise NoSuchFile(path=text)
    return Path(text).resolve()


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
        found = stored_scenes.find(conn, product=product, edition=edition, kind=None, seasons=True)
    if as_json:
        console.print_json({"items": [_wire(scene) for scene in found], "next": None})
        return
    if not found:
        typer.echo(
            "no scene is registered; `reverdure scenes add FILES... --product P --edition E` registers some"
        )
        return
    columns = ("kind", "product", "edition", "period", "band", "cells", "CRS", "file")
    made = console.table("Scenes", *columns, right=("band",))
    for scene in found:
        size = f"{scene.grid.width} x {scene.grid.height}"
        crs = scene.grid.crs if len(scene.grid.crs) < 20 else "as in the file"
        period = str(scene.year) if scene.is_annual else f"{scene.period_start} – {scene.period_end}"
        band = ", ".join(scene.bands) if scene.kind == "spectral" else str(scene.band)
        cells = (scene.kind.value, scene.product, scene.edition, period, band, size, crs, scene.path)
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
    from geo.recover.run import scene_item

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
    from geo.recover.run import scene_item

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


def _period(text: str | None) -> tuple[date, date] | None:
    """The two days of `DAY:DAY`, or one day twice; None where not given."""
    if text is None:
        return None
    first, _, last = text.partition(":")
    days = _days(f"{first},{last or first}")
    if days[1] < days[0]:
        raise typer.BadParameter(f"{text!r} ends before it begins", param_hint="--period")
    return days[0], days[1]


def _days(text: str | None) -> list[date]:
    """The days of a list such as 2006-08-28,2006-10-02."""
    found = [console.date_of("--dates", part.strip()) for part in (text or "").split(",") if part.strip()]
    return [day for day in found if day is not None]


def _wire(scene: Scene) -> object:
    """A scene as the API says it."""
    from api.schemas.landcover import SceneItem

    return SceneItem.of(scene)
