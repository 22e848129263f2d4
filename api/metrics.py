"""Counts and latencies of requests, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Final

BOUNDS_S: Final = (0.005, 0.025, 0.1, 0.5, 2.0, 10.0)


class Metrics:
    """What this process has answered since it started; safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the path's template, so that ids make no series."""
        known = method if method in _METHODS else "OTHER"
        with self._lock:
            self._requests[known, route, status] += 1
            self._counts[route] += 1
            self._seconds[route] += seconds  # type: ignore[assignment]  # a Counter of floats
            for bound in BOUNDS_S:
                if seconds <= bound:
                    self._buckets[route, bound] += 1

    def text(self, gauges: Mapping[str, Mapping[str, float]]) -> str:
        """All series as text; `gauges` are {name: {labels in braces, or '': value}}."""
        with self._lock:
            lines = ["# TYPE reverdure_requests_total counter"]
            lines += [
                f'reverdure_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
                for (method, route, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE reverdure_request_seconds histogram")
            for route, count in sorted(self._counts.items()):
                lines += self._histogram(route, count)
        for name, series in gauges.items():
            lines.append(f"# TYPE {name} gauge")
            lines += [f"{name}{labels} {value:g}" for labels, value in series.items()]
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str, count: int) -> list[str]:
        name = "reverdure_request_seconds"
        lines = [
            f'{name}_bucket{{route="{route}",le="{bound}"}} {self._buckets[route, bound]}'
            for bound in BOUNDS_S
        ]
        lines.append(f'{name}_bucket{{route="{route}",le="+Inf"}} {count}')
        lines.append(f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}')
        lines.append(f'{name}_count{{route="{route}"}} {count}')
        return lines


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
