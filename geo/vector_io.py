"""One reader for what people send: layers of a GIS, drawings, boundary points, tables.

The order is the defence: size, first bytes, structure, then a process of its own with little memory and no
network (`geo.readers.process`), then caps on what it found. `geo.imports` judges what a row means.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from geo.errors import InvalidInput, StoreError
from geo.readers.archive import check_workbook, unpack_layer
from geo.readers.client import FileUnreadable, RawRow, read_rows, run_reader
from geo.readers.dbf import dbf_encoding, dbf_head, trim_cut_cells, trim_cut_names
from geo.readers.vector_formats import (
    FORMAT_BY_SUFFIX,
    FORMAT_NAMES,
    READ_FORMATS,
    SHAPEFILE_PARTS,
    Format,
    described,
    format_of,
)
from geo.store.foreign import feature_layers
from geo.uncollected import uncollected

MAX_FILE_BYTES: Final = 1 << 30
MAX_GEOJSON_BYTES: Final = 400 << 20
MAX_TABLE_BYTES: Final = 100 << 20


class FileTooLarge(InvalidInput):
    """The file is larger than any that is read."""

    template = "{file_name} has {size_mib} MiB; at most {limit_mib} MiB of {format_name} are read"


class NotWhatItSays(InvalidInput):
    """The name of a file says one format, its first bytes another."""

    template = "{file_name} is named as {claimed} but is {found}"


class FormatNotRead(InvalidInput):
    """No reader for this format."""

    template = f"{{file_name}} is {{found}}; what is read is {READ_FORMATS}"


class ShapefileIncomplete(InvalidInput):
    """A Shapefile is several files, and one is missing or does not match."""

    template = "{file_name}: {problem}; send all parts (.shp .dbf .shx, and .prj .cpg) in one zip"


class LayerNotChosen(InvalidInput):
    """A file with several layers, and nothing says which is meant."""

    template = "{file_name} has the layers {layers}; choose one with --layer"


class NoSuchLayer(InvalidInput):
    """The file has no layer with the name that was asked for."""

    template = "{file_name} has no layer {layer!r}; it has {layers}"


class NoWorkingCopy(StoreError):
    """The file cannot be copied to where it is read: no room, no permission."""

    template = "{file_name} cannot be copied to {folder} to be read there: {problem}"


class EncodingUnknown(InvalidInput):
    """The caller names an encoding that does not exist."""

    template = "--encoding: no text encoding is known as {encoding!r}; write it as in --encoding gb18030"


@dataclass(frozen=True, slots=True)
class RawLayer:
    """One layer as sent. `crs` is what the file names, a code, URN or WKT, None where it names none.

    `has_shapes` is False for a table without a geometry column: its rows speak of sites that are known.
    """

    file_name: str
    sha256: str
    layer: str
    crs: str | None
    encoding: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...] = field(repr=False)
    cut_columns: tuple[str, ...] = ()
    format: Format = "geojson"
    has_shapes: bool = True


def read_vector(path: Path, *, layer: str | None = None, encoding: str | None = None) -> RawLayer:
    """Every feature of one layer of the file, in file order; none is dropped.

    `layer` chooses where there are several, `encoding` overrules what the text looks like. Raises the errors
    of this module and of `geo.readers.archive`.
    """
    found = checked_format(path)
    if encoding is not None:
        _check_encoding(encoding)
    with tempfile.TemporaryDirectory(prefix="reverdure-") as name:
        folder = Path(name)
        try:
            source, layer_name = _staged(path, found, folder, layer)
        except OSError as error:
            raise NoWorkingCopy(
                file_name=path.name, folder=folder.parent, problem=error.strerror or str(error)
            ) from error
        inner = None if source.suffix == ".dxf" and layer == layer_name else layer
        job = _job(path.name, source, layer=inner, encoding=encoding, folder=folder)
        cut = _trimmed(source, str(job["encoding"])) if job["kind"] == "shp" else ()
        meta = run_reader(path.name, job, folder)
        if job["kind"] in _ONE_LAYER:
            _check_layer(path.name, layer, layer_name or path.stem, *filter(None, [meta["layer"]]))
        with uncollected():
            rows = tuple(read_rows(path.name, folder, meta))
    return RawLayer(
        file_name=path.name,
        sha256=_sha256(path),
        layer=str(layer_name or meta["layer"] or path.stem),
        crs=meta["crs"] or None,
        encoding=str(meta["encoding"]),
        columns=tuple(meta["columns"]),
        rows=rows,
        cut_columns=cut,
        format=cast("Format", job["kind"]),
        has_shapes=bool(meta["has_shapes"]),
    )


def checked_format(path: Path) -> Format:
    """The format of the file, its size and its name checked against it."""
    if not path.is_file():
        raise FileUnreadable(file_name=path.name, problem="there is no such file")
    found = format_of(path)
    claimed = FORMAT_BY_SUFFIX.get(path.suffix.lower())
    if claimed is not None and found != claimed:
        raise NotWhatItSays(file_name=path.name, claimed=FORMAT_NAMES[claimed], found=described(path))
    if found is None:
        raise FormatNotRead(file_name=path.name, found=described(path))
    limit = _limit(found)
    size = path.stat().st_size
    if size > limit:
        raise FileTooLarge(
            file_name=path.name, size_mib=size >> 20, limit_mib=limit >> 20, format_name=FORMAT_NAMES[found]
        )
    return found


_SUFFIXES: Final[dict[Format, str]] = {"points": "txt"}


def _limit(found: Format) -> int:
    """The largest size that is read of a format."""
    if found == "geojson":
        return MAX_GEOJSON_BYTES
    return MAX_FILE_BYTES if found in _LARGE else MAX_TABLE_BYTES


_LARGE: Final = frozenset({"gpkg", "zip", "shp"})
_ONE_LAYER: Final = frozenset({"geojson", "kml", "points", "csv"})


def _check_encoding(name: str) -> None:
    try:
        # only a codec of text has decoders that can be used here; that of base64 or zip has not
        "".encode(name)
    except (LookupError, ValueError):
        raise EncodingUnknown(encoding=name) from None


def _staged(path: Path, found: Format, folder: Path, layer: str | None) -> tuple[Path, str | None]:
    """The file under a plain name in the private folder, and the layer's name where the archive tells it."""
    if found == "zip":
        source, name = unpack_layer(path, folder, layer=layer)
        if source.is_dir():
            return source, None
        inner = format_of(source)
        if inner != FORMAT_BY_SUFFIX[source.suffix]:
            raise NotWhatItSays(
                file_name=f"{path.name}/{name}{source.suffix}",
                claimed=FORMAT_NAMES[FORMAT_BY_SUFFIX[source.suffix]],
                found=described(source),
            )
        return source, name
    if found == "xlsx":
        check_workbook(path)
    target = folder / f"layer.{_SUFFIXES.get(found, found)}"
    if found == "shp":
        _check_layer(path.name, layer, path.stem)
        for part in path.parent.glob(f"{path.stem}.*"):
            if part.stem == path.stem and part.suffix.lower() in SHAPEFILE_PARTS:
                shutil.copyfile(part, folder / f"layer{part.suffix.lower()}")
    else:
        shutil.copyfile(path, target)
        # with its logs, by which SQLite adds what was committed and takes back what was not
        for log in ("-wal", "-journal") if found == "gpkg" else ():
            if (beside := path.with_name(f"{path.name}{log}")).is_file():
                shutil.copyfile(beside, folder / f"{target.name}{log}")
    return target, path.stem if found == "shp" else None


def _job(
    file_name: str, source: Path, *, layer: str | None, encoding: str | None, folder: Path
) -> dict[str, str | None]:
    kind = "gdb" if source.is_dir() else format_of(source) or FORMAT_BY_SUFFIX[source.suffix]
    if kind == "gpkg":
        layer = _gpkg_layer(file_name, source, layer)
    elif kind == "shp":
        layer = None
        encoding = _shapefile_encoding(file_name, source, encoding)
    return {"kind": kind, "path": str(source), "layer": layer, "encoding": encoding, "out": str(folder)}


def _gpkg_layer(file_name: str, source: Path, layer: str | None) -> str:
    layers = feature_layers(source)
    if layers is None:
        raise FileUnreadable(file_name=file_name, problem="it is an SQLite file but not a sound GeoPackage")
    if layer is None and "sites" in layers:
        return "sites"
    if not layers:
        raise FileUnreadable(
            file_name=file_name, problem="it has no layer with geometry, at most plain tables"
        )
    if layer is None and len(layers) > 1:
        raise LayerNotChosen(file_name=file_name, layers=", ".join(layers))
    _check_layer(file_name, layer, *layers)
    return layer or layers[0]


def _check_layer(file_name: str, layer: str | None, *layers: str) -> None:
    if layer is not None and layer not in layers:
        raise NoSuchLayer(file_name=file_name, layer=layer, layers=", ".join(dict.fromkeys(layers)))


def _shapefile_encoding(file_name: str, source: Path, encoding: str | None) -> str:
    table, index, cpg = (source.with_suffix(suffix) for suffix in (".dbf", ".shx", ".cpg"))
    if not table.is_file():
        raise ShapefileIncomplete(file_name=file_name, problem="the .dbf part is missing")
    head = dbf_head(table)
    if head is None:
        raise ShapefileIncomplete(file_name=file_name, problem="the .dbf part is no dBASE table")
    if index.is_file() and (index.stat().st_size - 100) // 8 != head.rows:
        raise ShapefileIncomplete(
            file_name=file_name,
            problem=f"it has {(index.stat().st_size - 100) // 8} shapes but {head.rows} rows of attributes",
        )
    declared = cpg.read_text("ascii", "replace") if cpg.is_file() else None
    cpg.unlink(missing_ok=True)
    return encoding or dbf_encoding(table, declared)


def _trimmed(source: Path, encoding: str) -> tuple[str, ...]:
    """The columns whose names may be cut; text that ends inside a character is trimmed in the staged copy."""
    table = source.with_suffix(".dbf")
    trim_cut_cells(table, encoding)
    return trim_cut_names(table, encoding)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
