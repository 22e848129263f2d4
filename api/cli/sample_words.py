"""A sample in words and as a table on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from api.cli import console

if TYPE_CHECKING:
    from geo.samples.report import SampleReport


def of_words(report: SampleReport, lang: str) -> str:
    """Product, edition and years of a sample."""
    one = report.sample
    years = f"{one.from_year or '…'}-{one.to_year or '…'}"
    return f"{console.word('products', one.product, lang)}, edition {one.edition}, {years}"


def over_words(report: SampleReport, lang: str) -> str:
    """Over which sites a sample was drawn, or where a matrix comes from."""
    one = report.sample
    if one.group_by is None:
        return f"from elsewhere: {one.source}"
    name = one.group_name if lang == "zh" else one.group_name_en or one.group_name
    return f"{name}, {one.responsible} sites"


def span_words(report: SampleReport) -> str:
    """The 95 % interval of a sample, an en dash without one."""
    found = report.interval
    if found is None:
        return console.NULL
    return f"{console.percent(found.low)} to {console.percent(found.high)}"


def print_sample(report: SampleReport, lang: str) -> None:
    """Print the counts, accuracies and areas of a sample by outcome, and what follows."""
    from geo.areas import ha_from_units

    sample = report.sample
    numbers = ("mapped ha", "checked", "user's accuracy", "producer's", "estimated ha")
    title = f"Sample {sample.sample_id}: {of_words(report, lang)}; {over_words(report, lang)}"
    made = console.table(title, "outcome as mapped", *numbers, right=numbers)
    for slug, n_checked in sample.matrix.row_totals().items():
        mapped = sample.strata.get(slug)
        console.add_row(
            made,
            console.word("sample_outcomes", slug, lang),
            console.hectares(None if mapped is None else ha_from_units(mapped)),
            str(n_checked),
            *_accuracy_cells(report, slug),
        )
    console.stdout().print(made)
    _print_state(report, lang)


def _accuracy_cells(report: SampleReport, slug: str) -> tuple[str, str, str]:
    """User's and producer's accuracy and the area of one outcome, with their 95 % half widths."""
    accuracy = report.accuracy
    if accuracy is None:
        return console.NULL, console.NULL, console.NULL
    users, producers, area = (part[slug] for part in (accuracy.users, accuracy.producers, accuracy.areas))
    return (
        _with_half_width(users.value, users.half_width),
        _with_half_width(producers.value, producers.half_width),
        f"{console.hectares(area.value)} ± {console.hectares(area.half_width)}",
    )


def _print_state(report: SampleReport, lang: str) -> None:
    sample = report.sample
    typer.echo(f"{sample.n_checked} of {sample.n_points} points are checked")
    if report.accuracy is not None:
        overall = report.accuracy.overall
        typer.echo(f"overall accuracy {_with_half_width(overall.value, overall.half_width)}")
    if report.interval is not None:
        typer.echo(
            f"observed recovery rate by the sample: {console.percent(report.interval.value)},"
            f" 95 % interval {span_words(report)}"
        )
    elif sample.missing:
        lacking = ", ".join(
            f"{console.word('sample_outcomes', slug, lang)} {count}" for slug, count in sample.missing.items()
        )
        typer.echo(f"no interval yet; points still to check: {lacking}")
    if report.holds is False:
        console.note(console.word("reasons", "sample_outdated", lang))


def _with_half_width(value: float | None, half_width: float | None) -> str:
    if value is None or half_width is None:
        return console.NULL
    return f"{console.percent(value)} ± {console.percent(half_width)}"
