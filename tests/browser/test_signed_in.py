"""An officer's and a reviewer's day in a real browser: sign in, be refused elsewhere, propose, approve."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)


def sign_in(opened, name: str) -> Page:  # type: ignore[no-untyped-def]
    page = opened.go("/login")
    page.locator("#demo-accounts tr", has_text=name).first.get_by_role("button").click()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{opened.base}/"
    return page


def site_of(opened, city: str, status: str = "planned") -> int:  # type: ignore[no-untyped-def]
    answer = opened.page.request.get(f"{opened.base}/api/sites?city={city}&limit=100")
    found = [one for one in answer.json()["features"] if one["properties"]["status"] != "excluded"]
    named = [one for one in found if one["properties"]["status"] == status]
    return int((named or found)[0]["id"])


def choose(page: Page, status: str, reason: str) -> None:
    page.check(f"input[name=status][value={status}]")
    page.fill("form[data-status-form] input[name=reason]", reason)
    page.click("form[data-status-form] button.main")


def test_an_officer_is_refused_in_another_city_and_a_reviewer_approves(
    open_page: Callable, service_with_accounts: str
) -> None:
    officer = open_page(base=service_with_accounts)
    page = sign_in(officer, "demo-officer")
    assert "Demo officer (Huaibei)" in page.inner_text(".who")
    assert "Huaibei" in page.inner_text(".who")
    assert page.locator("nav a[href='/admin']").count() == 0

    elsewhere = site_of(officer, "340400")
    answer = page.request.post(
        f"{officer.base}/api/sites/{elsewhere}/status",
        data={"status": "excluded", "reason": "not mine"},
        headers={
            "If-Match": "*",
            "X-CSRF-Token": page.get_attribute("meta[name=csrf-token]", "content") or "",
        },
    )
    assert (answer.status, answer.json()["reason"]) == (403, "unit")

    own = site_of(officer, "340600")
    officer.go(f"/sites/{own}")
    choose(page, "excluded", "recorded twice")
    page.locator("form[data-status-form] .answer.good").wait_for()
    assert officer.errors == []

    reviewer = open_page(base=service_with_accounts)
    page = sign_in(reviewer, "demo-reviewer")
    assert page.inner_text(".bell b") == "1"
    page.click(".bell")
    page.locator(".notices a").first.click()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{reviewer.base}/sites/{own}"
    assert page.locator("form[data-decide-form] input[name=as]").count() == 0
    with page.expect_response("**/approve") as answered:
        page.locator("form[data-decide-form] button", has_text="Approve").first.click()
    assert answered.value.status == 200, answered.value.text()
    shown = page.request.get(f"{reviewer.base}/api/sites/{own}").json()["properties"]
    assert shown["status"] == "excluded"
    last = page.request.get(f"{reviewer.base}/api/sites/{own}/history").json()["items"][-1]
    assert (last["actor"], last["approved_by"]) == ("demo-officer", "demo-reviewer")
    assert reviewer.errors == []

    officer.go("/notifications")
    assert "approved your proposal" in officer.page.inner_text(".notices")


def test_a_form_without_the_sessions_token_changes_nothing(
    open_page: Callable, service_with_accounts: str
) -> None:
    opened = open_page(base=service_with_accounts)
    page = sign_in(opened, "demo-admin")
    bare = page.request.post(f"{opened.base}/logout", headers={"Origin": opened.base})
    assert bare.status == 403
    page.click(".who button:has-text('Sign out')")
    page.wait_for_load_state("networkidle")
    assert page.url == f"{opened.base}/login"
    assert opened.errors == []


def test_an_account_keeps_its_language(open_page: Callable, service_with_accounts: str) -> None:
    opened = open_page(base=service_with_accounts, locale="en-US")
    page = sign_in(opened, "demo-viewer")
    page.click(".who button[name=lang]")
    page.wait_for_load_state("networkidle")
    assert "恢复治理率" in page.inner_text("main")
    second = open_page(base=service_with_accounts, locale="en-US")
    assert "恢复治理率" in sign_in(second, "demo-viewer").inner_text("main")


@pytest.mark.parametrize(("size", "locale"), [(DESK, "zh-CN"), (PHONE, "en-US")])
def test_the_pages_of_accounts_are_whole(
    open_page: Callable, service_with_accounts: str, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale, service_with_accounts)
    opened.go("/login")
    assert opened.overflow_px() <= 0
    page = sign_in(opened, "demo-admin")
    for path in ("/account", "/admin", "/admin/audit", "/notifications", "/"):
        opened.go(path)
        assert opened.overflow_px() <= 0, path
        assert page.locator("h1, h2").count() > 0
    assert opened.errors == []
    assert opened.strangers == []
