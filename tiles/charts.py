"""Charts as SVG text: series by year with their intervals, targets and marks, and stacked bars.

Made on the server, so that a page on paper, a page without scripts and a file of the command line show the
same picture. Every chart has a title and its numbers stand in a table beside it. Lines differ by their dashes
as well as by colour. All texts pass the escaping gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tiles.escape import safe_text

COLOURS: Final = ("#1f6f4a", "#0072b2", "#b35900", "#762a83", "#5f6b66")
"""Colours that the colour-blind tell apart, in the order in which lines take them."""

_DASHES: Final = ("", "6 4", "2 3", "8 3 2 3", "12 4")
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 12, 40
_LEGEND_ROW: Final = 18
_MARK_ROW: Final = 14
_LETTER: Final = 7.0
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Line:
    """One series: `values` by x, None where there is none (the line has a gap there).

    `low` and `high` by x draw the interval of the series behind it. A `projected` line is thin and dotted.
    """

    name: str
    values: Mapping[float, float | None]
    low: Mapping[float, float | None] = field(default_factory=dict)
    high: Mapping[float, float | None] = field(default_factory=dict)
    projected: bool = False
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A value that holds for every x, such as a target; drawn across."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the x axis with its words, such as the year in which treatment began; drawn upright."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of stacked bars: `values` by x, None or 0 where there is none."""

    name: str
    values: Mapping[float, float | None]
    colour: str


@dataclass(frozen=True, slots=True)
class Axes:
    """What stands at the axes. `x_words` names the x values that need other words than their number."""

    x_title: str = ""
    y_title: str = ""
    x_words: Mapping[float, str] = field(default_factory=dict)
    width: int = 720
    height: int = 280


AXES: Final = Axes()


def line_chart(
    title: str,
    lines: Sequence[Line],
    *,
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    axes: Axes = AXES,
) -> str:
    """An SVG of one or more series; '' where no series has a value."""
    xs = sorted({x for line in lines for x, value in line.values.items() if value is not None})
    if not xs:
        return ""
    every_x = [*xs, *(mark.x for mark in marks)]
    ys = [value for line in lines for value in _heights(line)] + [level.value for level in levels]
    names = [(line.name, _dash(at, line), _colour(at, line)) for at, line in enumerate(lines)]
    names += [(level.name, "10 3", "#333333") for level in levels]
    plot = _Plot(
        axes,
        (min(every_x), max(every_x)),
        (min(ys), max(ys)),
        [name for name, _, _ in names],
        marks=len(marks),
    )
    parts = [plot.frame(xs), *(_mark(plot, mark, row) for row, mark in enumerate(marks))]
    parts += [_level(plot, level) for level in levels]
    parts += [_interval(plot, line, _colour(at, line)) for at, line in enumerate(lines)]
    parts += [_series(plot, line, _dash(at, line), _colour(at, line)) for at, line in enumerate(lines)]
    parts += [plot.key(at, dash, colour) for at, (_, dash, colour) in enumerate(names)]
    return plot.svg(title, parts)


def bar_chart(title: str, bars: Sequence[Bar], *, axes: Axes = AXES) -> str:
    """An SVG of stacked bars from 0; '' where no bar has a value."""
    xs = sorted({x for bar in bars for x, value in bar.values.items() if value is not None})
    if not xs:
        return ""
    tops = {x: sum(bar.values.get(x) or 0.0 for bar in bars) for x in xs}
    step = min((b - a for a, b in pairwise(xs)), default=1.0)
    across = (xs[0] - step / 2, xs[-1] + step / 2)
    plot = _Plot(axes, across, (0.0, max(tops.values()) or 1.0), [bar.name for bar in bars])
    parts = [plot.frame(xs)]
    risen = dict.fromkeys(xs, 0.0)
    wide = 0.8 * (plot.x(xs[0] + step) - plot.x(xs[0]))
    for bar in bars:
        for x in xs:
            value = bar.values.get(x) or 0.0
            if value > 0:
                top, foot = plot.y(risen[x] + value), plot.y(risen[x])
                words = f"{plot.words(x)} {bar.name}: {value:,.2f} {axes.y_title}"
                parts.append(
                    f'<rect x="{plot.x(x) - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                    f'height="{foot - top:.1f}" fill="{bar.colour}" stroke="#ffffff" stroke-width=".5">'
                    f"<title>{safe_text(words)}</title></rect>"
                )
                risen[x] += value
    parts += [plot.box(at, bar.colour) for at, bar in enumerate(bars)]
    return plot.svg(title, parts)


def ticks(low: float, high: float, *, at_most: int = 6) -> list[float]:
    """Round values from at most `low` to at least `high`, evenly apart.

    >>> ticks(0.13, 0.71)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    >>> ticks(5, 5)
    [4.0, 5.0, 6.0]
    """
    if high - low < 1e-12 * max(1.0, abs(low), abs(high)):
        low, high = low - 1, high + 1
    rough = (high - low) / max(1, at_most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


class _Plot:
    """The plane of one chart: where values lie in the picture, and what stands around them."""

    def __init__(
        self,
        axes: Axes,
        xs: tuple[float, float],
        ys: tuple[float, float],
        names: Sequence[str],
        *,
        marks: int = 0,
    ) -> None:
        self.axes = axes
        self._x0, self._x1 = xs if xs[0] < xs[1] else (xs[0] - 1, xs[1] + 1)
        self._ticks = ticks(*ys)
        self._y0, self._y1 = self._ticks[0], self._ticks[-1]
        self._places = self._legend(names)
        rows = 1 + max((row for row, _, _ in self._places), default=0)
        self._head = marks * _MARK_ROW
        self._top = _TOP + rows * _LEGEND_ROW + (8 if axes.y_title else 0) + self._head

    def x(self, value: float) -> float:
        """Where an x value lies, in the picture."""
        inside = self.axes.width - _LEFT - _RIGHT
        return _LEFT + (value - self._x0) / (self._x1 - self._x0) * inside

    def y(self, value: float) -> float:
        """Where a y value lies, in the picture."""
        inside = self.foot - self._top
        return self._top + (self._y1 - value) / (self._y1 - self._y0) * inside

    @property
    def top(self) -> float:
        """The upper edge of the plane."""
        return self._top

    @property
    def foot(self) -> float:
        """The lower edge of the plane."""
        return self.height - _BOTTOM

    @property
    def height(self) -> float:
        """The height of the picture: that of the axes, and a row above the plane for each mark."""
        return self.axes.height + self._head

    def words(self, x: float) -> str:
        """An x value in words."""
        return self.axes.x_words.get(x, f"{x:g}")

    def frame(self, xs: Sequence[float]) -> str:
        """Grid lines with their numbers and the titles of the axes."""
        right = self.axes.width - _RIGHT
        parts = []
        for value in self._ticks:
            at = self.y(value)
            line = "#999999" if value == 0 else "#dddddd"
            parts.append(f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="{line}"/>')
            parts.append(_text(_LEFT - 6, at + 4, _number(value, self._ticks), anchor="end"))
        longest = max(len(self.words(x)) for x in xs)
        room = max(1, int((right - _LEFT) // (longest * _LETTER + 10)))
        for x in xs[:: -(-len(xs) // room)]:
            parts.append(f'<path d="M{self.x(x):.1f} {self.foot}v4" stroke="#555555"/>')
            beyond = self.x(x) + len(self.words(x)) * _LETTER / 2 > self.axes.width
            at, anchor = (self.axes.width - 2, "end") if beyond else (self.x(x), "middle")
            parts.append(_text(at, self.foot + 17, self.words(x), anchor=anchor))
        parts.append(_text((_LEFT + right) / 2, self.height - 5, self.axes.x_title, anchor="middle"))
        parts.append(_text(2, self._top - self._head - 7, self.axes.y_title))
        return "".join(parts)

    def key(self, at: int, dash: str, colour: str) -> str:
        """The line that stands for a series in the legend."""
        row, left, name = self._places[at]
        y = _TOP + row * _LEGEND_ROW
        return (
            f'<path d="M{left} {y}h24" stroke="{colour}" stroke-width="2.2" stroke-dasharray="{dash}"/>'
            + _text(left + 30, y + 4, name)
        )

    def box(self, at: int, colour: str) -> str:
        """The box that stands for a part of bars in the legend."""
        row, left, name = self._places[at]
        y = _TOP + row * _LEGEND_ROW
        box = f'<rect x="{left}" y="{y - 6}" width="12" height="12" fill="{colour}" stroke="#555555"/>'
        return box + _text(left + 18, y + 4, name)

    def svg(self, title: str, parts: Sequence[str]) -> str:
        """The whole picture."""
        width, height = self.axes.width, self.height
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'class="chart-svg" tabindex="0" font-family="sans-serif" font-size="12" fill="none">'
            f"<title>{safe_text(title)}</title>{''.join(parts)}</svg>"
        )

    def _legend(self, names: Sequence[str]) -> list[tuple[int, int, str]]:
        """Row and left edge of each name in the legend."""
        places, row, left = [], 0, _LEFT
        for name in names:
            wide = int(48 + sum(_LETTER if ord(letter) < 0x2E80 else 12 for letter in name))
            if left > _LEFT and left + wide > self.axes.width - _RIGHT:
                row, left = row + 1, _LEFT
            places.append((row, left, name))
            left += wide
        return places


def _heights(line: Line) -> list[float]:
    every = [*line.values.values(), *line.low.values(), *line.high.values()]
    return [value for value in every if value is not None]


def _dash(at: int, line: Line) -> str:
    return "1 4" if line.projected else _DASHES[at % len(_DASHES)]


def _colour(at: int, line: Line) -> str:
    return line.colour or COLOURS[at % len(COLOURS)]


def _series(plot: _Plot, line: Line, dash: str, colour: str) -> str:
    parts, path, before = [], "", False
    for x, value in sorted(line.values.items()):
        if value is None:
            before = False
            continue
        path += f"{'L' if before else 'M'}{plot.x(x):.1f} {plot.y(value):.1f}"
        before = True
        if not line.projected:
            words = f"{line.name}, {plot.words(x)}: {value:.4g}"
            parts.append(
                f'<circle cx="{plot.x(x):.1f}" cy="{plot.y(value):.1f}" r="3" fill="{colour}">'
                f"<title>{safe_text(words)}</title></circle>"
            )
    thick = 1.4 if line.projected else 2
    drawn = f'<path d="{path}" stroke="{colour}" stroke-width="{thick}" stroke-dasharray="{dash}"/>'
    return drawn + "".join(parts)


def _interval(plot: _Plot, line: Line, colour: str) -> str:
    both = [
        (x, low, high)
        for x in sorted(line.low)
        if (low := line.low[x]) is not None and (high := line.high.get(x)) is not None
    ]
    if len(both) < 2:
        return ""
    there = "L".join(f"{plot.x(x):.1f} {plot.y(high):.1f}" for x, _, high in both)
    back = "L".join(f"{plot.x(x):.1f} {plot.y(low):.1f}" for x, low, _ in reversed(both))
    return f'<path d="M{there}L{back}Z" fill="{colour}" fill-opacity=".15"/>'


def _level(plot: _Plot, level: Level) -> str:
    at, right = plot.y(level.value), plot.axes.width - _RIGHT
    return (
        f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="#333333" stroke-width="1.4" stroke-dasharray="10 3"/>'
    )


def _mark(plot: _Plot, mark: Mark, row: int) -> str:
    """An upright line; its words stand above the plane, a row higher than those of the mark before it."""
    at, foot = plot.x(mark.x), plot.top - 4 - _MARK_ROW * row
    left = at > plot.axes.width * 0.7
    words = _text(at + (-4 if left else 4), foot, mark.words, anchor="end" if left else "start")
    line = f"M{at:.1f} {foot - 9:.1f}V{plot.foot}"
    return f'<path d="{line}" stroke="#777777" stroke-dasharray="3 3"/>' + words


def _text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    if not words:
        return ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333333">{safe_text(words)}</text>'


def _number(value: float, among: Sequence[float]) -> str:
    """A tick with as many decimals as its axis needs."""
    step = among[1] - among[0] if len(among) > 1 else 1.0
    decimals = max(0, min(6, -math.floor(math.log10(step) + 1e-9)))
    if decimals and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return f"{value:,.{decimals}f}"
