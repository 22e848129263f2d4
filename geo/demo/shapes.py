"""Plausible outlines of mine sites, in metres around their own centre."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.affinity import rotate, scale, translate

WAVES = 5


def blob(rng: np.random.Generator, area_ha: float, *, elongation: float) -> Polygon:
    """An irregular closed outline around (0, 0) of about `area_ha`, metres.

    `elongation` is the ratio of its long to its short axis. The radius is a positive sum of waves, so the
    ring never crosses itself.
    """
    n = int(min(90, 26 + area_ha / 5))
    theta = np.linspace(0, 2 * math.pi, n, endpoint=False)
    radius = np.ones(n)
    for wave in range(2, 2 + WAVES):
        radius += rng.uniform(0.02, 0.24 / wave**0.5) * np.cos(wave * theta + rng.uniform(0, 2 * math.pi))
    radius += rng.uniform(-0.04, 0.04, n)
    radius = np.maximum(radius, 0.3)
    ring = np.column_stack([radius * np.cos(theta), radius * np.sin(theta)])
    shape = scale(Polygon(ring), elongation**0.5, elongation**-0.5, origin=(0, 0))
    factor = math.sqrt(area_ha * 10_000 / shape.area)
    return rotate(scale(shape, factor, factor, origin=(0, 0)), rng.uniform(0, 180), origin=(0, 0))


def with_hole(shape: Polygon) -> Polygon:
    """The outline with an island of about a twelfth of its area left out."""
    hole = scale(shape, 0.28, 0.28, origin=shape.representative_point())
    return Polygon(shape.exterior.coords, [hole.exterior.coords])


def in_parts(rng: np.random.Generator, area_ha: float, *, elongation: float) -> MultiPolygon:
    """Two or three separate outlines side by side of about `area_ha` together."""
    shares = (0.62, 0.38) if rng.random() < 0.6 else (0.5, 0.3, 0.2)
    parts: list[Polygon] = []
    x = 0.0
    for share in shares:
        part = blob(rng, area_ha * share, elongation=elongation)
        left, _, right, _ = part.bounds
        parts.append(translate(part, x - left, rng.uniform(-0.2, 0.2) * (right - left)))
        x += right - left + rng.uniform(40, 120)
    whole = MultiPolygon(parts)
    centre = shapely.centroid(whole)
    return translate(whole, -centre.x, -centre.y)
