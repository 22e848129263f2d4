"""Projects, targets and inspections in a real browser: made, changed, in conflict, taken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.photo_case import photo
from tests.browser.conftest import DESK, PHONE, Opened, copy_store, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ANY = {"If-Match": "*"}


@pytest.fixture(scope="module")
def service(demo_store: Path) -> Iterator[str]:
    """A service of this module's own, since its tests write."""
    with serving(copy_store(demo_store, "planning")) as address:
        yield address


def get(opened: Opened, path: str) -> Any:
    return opened.page.request.get(f"{opened.base}{path}").json()


def answering(page: Page, words: str) -> None:
    page.on("dialog", lambda dialog: dialog.accept(words))


def test_a_project_is_made_changed_and_taken_off(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/planning")
    codes = [site["properties"]["site_code"] for site in get(opened, "/api/sites?limit=2")["features"]]
    page.click("#project-form summary")
    page.fill("#project-form [name=code]", "P-1")
    page.fill("#project-form [name=name]", "<b>North</b>")
    page.fill("#project-form [name=budget]", "1000")
    page.fill("#project-form [name=site_codes]", ", ".join(codes))
    page.click("#project-form button.main")
    expect(page.locator("#told")).to_have_text("Saved")
    page.locator("#projects tbody a", has_text="P-1").first.click()
    expect(page.locator("h1")).to_contain_text("<b>North</b>")
    expect(page.locator("#project-sites tbody tr")).to_have_count(2)
    expect(page.locator("#work")).to_contain_text("of 2 sites")
    page.click("#project-form summary")
    page.fill("#project-form [name=spent]", "250.5")
    page.fill("#project-form [name=closed_on]", "2024-05-01")
    page.click("#project-form button.main")
    expect(page.locator("#project dl")).to_contain_text("25.1 %")
    expect(page.locator("#project dl")).to_contain_text("2024-05-01")
    answering(page, "entered twice")
    page.click("#project-form summary")
    page.click("#project-form [data-remove]")
    page.wait_for_url("**/planning")
    assert "P-1" not in {one["code"] for one in get(opened, "/api/projects")["items"]}
    assert opened.errors == []
    assert opened.strangers == []


def test_of_two_who_change_a_target_the_second_sees_both_figures(open_page: Callable) -> None:
    first, second = open_page(), open_page(PHONE, "zh-CN")
    body = {"adcode": "340600", "year": 2031, "target_ha": 50}
    url = first.page.request.post(f"{first.base}/api/targets", data=body).headers["location"]
    number = url.rpartition("/")[2]
    for opened in (first, second):
        opened.go(f"/planning?target={number}")
    first.page.fill("#target-form [name=target_ha]", "60")
    first.page.click("#target-form button.main")
    first.page.wait_for_url("**/planning")
    second.page.fill("#target-form [name=target_ha]", "70")
    second.page.click("#target-form button.main")
    line = second.page.locator("#conflict tr.differs")
    expect(line).to_contain_text("60.0000 公顷")
    expect(line).to_contain_text("70.0000 公顷")
    assert get(second, url)["target_ha"] == 60
    second.page.click("#conflict [data-reapply]")
    second.page.wait_for_url("**/planning")
    assert (get(second, url)["target_ha"], get(second, url)["version"]) == (70, 3)
    assert [error for error in second.errors if "412" not in error] == []


def test_who_takes_a_record_off_that_has_changed_is_shown_the_change(open_page: Callable) -> None:
    opened = open_page()
    body = {"adcode": "340600", "year": 2032, "target_ha": 50}
    url = opened.page.request.post(f"{opened.base}/api/targets", data=body).headers["location"]
    page = opened.go(f"/planning?target={url.rpartition('/')[2]}")
    page.request.patch(f"{opened.base}{url}", data={"target_ha": 55}, headers=ANY)
    answering(page, "not ours")
    page.click("#target-form [data-remove]")
    expect(page.locator("#conflict tr.differs")).to_contain_text("55.0000 ha")
    page.click("#conflict [data-reapply]")
    page.wait_for_url("**/planning")
    assert page.request.get(f"{opened.base}{url}").status == 404


def test_a_form_states_only_what_was_touched(open_page: Callable) -> None:
    opened = open_page()
    body = {"code": "P-2", "name": "West", "contractor": "Old & Co"}
    url = opened.page.request.post(f"{opened.base}/api/projects", data=body).headers["location"]
    page = opened.go(f"/planning/projects/{url.rpartition('/')[2]}")
    page.click("#project-form summary")
    page.click("#project-form button.main")
    expect(page.locator("#project-form .answer")).to_have_text("Nothing was changed")
    page.request.patch(f"{opened.base}{url}", data={"contractor": "New & Co"}, headers=ANY)
    page.fill("#project-form [name=name]", "Far west")
    page.click("#project-form button.main")
    page.click("#conflict [data-reapply]")
    expect(page.locator("h1")).to_contain_text("Far west")
    assert get(opened, url)["contractor"] == "New & Co"


@pytest.mark.parametrize(("size", "locale"), [(DESK, "en-US"), (PHONE, "zh-CN")])
def test_an_inspection_names_its_photos_and_is_changed_and_taken_off(
    open_page: Callable, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale)
    seen = {one["site_id"] for one in get(opened, "/api/inspections?limit=1000")["items"]}
    site = [number for number in range(1, 25) if number not in seen][0 if size == DESK else 1]
    page = opened.go(f"/sites/{site}")
    picture = tmp_path / "slope.jpg"
    picture.write_bytes(photo(117.0, 33.0))
    page.set_input_files("form[data-attach-form] input[type=file]", picture)
    page.fill("form[data-attach-form] [name=caption]", "terrace")
    page.click("form[data-attach-form] button.main")
    expect(page.locator("#attachments li")).to_contain_text("terrace")
    page.click("#inspection-form summary")
    page.fill("#inspection-form [name=inspector]", "Wang")
    page.click("#inspection-form button.main")
    expect(page.locator("#inspections table")).to_contain_text("Wang")
    page.click("#inspections td.go a")
    page.check("#inspection-form [name=photos]")
    page.select_option("#inspection-form [name=finding]", "defects")
    page.click("#inspection-form button.main")
    page.wait_for_url(f"**/sites/{site}")
    expect(page.locator("#inspections table img")).to_be_visible()
    (item,) = get(opened, f"/api/inspections?site_id={site}")["items"]
    assert (item["finding"], item["inspector"], len(item["photos"])) == ("defects", "Wang", 1)
    assert opened.overflow_px() <= 0
    page.click("#inspections td.go a")
    page.uncheck("#inspection-form [name=photos]")
    page.click("#inspection-form button.main")
    page.wait_for_url(f"**/sites/{site}")
    assert get(opened, f"/api/inspections?site_id={site}")["items"][0]["photos"] == []
    answering(page, "wrong site")
    page.click("#inspections td.go a")
    page.click("#inspection-form [data-remove]")
    page.wait_for_url(f"**/sites/{site}")
    assert get(opened, f"/api/inspections?site_id={site}")["items"] == []
    assert opened.errors == []
