"""Cells of a table that somebody sent, read as the value they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from geo.areas import ACRES_PER_HA, MU_PER_HA, units_from_ha
from geo.reference import reference_rows

HA_BY_UNIT: Final[Mapping[str, float]] = {
    "ha": 1.0,
    "mu": 1 / MU_PER_HA,
    "acre": 1 / ACRES_PER_HA,
    "m2": 1e-4,
    "km2": 100.0,
}
"""Hectares in one of each unit; 1 mu is a fifteenth of a hectare."""
LARGEST_AREA_HA: Final = 20_000_000
"""No site is larger; its units of 1e-4 m2 still have a form in JSON."""

_UNIT_WORDS: Final[Mapping[str, str]] = {
    "亩": "mu",
    "mu": "mu",
    "公顷": "ha",
    "hm2": "ha",
    "ha": "ha",
    "hectare": "ha",
    "hectares": "ha",
    "acre": "acre",
    "acres": "acre",
    "平方米": "m2",
    "m2": "m2",
    "sqm": "m2",
    "平方公里": "km2",
    "km2": "km2",
}
_LONGEST_FIRST: Final = sorted(_UNIT_WORDS, key=len, reverse=True)
_IGNORED: Final = re.compile(r"[\s_\-()\[\]{}<>【】《》:：.,，、/\\]+")
_NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_AMBIGUOUS: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}(?!\d)[^\d.,]*")
_DATES: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?(?:[T\s].*)?")
_YEAR_ALONE: Final = re.compile(r"(?:18|19|20|21)\d\d")
_YEAR_LAST: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:[T\s].*)?")
_COMPACT_DATE: Final = re.compile(r"(19|20)(\d{2})(\d{2})(\d{2})")
_SPREADSHEET_DAY_ZERO: Final = date(1899, 12, 30)
_SPREADSHEET_DAYS: Final = range(10_000, 80_000)
_MILLISECONDS_FROM: Final = 10_000_000_000


class Unreadable(ValueError):
    """The cell does not hold such a value; the text says what would be.

    `rule` names what it breaks where that is more than being no such value.
    """

    def __init__(self, wanted: str, rule: str = "") -> None:
        super().__init__(wanted)
        self.rule = rule


def plain(text: str) -> str:
    """The text with full-width forms made half-width, and without spaces at its ends.

    >>> plain("　ＴＢ００１ ")
    'TB001'
    """
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def folded(text: str) -> str:
    """The text as words and column names are compared: without case, spaces, underscores and brackets.

    >>> folded("Site_ID"), folded("面积（亩）")
    ('siteid', '面积亩')
    """
    return _IGNORED.sub("", plain(text).replace("²", "2").casefold())


def same_looking(code: str) -> str:
    """The code as the eye may take it: without case, spaces and characters that are not seen.

    >>> same_looking("a 1\u200b") == same_looking("A1"), same_looking("1-11") == same_looking("11-1")
    (True, False)
    """
    text = plain(code)
    if not text.isprintable() or not text.isascii() or " " in text:
        text = "".join(letter for letter in text if unicodedata.category(letter) not in {"Cf", "Zs"})
    return text.casefold()


def is_missing(value: Any) -> bool:
    """Whether the cell says nothing: empty, or one of the words for it such as -999.

    >>> is_missing(None), is_missing(-999.0), is_missing(" "), is_missing(0)
    (True, True, True, False)
    """
    if value is None or isinstance(value, bool | list | dict):
        return value is None
    text = plain(f"{value:g}" if isinstance(value, float) else str(value)).casefold()
    return not text or text in _missing_words()


@cache
def _missing_words() -> frozenset[str]:
    return frozenset(
        row["word"].casefold() for row in reference_rows("value_words") if row["field"] == "missing"
    )


def read_text(value: Any) -> str:
    """The cell as text; a whole number without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | list | dict):
        raise Unreadable("one line of text")
    text = plain(str(value))
    if not text.isprintable() and any(unicodedata.category(one) in {"Cc", "Cs"} for one in text):
        raise Unreadable("text without control characters", "control_characters")
    return text


def check_code(text: str) -> str:
    """A code or name as it is kept: full-width forms made half-width, no sign in it that nobody sees.

    Raises `Unreadable` naming the sign: a control character, a mark of direction, one without width.

    >>> check_code("ＴＢ００１")
    'TB001'
    """
    code = plain(text)
    for sign in code:
        if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            raise Unreadable(f"text without the unseen sign U+{ord(sign):04X}", "control_characters")
    return code


def is_ambiguous(text: str) -> bool:
    """Whether a number as text may mean a thousand times as much or as little, by its one point or comma.

    >>> [is_ambiguous(text) for text in ("1.234", "1，234亩", "0.123", "1,234.5", "12.34")]
    [True, True, False, False, False]
    """
    return _AMBIGUOUS.fullmatch(plain(text).replace(" ", "")) is not None


def read_number(value: Any) -> float:
    """The cell as a number; commas part groups of three digits.

    >>> read_number("1,234,567.5"), read_number("１２．５")
    (1234567.5, 12.5)
    """
    number, unit = _number_and_unit(value)
    if unit:
        raise Unreadable("a number without a unit")
    return number


def read_area_units(value: Any, unit: str) -> int:
    """The cell as an area in units of 1e-4 m2: of its own unit where it names one, else of the column's.

    >>> read_area_units("１５ 亩", "ha")
    100000000
    """
    number, own = _number_and_unit(value)
    if number < 0:
        raise Unreadable("an area, not below 0", "below_zero")
    hectares = number * HA_BY_UNIT[own or unit]
    if hectares > LARGEST_AREA_HA:
        raise Unreadable("an area of a possible size", "too_large")
    return units_from_ha(hectares)


def _number_and_unit(value: Any) -> tuple[float, str]:
    if isinstance(value, bool | list | dict):
        raise Unreadable("a number")
    text = plain(str(value)).replace(" ", "").replace("²", "2")
    found = _NUMBER.match(text)
    rest = "" if found is None else text[found.end() :].casefold()
    if found is None or (rest and rest not in _UNIT_WORDS):
        digits = text.rstrip("".join(_UNIT_WORDS))
        parted = any(sign in text for sign in ",.") and digits.replace(",", "").replace(".", "").isdecimal()
        raise Unreadable("a number", "separators" if parted else "")
    number = float(found.group().replace(",", ""))
    if abs(number) > 1e15:
        raise Unreadable("a number of a possible size", "too_large")
    return number, _UNIT_WORDS.get(rest, "")


def read_date(value: Any) -> date:
    """The cell as a day: ISO (with or without a time), 2025年6月1日, 2025/6/1, 20250601, 45809, milliseconds.

    A month without a day means its first.

    >>> read_date("2025年6月1日"), read_date(45809)
    (datetime.date(2025, 6, 1), datetime.date(2025, 6, 1))
    """
    if _YEAR_LAST.fullmatch(plain(str(value))):
        raise Unreadable("a date with the year first, such as 2025-06-01", "year_last")
    try:
        return _date(value)
    except (ValueError, OverflowError) as error:
        looks_right = any(form.fullmatch(plain(str(value))) for form in (_DATES, _COMPACT_DATE))
        raise Unreadable("a date such as 2025-06-01", "no_such_day" if looks_right else "") from error


def _date(value: Any) -> date:
    text = read_text(value)
    if compact := _COMPACT_DATE.fullmatch(text):
        century, year, month, day = compact.groups()
        return date(int(century + year), int(month), int(day))
    if parts := _DATES.fullmatch(text):
        year, month, day = parts.groups()
        return date(int(year), int(month), int(day or 1))
    number = read_number(text)
    if int(number) in _SPREADSHEET_DAYS:
        return _SPREADSHEET_DAY_ZERO + timedelta(days=int(number))
    if abs(number) >= _MILLISECONDS_FROM:
        return datetime.fromtimestamp(number / 1000, UTC).date()
    raise ValueError(text)


def read_year(value: Any) -> int:
    """The cell as a year, its own or that of its date.

    >>> read_year("1985年"), read_year(1985.0), read_year("1985-07-01")
    (1985, 1985, 1985)
    """
    text = read_text(value).removesuffix("年")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else read_date(text).year
    if not 1800 <= year <= 2200:
        raise Unreadable("a year such as 1985")
    return year


def read_start(value: Any) -> date:
    """The cell as the day on which something began; a year alone means its first day.

    >>> [str(read_start(cell)) for cell in ("2003", 2003.0, "2003年", "2003-07-01")]
    ['2003-01-01', '2003-01-01', '2003-01-01', '2003-07-01']
    """
    text = read_text(value).removesuffix("年")
    return date(int(text), 1, 1) if _YEAR_ALONE.fullmatch(text) else read_date(value)


def unit_of(name: str) -> tuple[str, str | None]:
    """The folded column name without the unit that it ends in, and the unit, None where it names none.

    >>> unit_of("治理面积（亩）"), unit_of("damaged_ha"), unit_of("面积")
    (('治理面积', 'mu'), ('damaged', 'ha'), ('面积', None))
    """
    text = folded(name)
    for word in _LONGEST_FIRST:
        if text.endswith(word) and text != word:
            return text.removesuffix(word), _UNIT_WORDS[word]
    return text, None


def spellings(name: str) -> tuple[str, ...]:
    """The name of a column, and its words the other way round, as a head over two rows may have them.

    >>> spellings("面积（亩） 损毁")
    ('面积（亩） 损毁', '损毁 面积（亩）')
    """
    words = name.split()
    return (name,) if len(words) < 2 else (name, " ".join(reversed(words)))


def unit_word(word: str) -> str | None:
    """The unit of area that a word names, None for any other word.

    >>> unit_word("亩"), unit_word("ha"), unit_word("m")
    ('mu', 'ha', None)
    """
    return _UNIT_WORDS.get(folded(word))


Reader = Callable[[Any], object]
