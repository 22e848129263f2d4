"""Where a store is: a path or an URL, and whether a database can live there."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from geo.errors import StoreError

NETWORK_FILE_SYSTEMS: Final = frozenset(
    {
        *(
            "nfs",
            "nfs3",
            "nfs4",
            "cifs",
            "smb",
            "smb2",
            "smb3",
            "smbfs",
            "9p",
            "afs",
            "ncpfs",
            "ceph",
            "davfs",
        ),
        *("glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2", "orangefs", "vboxsf", "vmhgfs", "prl_fs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs2", "fuse.glusterfs", "fuse.vmhgfs-fuse"),
        *("fuse.ceph", "fuse.smbnetfs", "fuse.gvfsd-fuse", "fuse.goofys", "fuse.gcsfuse", "fuse.blobfuse"),
    }
)
_DRIVE_REMOTE: Final = 4


class StoreKindUnavailable(StoreError):
    """The address asks for a database that this version cannot use."""

    template = "a store at {scheme}:// cannot be opened by this version; give a path or gpkg:///path"


class NetworkFileSystem(StoreError):
    """The file would lie on a network file system."""

    template = (
        "{path} lies on a network file system ({kind}), where write-ahead logging loses data;"
        " keep the store on a local disk and serve it from there"
    )


def path_of(location: str | Path) -> Path:
    """The absolute path of a store given as a path or as `gpkg:///path`.

    Raises `StoreKindUnavailable` for any other scheme.
    """
    text = str(location)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme is None:
        return Path(location).expanduser().resolve()
    if scheme[1].lower() != "gpkg":
        raise StoreKindUnavailable(scheme=scheme[1])
    parts = urlsplit(text)
    path = unquote(f"//{parts.netloc}{parts.path}" if parts.netloc else parts.path)
    if re.match(r"/[A-Za-z]:", path):  # gpkg:///C:/data/store.gpkg
        path = path[1:]
    return Path(path).resolve()


def refuse_network(path: Path) -> None:
    """Raise `NetworkFileSystem` where `path` would lie on one; silent where the system does not tell."""
    kind = _windows_share(path) if sys.platform == "win32" else _mounted_as(path, _mounts())
    if kind is not None:
        raise NetworkFileSystem(path=path, kind=kind)


def _mounts() -> str:
    table = Path("/proc/mounts")
    return table.read_text(encoding="utf-8", errors="surrogateescape") if table.exists() else ""


def _mounted_as(path: Path, mounts: str) -> str | None:
    """The type of the network file system that holds `path`, None for a local one; the longest mount wins."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[1])
        if len(folder) >= len(best) and Path(os.fspath(path)).is_relative_to(folder):
            best, kind = folder, fields[2]
    return kind if kind in NETWORK_FILE_SYSTEMS else None


def _windows_share(path: Path) -> str | None:
    if str(path).startswith("\\\\"):
        return "a share"
    kernel = getattr(ctypes, "windll", None)
    if kernel is None:
        return None
    return "a mapped drive" if kernel.kernel32.GetDriveTypeW(path.anchor) == _DRIVE_REMOTE else None
