"""A process killed in the middle of an import leaves the store as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from geo.store import Store, history, imports, sites

CHILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from shapely import MultiPolygon, box
from geo.imports.commit import import_store
from geo.imports.prepare import ImportOptions, commit_import, prepare_layer
from geo.readers.client import RawRow
from geo.store import Store
from geo.vector_io import RawLayer

def layer(prefix):
    rows = tuple(
        RawRow(place, {"code": f"{prefix}{place}"}, MultiPolygon([box(place / 9, 33, place / 9 + 0.01, 34)]))
        for place in range(1, 201)
    )
    return RawLayer("sites.gpkg", "0" * 64, "sites", "EPSG:4490", "UTF-8", ("code",), rows)

store = Store.open(Path(sys.argv[1]), create=True)
for prefix in ("first", "second"):
    if prefix == "second":
        import_store.put = lambda conn, receipt: os.kill(os.getpid(), signal.SIGKILL)
    prepared = prepare_layer(layer(prefix), ImportOptions(), today=date(2026, 6, 1))
    commit_import(store, prepared, actor="local", now=f"2026-06-01T08:00:00.00000{len(prefix)}Z")
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_kill_before_the_end_of_an_import_leaves_the_store_as_before_it(tmp_path: Path):
    path = tmp_path / "store.gpkg"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == -signal.SIGKILL
    store = Store.open(path)
    try:
        with store.read() as conn:
            codes = set(sites.code_index(conn))
            assert codes == {f"first{place}" for place in range(1, 201)}
            assert history.verify(conn).ok
            (receipt,) = imports.find(conn)
        assert receipt.rows_in == 200
    finally:
        store.close()
