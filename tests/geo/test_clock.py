"""Times are UTC text whose order is time's order; days are those of the set time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.clock import local_date, moment_of, now_utc, time_text, today, zone
from geo.errors import BadValue

MOMENTS = st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone comes beside it


@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_the_order_of_moments(first: datetime, second: datetime) -> None:
    assert (time_text(first) < time_text(second)) == (first < second)
    assert moment_of(time_text(first)) == first


def test_the_day_is_that_of_the_time_zone() -> None:
    text = time_text(datetime(2024, 5, 31, 17, 0, tzinfo=UTC))
    assert local_date(text, "Asia/Shanghai") == date(2024, 6, 1)
    assert local_date(text, "America/New_York") == date(2024, 5, 31)
    assert time_text(datetime(2024, 6, 1, 1, 0, tzinfo=timezone(timedelta(hours=8)))) == text


def test_now_is_now() -> None:
    before = datetime.now(UTC)
    assert before <= moment_of(now_utc()) <= datetime.now(UTC)
    assert abs((today("UTC") - datetime.now(UTC).date()).days) <= 1
    assert zone(None) is None


@pytest.mark.parametrize("text", ["yesterday", "2024-01-01T00:00:00", ""])
def test_a_time_without_zone_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        moment_of(text)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadValue):
        zone(name)
