"""What one row of a file states of its site."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from geo.history import Fact
from geo.imports.receipts import Finding, Severity

_MAX_EXACT_INTEGER: Final = 2**53 - 1


@dataclass(slots=True)
class Stated:
    """What one row states: facts, attributes and the row's own values; `extra` holds what is left over.

    `without_shape` says that the row is one of a table and gives no boundary.
    """

    values: dict[str, Any] = field(default_factory=dict)
    facts: dict[Fact, object] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    without_shape: bool = False

    @property
    def site_code(self) -> str | None:
        """The code as text, None where the row has none."""
        code: str | None = self.values.get("site_code")
        return code

    @property
    def refused(self) -> bool:
        """Whether a finding refuses the row."""
        return any(one.severity is Severity.ERROR for one in self.findings)


def clean_text(text: str) -> str:
    """The text without what has no form in UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_value(value: Any) -> object:
    """A JSON value as it is kept among the extra columns; whole numbers too large for JSON become text."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_value(part) for part in value]
    if isinstance(value, dict):
        return {clean_text(str(name)): clean_value(part) for name, part in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MAX_EXACT_INTEGER:
        return str(value)
    checked: object = value
    return checked
