"""Mappings that are remembered: what a department said of a set of columns holds for its next file too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from geo.imports.plan import ImportOptions
from geo.values import folded


@dataclass(frozen=True, slots=True)
class Profile:
    """What was said of a set of columns: fields by column, status words, units of areas by column.

    `ignored` are the columns that were said to be no field.
    """

    field_map: Mapping[str, str] = field(default_factory=dict)
    status_map: Mapping[str, str] = field(default_factory=dict)
    area_units: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    saved_by: str = ""
    saved_at: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.field_map or self.status_map or self.area_units or self.ignored)


def columns_key(columns: Iterable[str]) -> str:
    """The key of a set of columns: their order and spelling do not matter.

    >>> columns_key(["图斑编号", "面积（亩）"]) == columns_key(["面积(亩)", "图斑编号 "])
    True
    """
    names = "\n".join(sorted({folded(column) for column in columns}))
    return hashlib.sha256(names.encode("utf-8", "replace")).hexdigest()


def profile_of(options: ImportOptions) -> Profile:
    """What of the options is remembered; the system of coordinates is not, for it is the file's own."""
    return Profile(
        dict(options.field_map), dict(options.status_map), dict(options.area_units), options.ignored
    )


def with_profile(options: ImportOptions, profile: Profile | None) -> ImportOptions:
    """The options with what was remembered wherever they say nothing themselves."""
    if profile is None:
        return options
    taken = {*options.field_map.values()}
    known = {
        name: column
        for name, column in profile.field_map.items()
        if name not in options.constants and column not in taken
    }
    return replace(
        options,
        field_map={**known, **options.field_map},
        status_map={**profile.status_map, **options.status_map},
        area_units={**profile.area_units, **options.area_units},
        ignored=tuple(dict.fromkeys((*profile.ignored, *options.ignored))),
        remembered_at=profile.saved_at,
    )
