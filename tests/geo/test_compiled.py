from __future__ import annotations

from typing import Any

import numba
import pytest

from geo.compiled import compiled


def twice(value: int) -> int:
    return 2 * value


def test_loop_is_compiled_without_a_place_to_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, asked = numba.njit, []

    def njit(**options: Any) -> Any:
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return plain(**options)

    monkeypatch.setattr(numba, "njit", njit)
    loop = compiled(twice)
    monkeypatch.undo()
    assert loop(21) == 42
    assert [bool(options.get("cache")) for options in asked] == [True, False]


def test_loops_do_not_reorder_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(numba, "njit", lambda **options: asked.append(options) or (lambda function: function))
    compiled(twice)
    assert not any(options.get("fastmath") for options in asked)
    assert asked[0]["nogil"]
