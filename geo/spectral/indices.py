"""Spectral indices: formulas of bands by name, from a table or from a user, parsed by a small grammar.

A formula holds numbers, names of bands, `+ - * / **`, a minus sign in front and parentheses, and nothing
else. Python's parser reads it into a tree; every node of the tree must be one of those few, and the tree is
then walked here: no text of a user is ever run. The table `data/reference/indices.csv` gives the well-known
indices with their sources. A catalogue such as spyndex is not needed for these: it brings some 200 formulas
under symbols of its own, evaluated by `eval`, where one line of a table and the name of the file's band do.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import InvalidInput, NotFound
from geo.reference import reference_rows

Floats = npt.NDArray[np.float64]

LONGEST_FORMULA: Final = 500
DEEPEST_FORMULA: Final = 40
LARGEST_POWER: Final = 16.0

_BINARY: Final[Mapping[type[ast.operator], Callable[[Floats, Floats], Floats]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class UnknownIndex(NotFound):
    """The table of indices has no such line."""

    template = "no index is called {index!r}; known: {known}; or give a formula of bands"


class BadFormula(InvalidInput):
    """A formula holds something that is no number, band, sign or parenthesis."""

    template = "the formula {formula!r} cannot be taken: {problem}"


class UnknownBand(InvalidInput):
    """A formula names a band that the scenes do not have."""

    template = "the formula {formula!r} names the band {band!r} (character {place}); the scenes have {known}"


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula. `bands` are the names it holds, in the order of their first mention.

    >>> formula = Formula.of("(nir - red) / (nir + red)")
    >>> formula.bands
    ('nir', 'red')
    >>> formula.of_bands({"nir": np.array([0.6, 0.0]), "red": np.array([0.2, 0.0])}).tolist()
    [0.5, nan]
    """

    text: str
    tree: ast.expr
    places: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, text: str) -> Formula:
        """The formula of a text. Raises `BadFormula`, which says what stands at which character."""
        tidy = " ".join(text.split())
        if not tidy:
            raise BadFormula(formula=text, problem="it is empty")
        if len(tidy) > LONGEST_FORMULA:
            raise BadFormula(formula=tidy[:40] + "...", problem=f"it is longer than {LONGEST_FORMULA} signs")
        try:
            tree = ast.parse(tidy, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            place = getattr(error, "offset", None) or 1
            raise BadFormula(formula=tidy, problem=f"it breaks off at character {place}") from error
        places: dict[str, int] = {}
        _check(tree, tidy, places, depth=0)
        if not places:
            raise BadFormula(formula=tidy, problem="it names no band")
        return cls(tidy, tree, tuple(places.items()))

    @property
    def bands(self) -> tuple[str, ...]:
        """The names of the bands."""
        return tuple(name for name, _ in self.places)

    def check_bands(self, known: Mapping[str, int]) -> None:
        """Nothing, where every band is known; raises `UnknownBand`."""
        for name, place in self.places:
            if name not in known:
                raise UnknownBand(
                    formula=self.text, band=name, place=place, known=", ".join(known) or "no named bands"
                )

    def of_bands(self, values: Mapping[str, Floats]) -> Floats:
        """The index of arrays of one shape, float64; NaN where a band is missing or nothing comes out.

        A division by zero, a root of a negative number and an overflow give no value, never an infinity.
        """
        with np.errstate(all="ignore"):
            found = np.asarray(_walk(self.tree, values), dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)


@dataclass(frozen=True, slots=True)
class Index:
    """A spectral index. `direction` is 1 where it rises as land recovers, -1 where it falls."""

    slug: str
    formula: Formula
    direction: int
    zh: str
    en: str
    source: str


@cache
def indices() -> Mapping[str, Index]:
    """The indices of the table by slug, in its order."""
    return {
        row["slug"]: Index(
            slug=row["slug"],
            formula=Formula.of(row["formula"]),
            direction=int(row["direction"]),
            zh=row["zh"],
            en=row["en"],
            source=row["source"],
        )
        for row in reference_rows("indices")
    }


def index_of(slug: str, *, formula: str | None = None, direction: int | None = None) -> Index:
    """The index of the table, or one of the user's own formula under the name `slug`.

    `direction` is 1 for an own formula unless given, and may not differ from the table's for an index of the
    table. Raises `UnknownIndex` and `BadFormula`.
    """
    known = indices()
    if formula is None:
        if slug not in known:
            raise UnknownIndex(index=slug, known=", ".join(known))
        own = known[slug]
        if direction not in {None, own.direction}:
            raise BadFormula(formula=own.formula.text, problem=f"{slug} has the direction {own.direction}")
        return own
    parsed = Formula.of(formula)
    if slug in known and parsed.text != known[slug].formula.text:
        raise BadFormula(
            formula=parsed.text, problem=f"{slug} is an index of the table already; take another name"
        )
    if direction not in {None, 1, -1}:
        raise BadFormula(formula=parsed.text, problem=f"the direction is 1 or -1, not {direction}")
    return Index(slug, parsed, direction or 1, slug, slug, "")


def _check(node: ast.expr, text: str, places: dict[str, int], *, depth: int) -> None:
    """Nothing, where the tree holds only what a formula may hold; notes where each band first stands."""
    if depth > DEEPEST_FORMULA:
        raise BadFormula(formula=text, problem=f"it is nested deeper than {DEEPEST_FORMULA} times")
    match node:
        case ast.BinOp(op=ast.Pow()):
            _check_power(node.right, text)
            _check(node.left, text, places, depth=depth + 1)
        case ast.BinOp() if type(node.op) in _BINARY:
            _check(node.left, text, places, depth=depth + 1)
            _check(node.right, text, places, depth=depth + 1)
        case ast.UnaryOp(op=ast.USub()):
            _check(node.operand, text, places, depth=depth + 1)
        case ast.Name():
            places.setdefault(node.id, node.col_offset + 1)
        case ast.Constant() if _is_number(node.value):
            pass
        case _:
            said = ast.get_source_segment(text, node) or ""
            place = node.col_offset + 1
            problem = f"{said[:40]!r} at character {place} is no number, band, + - * / ** or parenthesis"
            raise BadFormula(formula=text, problem=problem)


def _check_power(node: ast.expr, text: str) -> None:
    """Nothing, where the exponent is a plain number of moderate size."""
    plain = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    if not (isinstance(plain, ast.Constant) and _is_number(plain.value)):
        place = node.col_offset + 1
        raise BadFormula(formula=text, problem=f"the exponent at character {place} is no plain number")
    if float(plain.value) > LARGEST_POWER:  # type: ignore[arg-type]  # a number, as checked
        raise BadFormula(formula=text, problem=f"the exponent is larger than {LARGEST_POWER:g}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _walk(node: ast.expr, values: Mapping[str, Floats]) -> Floats:
    match node:
        case ast.BinOp():
            return _BINARY[type(node.op)](_walk(node.left, values), _walk(node.right, values))
        case ast.UnaryOp():
            return -_walk(node.operand, values)
        case ast.Name():
            return values[node.id]
        case ast.Constant():
            return np.asarray(node.value, dtype=np.float64)
    raise BadFormula(formula=ast.unparse(node), problem="it was not checked")
