"""The card beside a map: figures, tools, legends and notes, as HTML whose every text passed the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from geo.words import Lang, sentence
from tiles.escape import safe_text
from tiles.legend import Legend, LegendItem
from tiles.map_model import ClassBar, Figure, MapPage, Ranked, Ranking


def page_html(page: MapPage) -> str:
    """All that stands over the map: the synthetic banner, the empty state, the tools and the card."""
    parts = []
    if page.banner:
        parts.append(f'<div class="rv-banner" role="note">{safe_text(page.banner)}</div>')
    if page.empty:
        parts.append(f'<div class="rv-empty" role="status">{safe_text(page.empty)}</div>')
    if compares(page):
        parts.append(_divider(page) + _attribution(page))
    parts.append(_card(page))
    return "".join(parts)


def compares(page: MapPage) -> bool:
    """Whether a page shows two years on two maps."""
    return page.land_cover is not None and page.left_year is not None


def _card(page: MapPage) -> str:
    subtitle = f'<p class="rv-quiet">{safe_text(page.subtitle)}</p>' if page.subtitle else ""
    inside = (
        subtitle
        + "".join(map(_figure, page.figures))
        + _tools(page)
        + _all_bars(page.bars, page.lang)
        + _ranking(page.ranking)
        + "".join(_legend(legend, page.lang) for legend in page.legends if legend.items)
        + _notes(page.notes)
    )
    title = f"<summary>{safe_text(page.title)}</summary>"
    return f'<details class="rv-panel" open>{title}<div>{inside}</div></details>'


def _figure(figure: Figure) -> str:
    parts = " · ".join(
        f'<span class="rv-whole">{safe_text(part)}</span>' for part in figure.detail.split(" · ")
    )
    detail = f"<p>{parts}</p>" if figure.detail else ""
    note = f'<p class="rv-quiet">{safe_text(figure.note)}</p>' if figure.note else ""
    return f'<p class="rv-figure"><b>{safe_text(figure.value)}</b>{safe_text(figure.name)}</p>{detail}{note}'


def _ranking(ranking: Ranking | None) -> str:
    if ranking is None:
        return ""
    lines = "".join(f"<li>{_ranked(item)}</li>" for item in ranking.items)
    total = f'<p class="rv-quiet">{safe_text(ranking.total)}</p>'
    return f'<h2>{safe_text(ranking.title)}</h2><ol class="rv-legend rv-ranking">{lines}</ol>{total}'


def _ranked(item: Ranked) -> str:
    box = "" if item.zoom_to is None else ",".join(f"{side:.6f}" for side in item.zoom_to)
    inside = (
        f"<span>{safe_text(item.text)} <small>{safe_text(item.note)}</small></span>"
        f'<span class="rv-note">{safe_text(item.value)}</span>'
    )
    return f'<button type="button" data-zoom="{box}">{inside}</button>'


def _notes(notes: Iterable[str]) -> str:
    lines = "".join(f'<p class="rv-quiet">{safe_text(note)}</p>' for note in notes)
    return f"<h2></h2>{lines}" if lines else ""


def _legend(legend: Legend, lang: Lang) -> str:
    lines = "".join(f"<li>{_legend_line(item, legend.swatch)}</li>" for item in legend.items)
    toggles = any(item.group for item in legend.items)
    hint = sentence("words_maps", "show_hide", lang) if toggles else ""
    notes = "".join(f'<p class="rv-quiet">{safe_text(text)}</p>' for text in (legend.note, hint) if text)
    return f'<h2>{safe_text(legend.title)}</h2><ul class="rv-legend">{lines}</ul>{notes}'


def _legend_line(item: LegendItem, swatch: str) -> str:
    note = f'<span class="rv-note">{safe_text(item.note)}</span>' if item.note else ""
    inside = f"{_swatch(item, swatch)}<span>{safe_text(item.text)}</span>{note}"
    if not item.group:
        return inside
    return f'<button type="button" aria-pressed="true" data-group="{safe_text(item.group)}">{inside}</button>'


def _swatch(item: LegendItem, swatch: str) -> str:
    colour = safe_text(item.colour)
    if swatch == "line":
        dash = f' stroke-dasharray="{safe_text(item.dash)}"' if item.dash else ""
        mark = f'<path d="M1 7H25" stroke="{colour}" stroke-width="3.5"{dash}/>'
        return f'<svg width="26" height="14" aria-hidden="true">{mark}</svg>'
    mark = f'<rect x=".5" y=".5" width="17" height="13" fill="{colour}" stroke="#7d8a84"/>'
    return f'<svg width="18" height="14" aria-hidden="true">{mark}</svg>'


def _tools(page: MapPage) -> str:
    series = page.land_cover
    if series is None or not series.years:
        return ""
    lang, years = page.lang, series.years
    parts = []
    if page.left_year is not None:
        parts.append(
            f'<button type="button" id="rv-swipe" aria-pressed="true">{_say("swipe", lang)}</button>'
            f'<button type="button" id="rv-beside" aria-pressed="false">{_say("side_by_side", lang)}</button>'
        )
        parts.append(_year_choice("rv-left", "left_year", years, page.left_year, lang))
        parts.append(_year_choice("rv-right", "right_year", years, page.right_year or years[-1], lang))
    shown = page.right_year or years[-1]
    if len(years) > 1:
        chosen = "" if page.left_year else str(shown)
        name = f'{_say("year", lang)} <b id="rv-year-shown">{chosen}</b>'
        parts.append(_slider("rv-year", name, _say("year", lang), len(years) - 1, years.index(shown)))
    parts.append(_slider("rv-opacity", _say("opacity", lang), _say("opacity", lang), 100, 100))
    return f'<div class="rv-tools">{"".join(parts)}</div>'


def _slider(key: str, name_html: str, label: str, most: int, value: int) -> str:
    return (
        f'<div class="rv-row"><label for="{key}">{name_html}</label><input type="range" id="{key}" '
        f'min="0" max="{most}" step="1" value="{value}" aria-label="{label}"></div>'
    )


def _say(slug: str, lang: Lang) -> str:
    return safe_text(sentence("words_maps", slug, lang))


def _year_choice(key: str, slug: str, years: Iterable[int], chosen: int, lang: Lang) -> str:
    options = "".join(
        f'<option value="{year}"{" selected" if year == chosen else ""}>{year}</option>' for year in years
    )
    return f'<label>{_say(slug, lang)} <select id="{key}">{options}</select></label>'


def _divider(page: MapPage) -> str:
    return (
        '<div class="rv-line" id="rv-line"><span aria-hidden="true">&#8596;</span></div>'
        '<div class="rv-hidden"><input type="range" id="rv-divider" min="0" max="1000" value="420" '
        f'aria-label="{_say("swipe_handle", page.lang)}"></div>'
        f'<div class="rv-badge" id="rv-left-badge">{page.left_year}</div>'
        f'<div class="rv-badge" id="rv-right-badge">{page.right_year}</div>'
    )


def _attribution(page: MapPage) -> str:
    """The sources at the edge of both maps, which no divider cuts."""
    named = ", ".join((*page.attribution, *([page.basemap_url] if page.basemap_url else [])))
    return f'<div class="rv-sources">{safe_text(named)}</div>' if named else ""


def _all_bars(bars: Mapping[int, tuple[ClassBar, ...]], lang: Lang) -> str:
    return "".join(_bars(year, rows, lang) for year, rows in bars.items())


def _bars(year: int, rows: tuple[ClassBar, ...], lang: Lang) -> str:
    title = safe_text(sentence("words_maps", "class_table", lang, year=year))
    lines = "".join(
        f'<tr><th scope="row">{safe_text(row.text)}<span class="rv-bar" '
        f'style="width:{row.share * 100:.1f}%;background:{safe_text(row.colour)}"></span></th>'
        f"<td>{safe_text(row.area)}</td><td>{row.share * 100:.1f} %</td></tr>"
        for row in rows
    )
    if not rows:
        lines = f"<tr><td>{_say('no_class_areas', lang)}</td></tr>"
    return (
        f'<section data-bars="{year}" hidden><h2>{title}</h2><table class="rv-bars">{lines}</table></section>'
    )
