"""The officer's work in a real browser: statuses, conflicts, outlines, splits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.photo_case import photo
from tests.browser.conftest import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of this module's own, since its tests write."""
    with served(tmp_path_factory.mktemp("workflow")) as address:
        yield address


def get(page: Page, base: str, path: str) -> Any:
    return page.request.get(f"{base}{path}").json()


def site_with(page: Page, base: str, status: str, *, skip: int = 0) -> int:
    """The id of a site with the status and no open proposal."""
    found = get(page, base, f"/api/sites?status={status}&limit=100")["features"]
    return [site["id"] for site in found if not site["properties"]["proposals"]][skip]


def test_a_status_is_changed_with_its_evidence_and_taken_back(open_page: Callable, tmp_path: Path) -> None:
    opened = open_page()
    page = opened.go("/sites")
    site = site_with(page, opened.base, "untreated")
    opened.go(f"/sites/{site}")
    picture = tmp_path / "slope.jpg"
    picture.write_bytes(photo(117.0, 33.0))
    page.set_input_files("form[data-attach-form] input[type=file]", picture)
    page.fill("form[data-attach-form] [name=caption]", "north slope")
    page.click("form[data-attach-form] button.main")
    expect(page.locator("#attachments li")).to_contain_text("north slope")
    expect(page.locator("#attachments .position")).to_contain_text("from the outline")
    page.check("form[data-status-form] [value=planned]")
    page.check("form[data-status-form] [name=evidence]")
    page.fill("form[data-status-form] [name=reason]", "in the plan")
    page.click("form[data-status-form] button.main")
    expect(page.locator("form[data-status-form] .answer")).to_contain_text("Taken")
    row = page.locator("#history tbody tr").first
    expect(row).to_contain_text("Planned")
    expect(row).to_contain_text("Untreated")
    assert re.fullmatch(r"/api/files/[0-9a-f]{64}", row.locator("td.wide a").get_attribute("href") or "")
    expect(page.locator("#chain.good")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept("wrong site"))
    row.locator("button[data-undo]").click()
    expect(page.locator("#history tbody tr").first).to_contain_text("wrong site")
    assert get(page, opened.base, f"/api/sites/{site}")["properties"]["status"] == "untreated"
    assert opened.errors == []
    assert opened.strangers == []


def test_the_second_of_two_browsers_sees_the_conflict_with_both_versions(open_page: Callable) -> None:
    first, second = open_page(), open_page(DESK, "zh-CN")
    site = site_with(first.go("/sites"), first.base, "untreated")
    for opened in (first, second):
        opened.go(f"/sites/{site}")
    first.page.check("form[data-status-form] [value=planned]")
    first.page.click("form[data-status-form] button.main")
    expect(first.page.locator("form[data-status-form] .answer")).to_contain_text("Taken")
    second.page.check("form[data-status-form] [value=excluded]")
    second.page.fill("form[data-status-form] [name=reason]", "重复")
    second.page.click("form[data-status-form] button.main")
    box = second.page.locator("#conflict")
    expect(box).to_be_visible()
    line = box.locator("tr.differs").inner_text()
    assert "已立项" in line
    assert "核减" in line
    assert get(second.page, second.base, f"/api/sites/{site}")["properties"]["status"] == "planned"
    box.locator("[data-reapply]").click()
    expect(second.page.locator("#change .proposed, #change table").first).to_be_visible()
    proposals = get(second.page, second.base, f"/api/proposals?site_id={site}")["items"]
    assert [one["change"]["facts"] for one in proposals] == [{"status": "excluded"}]
    assert [error for error in second.errors if "412" not in error] == []


@pytest.mark.parametrize(("size", "locale"), [(DESK, "zh-CN"), (PHONE, "en-US")])
def test_the_pages_of_the_work_are_whole(open_page: Callable, size: tuple[int, int], locale: str) -> None:
    opened = open_page(size, locale)
    for path in ("/planning", "/sites/new", "/sites/2/edit", "/sites/2"):
        opened.go(path)
        assert opened.errors == [], path
        assert opened.strangers == [], path
        assert opened.overflow_px() <= 0, path


def shown_ha(page: Page) -> str:
    expect(page.locator("#area")).to_contain_text("ha")
    return (page.locator("#area").text_content() or "").split(" ha")[0].replace(",", "")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_an_outline_is_edited_by_keyboard_and_its_area_is_the_servers(
    open_page: Callable, size: tuple[int, int]
) -> None:
    opened = open_page(size)
    page = opened.go("/sites")
    site = site_with(page, opened.base, "in_progress", skip=0 if size == DESK else 1)
    opened.go(f"/sites/{site}/edit")
    before = shown_ha(page)
    assert before == f"{get(page, opened.base, f'/api/sites/{site}')['properties']['area_ha']:.4f}"
    page.locator("#vertex-box summary").click()
    field = page.locator("#vertex-table input").first
    field.fill(str(float(field.input_value()) - 0.001))
    field.press("Tab")
    expect(page.locator("#area-change")).not_to_contain_text("+0.0000")
    after = shown_ha(page)
    assert after != before
    page.locator("#undo").click()
    expect(page.locator("#area-change")).to_contain_text("+0.0000")
    page.locator("#redo").click()
    expect(page.locator("#area-change")).not_to_contain_text("+0.0000")
    page.locator("#save button.main").click()
    page.wait_for_url(f"**/sites/{site}")
    (proposal,) = get(page, opened.base, f"/api/proposals?site_id={site}")["items"]
    assert proposal["change"]["geometry_changes"] is True
    page.request.post(
        f"{opened.base}/api/proposals/{proposal['proposal_id']}/approve", data={"as": "reviewer"}
    )
    assert f"{get(page, opened.base, f'/api/sites/{site}')['properties']['area_ha']:.4f}" == after
    assert opened.errors == []


def test_a_site_is_drawn_with_the_mouse_and_entered(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/sites/new")
    for _ in range(8):
        page.click(".leaflet-control-zoom-in")
        page.wait_for_timeout(350)
    page.click("[data-tool=draw]")
    box = page.locator("#editor-map").bounding_box()
    assert box is not None
    corners = [(300, 200), (380, 200), (380, 280), (300, 280), (300, 200)]
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.click(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(80)
    drawn = shown_ha(page)
    page.fill("#save [name=site_code]", "DRAWN-1")
    page.click("#save button.main")
    page.wait_for_url(re.compile(r"/sites/\d+$"))
    site = page.url.rsplit("/", 1)[1]
    properties = get(page, opened.base, f"/api/sites/{site}")["properties"]
    assert properties["site_code"] == "DRAWN-1"
    assert f"{properties['area_ha']:.4f}" == drawn
    assert opened.errors == []


def test_a_site_is_split_by_a_line_and_the_parts_enter_after_review(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/sites")
    site = site_with(page, opened.base, "treated")
    geometry = get(page, opened.base, f"/api/sites/{site}")["geometry"]
    points = json.loads(json.dumps(geometry))["coordinates"][0][0]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    opened.go(f"/sites/{site}/edit")
    page.fill("#line", f"{(west + east) / 2} {south - 0.01}; {(west + east) / 2} {north + 0.01}")
    page.click("#cut")
    expect(page.locator("#pieces tbody tr").nth(1)).to_be_visible()
    page.click("#split button.main")
    page.wait_for_url(f"**/sites/{site}")
    (proposal,) = get(page, opened.base, f"/api/proposals?site_id={site}")["items"]
    assert proposal["redrawing"]["kind"] == "split"
    answer = page.request.post(
        f"{opened.base}/api/proposals/{proposal['proposal_id']}/approve", data={"as": "reviewer"}
    )
    entered = answer.json()["entered"]
    assert len(entered) == len(proposal["redrawing"]["enters"]) >= 2
    expect(opened.go(f"/sites/{entered[0]}").locator("h1")).to_contain_text("-1")
    assert opened.errors == []


def test_the_second_who_edits_a_project_sees_both_versions(open_page: Callable) -> None:
    first, second = open_page(), open_page()
    page = first.go("/planning")
    page.locator("#project-form summary").click()
    page.fill("#project-form [name=code]", "P-1")
    page.fill("#project-form [name=name]", "North slope")
    page.click("#project-form button.main")
    expect(page.locator("#projects")).to_contain_text("North slope")
    made = page.locator("#projects tr", has_text="P-1").locator("a").first.get_attribute("href")
    for opened in (first, second):
        opened.go(made).locator("#project-form summary").click()
    first.page.fill("#project-form [name=contractor]", "Greenworks")
    first.page.click("#project-form button.main")
    expect(first.page.locator("#project")).to_contain_text("Greenworks")
    second.page.fill("#project-form [name=contractor]", "Hillside")
    second.page.click("#project-form button.main")
    line = second.page.locator("#conflict tr.differs")
    expect(line).to_contain_text("Greenworks")
    expect(line).to_contain_text("Hillside")
    second.page.click("#conflict [data-reapply]")
    expect(second.page.locator("#project")).to_contain_text("Hillside")


def test_a_hole_that_begins_outside_the_outline_is_told_and_changes_nothing(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/sites")
    opened.go(f"/sites/{site_with(page, opened.base, 'in_progress')}/edit")
    before = shown_ha(page)
    box = page.locator("#editor-map").bounding_box()
    assert box is not None
    page.click("[data-tool=hole]")
    for x, y in ((70, 90), (90, 90), (90, 110), (70, 90)):
        page.mouse.click(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(150)
    expect(page.locator("#problems")).to_contain_text("inside the outline")
    assert shown_ha(page) == before
    expect(page.locator("#undo")).to_be_disabled()
    assert opened.errors == []
