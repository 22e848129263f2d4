"""How every page is made: the templates, the two languages, the numbers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Protocol
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.auth.demo import person_name
from api.auth.rights import Rights
from api.deps import LangDep, RightsDep, StoreDep, TodayDep
from api.exports import export_list
from geo.accounts.rights import Action, User
from geo.reference import reference_rows
from geo.sites import Site
from geo.store import Connection, Store, accounts, cities, get_setting, notifications, proposals
from geo.words import Lang, label, sentence

HERE: Final = Path(__file__).resolve().parent
STATIC_DIR: Final = HERE / "static"
WORDS: Final = "words_pages"
NULL: Final = "–"
WRITING: Final = (Action.CHANGE_SITE, Action.INSPECT, Action.PLAN)
YEAR_SECONDS: Final = 365 * 24 * 3600

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.policies["json.dumps_kwargs"] = {"sort_keys": False, "allow_nan": False}


class Named(Protocol):
    """Something with an English name beside its own."""

    @property
    def name_en(self) -> str:
        """The English name, '' where there is none."""


@dataclass(frozen=True, slots=True)
class Exports:
    """The addresses of a list: as JSON, as CSV, as a workbook."""

    json: str
    csv: str
    xlsx: str


@dataclass(frozen=True, slots=True)
class Page:
    """The request that a page answers: store, language, day, whose rights, whether its data are synthetic."""

    request: Request
    store: Store
    lang: Lang
    today: date
    rights: Rights
    synthetic: bool
    unread: int = 0
    unit_names: str = ""
    has_accounts: bool = False
    waiting: frozenset[int] = frozenset()
    may_change: bool = False

    def say(self, slug: str, **values: object) -> str:
        """The sentence `slug` of the pages' words in the page's language."""
        return sentence(WORDS, slug, self.lang, **values)

    def tell(self, slug: str, **values: object) -> str:
        """The sentence `slug` of the words of accounts in the page's language."""
        return sentence("words_accounts", slug, self.lang, **values)

    def work(self, slug: str, **values: object) -> str:
        """The sentence `slug` of the words of the workflow in the page's language."""
        return sentence("words_workflow", slug, self.lang, **values)

    @property
    def here(self) -> str:
        """The address of the page on this host."""
        url = self.request.url
        if self.request.method != "GET":
            return "/account"
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def csrf(self) -> str:
        """The token that the forms of this session carry; '' where nobody is signed in."""
        return self.rights.who.csrf

    def word(self, table: str, slug: str | None) -> str:
        """The label of a slug of a reference table; the slug itself where the table does not list it."""
        try:
            return label(table, slug, self.lang)
        except KeyError:
            return slug or ""

    def name(self, thing: Named) -> str:
        """The name of a unit or a group in the page's language, else the one that it has."""
        own = str(getattr(thing, "name_zh", "") or getattr(thing, "name", ""))
        return own or thing.name_en if self.lang == "zh" else thing.name_en or own

    def person(self, user: User) -> str:
        """The name of somebody with an account, in the page's language where it has one in both."""
        return person_name(user, self.lang)

    def site_name(self, site: Site) -> str:
        """The name of a site; on an English page the English one, where its other fields have one."""
        english = site.attributes.get("name_en") if self.lang == "en" else None
        return english if isinstance(english, str) and english else site.name

    def given(self, name: str) -> str:
        """A parameter of the address as it was written; '' where it is not there."""
        return self.request.query_params.get(name, "")

    def url(self, path: str, **changes: object) -> str:
        """`path` with the present query, changed by `changes`; None takes a parameter away."""
        query = {key: value for key, value in self.request.query_params.items() if key not in changes}
        query.update({key: str(value) for key, value in changes.items() if value is not None})
        return f"{path}?{urlencode(query)}" if query else path

    def exports(self, name: str, **asked: object) -> Exports:
        """The addresses of a list as JSON, CSV and workbook, under the parameters asked for."""
        path = export_list(name, self.lang).path.partition("?")[0]
        parts = {key: value for key, value in asked.items() if f"{{{key}}}" in path}
        rest = {key: value for key, value in asked.items() if key not in parts}
        table = f"/api/exports/{name}"
        return Exports(
            json=_with_query(path.format(**parts), query_of(**rest)),
            csv=_with_query(f"{table}.csv", query_of(lang=self.lang, **asked)),
            xlsx=_with_query(f"{table}.xlsx", query_of(lang=self.lang, **asked)),
        )

    def render(
        self,
        template: str,
        *,
        active: str = "",
        json_url: str | None = None,
        status_code: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """The page as HTML; a language chosen in the address is kept in a cookie."""
        html = templates.get_template(template).render(
            page=self,
            t=self.say,
            a=self.tell,
            w=self.work,
            word=self.word,
            name=self.name,
            lang=self.lang,
            today=self.today,
            swatches=swatches(),
            active=active,
            address=str(self.request.base_url).rstrip("/"),
            json_url=json_url,
            other_language=self.url(self.request.url.path, lang="en" if self.lang == "zh" else "zh"),
            NULL=NULL,
            statuses=[row["slug"] for row in reference_rows("status")],
            rate_classes=[row["slug"] for row in reference_rows("rate_classes")],
            ha=hectares,
            pct=percent,
            points=points,
            **values,
        )
        response = HTMLResponse(html, status_code=status_code)
        if self.request.query_params.get("lang") in {"zh", "en"}:
            response.set_cookie("lang", self.lang, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
        return response


def swatches() -> list[tuple[str, str]]:
    """The colours of statuses, verdicts and classes of rates by their style class, from their tables."""
    tables = (("s", "status"), ("v", "verdicts"), ("r", "rate_classes"))
    return [
        (f"{mark}-{row['slug']}", row["colour"]) for mark, table in tables for row in reference_rows(table)
    ]


def units_named(conn: Connection, rights: Rights, lang: Lang) -> str:
    """The names of the units that whoever is signed in answers for; '' for nobody and for administrators."""
    if rights.user.user_id is None or rights.is_administrator:
        return ""
    found = [cities.names(conn, code) for code in sorted(rights.user.units)]
    return ", ".join((zh or en) if lang == "zh" else (en or zh) for zh, en in found)


def get_page(request: Request, store: StoreDep, lang: LangDep, today: TodayDep, rights: RightsDep) -> Page:
    """The page that a route fills."""
    with store.read() as conn:
        synthetic = get_setting(conn, "synthetic") == "yes"
        key = rights.user.user_id
        unread = 0 if key is None else notifications.count_unread(conn, key)
        has_accounts = accounts.any_there(conn)
        units = units_named(conn, rights, lang)
        waiting = frozenset(proposals.open_ids(conn))
        may_change = any(rights.may(conn, action) for action in WRITING)
    return Page(
        request=request,
        store=store,
        lang=lang,
        today=today,
        rights=rights,
        synthetic=synthetic,
        unread=unread,
        unit_names=units,
        has_accounts=has_accounts,
        waiting=waiting,
        may_change=may_change,
    )


PageDep = Annotated[Page, Depends(get_page)]


class PageRoute(APIRoute):
    """A route for people: an empty field of a form is no parameter."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            given = parse_qsl(request.scope["query_string"].decode("latin-1"))
            request.scope["query_string"] = urlencode(given).encode("ascii")
            return await handler(request)

        return handle


def hectares(value: float | None, digits: int = 1) -> str:
    """Hectares with thousands set apart, an en dash for None.

    >>> hectares(12345.67), hectares(None)
    ('12,345.7', '–')
    """
    return NULL if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent, an en dash for None.

    >>> percent(0.3868), percent(None)
    ('38.7 %', '–')
    """
    return NULL if value is None else f"{100 * value:.{digits}f} %"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign.

    >>> points(0.0123), points(-0.0123), points(None)
    ('+1.2', '−1.2', '–')
    """
    if value is None:
        return NULL
    return f"{'−' if value < 0 else '+'}{abs(100 * value):.1f}"


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def query_of(**values: object) -> str:
    """The query string of the values that are given; None and '' are left out.

    >>> query_of(city="340600", as_of=None)
    'city=340600'
    """
    return urlencode({key: str(value) for key, value in values.items() if value is not None and value != ""})
