"""The day of an officer and a reviewer in a real browser, on a desk and on a phone, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_import_wizard import excel, gbk_zip, send
from tests.browser.test_signed_in import sign_in, site_of

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)
WORDS = {
    "en-US": {"read_only": "not yours to change"},
    "zh-CN": {"read_only": "仅可查看"},
}
AT_WORK = "#fddbc7"  # the colour of a site under treatment, as status.csv has it


def get(opened: Any, path: str) -> Any:
    return opened.page.request.get(f"{opened.base}{path}").json()


def how_many_sites(opened: Any) -> int:
    return len(get(opened, "/api/sites?limit=1000")["features"])


def lead(opened: Any) -> str:
    """What the first figure of the dashboard says: the rate and its hectares."""
    return str(opened.go("/").locator(".figure.lead .amount").inner_text())


def drawn(page: Page, colour: str) -> int:
    """How many outlines of the page's map have the colour."""
    frame = page.frame_locator("iframe").first
    frame.locator(".leaflet-overlay-pane path").first.wait_for(state="attached")
    return int(frame.locator(f".leaflet-overlay-pane path[fill='{colour}']").count())


def find_site(opened: Any, site: int) -> Page:
    """Look a site up by its code in the list and open it."""
    page = opened.go("/sites")
    code = get(opened, f"/api/sites/{site}")["properties"]["site_code"]
    page.fill("form.filters input[name=q]", code)
    page.click("form.filters button.main")
    page.locator("#sites tbody a", has_text=code).first.click()
    page.wait_for_url(f"**/sites/{site}")
    page.wait_for_load_state("networkidle")
    return page


def approve_all(opened: Any) -> None:
    """Approve what waits, as the reviewer: sites that an undone file takes along leave by a second person."""
    page = sign_in(opened, "demo-reviewer")
    found = get(opened, "/api/proposals?limit=100")["items"]
    waiting = [one for one in found if one["proposed_by"] == "demo-officer"]
    assert waiting
    token = page.get_attribute("meta[name=csrf-token]", "content") or ""
    for one in waiting:
        answer = page.request.post(
            f"{opened.base}/api/proposals/{one['proposal_id']}/approve",
            data={},
            headers={"X-CSRF-Token": token},
        )
        assert answer.status == 200, answer.text()


def clean(*all_opened: Any) -> None:
    for opened in all_opened:
        assert opened.errors == []
        assert opened.strangers == []
        assert opened.overflow_px() <= 0


@pytest.mark.parametrize(("size", "locale"), [(DESK, "en-US"), (PHONE, "zh-CN")])
def test_a_status_changes_the_rate_and_the_map_and_another_citys_page_refuses(
    open_page: Callable, service_with_accounts: str, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale, service_with_accounts)
    page = sign_in(opened, "demo-officer")
    before = lead(opened)
    site = site_of(opened, "340600", "treated")
    coloured = drawn(opened.go("/sites?city=340600"), AT_WORK)
    find_site(opened, site)
    page.check("form[data-status-form] [value=in_progress]")
    page.fill("form[data-status-form] [name=reason]", "the slope slid")
    page.click("form[data-status-form] button.main")
    page.locator("form[data-status-form] .answer.good").wait_for()
    assert drawn(opened.go("/sites?city=340600"), AT_WORK) > coloured
    assert lead(opened) != before

    elsewhere = find_site(opened, site_of(opened, "340400"))
    assert elsewhere.locator("form[data-status-form], form[data-attach-form]").count() == 0
    assert WORDS[locale]["read_only"] in elsewhere.inner_text("#change")
    assert elsewhere.locator("a[href$='/edit']").count() == 0
    opened.go(f"{elsewhere.url.removeprefix(opened.base)}/edit")
    expect(page.locator("#save button.main")).to_be_disabled()
    clean(opened)


@pytest.mark.parametrize(("size", "locale"), [(PHONE, "en-US"), (DESK, "zh-CN")])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_files_of_the_officer_are_imported_and_undone_and_an_outline_goes_to_the_reviewer(
    open_page: Callable, service_with_accounts: str, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    officer = open_page(size, locale, service_with_accounts)
    page = sign_in(officer, "demo-officer")
    before = how_many_sites(officer)
    for path, ready in ((gbk_zip(tmp_path, locale), "all"), (excel(tmp_path, bad=5, prefix=locale), "valid")):
        officer.go("/imports")
        send(page, path)
        page.fill("input[name=as_of]", "2025-06-30")
        page.click("form[action='/imports/try'] button.main")
        page.wait_for_selector("#receipt-table")
        assert page.locator("#receipt-table .result-rejected").count() == (5 if ready == "valid" else 0)
        page.click(f"button[data-commit={ready}]")
        page.locator("button[data-undo]").wait_for(state="attached")
        assert how_many_sites(officer) > before
        page.click("summary")
        page.fill("form[action$='/undo'] input[name=reason]", "wrong file")
        page.click("button[data-undo]")
        page.locator("#undone").wait_for()
    reviewer = open_page(size, locale, service_with_accounts)
    approve_all(reviewer)
    assert how_many_sites(officer) == before

    site = site_of(officer, "340600", "untreated")
    old_ha = get(officer, f"/api/sites/{site}")["properties"]["area_ha"]
    officer.go(f"/sites/{site}/edit")
    page.locator("#vertex-box summary").click()
    field = page.locator("#vertex-table input").first
    field.fill(str(float(field.input_value()) - 0.001))
    field.press("Tab")
    expect(page.locator("#area-change")).not_to_contain_text("+0.0000")
    page.fill("#save [name=reason]", "measured again")
    page.click("#save button.main")
    page.wait_for_url(f"**/sites/{site}")
    page.wait_for_load_state("networkidle")
    assert get(officer, f"/api/sites/{site}")["properties"]["area_ha"] == old_ha

    page = reviewer.go("/notifications")
    page.locator(f".notices a[href='/sites/{site}']").first.click()
    page.wait_for_url(f"**/sites/{site}")
    with page.expect_response("**/approve") as answered:
        page.locator("form[data-decide-form] button.main").first.click()
    assert answered.value.status == 200
    page.wait_for_load_state("networkidle")
    assert get(reviewer, f"/api/sites/{site}")["properties"]["area_ha"] != old_ha
    clean(officer, reviewer)
