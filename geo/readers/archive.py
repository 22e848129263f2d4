"""Zip archives that somebody sent: checked as a whole before anything is unpacked."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from geo.errors import InvalidInput
from geo.readers.vector_formats import LAYER_SUFFIXES, SHAPEFILE_PARTS

MAX_MEMBERS: Final = 2000
MAX_UNPACKED_BYTES: Final = 2 << 30
MAX_RATIO: Final = 200
_RATIO_FROM_BYTES: Final = 1 << 20
_CHUNK: Final = 1 << 20
_GDB_PART: Final = re.compile(r"[\w.]{1,64}")
_DOCTYPE_BYTES: Final = 1 << 16
_DAMAGED: Final = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    zlib.error,
    lzma.LZMAError,
)


class BadArchive(InvalidInput):
    """The archive breaks a rule, so nothing of it was unpacked."""

    template = "{file_name}: the archive {problem}"


def unpack_layer(path: Path, folder: Path, *, layer: str | None) -> tuple[Path, str]:
    """The file of the archive's one layer, unpacked into `folder` under a plain name, and the layer's name.

    The layer is a Shapefile (its parts lie side by side), the folder of a FileGDB, or a file of one of
    `LAYER_SUFFIXES`. Where there are several, `layer` chooses by file name without suffix. Raises BadArchive.
    """
    with _opened(path) as archive:
        members = _checked(archive, path.name)
        geodatabases = {found for member in members if (found := _gdb_of(member))}
        if len(geodatabases) == 1:
            return _unpack_gdb(archive, members, geodatabases.pop(), folder, path.name)
        chosen = _chosen(members, path.name, layer)
        for part in _parts(members, chosen):
            _unpack(archive, part, folder / f"layer{_suffix(part)}", path.name)
    return folder / f"layer{_suffix(chosen)}", _stem(chosen)


def check_workbook(path: Path) -> None:
    """Raise BadArchive where the zip archive of a workbook breaks a rule, or its XML declares entities."""
    with _opened(path) as archive:
        for member in _checked(archive, path.name):
            if _suffix(member) not in {".xml", ".rels"}:
                continue
            with archive.open(member) as file:
                head = file.read(_DOCTYPE_BYTES)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise BadArchive(
                    file_name=path.name, problem=f"declares a document type in {member.filename!r}"
                )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises BadArchive for all that a damaged one makes its decompressors say."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _DAMAGED as error:
        raise BadArchive(file_name=path.name, problem=_damage(error)) from error
    except OSError as error:
        # damage has no number (bzip2) or is an offset outside of the file; a full disk is something else
        if error.errno not in {None, errno.EINVAL}:
            raise
        raise BadArchive(file_name=path.name, problem=_damage(error)) from error


def _damage(error: Exception) -> str:
    return f"is damaged or of an unknown kind ({error})"


def _gdb_of(member: zipfile.ZipInfo) -> str:
    """The folder of the geodatabase that the member lies in, '' for none."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts[:-1]
    place = next((place for place, part in enumerate(parts) if part.lower().endswith(".gdb")), None)
    return "" if place is None else "/".join(parts[: place + 1])


def _unpack_gdb(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], gdb: str, folder: Path, file_name: str
) -> tuple[Path, str]:
    target = folder / "layer.gdb"
    target.mkdir()
    for number, member in enumerate(members):
        if _gdb_of(member) == gdb:
            name = PurePosixPath(member.filename.replace("\\", "/")).name
            safe = name if _GDB_PART.fullmatch(name) else f"other{number}"
            _unpack(archive, member, target / safe, file_name)
    return target, PurePosixPath(gdb).stem


def _checked(archive: zipfile.ZipFile, file_name: str) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    problem = _problem(members)
    if problem:
        raise BadArchive(file_name=file_name, problem=problem)
    return members


def _problem(members: list[zipfile.ZipInfo]) -> str:
    if len(members) > MAX_MEMBERS:
        return f"holds more than {MAX_MEMBERS} files"
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        return f"unpacks to more than {MAX_UNPACKED_BYTES >> 20} MiB"
    return next(filter(None, map(_member_problem, members)), "")


def _member_problem(member: zipfile.ZipInfo) -> str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.filename:
        return f"holds a file that points outside of it ({member.filename!r})"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"holds a link ({member.filename!r})"
    if member.flag_bits & 1:
        return "is protected by a password"
    if member.file_size > max(_RATIO_FROM_BYTES, MAX_RATIO * max(1, member.compress_size)):
        return f"holds a file packed more than {MAX_RATIO} times ({member.filename!r})"
    return ""


def _chosen(members: list[zipfile.ZipInfo], file_name: str, layer: str | None) -> zipfile.ZipInfo:
    layers = [
        member
        for member in members
        if _suffix(member) in LAYER_SUFFIXES and "__MACOSX" not in member.filename
    ]
    root = [member for member in layers if member.filename.lower() == "doc.kml"]
    if root and all(_suffix(member) == ".kml" for member in layers):
        return root[0]
    if not layers:
        raise BadArchive(file_name=file_name, problem=_without_layers(members))
    names = ", ".join(sorted(map(_stem, layers)))
    if layer is not None:
        named = [member for member in layers if _stem(member) == layer]
        # a GeoPackage and a drawing have layers of their own, so the name may be that of one of them
        if not named and (len(layers) > 1 or _suffix(layers[0]) not in {".gpkg", ".dxf"}):
            raise BadArchive(file_name=file_name, problem=f"has no layer {layer!r}; it has {names}")
        layers = named or layers
    if len(layers) > 1:
        raise BadArchive(
            file_name=file_name, problem=f"holds several layers ({names}); choose one with --layer"
        )
    return layers[0]


def _without_layers(members: list[zipfile.ZipInfo]) -> str:
    if not members:
        return "is empty"
    return "holds no Shapefile, GeoPackage, GeoJSON, KML, FileGDB or DXF"


def _parts(members: list[zipfile.ZipInfo], chosen: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
    if _suffix(chosen) != ".shp":
        return [chosen]
    base = chosen.filename[: -len(".shp")]
    return [
        member
        for member in members
        if member.filename[: -len(".shp")] == base and _suffix(member) in SHAPEFILE_PARTS
    ]


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, file_name: str) -> None:
    left = member.file_size
    with archive.open(member) as source, target.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BadArchive(file_name=file_name, problem=f"lies about the size of {member.filename!r}")
            copy.write(chunk)


def _suffix(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).suffix.lower()


def _stem(member: zipfile.ZipInfo) -> str:
    """The file's name without folder and suffix; one not marked as UTF-8 is taken as GB18030 if it fits."""
    name = PurePosixPath(member.filename.replace("\\", "/")).stem
    if member.flag_bits & 0x800:
        return name
    raw = name.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
