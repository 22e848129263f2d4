"""The pages as HTML: languages, escaping, empty stores, errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from shapely import MultiPolygon, box

from api.pages.figures import year_before
from api.pages.view import HERE, points, query_of
from geo import clock
from geo.areas import geodesic_area_units
from geo.changes import Change, NewSite
from geo.history import Fact
from geo.reference import reference_rows
from geo.status import Status
from geo.store import Store
from geo.store.changes import apply_change, create_sites

EVIL = "<script>alert(1)</script>`${1}"
PATHS = ("/", "/sites", "/cities", "/worklist", "/imports")


def client_of(app: FastAPI, path: Path) -> TestClient:
    app.state.store = Store.open(path)
    return TestClient(app)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "s.gpkg"
    Store.open(path, create=True).close()
    return path


@pytest.fixture
def empty(empty_store: Path, plain_app: FastAPI) -> Iterator[TestClient]:
    with client_of(plain_app, empty_store) as client:
        yield client


@pytest.fixture(scope="module")
def store_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one treated site whose texts try to be markup; its acceptance is a proposal."""
    path = tmp_path_factory.mktemp("one") / "s.gpkg"
    store = Store.open(path, create=True)
    polygon = MultiPolygon([box(116.5, 33.5, 116.51, 33.51)])
    new = NewSite(
        site_code="001",
        geometry=polygon,
        area_units=geodesic_area_units(polygon),
        facts={Fact.NAME: EVIL, Fact.RESPONSIBLE: "legacy"},
        entered_on=date(2019, 1, 1),
        extra={EVIL: EVIL},
        status_rows=((Status.UNTREATED, date(2019, 1, 1)), (Status.TREATED, date(2020, 1, 1))),
    )
    change = Change({Fact.STATUS: "accepted"}, date(2021, 1, 1), EVIL)
    with store.write() as conn:
        now = clock.now_utc()
        (site_id,) = create_sites(conn, [new], actor="local", source="test", now=now)
        apply_change(conn, site_id, change, actor="local", source="test", now=now, if_version=None)
    store.close()
    return path


@pytest.fixture
def one_site(store_of_one: Path, plain_app: FastAPI) -> Iterator[TestClient]:
    with client_of(plain_app, store_of_one) as client:
        yield client


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PATHS)
def test_an_empty_store_has_every_page(empty: TestClient, path: str, lang: str) -> None:
    answer = empty.get(path, params={"lang": lang})
    assert answer.status_code == 200
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in answer.text
    assert 'class="banner"' not in answer.text


def test_an_empty_dashboard_says_what_to_do_next(empty: TestClient) -> None:
    text = empty.get("/?lang=en").text
    assert "reverdure import FILE" in text
    assert "0.0 %" not in text


@pytest.mark.parametrize("path", [*PATHS, "/sites/1", "/?definition=restoration_rate&basis=count"])
def test_no_text_of_a_site_becomes_markup(one_site: TestClient, path: str) -> None:
    text = one_site.get(path).text
    assert "<script>alert" not in text
    if path.startswith("/sites"):
        assert "&lt;script&gt;alert(1)" in text


def test_a_proposal_is_dashed_and_counted_nowhere(one_site: TestClient) -> None:
    site = one_site.get("/sites/1?lang=en").text
    assert '<span class="proposed">' in site
    assert re.search(r'class="status s-treated">Treated', site)
    dashboard = one_site.get("/?lang=en").text
    assert "1 proposals wait for review and are not counted" in dashboard


def test_only_the_moves_of_the_table_are_offered(one_site: TestClient) -> None:
    offered = re.findall(r'name="status" value="(\w+)"', one_site.get("/sites/1").text)
    assert offered == ["in_progress", "accepted", "relapsed", "excluded"]


@pytest.mark.parametrize(
    ("path", "status"), [("/sites/99", 404), ("/cities/999999", 404), ("/?as_of=soon", 422)]
)
def test_an_error_is_a_page_for_people(one_site: TestClient, path: str, status: int) -> None:
    answer = one_site.get(path, headers={"accept-language": "en"})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "Back to the dashboard" in answer.text


def test_an_empty_field_of_a_form_is_no_parameter(one_site: TestClient) -> None:
    assert one_site.get("/?kind=&as_of=&known_at=&definition=acceptance_rate").status_code == 200


def test_the_language_is_that_of_address_then_cookie_then_browser(one_site: TestClient) -> None:
    def heading(**headers: str) -> str:
        return one_site.get("/sites", headers=headers).text

    assert "Code or name" in heading(**{"accept-language": "en-GB,zh;q=0.5"})
    assert "编号或名称" in heading(**{"accept-language": "zh-CN"})
    one_site.get("/sites?lang=en")
    assert "Code or name" in heading(**{"accept-language": "zh-CN"})


def test_every_page_names_its_json_and_that_answers(one_site: TestClient) -> None:
    for path in (*PATHS, "/sites/1"):
        address = re.findall(r'href="(/api/[^"]*)"', one_site.get(path).text)[-1].replace("&amp;", "&")
        assert one_site.get(address).status_code == 200, address


def test_pages_load_nothing_from_elsewhere(one_site: TestClient) -> None:
    for path in (*PATHS, "/sites/1"):
        assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', one_site.get(path).text)


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    for row in reference_rows("words_pages"):
        places = [{name for _, name, _, _ in Formatter().parse(row[lang]) if name} for lang in ("zh", "en")]
        assert row["zh"], row["slug"]
        assert row["en"], row["slug"]
        assert places[0] == places[1], row["slug"]


def test_every_word_of_the_table_is_used_and_every_used_one_is_there() -> None:
    files = [*HERE.glob("*.py"), *(HERE / "templates").glob("*.html")]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    known = {row["slug"] for row in reference_rows("words_pages")}
    families = (
        *("nav_", "fact_", "membership_", "level_", "standing_", "attribute_"),
        *("wizard_step_", "wizard_severity_", "crs_"),
    )
    asked = set(re.findall(r"""(?:\bt|\bsay)\(\s*['"](\w+)['"](?! ~)""", source))
    assert asked - known - set(families) == set()
    unused = {
        slug
        for slug in known
        if not slug.startswith(families) and not re.search(rf"""['"]{slug}['"]""", source)
    }
    assert unused == set()
    assert {f"fact_{fact.value}" for fact in Fact} <= known


def test_a_year_before_a_leap_day_is_28_february() -> None:
    assert year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert year_before(date(2026, 11, 23)) == date(2025, 11, 23)


def test_points_carry_their_sign_and_queries_only_what_is_given() -> None:
    assert (points(0.0123), points(-0.0123), points(None)) == ("+1.2", "−1.2", "–")
    assert query_of(city="340600", as_of=None, q="") == "city=340600"


def test_where_no_site_is_legacy_all_are_shown_and_that_is_said(plain_app: FastAPI, tmp_path: Path) -> None:
    with client_of(plain_app, stored(tmp_path, responsible="unknown")) as client:
        text = client.get("/?lang=en").text
        assert "2 sites, none of them legacy: all are shown." in text
        assert "There is no site yet" not in text
        assert '<option value="all" selected>' in text
        assert "Rates by kind of site" in text
        assert "responsible=all" in re.findall(r'href="(/api/rates[^"]*)"', text)[0]
        assert "2 sites, none of them legacy" in client.get("/cities?lang=en").text


def test_a_day_to_come_is_answered_as_today(one_site: TestClient) -> None:
    text = one_site.get("/?lang=en&as_of=2999-01-01").text
    assert "2999-01-01 lies in the future: the state of today" in text
    assert 'value="2999-01-01"' in text
    assert "As of 2999" not in text


def test_no_rate_lies_before_the_year_one(one_site: TestClient) -> None:
    assert one_site.get("/?as_of=0001-01-01").status_code == 200


def test_english_pages_call_a_site_by_its_english_name(plain_app: FastAPI, tmp_path: Path) -> None:
    with client_of(plain_app, stored(tmp_path, responsible="legacy")) as client:
        for path in ("/sites", "/sites/1"):
            assert "North pit" in client.get(path, params={"lang": "en"}).text
        chinese = client.get("/sites?lang=zh").text
        assert "北坑" in chinese
        assert "North pit" not in chinese


def test_other_fields_are_words(plain_app: FastAPI, tmp_path: Path) -> None:
    with client_of(plain_app, stored(tmp_path, responsible="legacy")) as client:
        text = client.get("/sites/1?lang=en").text
        assert "Hazards: landslide, collapse" in text
        assert "Synthetic: yes" in text
        assert "[&#39;" not in text
        assert "True" not in text


def test_a_history_begins_with_the_latest_day_and_its_status(plain_app: FastAPI, tmp_path: Path) -> None:
    with client_of(plain_app, stored(tmp_path, responsible="legacy")) as client:
        text = client.get("/sites/1?lang=en").text
        body = re.findall(r'<tr data-fact="(\w+)">', text)
        days = re.findall(r'<td class="num">\d+</td>\s*<td class="date">([\d-]+)</td>', text)
        assert days == sorted(days, reverse=True)
        assert body[0] == "status"
        assert body.index("status") < body.index("membership")


def stored(folder: Path, *, responsible: str) -> Path:
    """A store of two sites in no city, with an English name and other fields."""
    polygons = [MultiPolygon([box(10 + at, 50, 10.01 + at, 50.01)]) for at in (0, 1)]
    fields = {"name_en": "North pit", "hazards": ["landslide", "collapse"], "synthetic": True}
    new = [
        NewSite(
            site_code=f"N{at}",
            geometry=polygon,
            area_units=geodesic_area_units(polygon),
            facts={Fact.NAME: "北坑", Fact.RESPONSIBLE: responsible, Fact.ATTRIBUTES: fields},
            entered_on=date(2019, 1, 1),
            status_rows=((Status.UNTREATED, date(2019, 1, 1)), (Status.TREATED, date(2020, 1, 1))),
        )
        for at, polygon in enumerate(polygons)
    ]
    path = folder / "s.gpkg"
    store = Store.open(path, create=True)
    with store.write() as conn:
        create_sites(conn, new, actor="local", source="test", now=clock.now_utc())
    store.close()
    return path


def test_every_word_of_the_workflow_is_used_and_every_used_one_is_there() -> None:
    files = [*HERE.glob("*.py"), *(HERE / "templates").glob("*.html")]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    rows = {row["slug"]: row for row in reference_rows("words_workflow")}
    asked = set(re.findall(r"""(?:\bw|\bwork)\(\s*['"](\w+)['"]""", source))
    assert asked - set(rows) == set()
    assert {slug for slug in rows if not re.search(rf"""['"]{slug}['"]""", source)} == set()
    for row in rows.values():
        places = [{name for _, name, _, _ in Formatter().parse(row[lang]) if name} for lang in ("zh", "en")]
        assert places[0] == places[1], row["slug"]
