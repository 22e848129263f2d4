"""The gate in a browser: a session that was ended elsewhere, errors as pages, files by short-lived links."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.photo_case import photo
from tests.browser.test_signed_in import DESK, PHONE, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_session_that_was_ended_elsewhere_leads_to_the_form_and_on_only_if_asked(
    open_page: Callable, service_with_accounts: str
) -> None:
    first, second = (open_page(base=service_with_accounts) for _ in range(2))
    page, other = sign_in(first, "demo-officer"), sign_in(second, "demo-officer")
    second.go("/account")
    other.click("form[action='/account/sessions/end'] button")
    first.go("/sites?q=a")
    assert page.url.startswith(f"{first.base}/login?next=")
    assert "was ended elsewhere" in page.inner_text("main")
    page.get_by_role("button", name="Go on without an account").click()
    page.wait_for_url(f"{first.base}/sites?q=a")
    assert page.locator(".who", has_text="Demo officer").count() == 0
    assert first.overflow_px() <= 0
    assert first.strangers == []


@pytest.mark.parametrize(
    ("size", "locale", "title"), [(DESK, "en-US", "Not found"), (PHONE, "zh-CN", "未找到")]
)
def test_an_address_that_is_none_is_a_page_with_the_way_back(
    open_page: Callable, service: str, size: tuple[int, int], locale: str, title: str
) -> None:
    opened = open_page(size, locale)
    page = opened.go("/nowhere")
    assert page.inner_text("h1").startswith(title)
    assert opened.overflow_px() <= 0
    page.locator(".ways a[href='/sites']").click()
    page.wait_for_url(f"{opened.base}/sites")
    assert opened.strangers == []


def test_a_pair_of_photos_is_shown_and_each_is_saved_by_its_link(open_page: Callable, service: str) -> None:
    opened = open_page()
    url = f"{opened.base}/api/sites/3/attachments"
    before = None
    for kind, taken in (("before", "2019:06:04 10:00:00"), ("after", "2024:06:04 10:00:00")):
        content = photo(kind="HEIF", taken=taken, size=(800 if kind == "before" else 640, 600))
        form = {"kind": kind, "file": {"name": f"{kind}.heic", "mimeType": "image/heic", "buffer": content}}
        sent = opened.page.request.post(url, multipart=form | ({} if before is None else {"pair_of": before}))
        assert sent.status == 201, sent.text()
        before = str(sent.json()["attachment_id"])
    page = opened.go("/sites/3")
    page.locator(".beside").scroll_into_view_if_needed()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.beside img')].every((one) => one.naturalWidth === 480)"
    )
    assert "1,827 days" in page.inner_text(".beside")
    with page.expect_download() as saved:
        page.locator(".beside figure a").first.click()
    assert saved.value.suggested_filename == "before.heic"
    assert "/files/" in saved.value.url
    assert "signature=" in saved.value.url
    assert opened.errors == []
