"""An upload that breaks off leaves nothing half: no content under a name, no row, and no litter for long."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from geo.kept_files import PART_KEPT_S, FileStore

PDF = b"%PDF-1.4\n%%EOF\n"
SCRIPT = """
import sys, time
from pathlib import Path
from geo.kept_files import FileStore

class Slow:
    sent = 0
    def read(self, size):
        self.sent += 1
        if self.sent == 3:
            print("waiting", flush=True)
            time.sleep(60)
        return b"%PDF-1.4" + bytes(size - 8)

FileStore(Path(sys.argv[1])).keep(Slow(), "x.pdf", limit_bytes=10**9)
"""


def test_a_killed_upload_leaves_a_part_that_is_cleared_later(tmp_path: Path) -> None:
    store = tmp_path / "s.gpkg"
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
    left = [path for path in (tmp_path / "s-files").rglob("*") if path.is_file()]
    assert [path.parent.name for path in left] == ["parts"]
    old = time.time() - PART_KEPT_S - 60
    os.utime(left[0], (old, old))
    kept = FileStore(store).keep(io.BytesIO(PDF), "x.pdf", limit_bytes=10**6)
    files = [path for path in (tmp_path / "s-files").rglob("*") if path.is_file()]
    assert files == [FileStore(store).path(kept.sha256)]
