"""Texts of the form LEFT=RIGHT, as the command line and the form of an import take them."""

from __future__ import annotations

from collections.abc import Sequence

from geo.errors import BadValue


def pairs_of(field: str, texts: Sequence[str], *, last_sign: bool = False) -> dict[str, str]:
    """{left: right} of texts `LEFT=RIGHT`; one text may hold several, parted by commas. Raises `BadValue`.

    A piece without a sign of equality belongs to its neighbour, so that a name may hold a comma: with
    `last_sign` the left side may (and may hold a sign, too), else the right side.

    >>> pairs_of("status_map", ["Released=closed, Not Bonded=untreated", ""])
    {'Released': 'closed', 'Not Bonded': 'untreated'}
    >>> pairs_of("status_map", ["Closed, released=closed"], last_sign=True)
    {'Closed, released': 'closed'}
    """
    found: dict[str, str] = {}
    for text in (text.replace("\n", ",") for text in texts):
        for piece in (piece for piece in _pieces(text, comma_left=last_sign) if piece.strip(" ,")):
            left, sign, right = piece.rpartition("=") if last_sign else piece.partition("=")
            if not sign or not left.strip() or not right.strip():
                raise BadValue(field=field, value=piece.strip(), problem="is not of the form LEFT=RIGHT")
            found[left.strip(" ,") if last_sign else left.strip()] = right.strip()
    return found


def _pieces(text: str, *, comma_left: bool) -> list[str]:
    """The text cut at its commas, a piece without a sign joined to the next (`comma_left`) or the last."""
    pieces: list[str] = []
    for part in text.split(","):
        joins = bool(pieces) and "=" not in (pieces[-1] if comma_left else part)
        if joins and part.strip():
            pieces[-1] += f",{part}"
        elif not joins:
            pieces.append(part)
    return pieces
