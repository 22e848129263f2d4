"""The escaping gate."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.escape import safe_text

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "`${alert(1)}`",
    "{{ 7 * 7 }}",
    "\\u003cimg\\u003e",
    "\" onmouseover='x'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_active_character_survives(text: str) -> None:
    assert not set(safe_text(text).replace("&#", "")) & set("<>\"'`\\${}&")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029")))
def test_a_browser_shows_the_text_that_went_in(text: str) -> None:
    assert html.unescape(safe_text(text)) == text


def test_none_is_the_empty_text() -> None:
    assert safe_text(None) == ""


def test_a_lone_surrogate_can_still_be_encoded() -> None:
    assert safe_text("a\ud800b").encode("utf-8") == b"a?b"


def test_line_separators_and_controls_become_blanks() -> None:
    assert safe_text("a\u2028b\x00c") == "a b c"
