"""Words made to run in a page, in every place that takes words: they are shown, and nothing of them runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shapely import box, to_geojson

from tests.browser.test_signed_in import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)
HOSTILE = (
    "<img src=/x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "`${alert(3)}`",
    "{{7*7}}${7*7}",
    "\" onmouseover='alert(4)' autofocus onfocus='alert(5)'",
    "</textarea></title><svg onload=alert(6)>",
    "';alert(7);//\\u0027;alert(8)",
)
ALL = " ".join(HOSTILE)
PAGES = (
    *("/", "/sites", "/cities/340600", "/worklist", "/planning", "/planning/projects/1", "/sites/new"),
    *("/reviews", "/imports", "/admin", "/admin/audit", "/notifications", "/account", "/maps/remediation"),
)


class Post:
    """Writes of the signed-in person, as the page's own scripts send them."""

    def __init__(self, opened: Any) -> None:
        self.opened = opened
        self.token = opened.page.get_attribute("meta[name=csrf-token]", "content") or ""

    def __call__(self, path: str, *, status: int = 201, **sent: Any) -> Any:
        headers = {"X-CSRF-Token": self.token, "If-Match": "*"}
        answer = self.opened.page.request.post(f"{self.opened.base}{path}", headers=headers, **sent)
        assert answer.status == status, answer.text()
        return answer


def fill_with_hostile_words(opened: Any) -> list[int]:
    """Say the hostile words wherever words are taken; the sites that bear them."""
    post = Post(opened)
    sites = []
    for number, words in enumerate((*HOSTILE, ALL)):
        west = 116.7 + number / 100
        geometry = json.loads(to_geojson(box(west, 33.7, west + 0.008, 33.708)))
        body = {"site_code": f"{number} {words}"[:200], "name": words, "geometry": geometry}
        made = post("/api/sites", data={**body, "attributes": {words: words}}).json()
        sites.append(int(made["site"]["id"]))
    last = sites[-1]
    post(
        "/api/projects",
        data={
            "code": ALL[:200],
            "name": ALL[:200],
            "contractor": ALL,
            "fund_source": ALL,
            "site_ids": [last],
        },
    )
    post(
        "/api/inspections",
        data={
            "site_id": last,
            "inspected_on": "2025-06-01",
            "inspector": ALL[:200],
            "finding": "passed",
            "notes": ALL,
        },
    )
    post(
        "/admin/users",
        status=200,
        form={
            "name": "hostile",
            "role": "officer",
            "units": "340600",
            "password": "three dry stones",
            "display_name": ALL[:100],
            "csrf_token": post.token,
        },
    )
    return sites


def import_hostile_file(opened: Any, folder: Path) -> None:
    """Walk a file of hostile names, columns and values through the wizard as far as its receipt."""
    path = folder / "`${alert(9)}` <img src=x onerror=alert(9)>.csv"
    wkt = box(116.9, 33.7, 116.905, 33.705).wkt
    cells = [ALL.replace('"', '""'), ALL.replace('"', '""'), wkt]
    head = '"site_code","<img src=x onerror=alert(1)>`${alert(2)}`","WKT"'
    path.write_text(f"{head}\n" + ",".join(f'"{cell}"' for cell in cells) + "\n", encoding="utf-8")
    page = opened.go("/imports")
    page.set_input_files("input[type=file]", path)
    page.click("form[action='/imports/look'] button.main")
    page.wait_for_selector("#columns")
    page.click("form[action='/imports/try'] button.main")
    page.wait_for_selector("#receipt-table")
    page.frame_locator("iframe").locator(".leaflet-container").wait_for()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("size", "locale"), [(DESK, "en-US"), (PHONE, "zh-CN")])
def test_hostile_words_run_in_no_page(
    open_page: Callable, service_with_accounts: str, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale, service_with_accounts)
    ran: list[str] = []
    opened.page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page = sign_in(opened, "demo-admin")
    found = get_hostile(opened)
    sites = found or fill_with_hostile_words(opened)
    import_hostile_file(opened, tmp_path)
    for path in (*PAGES, f"/sites/{sites[0]}", f"/sites/{sites[-1]}", f"/sites/{sites[-1]}/edit"):
        opened.go(path)
        opened.page.wait_for_load_state("networkidle")
        assert opened.errors == [], path
        assert ran == [], path
        assert opened.overflow_px() <= 0, path
    assert page.locator("img[onerror], svg[onload]").count() == 0
    assert HOSTILE[0] in opened.go("/sites?q=alert").inner_text("#sites")
    assert opened.strangers == []


def get_hostile(opened: Any) -> list[int]:
    """The hostile sites that another test of the module has made."""
    answer = opened.page.request.get(f"{opened.base}/api/sites?q=alert&limit=100").json()
    return sorted(int(one["id"]) for one in answer["features"])
