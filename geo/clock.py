"""The clock: times as UTC text, days in the set time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geo.errors import BadValue


def time_text(moment: datetime) -> str:
    """A moment as UTC text `YYYY-MM-DDTHH:MM:SS.ffffffZ`, in which order of text is order of time.

    >>> time_text(datetime(2024, 5, 1, 8, tzinfo=UTC))
    '2024-05-01T08:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now_utc() -> str:
    """The present as UTC text."""
    return time_text(datetime.now(UTC))


def moment_of(text: str) -> datetime:
    """The aware moment of a UTC text; raises `BadValue` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadValue(field="time", value=text, problem="is not a time") from error
    if moment.tzinfo is None:
        raise BadValue(field="time", value=text, problem="has no time zone; write UTC times with a final Z")
    return moment


def local_date(text: str, tz: str | None = None) -> date:
    """The day of a UTC text in the time zone `tz`, or in the machine's own where it is None."""
    return moment_of(text).astimezone(zone(tz)).date()


def today(tz: str | None = None) -> date:
    """The present day in the time zone `tz`, or in the machine's own where it is None."""
    return datetime.now(UTC).astimezone(zone(tz)).date()


def zone(tz: str | None) -> ZoneInfo | None:
    """The time zone of an IANA name, None for None; raises `BadValue` for an unknown name."""
    if tz is None:
        return None
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadValue(field="timezone", value=tz, problem="is not a known time zone") from error
