"""The lists of a working day in a browser: to do, sites, reviews; on desk and phone, in both languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE
from tests.browser.test_signed_in import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PLACES = [(DESK, "zh-CN"), (DESK, "en-US"), (PHONE, "zh-CN"), (PHONE, "en-US")]
WORDS = {"zh-CN": {"code": "图斑编号"}, "en-US": {"code": "Site code"}}


def get(opened: Any, path: str) -> Any:
    return opened.page.request.get(f"{opened.base}{path}").json()


def codes(page: Page) -> list[str]:
    return page.locator("#sites tbody td:first-child a").all_inner_texts()


def saved(page: Page, selector: str, folder: Path) -> bytes:
    """What a link of the page gives to take away."""
    with page.expect_download() as waiting:
        page.locator(selector).first.click()
    waiting.value.save_as(folder / waiting.value.suggested_filename)
    return (folder / waiting.value.suggested_filename).read_bytes()


def of_verdict(opened: Any, choice: str) -> list[str]:
    found = get(opened, f"/api/sites?verdict={choice}&limit=1000")["features"]
    return sorted(one["properties"]["site_code"] for one in found)


@pytest.mark.parametrize(("size", "locale"), PLACES)
def test_the_list_of_sites_is_sorted_narrowed_and_taken_away(
    open_page: Callable, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale)
    page = opened.go("/sites")
    page.locator("#sites thead a", has_text=WORDS[locale]["code"]).click()
    page.wait_for_load_state("networkidle")
    assert codes(page) == sorted(codes(page))
    page.locator("#sites thead a", has_text=WORDS[locale]["code"]).click()
    page.wait_for_load_state("networkidle")
    assert codes(page) == sorted(codes(page), reverse=True)
    assert (
        page.locator("#sites thead th[aria-sort=descending]").inner_text().startswith(WORDS[locale]["code"])
    )
    page.select_option("form.filters select[name=verdict]", "corroborated")
    page.click("form.filters button.main")
    page.wait_for_load_state("networkidle")
    shown = codes(page)
    assert sorted(shown) == of_verdict(opened, "corroborated")
    assert shown == sorted(shown, reverse=True)
    counted = page.locator("select[name=verdict] option[value=corroborated]").inner_text()
    assert counted.endswith(f"({len(shown)})")
    assert page.locator("#sites tbody .verdict").count() == len(shown)
    table = saved(page, ".tools a[href*='sites.csv']", tmp_path).decode("utf-8-sig")
    assert [row["site_code"] for row in csv.DictReader(io.StringIO(table))] == shown
    book = openpyxl.load_workbook(io.BytesIO(saved(page, ".tools a[href*='sites.xlsx']", tmp_path)))
    head = [cell.value for cell in next(book.active.iter_rows(max_row=1))]
    assert WORDS[locale]["code"] in head
    page.goto(f"{opened.base}{page.locator('a.permalink').first.get_attribute('href')}")
    assert codes(page) == shown
    assert (opened.overflow_px(), opened.errors, opened.strangers) == (0, [], [])


@pytest.mark.parametrize(("size", "locale"), PLACES)
def test_the_to_do_list_leads_to_what_it_counts(
    open_page: Callable, service_with_accounts: str, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale, service_with_accounts)
    page = sign_in(opened, "demo-reviewer")
    (unit,) = get(opened, "/api/todo")["items"]
    cells = page.locator("#todo-list tbody tr").first.locator("td").all_inner_texts()
    assert [cells[0], cells[1]] == [str(unit["n_proposals"]), str(unit["n_worklist"])]
    page.locator("#todo-list tbody td a").first.click()
    page.wait_for_load_state("networkidle")
    assert page.url.endswith("/reviews?city=340600")
    mine = [
        one
        for one in get(opened, "/api/proposals?city=340600")["items"]
        if one["proposed_by"] != "demo-reviewer"
    ]
    assert page.locator("article.review").count() >= len(mine) == unit["n_proposals"]
    opened.go("/worklist?city=340600")
    assert page.locator("#worklist tbody tr").count() == unit["n_worklist"]
    assert (opened.overflow_px(), opened.errors, opened.strangers) == (0, [], [])


@pytest.mark.parametrize(("size", "locale"), PLACES)
def test_a_review_says_what_changes_takes_a_comment_and_a_decision(
    open_page: Callable, service_with_accounts: str, size: tuple[int, int], locale: str
) -> None:
    officer = open_page(size, locale, service_with_accounts)
    sign_in(officer, "demo-officer")
    found = get(officer, "/api/sites?city=340600&limit=1000&geometry=false")["features"]
    site = next(one for one in found if not one["properties"]["proposals"])
    token = get(officer, "/api/me")["csrf"]
    asked = officer.page.request.patch(
        f"{officer.base}/api/sites/{site['id']}",
        data={"damaged_ha": 12.5, "reason": "survey"},
        headers={"If-Match": "*", "X-CSRF-Token": token, "Origin": officer.base},
    )
    number = asked.json()["proposal"]["proposal_id"]
    opened = open_page(size, locale, service_with_accounts)
    page = sign_in(opened, "demo-reviewer")
    opened.go(f"/reviews?proposal={number}")
    review = page.locator(f"#proposal-{number}")
    assert "12.50" in review.inner_text()
    review.locator("input[name=text]").fill("Which survey? <b>x</b>")
    review.locator("form[data-record-form] button").click()
    page.wait_for_load_state("networkidle")
    page.locator(f"#proposal-{number} ul.notices").wait_for()
    assert "Which survey? <b>x</b>" in page.locator(f"#proposal-{number} ul.notices").inner_text()
    page.locator(f"#proposal-{number} input[name=comment]").fill("no survey")
    page.locator(f"#proposal-{number} button[formaction$='/reject']").click()
    page.locator(f"#proposal-{number} form[data-decide-form]").wait_for(state="detached")
    assert "no survey" in page.locator(f"#proposal-{number}").inner_text()
    assert get(opened, f"/api/proposals/{number}")["state"] == "rejected"
    assert (opened.overflow_px(), opened.errors, opened.strangers) == (0, [], [])
