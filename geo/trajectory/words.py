"""Trajectories in words, zh and en: the sentences of `data/reference/words_trajectory.csv`."""

from __future__ import annotations

from geo.recovery import TemporalRule
from geo.trajectory.parameters import trajectory_parameters
from geo.trajectory.series import Measure, Trajectory
from geo.words import Lang, label, sentence


def trajectory_title(trajectory: Trajectory, lang: Lang) -> str:
    """Under which temporal rule what is followed."""
    raw = trajectory.rule is TemporalRule.NONE
    rule = _say("raw_series", lang) if raw else label("temporal_rules", trajectory.rule, lang)
    return _say("about", lang, rule=rule, measure=label("trajectory_measures", trajectory.measure, lang))


def trajectory_sentences(trajectory: Trajectory, lang: Lang) -> list[str]:
    """What is known of the course, a sentence each: state, turning points, slope, projection, breakpoints.

    Shares are told in percent, slopes of shares in percentage points; an index in its own numbers.
    """
    one = trajectory
    state = label("trajectory_states", one.state, lang)
    said = [
        _say("state", lang, year=one.last_year, state=state)
        if one.last_year is not None
        else _say("state_unknown", lang, state=state)
    ]
    if one.disturbance_year is not None:
        said.append(
            _say("disturbed_before" if one.disturbed_before else "disturbed", lang, year=one.disturbance_year)
        )
    if one.recovery_start_year is not None:
        said.append(_say("start", lang, year=one.recovery_start_year))
    if one.reached_year is not None:
        said.append(_say("reached", lang, year=one.reached_year, threshold=_value(one, one.threshold)))
    if one.relapse_year is not None:
        said.append(_say("relapse", lang, year=one.relapse_year))
    said += [*_slope(one, lang), *_projection(one, lang)]
    if one.breakpoints:
        said.append(
            _say("breakpoints", lang, years=("、" if lang == "zh" else ", ").join(map(str, one.breakpoints)))
        )
    return said


def _say(slug: str, lang: Lang, **values: object) -> str:
    return sentence("words_trajectory", slug, lang, **values)


def _slope(one: Trajectory, lang: Lang) -> list[str]:
    if one.slope_per_year is None:
        return []
    slope = _with_unit(one, one.slope_per_year, lang)
    if one.slope_low is None or one.slope_high is None:
        return [_say("slope_alone", lang, slope=slope, n=one.n_years)]
    confidence = f"{100 * trajectory_parameters().confidence:g} %"
    low, high = _change(one, one.slope_low), _change(one, one.slope_high)
    said = [_say("slope", lang, slope=slope, low=low, high=high, confidence=confidence, n=one.n_years)]
    of_late = int(trajectory_parameters().recent_years)
    if one.recent_slope is not None and one.n_years > of_late:
        said.append(_say("recent", lang, slope=_with_unit(one, one.recent_slope, lang), n=of_late))
    return said


def _with_unit(one: Trajectory, value: float, lang: Lang) -> str:
    change = _change(one, value)
    return change if one.measure is Measure.INDEX else _say("points", lang, value=change)


def _projection(one: Trajectory, lang: Lang) -> list[str]:
    reason = label("projection_reasons", one.projection_reason, lang)
    if one.projected_year is None:
        return [_say("not_projected", lang, reason=_inside(reason, lang))]
    words = {"threshold": _value(one, one.threshold), "year": one.projected_year, "low": one.projected_low}
    if one.projected_high is None:
        return [_say("projected_open", lang, reason=reason, **words)]
    return [_say("projected", lang, high=one.projected_high, **words)]


def _inside(reason: str, lang: Lang) -> str:
    """A reason inside a sentence: without its capital in English."""
    return reason if lang == "zh" else reason[:1].lower() + reason[1:]


def _value(one: Trajectory, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if one.measure is Measure.INDEX else f"{100 * value:.1f} %"


def _change(one: Trajectory, value: float) -> str:
    shown, digits = (value, 4) if one.measure is Measure.INDEX else (100 * value, 2)
    rounded = round(shown, digits) + 0.0
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"
