"""Who sends a request and what they may do: sessions, tokens, passwords, the declared right of a route."""

from __future__ import annotations
