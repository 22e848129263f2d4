"""Where a page's assets and pictures are: on the serving host, or in a folder beside a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tiles.asset_gate import asset_file, with_dependents


class AssetLinks(Protocol):
    """What turns an asset's name, and a picture, into an address that the page can load."""

    @property
    def served(self) -> bool:
        """Whether a server stands behind the page, so that tiles and other pages can be linked."""

    @property
    def prefix(self) -> str:
        """What stands before the paths of tiles and pages."""

    def asset(self, name: str) -> str:
        """The address of the asset `name`. Raises `UnknownAsset`."""

    def picture(self, name: str, content: bytes) -> str:
        """The address of a PNG made for this page; asked for only where nothing is served."""


class ServedLinks:
    """Addresses on the serving host, below `prefix` ('' or such as '/reverdure')."""

    served = True

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def asset(self, name: str) -> str:
        """`/assets/{name}` below the prefix."""
        asset_file(name)
        return f"{self.prefix}/assets/{quote(name)}"

    def picture(self, name: str, content: bytes) -> str:  # noqa: ARG002 - tiles are served, nothing is kept
        """The address that the tile routes answer; the content is not kept."""
        return f"{self.prefix}/{quote(name)}"


class FileLinks:
    """Addresses in the folder `NAME_files` beside the page `NAME.html`, filled as they are asked for."""

    served = False
    prefix = ""

    def __init__(self, page: Path) -> None:
        self.folder = page.with_name(f"{page.stem}_files")

    def asset(self, name: str) -> str:
        """The copied asset, with the fonts and images that it needs."""
        for each in with_dependents(name):
            self._write(each, asset_file(each).read_bytes())
        return self._address(name)

    def picture(self, name: str, content: bytes) -> str:
        """The written picture."""
        self._write(name, content)
        return self._address(name)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _address(self, name: str) -> str:
        return quote(f"{self.folder.name}/{name}")


SERVED = ServedLinks()


def save_page(page: Path, render: Callable[[AssetLinks], str]) -> Path:
    """The written page: `render` is given links to the folder beside it, which is made and filled."""
    links = FileLinks(page)
    text = render(links)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return page
