"""A status is changed in two clicks from wherever a site is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Opened, copy_store, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ANY = {"If-Match": "*"}


@pytest.fixture(scope="module")
def service(demo_store: Path) -> Iterator[str]:
    """A service of this module's own, since its tests write."""
    with serving(copy_store(demo_store, "clicks")) as address:
        yield address


def get(opened: Opened, path: str) -> Any:
    return opened.page.request.get(f"{opened.base}{path}").json()


def changed(opened: Opened, site: int) -> tuple[int, list[int]]:
    found = get(opened, f"/api/sites/{site}")["properties"]
    return found["version"], found["proposals"]


def with_status(opened: Opened, status: str) -> int:
    found = get(opened, f"/api/sites?status={status}")["features"]
    return int(next(one["id"] for one in found if not one["properties"]["proposals"]))


@pytest.mark.parametrize(
    ("path", "size", "locale"),
    [
        ("/sites", DESK, "en-US"),
        ("/sites", PHONE, "zh-CN"),
        ("/planning", DESK, "zh-CN"),
        ("/worklist", DESK, "en-US"),
        ("/", PHONE, "en-US"),
    ],
)
def test_two_clicks_change_a_status_on_a_page(
    open_page: Callable, path: str, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale)
    page = opened.go(path)
    button = page.locator("button.status").first
    site = int((button.get_attribute("data-change") or "").split("/")[2])
    before = changed(opened, site)
    button.click()
    page.fill("#change-dialog [name=reason]", "seen")
    page.locator("#change-dialog button[name=status]").first.click()
    expect(page.locator("#told")).to_be_visible()
    assert changed(opened, site) != before
    assert opened.errors == []
    assert opened.strangers == []
    assert opened.overflow_px() <= 0


def test_from_the_popup_of_a_map_it_takes_two_clicks(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/maps/remediation?lang=en")
    link = page.locator(".leaflet-popup a", has_text="Change the status")
    for place in page.locator("path.leaflet-interactive").all():
        place.dispatch_event("click")
        if link.count():
            break
    site = int((link.get_attribute("href") or "").split("/")[-1].split("#")[0])
    before = changed(opened, site)
    link.click()
    page.fill("#change-dialog [name=reason]", "seen")
    page.locator("#change-dialog button[name=status]").first.click()
    expect(page.locator("form[data-status-form] .answer.good").first).to_be_visible()
    assert changed(opened, site) != before
    assert page.url.endswith(f"/sites/{site}")
    expect(page.locator("#change-dialog")).to_be_hidden()


def test_a_choice_that_lacks_its_reason_or_comes_too_late_is_told_and_can_be_mended(
    open_page: Callable,
) -> None:
    opened = open_page()
    page = opened.go("/sites")
    dialog = page.locator("#change-dialog")
    site = with_status(opened, "treated")
    page.locator(f'[data-change="/sites/{site}/change"]').click()
    dialog.locator("button[value=accepted]").click()
    expect(dialog.locator(".answer.bad")).to_contain_text("inspection")
    dialog.locator("[name=reason]").fill("seen by the county")
    dialog.locator("button[value=accepted]").click()
    expect(page.locator("#told")).to_contain_text("somebody else approves it")
    site = with_status(opened, "in_progress")
    page.locator(f'[data-change="/sites/{site}/change"]').click()
    expect(dialog.locator("button[name=status]").first).to_be_focused()
    page.request.patch(f"{opened.base}/api/sites/{site}", data={"restored_ha": 0}, headers=ANY)
    page.keyboard.press("Enter")
    expect(page.locator("#conflict")).to_be_visible()
    assert get(opened, f"/api/sites/{site}")["properties"]["status"] == "in_progress"
    page.click("#conflict [data-reapply]")
    expect(page.locator(f'[data-change="/sites/{site}/change"].s-in_progress')).to_have_count(0)
    expect(page.locator("#told")).to_be_visible()
    assert get(opened, f"/api/sites/{site}")["properties"]["status"] != "in_progress"


def test_escape_closes_the_choice_and_changes_nothing(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/sites")
    button = page.locator("button.status").first
    button.click()
    expect(page.locator("#change-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#change-dialog")).to_be_hidden()
    expect(button).to_be_focused()
