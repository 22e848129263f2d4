"""A loopback HTTP server of the files of a folder, with ranges of bytes and with the faults of real ones."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class RangeServer(ThreadingHTTPServer):
    """Serves `folder`; `fault` is one of hang, cut, whole, moved, status:NNN, after `faultless` answers."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault = ""
        self.faultless = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RangeServer

    def do_GET(self) -> None:
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        fault = server.fault if len(server.asked) > server.faultless else ""
        path = server.folder / self.path.lstrip("/")
        if fault == "hang":
            time.sleep(5)
            return
        if fault == "moved":
            self._answer(302, b"", {"Location": f"http://{server.host}/elsewhere.tif"})
        elif fault.startswith("status:"):
            self._answer(int(fault.removeprefix("status:")), b"no", {})
        elif not path.is_file():
            self._answer(404, b"there is none", {})
        else:
            self._file(path.read_bytes(), fault)

    def _file(self, data: bytes, fault: str) -> None:
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if fault == "whole":
            self._answer(200, data, {"ETag": etag})
            return
        wanted = self.headers.get("If-Match")
        if wanted not in (None, etag):
            self._answer(412, b"", {})
            return
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        last = min(last, len(data) - 1)
        piece = data[first : last + 1]
        headers = {"ETag": etag, "Content-Range": f"bytes {first}-{last}/{len(data)}"}
        self._answer(206, piece, headers, cut=fault == "cut")

    def _answer(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        pass
