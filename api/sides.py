"""The other side of a comparison, as the command line and the API name it."""

from __future__ import annotations

from geo.agreement.class_fate import Side


def side_of(product: str, text: str) -> Side:
    """The side that `EDITION` or `PRODUCT:EDITION` names; the product given where it names none.

    >>> side_of("mapbiomas", "c8"), side_of("mapbiomas", "clcd:v1")
    (Side(product='mapbiomas', edition='c8'), Side(product='clcd', edition='v1'))
    """
    other, sign, edition = text.partition(":")
    return Side(other, edition) if sign else Side(product, text)
