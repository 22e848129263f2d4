"""What an error says to people: its title, its sentence, what helps, in both languages.

The English sentence is the template of its class, the Chinese one stands in `data/reference/error_words.csv`;
what each status means and what helps in `data/reference/problems.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from api.errors import NotValid
from geo.accounts.rights import NotAllowed
from geo.errors import ReverdureError
from geo.reference import reference_rows
from geo.words import Lang, label, sentence

MOST_FIELDS: Final = 5
COMMAND_LINE: Final = "api.cli."
_PLACE: Final = re.compile(r"\\\{(\w+)\\\}")


@cache
def _words(table: str) -> Mapping[str, Mapping[str, str]]:
    return {row["slug"]: row for row in reference_rows(table)}


def error_title(status: int, lang: Lang) -> str:
    """What the status says, as the title of a page and of a problem.

    >>> error_title(404, "en"), error_title(404, "zh")
    ('Not found', '未找到')
    """
    return label("problems", str(status), lang)


def error_help(status: int, lang: Lang) -> str:
    """What helps after an error of this status."""
    return _words("problems")[str(status)][f"{lang}_helps"]


def error_sentence(error: ReverdureError, lang: Lang) -> str:
    """What happened, in the language.

    What the domain found wrong with a value (`problem`) is told by `problem_words`.
    """
    if isinstance(error, NotValid):
        return "; ".join(field_words(lang, error.context["errors"])[:MOST_FIELDS])
    if lang == "en" or type(error).slug() not in _words("error_words"):
        return str(error)
    context = dict(error.context)
    if isinstance(context.get("problem"), str):
        context["problem"] = problem_words(str(context["problem"]))
    if isinstance(error, NotAllowed) and error.context.get("reason") is not None:
        context["because"] = label("refusals", str(error.context["reason"]), lang)
    return error_template(type(error), lang).format(**context)


def problem_words(text: str) -> str:
    """A problem as it is said in Chinese (`data/reference/problem_words.csv`); as it is where it has no line.

    >>> problem_words("at least 12 signs are needed; a few words are best")
    '至少 12 个字符；几个词连用最好'
    >>> problem_words("something else")
    'something else'
    """
    for pattern, words in _problems():
        if found := pattern.fullmatch(text):
            return words.format(**found.groupdict())
    return text


@cache
def _problems() -> tuple[tuple[re.Pattern[str], str], ...]:
    rows = reference_rows("problem_words")
    return tuple((re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(row["en"]))), row["zh"]) for row in rows)


def error_kinds(kind: type[ReverdureError] = ReverdureError) -> set[type[ReverdureError]]:
    """Every class of errors that says a fact of its own, without those of the command line."""
    below = {deeper for child in kind.__subclasses__() for deeper in error_kinds(child)}
    untold = kind.template == ReverdureError.template or kind.__module__.startswith(COMMAND_LINE)
    return below if untold else {kind, *below}


def error_template(kind: type[ReverdureError], lang: Lang) -> str:
    """The sentence of a class of errors, its places open."""
    row = _words("error_words").get(kind.slug())
    return kind.template if lang == "en" or row is None else row["zh"]


def field_words(lang: Lang, found: object, *, placed: bool = True) -> list[str]:
    """What is wrong with each field of a `NotValid`: `field: problem`; `placed` names address or body too."""
    if not isinstance(found, Sequence):
        return []
    names = [".".join(entry["loc"] if placed else entry["loc"][1:] or entry["loc"]) for entry in found]
    return [f"{name}: {_of_field(entry, lang)}" for name, entry in zip(names, found, strict=True)]


def _of_field(entry: Mapping[str, Any], lang: Lang) -> str:
    if entry["type"] not in _words("field_problems"):
        return str(entry["msg"])
    return sentence("field_problems", entry["type"], lang, **entry["limits"])
