"""What routes are given: the store, the settings, the clock and the parameters that several routes share."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, Header, Path, Query, Request

from api.auth.rights import Rights, get_rights
from api.auth.who import who_of
from api.errors import MustBeConditional
from api.settings import Settings
from geo import clock, landcover
from geo.errors import BadValue
from geo.rates import Basis, RateDefinition, RateQuery
from geo.sites import Kind
from geo.store import Store
from geo.words import Lang

LARGEST_ID: Final = 2**53 - 1
FIRST_YEAR, LAST_YEAR = 1900, 2200

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many items; `next` leads to the rest.")]
After = Annotated[
    int | None, Query(ge=0, le=LARGEST_ID, description="Only items after this one (as `next` says it).")
]
Adcode = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z._-]{1,32}$", description="Code of a county, prefecture or province.")
]
Unit = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9A-Za-z._-]{1,32}$",
        description="Only what lies in this county, prefecture or province.",
    ),
]
Slug = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z._ -]{1,64}$")]
Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
FromYear = Annotated[int | None, Query(alias="from", ge=FIRST_YEAR, le=LAST_YEAR)]
ToYear = Annotated[int | None, Query(alias="to", ge=FIRST_YEAR, le=LAST_YEAR)]
Records = Annotated[
    Literal["projects", "targets", "inspections", "attachments"], Path(description="What was versioned.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any text; a retry under it changes nothing and gets the same answer.",
    ),
]
SiteId = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only what concerns this site.")]
Why = Annotated[str, Query(max_length=2000, description="Why it is taken off, for the record.")]
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def get_store(request: Request) -> Store:
    """The store that the service was opened on."""
    return cast("Store", request.app.state.store)


def get_settings(request: Request) -> Settings:
    """The settings of the service."""
    return cast("Settings", request.app.state.settings)


StoreDep = Annotated[Store, Depends(get_store)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
RightsDep = Annotated[Rights, Depends(get_rights)]


def get_today(settings: SettingsDep) -> date:
    """The present day in the set time zone."""
    return clock.today(settings.timezone)


TodayDep = Annotated[date, Depends(get_today)]


def get_lang(
    request: Request,
    settings: SettingsDep,
    lang: Annotated[Lang | None, Query(description="The language of names and words.")] = None,
) -> Lang:
    """The language asked for: `?lang=`, else of account, cookie, Accept-Language, the setting's."""
    user = who_of(request).user
    asked = [lang or "", (user.lang if user else None) or "", request.cookies.get("lang", "")]
    asked += [part.strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
    return cast("Lang", next((word for word in asked if word in {"zh", "en"}), settings.lang))


LangDep = Annotated[Lang, Depends(get_lang)]


def known_at_text(text: str | None, timezone: str | None, *, last: bool = True) -> str | None:
    """UTC text of `known_at`: a date is the end of that day in the zone (`last`) or its beginning.

    A time must name its own zone. A plus sign that came as a blank, as in an address that nobody escaped, is
    taken as a plus sign.
    Raises `BadValue`.

    >>> known_at_text("2024-05-01T08:00:00 08:00", None)
    '2024-05-01T00:00:00.000000Z'
    >>> known_at_text("2024-05-01", "Asia/Shanghai")
    '2024-05-01T15:59:59.999999Z'
    """
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            edge = time.max if last else time.min
            moment = datetime.combine(day, edge, tzinfo=clock.zone(timezone)).astimezone()
            return clock.time_text(moment)
        moment = datetime.fromisoformat(re.sub(r" (?=\d{2}:?\d{2}$)", "+", text))
        if moment.tzinfo is not None:
            return clock.time_text(moment)
    except (ValueError, OverflowError) as error:
        raise BadValue(
            field="known_at", value=text, problem="is neither a date nor a time (RFC 3339)"
        ) from error
    raise BadValue(field="known_at", value=text, problem="names no time zone; end it with Z or an offset")


def get_rate_query(
    settings: SettingsDep,
    definition: Annotated[RateDefinition, Query(description="Which rate.")] = RateDefinition.TREATMENT,
    basis: Annotated[Basis, Query(description="What is summed.")] = Basis.AREA,
    as_of: Annotated[date | None, Query(description="The day on the ground; today by default.")] = None,
    known_at: Annotated[
        str | None,
        Query(max_length=40, description="What was known then: a date (its end) or a time; now by default."),
    ] = None,
    responsible: Annotated[
        str, Query(pattern="^(legacy|liable|all)$", description="Whose sites: legacy, liable or all.")
    ] = "legacy",
    kind: Annotated[Kind | None, Query(description="Only sites of this kind.")] = None,
    product: Slug = None,
    edition: Slug = None,
    from_year: FromYear = None,
    to_year: ToYear = None,
) -> RateQuery:
    """The question that the parameters of a rate put."""
    return RateQuery(
        definition=definition,
        basis=basis,
        as_of=as_of,
        known_at=known_at_text(known_at, settings.timezone),
        responsible=responsible,
        kind=kind,
        product=product,
        edition=edition,
        from_year=from_year,
        to_year=to_year,
    )


def get_pair_query(query: Annotated[RateQuery, Depends(get_rate_query)]) -> RateQuery:
    """The question of a rate between two years. Raises `BadValue`, `UnknownProduct`."""
    first, last = query.from_year, query.to_year
    if first is not None and last is not None and first >= last:
        raise BadValue(field="from", value=first, problem=f"must lie before {last}, the later year")
    if query.product is not None:
        landcover.product(query.product)
    return query


RateQueryDep = Annotated[RateQuery, Depends(get_pair_query)]


class SeriesQuery:
    """A rate over several years: `first` to `last`, ten years up to today by default."""

    def __init__(
        self,
        query: Annotated[RateQuery, Depends(get_rate_query)],
        today: TodayDep,
    ) -> None:
        self.last = min(query.to_year or today.year, today.year)
        self.first = query.from_year or self.last - 10
        if self.first > self.last:
            raise BadValue(field="from", value=self.first, problem=f"lies after {self.last}, the last year")
        if query.product is not None:
            landcover.product(query.product)
        self.rate = replace(query, from_year=None, to_year=None, as_of=None)


SeriesQueryDep = Annotated[SeriesQuery, Depends()]


def etag(version: int) -> str:
    """The ETag of a version of a site."""
    return f'"{version}"'


def get_if_match(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The ETag of the site as it was read.")
    ] = None,
) -> frozenset[str] | None:
    """The tags that a write allows, None for `*`. Raises `MustBeConditional` where the header is missing."""
    if if_match is None:
        raise MustBeConditional
    if if_match.strip() == "*":
        return None
    return frozenset(tag for weak, tag in _TAG.findall(if_match) if not weak)


IfMatch = Annotated[frozenset[str] | None, Depends(get_if_match)]


def not_modified(request: Request, tag: str) -> bool:
    """Whether the client already has what `tag` names (If-None-Match, compared weakly)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag.removeprefix("W/").strip('"') in {
        found for _, found in _TAG.findall(given)
    }


def version_of(if_match: frozenset[str] | None) -> int | None:
    """The version that a write insists on: None for any, -1 where no tag can be one of a site's.

    Of several tags the greatest counts: versions only rise, so an older one cannot be current if it is.
    """
    if if_match is None:
        return None
    return max(
        (int(tag) for tag in if_match if tag.isascii() and tag.isdecimal() and len(tag) < 16), default=-1
    )


class Write:
    """What every write to a site needs: the store, who writes, the version they saw, the key of a retry."""

    def __init__(
        self,
        store: StoreDep,
        rights: RightsDep,
        today: TodayDep,
        lang: LangDep,
        if_match: IfMatch,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self.store = store
        self.rights = rights
        self.actor = rights.name
        self.today = today
        self.lang = lang
        self.if_version = version_of(if_match)
        self.idempotency_key = idempotency_key


class MergeWrite:
    """What a write to several sites needs: their versions stand in the body, or `If-Match: *` allows any."""

    def __init__(
        self,
        store: StoreDep,
        rights: RightsDep,
        today: TodayDep,
        lang: LangDep,
        if_match: Annotated[
            str | None, Header(alias="If-Match", description="`*` for any version of the sites.")
        ] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self.store = store
        self.rights = rights
        self.actor = rights.name
        self.today = today
        self.lang = lang
        self.any_version = if_match is not None and if_match.strip() == "*"
        self.idempotency_key = idempotency_key
