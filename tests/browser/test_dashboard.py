"""The pages in a real browser: what an officer sees and does."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = (1366, 768), (390, 844)
RIGHT_EDGES = "links => links.map(link => link.getBoundingClientRect().right)"
PAGES = ("/", "/sites", "/sites/1", "/cities", "/cities/340600", "/worklist", "/imports")


@pytest.mark.parametrize(("size", "locale"), [(DESK, "zh-CN"), (PHONE, "en-US")])
def test_every_page_is_whole_and_asks_no_other_host(
    open_page: Callable, size: tuple[int, int], locale: str
) -> None:
    opened = open_page(size, locale)
    for path in PAGES:
        opened.go(path)
        assert opened.errors == [], path
        assert opened.strangers == [], path
        assert opened.overflow_px() <= 0, path
        for box in opened.page.locator(".card.map").all():
            assert 300 < box.bounding_box()["height"] <= size[1], path
        assert all(right <= size[0] for right in opened.page.locator("nav a").evaluate_all(RIGHT_EDGES)), path


def test_the_dashboard_shows_figures_table_chart_map_and_that_it_is_synthetic(open_page: Callable) -> None:
    page = open_page().go("/")
    assert "Synthetic" in page.locator(".banner").inner_text()
    assert re.search(r"\d+\.\d %", page.locator(".figure.lead .value").inner_text())
    assert page.locator("#rates tbody tr").count() > 1
    assert page.locator("#trend svg path").count() > 3
    assert page.frame_locator("iframe[data-map]").locator(".leaflet-container").count() == 1
    page.locator(".trend summary").click()
    assert page.locator("#trend-table tbody tr").count() == 13


def test_a_language_is_chosen_by_browser_then_address_then_kept(open_page: Callable) -> None:
    opened = open_page(DESK, "zh-CN")
    assert "恢复治理率" in opened.go("/").inner_text("main")
    opened.page.click("a.lang")
    opened.page.wait_for_load_state("networkidle")
    assert "Treatment rate" in opened.page.inner_text("main")
    assert "Code or name" in opened.go("/sites").inner_text("main")
    assert opened.page.get_attribute("html", "lang") == "en"


def test_a_table_sorts_filters_and_keeps_both_in_its_address(open_page: Callable) -> None:
    opened = open_page()
    page = opened.go("/")
    rates = "#rates tbody tr:not([hidden])"
    page.click("#rates thead th:nth-child(3) button")
    shown = [
        float(text)
        for text in page.locator(f"{rates} td:nth-child(3)").evaluate_all(
            "cells => cells.map(cell => cell.dataset.value).filter(value => value !== '')"
        )
    ]
    assert shown == sorted(shown, reverse=True)
    page.fill("input[data-filter=rates]", "huaibei")
    kept = page.locator(rates).all_inner_texts()
    assert kept
    assert all("Huaibei" in row for row in kept)
    page.goto(page.url)
    assert page.locator(rates).all_inner_texts() == kept
    assert page.locator("#rates thead th:nth-child(3)").get_attribute("aria-sort") == "descending"


def test_a_table_without_a_list_behind_it_exports_what_it_shows(open_page: Callable, tmp_path: Path) -> None:
    page = open_page().go("/")
    page.click("figure.trend summary")
    with page.expect_download() as waiting:
        page.click("button[data-export=trend-table]")
    waiting.value.save_as(tmp_path / "trend.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "trend.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0][0] == "Year"
    assert len(rows) == 1 + page.locator("#trend-table tbody tr").count()


def test_no_cell_that_the_browser_exports_is_a_formula(open_page: Callable, tmp_path: Path) -> None:
    page = open_page().go("/")
    page.click("figure.trend summary")
    words = ["=1+1", "-1+cmd|' /C calc'!A0", "-2.5", "-3.0 %", "@x", "a,b"]
    page.evaluate(
        "words => document.querySelectorAll('#trend-table tbody tr').forEach((row, at) => {"
        " if (words[at]) row.cells[1].textContent = words[at]; })",
        words,
    )
    with page.expect_download() as waiting:
        page.click("button[data-export=trend-table]")
    waiting.value.save_as(tmp_path / "trend.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "trend.csv").read_text(encoding="utf-8-sig"))))
    kept = [row[1] for row in rows[1 : 1 + len(words)]]
    assert kept == ["'=1+1", "'-1+cmd|' /C calc'!A0", "-2.5", "-3.0 %", "'@x", "a,b"]


def test_a_city_chosen_in_the_table_is_shown_on_the_map(open_page: Callable) -> None:
    page = open_page().go("/")
    button = page.locator("button[data-show]").first
    adcode = button.get_attribute("data-show")
    button.click()
    assert f"city={adcode}" in (page.get_attribute("iframe[data-map]", "src") or "")
    assert f"city={adcode}" in page.url


def test_a_status_changes_in_two_clicks_and_a_stale_page_is_told(open_page: Callable) -> None:
    first, second = open_page(), open_page()
    page = first.go("/sites?status=untreated")
    address = page.locator("#sites tbody tr:not(:has(abbr)) a").first.get_attribute("href")
    first.go(address)
    second.go(address)
    page.check("input[name=status][value=planned]")
    page.click("form[data-status-form] button.main")
    page.locator("h1 + p", has_text="Planned").wait_for()
    assert first.errors == []
    second.page.check("input[name=status][value=planned]")
    second.page.click("form[data-status-form] button.main")
    second.page.wait_for_selector("#conflict:not([hidden])")
    assert "Somebody else changed it first" in second.page.locator("#conflict").inner_text()


def test_a_change_that_needs_a_second_person_is_a_proposal_that_another_name_releases(
    open_page: Callable,
) -> None:
    opened = open_page()
    page = opened.go("/sites?status=treated")
    address = page.locator("#sites tbody tr:not(:has(abbr)) a").first.get_attribute("href")
    opened.go(address)
    page.check("input[name=status][value=accepted]")
    page.fill("form[data-status-form] input[name=reason]", "seen on the spot")
    page.click("form[data-status-form] button.main")
    page.wait_for_selector("form[data-decide-form]")
    assert "Proposal" in page.locator("form[data-status-form] .answer.good").inner_text()
    assert page.locator("h1 + p abbr").inner_text() == "*"
    assert page.locator("form[data-status-form] button.main").is_enabled()
    page.fill("form[data-decide-form] input[name=as]", "Wang Li")
    page.click("form[data-decide-form] button.main")
    page.locator("h1 + p", has_text="Accepted").wait_for()
    assert opened.errors == []


def test_a_file_is_tried_before_it_is_committed(open_page: Callable, tmp_path: Path) -> None:
    ring = [[116.8, 33.9], [116.81, 33.9], [116.81, 33.91], [116.8, 33.91], [116.8, 33.9]]
    properties = {"site_id": "T-1", "name": "<img src=x onerror=alert(1)>"}
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    file = tmp_path / "sites.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    opened = open_page()
    page = opened.go("/imports")
    page.set_input_files("input[type=file]", file)
    page.click("form[action='/imports/look'] button.main")
    page.click("form[action='/imports/try'] button.main")
    page.wait_for_selector("#receipt-table tbody tr")
    assert "T-1" in page.locator("#receipt-table tbody").inner_text()
    page.click("button[data-commit=all]")
    page.locator("main", has_text="Committed on").wait_for()
    assert opened.go("/sites?q=T-1").locator("#sites tbody tr").count() == 1
    assert "<img src=x" in page.inner_text("#sites tbody")
    assert opened.errors == []


def test_the_history_shows_its_status_rows_alone_if_asked_and_keeps_that(open_page: Callable) -> None:
    page = open_page().go("/sites/1")
    shown = page.locator("#history tbody tr:not([hidden])")
    rows = shown.count()
    page.click("[data-chip=history][data-fact=status]")
    assert 0 < shown.count() < rows
    assert set(page.locator("#history tbody tr:not([hidden]) td:nth-child(3)").all_inner_texts()) == {
        "Status"
    }
    page.goto(page.url)
    assert page.locator("#history tbody tr:not([hidden])").count() < rows


def test_every_stop_of_the_keyboard_has_an_outline(open_page: Callable) -> None:
    page = open_page().go("/sites/1")
    bare = []
    for _ in range(40):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => {
              const stop = document.activeElement;
              if (stop.tagName === "IFRAME") return "";  // the stop lies within the map
              const seen = (one) => one && getComputedStyle(one).outlineStyle !== "none";
              return seen(stop) || seen(stop.closest("label")) ? "" : stop.outerHTML.slice(0, 80);
            }"""
        )
        bare += [told] if told else []
    assert bare == []


def test_paper_has_the_tables_and_the_address_of_the_map(open_page: Callable) -> None:
    page = open_page().go("/")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#trend-table").is_visible()
    assert page.locator("#rates").is_visible()
    assert not page.locator("iframe").is_visible()
    assert "/maps/remediation" in page.locator(".on-paper").inner_text()
