"""The errors of the domain, one class a fact.

    ReverdureError
    +-- NotFound            something named does not exist
    +-- InvalidInput        what was given cannot be taken
    +-- Conflict            what was given no longer fits what is stored
    +-- Refused             a rule of the domain forbids it
    +-- StoreError          the store itself is not usable

Each class says its fact in `template`, filled from keyword arguments, so that a caller reads the
fields and a person reads the sentence. `api.errors` holds the one table from class to HTTP status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar


class ReverdureError(Exception):
    """The root of all errors that Reverdure raises on purpose.

    `context` holds the fields that filled the sentence.
    """

    template: ClassVar[str] = "something went wrong"

    def __init__(self, **context: object) -> None:
        self.context = context
        super().__init__(self.template.format(**context))

    def __reduce__(self) -> tuple[Callable[..., ReverdureError], tuple[object, ...]]:
        """How the error travels between processes: its class and its fields."""
        return _raised, (type(self), self.context)

    @classmethod
    def slug(cls) -> str:
        """The error's name on the wire, `UnknownSite` -> `unknown-site`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()


def _raised(kind: type[ReverdureError], context: Mapping[str, object]) -> ReverdureError:
    return kind(**context)


class NotFound(ReverdureError):
    """Something named does not exist."""


class InvalidInput(ReverdureError):
    """What was given cannot be taken."""


class Conflict(ReverdureError):
    """What was given no longer fits what is stored."""


class Refused(ReverdureError):
    """A rule of the domain forbids it."""


class StoreError(ReverdureError):
    """The store itself is not usable."""


class UnknownSite(NotFound):
    """No site has this id."""

    template = "no site has the id {site_id}"


class UnknownSiteCode(NotFound):
    """No site has this code."""

    template = "no site has the code {site_code!r}"


class UnknownCity(NotFound):
    """No unit has this code."""

    template = "no city, county or province has the code {adcode!r}"


class UnknownProduct(NotFound):
    """The product table has no such land-cover product."""

    template = "no land-cover product is called {product!r}; known: {known}"


class UnknownScene(NotFound):
    """No such scene is registered."""

    template = "no scene of {product} edition {edition} for {year} is registered; registered years: {known}"


class UnknownRun(NotFound):
    """No run has this id."""

    template = "no run has the id {run_id}"


class UnknownImport(NotFound):
    """No import has this id."""

    template = "no import has the id {import_id}"


class UnknownProposal(NotFound):
    """No proposal has this id."""

    template = "no proposal has the id {proposal_id}"


class BadValue(InvalidInput):
    """A value of one field cannot be taken."""

    template = "{field}: {value!r} {problem}"


class UnknownCandidate(NotFound):
    """No candidate has this id."""

    template = "no candidate has the id {candidate_id}"
