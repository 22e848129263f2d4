"""The asset gate."""

import re

import pytest

from tiles.asset_gate import (
    ASSETS,
    HEADER_LINKS,
    OWN_ASSETS,
    UnknownAsset,
    asset_file,
    header_asset,
    with_dependents,
)


@pytest.mark.parametrize("name", [*ASSETS, *OWN_ASSETS])
def test_every_asset_is_installed(name: str) -> None:
    assert asset_file(name).stat().st_size > 0


@pytest.mark.parametrize("name", ["../package.json", "leaflet/../x", "/etc/passwd", "", "leaflet", "evil.js"])
def test_a_name_outside_the_table_is_refused(name: str) -> None:
    with pytest.raises(UnknownAsset):
        asset_file(name)


def test_an_unknown_header_link_is_refused() -> None:
    with pytest.raises(UnknownAsset, match="heatmap"):
        header_asset("heatmap.js")


def test_every_header_link_stands_for_a_known_asset() -> None:
    for asset in filter(None, HEADER_LINKS.values()):
        assert asset in ASSETS or asset in OWN_ASSETS


@pytest.mark.parametrize("name", [name for name in [*ASSETS, *OWN_ASSETS] if name.endswith(".css")])
def test_the_relative_addresses_of_a_style_are_assets_too(name: str) -> None:
    folder = name.rsplit("/", 1)[0].split("/")
    for address in re.findall(r"url\(['\"]?([^)'\"]+)", asset_file(name).read_text(encoding="utf-8")):
        if address.startswith(("data:", "#", "%23")):
            continue
        steps = folder + address.split("?")[0].split("#")[0].split("/")
        resolved: list[str] = []
        for step in steps:
            resolved = resolved[:-1] if step == ".." else [*resolved, step]
        assert "/".join(resolved) in with_dependents(name)
