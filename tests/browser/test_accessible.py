"""Every page, looked over by axe in both languages, on a desk's and a phone's window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_import_wizard import excel, send
from tests.browser.test_signed_in import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    *("/", "/sites", "/sites/2", "/sites/new", "/sites/2/edit", "/cities", "/cities/340600", "/worklist"),
    *(
        "/planning",
        "/planning/projects/1",
        "/reviews",
        "/imports",
        "/samples/1",
        "/admin",
        "/admin/audit",
        "/notifications",
        "/account",
        "/sites/99999",
        "/nowhere",
        "/docs/errors",
    ),
    *("/maps/remediation", "/maps/recovery"),
)
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
RUN = """() => axe.run(document, { iframes: false, resultTypes: ["violations"] }).then((told) =>
  told.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) =>
    [one.id, one.nodes.map((node) => node.html.slice(0, 160))]))"""
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture(scope="module")
def axe(missing: Callable[[str], None]) -> str:
    """The script of axe, which `make test` fetches."""
    if not AXE.is_file():
        missing("axe-core is not fetched (make test does it)")
    return AXE.read_text(encoding="utf-8")


def findings(page: Page, axe: str) -> list[Any]:
    """The serious and critical findings of a page with all its details open, on a desk and on a phone."""
    page.evaluate(axe)
    page.evaluate(OPEN_ALL)
    found = []
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(SETTLED)
        found += [(page.url, width, one) for one in page.evaluate(RUN)]
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    return found


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_no_page_has_a_serious_finding(
    open_page: Callable, service_with_accounts: str, tmp_path: Path, axe: str, locale: str
) -> None:
    opened = open_page(DESK, locale, service_with_accounts)
    found = findings(opened.go("/login"), axe)
    page = sign_in(opened, "demo-admin")
    for path in PAGES:
        found += findings(opened.go(path), axe)
    opened.go("/imports")
    send(page, excel(tmp_path, bad=5, prefix=locale))
    found += findings(page, axe)
    page.fill("input[name=as_of]", "2025-06-30")
    page.click("form[action='/imports/try'] button.main")
    page.wait_for_selector("#receipt-table")
    found += findings(page, axe)
    page.click("button[data-commit=valid]")
    page.click("summary")
    page.click("button[data-undo]")
    page.wait_for_selector("#undone")
    found += findings(page, axe)
    page.click("#undone a[href^='/reviews']")
    page.wait_for_selector("form[data-decide-all]")
    found += findings(page, axe)
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


def test_axe_finds_a_button_without_a_name(open_page: Callable, axe: str) -> None:
    page = open_page().go("/login")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert {one[0] for _, _, one in findings(page, axe)} == {"button-name"}
