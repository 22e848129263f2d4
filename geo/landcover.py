"""Land-cover products and their legends: which code means what, and which role it plays in recovery."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType

from geo.errors import InvalidInput, Refused, UnknownProduct
from geo.reference import read_rows, reference_path, reference_rows
from geo.words import sentence

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_COLUMNS = ("code", "slug", "zh", "en", "colour", "role")


class Role(StrEnum):
    """What a class counts as when recovery is judged (`data/reference/roles.csv`).

    `natural_bare` (beach, rock, dune) counts as disturbed only where the site says so.
    """

    DISTURBED = "disturbed"
    NATURAL_BARE = "natural_bare"
    GREEN = "green"
    WETLAND = "wetland"
    CROP = "crop"
    WATER = "water"
    BUILT = "built"
    SNOW = "snow"
    NO_DATA = "no_data"


class BadLegend(InvalidInput):
    """A legend table cannot be taken."""

    template = "the legend {legend!r}, line {line}: {problem}"


class ScenesNotComparable(Refused):
    """Two scenes must never be differenced."""

    template = "{product} {scene_a} and {scene_b} must not be compared: {reason}"


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One line of a legend CSV."""

    code: int
    slug: str
    zh: str
    en: str
    colour: str
    role: Role


@dataclass(frozen=True, slots=True)
class Product:
    """A land-cover product: its legend and what must be known before it is used.

    `not_comparable` lists pairs of editions, or of (edition, year) written `edition@year`, that must never be
    differenced, each with the reason as a slug of `data/reference/reasons.csv`; `*` stands for any text.
    """

    slug: str
    zh: str
    en: str
    resolution_m: float
    attribution: str
    note_zh: str
    note_en: str
    legend: Mapping[int, LegendClass]
    not_comparable: tuple[tuple[str, str, str], ...] = ()

    def codes_of(self, role: Role) -> frozenset[int]:
        """The codes whose role is `role`."""
        return frozenset(code for code, row in self.legend.items() if row.role is role)


_user_legends: dict[str, Path] = {}


def products() -> dict[str, Product]:
    """All land-cover products by slug: the built-in table, then the legends that a user registered."""
    return _built_in() | {slug: _user_product(slug, path) for slug, path in _user_legends.items()}


def product(slug: str) -> Product:
    """The product `slug`.

    Raises `UnknownProduct`, which names those that are known.
    """
    known = products()
    if slug not in known:
        raise UnknownProduct(product=slug, known=", ".join(known))
    return known[slug]


def register_legends(folder: Path) -> tuple[str, ...]:
    """Slugs of the products that the legend tables (`*.csv`) of `folder` add, each named by its file.

    A file has the columns code, slug, zh, en, colour, role; it may not take a built-in product's name.
    Raises `BadLegend`.
    """
    added = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    for slug, path in added.items():
        if slug in _built_in():
            raise BadLegend(legend=path.name, line=1, problem="a built-in product has this name")
        read_legend(path)
    _user_legends.update(added)
    return tuple(added)


def read_legend(path: Path) -> Mapping[int, LegendClass]:
    """The legend of the CSV table at `path`, by code.

    Raises `BadLegend` for a missing column, a code that is no whole number or comes twice, a colour that is
    not `#rrggbb`, an unknown role or an empty label.
    """
    legend: dict[int, LegendClass] = {}
    for line, cells in enumerate(read_rows(path), start=2):
        row = _legend_class(cells, path.name, line)
        if row.code in legend:
            raise BadLegend(legend=path.name, line=line, problem=f"the code {row.code} comes twice")
        legend[row.code] = row
    if not legend:
        raise BadLegend(legend=path.name, line=1, problem="the table has no class")
    return MappingProxyType(legend)


def check_comparable(land_cover: Product, edition: str, years: Iterable[int]) -> None:
    """Nothing, where the scenes of `years` of one edition may be differenced.

    Raises `ScenesNotComparable` with the reason of the first pair that must not be.
    """
    scenes = [(edition, year) for year in sorted(set(years))]
    for index, scene_a in enumerate(scenes):
        for scene_b in scenes[index + 1 :]:
            _check_pair(land_cover, scene_a, scene_b)


def check_editions_comparable(land_cover: Product, edition_a: str, edition_b: str) -> None:
    """Nothing, where two editions may stand in one comparison at all; raises `ScenesNotComparable` else."""
    _check_pair(land_cover, (edition_a, None), (edition_b, None))


def _check_pair(land_cover: Product, a: tuple[str, int | None], b: tuple[str, int | None]) -> None:
    names = [{edition, f"{edition}@{year}"} for edition, year in (a, b)]
    for left, right, reason in land_cover.not_comparable:
        for first, second in (names, names[::-1]):
            if _matches(left, first) and _matches(right, second):
                raise ScenesNotComparable(
                    product=land_cover.slug,
                    scene_a=_scene_name(a),
                    scene_b=_scene_name(b),
                    reason=sentence("reasons", reason, "en"),
                )


def _matches(pattern: str, names: set[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _scene_name(scene: tuple[str, int | None]) -> str:
    edition, year = scene
    return edition if year is None else f"{edition} {year}"


@cache
def _built_in() -> dict[str, Product]:
    pairs = reference_rows("not_comparable")
    return {
        row["slug"]: Product(
            slug=row["slug"],
            zh=row["zh"],
            en=row["en"],
            resolution_m=float(row["resolution_m"]),
            attribution=row["attribution"],
            note_zh=row["note_zh"],
            note_en=row["note_en"],
            legend=read_legend(reference_path(f"legends/{row['slug']}.csv")),
            not_comparable=tuple(
                (pair["a"], pair["b"], pair["reason"]) for pair in pairs if pair["product"] == row["slug"]
            ),
        )
        for row in reference_rows("products")
    }


@cache
def _user_product(slug: str, path: Path) -> Product:
    return Product(
        slug=slug,
        zh=slug,
        en=slug,
        resolution_m=0.0,
        attribution="",
        note_zh="",
        note_en="",
        legend=read_legend(path),
    )


def _legend_class(cells: Mapping[str, str | None], legend: str, line: int) -> LegendClass:
    texts = {column: (cells.get(column) or "").strip() for column in _COLUMNS}
    for column, text in texts.items():
        if not text:
            raise BadLegend(legend=legend, line=line, problem=f"the column {column} is missing or empty")
    if not re.fullmatch(r"-?\d+", texts["code"]):
        raise BadLegend(legend=legend, line=line, problem=f"the code {texts['code']!r} is not a whole number")
    if not _COLOUR.fullmatch(texts["colour"].lower()):
        raise BadLegend(legend=legend, line=line, problem=f"the colour {texts['colour']!r} is not #rrggbb")
    if texts["role"] not in set(Role):
        raise BadLegend(
            legend=legend, line=line, problem=f"the role {texts['role']!r} is none of {', '.join(Role)}"
        )
    return LegendClass(
        code=int(texts["code"]),
        slug=texts["slug"],
        zh=texts["zh"],
        en=texts["en"],
        colour=texts["colour"].lower(),
        role=Role(texts["role"]),
    )
