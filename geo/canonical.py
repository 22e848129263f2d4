"""Canonical JSON (RFC 8785): one text for one value, so that a hash of it means the value.

The reference table of escapes and of number forms is that of ECMAScript. Integers beyond 2**53 - 1 have no
canonical form there and are refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

from geo.errors import InvalidInput

_MAX_INTEGER: Final = 2**53 - 1


class NotCanonical(InvalidInput):
    """The value has no canonical JSON form."""

    template = "{value} has no form in JSON: {problem}"


def canonical_json(value: object) -> str:
    """The RFC 8785 text of a JSON value (dicts, lists, tuples, text, numbers, booleans, None).

    Raises `NotCanonical` for NaN, infinities, integers beyond 2**53 - 1, lone surrogates and other types.

    >>> canonical_json({"b": 1.0, "a": [None, True, "é"]})
    '{"a":[null,true,"é"],"b":1}'
    """
    if isinstance(value, str):
        return canonical_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(canonical_json, value)) + "]"
    raise NotCanonical(value=repr(value), problem=f"type {type(value).__name__}")


def canonical_text(text: str) -> str:
    """The JSON string literal of `text`; raises `NotCanonical` where it holds a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(value=ascii(text), problem="a lone surrogate") from error
    return encode_basestring(text)


def parse_json(text: str) -> object:
    """The value of a canonical text; a whole number beyond 2**53 - 1 was, and is, a float."""
    value: object = _DECODER.decode(text)
    return value


def _whole(digits: str) -> int | float:
    value = int(digits)
    return value if abs(value) <= _MAX_INTEGER else float(digits)


_DECODER: Final = json.JSONDecoder(parse_int=_whole)


def _integer(value: int) -> str:
    if abs(value) > _MAX_INTEGER:
        raise NotCanonical(value=value, problem="an integer beyond 2**53 - 1")
    return str(int(value))


def _mapping(value: Mapping[object, object]) -> str:
    names = [name for name in value if isinstance(name, str)]
    if len(names) != len(value):
        raise NotCanonical(value=repr(value), problem="a name that is not text")
    encoded = [(canonical_text(name), name) for name in names]
    encoded.sort(key=lambda pair: pair[1].encode("utf-16-be"))
    return "{" + ",".join(f"{text}:{canonical_json(value[name])}" for text, name in encoded) + "}"


def _number(value: float) -> str:
    """ECMAScript's Number::toString (ECMA-262, 6.1.6.1.20), from Python's own shortest digits."""
    if not math.isfinite(value):
        raise NotCanonical(value=value, problem="not a finite number")
    if value == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(float(value))).as_tuple()
    digits = "".join(map(str, digit_tuple)).rstrip("0")
    point = len(digit_tuple) + int(exponent)
    text = _place_point(digits, point)
    return f"-{text}" if sign else text


def _place_point(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
