"""Rasters on disk: opened as GeoTIFF and nothing else, read block by block as class codes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from geo.errors import InvalidInput
from geo.grid import BLOCK, Grid
from geo.remote import RemoteFile, opener_of, url_of

MISSING_CODE: Final = -1
"""The class code of a cell that holds the raster's declared nodata value."""

MISSING_U16: Final = 65_535
"""The value of a cell without data in a block of unsigned 16-bit codes."""

_TIFF_MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GDAL: Final = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_CACHEMAX": 64,
}


class NotARaster(InvalidInput):
    """The file is no GeoTIFF, whatever its name."""

    template = "{path}: not a GeoTIFF ({problem})"


class NoCrs(InvalidInput):
    """The raster does not say where on Earth it lies."""

    template = "{path}: {problem}; write it into the file (gdal_edit -a_srs, -a_ullr) and try again"


class RotatedGrid(InvalidInput):
    """The raster's rows do not run from west to east and its columns from north to south."""

    template = "{path}: the grid is rotated, sheared or upside down; warp it to a north-up grid first"


class NotWholeNumbers(InvalidInput):
    """The raster's values are not class codes."""

    template = (
        "{path} band {band}: the value {value!r} is not a whole number from 0 to 65534, so not a class code"
    )


@contextmanager
def open_raster(path: Path) -> Generator[DatasetReader]:
    """The raster at `path`, open for reading and closed at the end of the block.

    Only GeoTIFF is opened, no sidecar file is read and no address is followed; a remote place is read by
    `geo.remote` alone. Raises NotARaster, and RemoteUnreadable for a remote one that cannot be read on.
    """
    url = url_of(path)
    if url is not None:
        with _open_remote(url) as remote:
            yield remote
        return
    if not path.is_file():
        raise NotARaster(path=path, problem="there is no such file")
    with path.open("rb") as file:
        if file.read(4) not in _TIFF_MAGIC:
            raise NotARaster(path=path, problem="it does not begin as a TIFF file does")
    with rasterio.Env(**_GDAL):
        try:
            dataset = rasterio.open(path, driver="GTiff")
        except RasterioError as error:
            raise NotARaster(path=path, problem=str(error).splitlines()[0]) from error
        with dataset:
            yield dataset


@contextmanager
def _open_remote(url: str) -> Generator[DatasetReader]:
    files: list[RemoteFile] = []
    try:
        with rasterio.Env(**_GDAL):
            try:
                dataset = rasterio.open(url, driver="GTiff", opener=opener_of(url, files))
            except RasterioError as error:
                raise NotARaster(path=url, problem=str(error).splitlines()[0]) from error
            with dataset:
                yield dataset
    except (RasterioError, NotARaster) as error:
        _tell(files, error)
        raise
    _tell(files, None)


def _tell(files: Sequence[RemoteFile], error: Exception | None) -> None:
    """Raise what went wrong over the network, which GDAL could not pass on."""
    for file in files:
        if file.problem is not None:
            raise file.problem from error


def raster_grid(dataset: DatasetReader, path: Path) -> Grid:
    """The grid of an open raster.

    Raises NoCrs where the file gives no CRS, one that is neither geographic nor projected, or no position,
    and RotatedGrid where it is not north-up.
    """
    transform: Affine = dataset.transform
    if dataset.crs is None:
        raise NoCrs(path=path, problem="the file names no coordinate reference system")
    try:
        crs = CRS.from_wkt(dataset.crs.to_wkt())
    except CRSError as error:
        raise NoCrs(path=path, problem="its coordinate reference system cannot be read") from error
    if not (crs.is_geographic or crs.is_projected):
        raise NoCrs(path=path, problem=f"{crs.name} is neither a geographic nor a projected CRS")
    if transform == Affine.identity():
        raise NoCrs(path=path, problem="the file does not say where its cells lie")
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise RotatedGrid(path=path)
    authority = crs.to_authority(min_confidence=100)
    return Grid(
        crs=":".join(authority) if authority else crs.to_wkt(),
        x0=transform.c,
        y0=transform.f,
        dx=transform.a,
        dy=-transform.e,
        width=dataset.width,
        height=dataset.height,
    )


def declared_nodata(dataset: DatasetReader, band: int) -> float | None:
    """The nodata value that the file declares for `band`; None where it declares none."""
    value = dataset.nodatavals[band - 1]
    return None if value is None else float(value)


def has_mask(dataset: DatasetReader, band: int) -> bool:
    """Whether the file carries a mask of its own for `band`, beside or instead of a nodata value."""
    return MaskFlags.per_dataset in dataset.mask_flag_enums[band - 1]


def block_window(dataset: DatasetReader, block_row: int, block_col: int) -> Window:
    """The window of a block, cut at the raster's edge."""
    row, col = block_row * BLOCK, block_col * BLOCK
    return Window(col, row, min(BLOCK, dataset.width - col), min(BLOCK, dataset.height - row))


def read_window(dataset: DatasetReader, window: Window, bands: int | list[int] | None = None) -> Any:
    """The values of a window as stored; raises NotARaster where the file is broken or cut short there."""
    try:
        return dataset.read(bands, window=window)
    except RasterioError as error:
        raise NotARaster(path=dataset.name, problem=f"it is broken or cut short: {error}") from error


def read_block(
    dataset: DatasetReader, band: int, block_row: int, block_col: int, *, nodata: int | None = None
) -> npt.NDArray[np.int32]:
    """The class codes of a block, (rows, columns) int32, `MISSING_CODE` where the cell holds no data.

    No data is the declared nodata value, NaN, what the file's mask hides, and `nodata` where it is given.
    Raises NotWholeNumbers for any other value that is not a whole number from 0 to 65534.
    """
    codes = read_codes(dataset, band, block_row, block_col, nodata=nodata)
    return np.where(codes == MISSING_U16, np.int32(MISSING_CODE), codes.astype(np.int32))


def read_codes(
    dataset: DatasetReader, band: int, block_row: int, block_col: int, *, nodata: int | None = None
) -> npt.NDArray[np.uint16]:
    """The same as `read_block` in unsigned 16 bits, `MISSING_U16` where the cell holds no data."""
    values, missing = read_values(dataset, band, block_row, block_col, nodata=nodata)
    if values.dtype != np.uint8:
        wrong = ~missing & ((values < 0) | (values >= MISSING_U16) | (values != np.rint(values)))
        if wrong.any():
            raise NotWholeNumbers(path=dataset.name, band=band, value=values[wrong][0].item())
    with np.errstate(invalid="ignore"):
        return np.where(missing, np.uint16(MISSING_U16), values.astype(np.uint16))


def read_values(
    dataset: DatasetReader, band: int, block_row: int, block_col: int, *, nodata: int | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The values of a block as stored, and where they are no data; both (rows, columns)."""
    window = block_window(dataset, block_row, block_col)
    values: npt.NDArray[Any] = read_window(dataset, window, band)
    return values, missing_of(values, dataset, band, window, nodata=nodata)


def missing_of(
    values: npt.NDArray[Any], dataset: DatasetReader, band: int, window: Window, *, nodata: int | None = None
) -> npt.NDArray[np.bool_]:
    """Where the values read from a window of `band` are no data."""
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=np.bool_)
    for value in (declared_nodata(dataset, band), nodata):
        if value is not None and _fits(value, values.dtype):
            missing |= values == values.dtype.type(value)
    if has_mask(dataset, band):
        missing |= dataset.read_masks(band, window=window) == 0
    return missing


@dataclass(frozen=True, slots=True)
class CodeReader:
    """Reads the codes of some bands of one raster, block by block, as cheaply as the file allows.

    `marks` holds for each band the one value that marks no data (-1: none does), or None where it takes more
    to tell and `read_codes` does.
    """

    dataset: DatasetReader
    bands: tuple[int, ...]
    nodata: tuple[int | None, ...]
    marks: tuple[int | None, ...]

    @classmethod
    def of(cls, dataset: DatasetReader, bands: Sequence[int], nodata: Sequence[int | None]) -> CodeReader:
        """A reader of `bands`; `nodata` gives for each what means no data beside the declared value."""
        marks = tuple(_mark(dataset, band, given) for band, given in zip(bands, nodata, strict=True))
        return cls(dataset, tuple(bands), tuple(nodata), marks)

    def read(self, block_row: int, block_col: int) -> list[tuple[npt.NDArray[np.uint8 | np.uint16], int]]:
        """For each band the codes of a block and the value that marks no data in them (-1: none does).

        Bytes and unsigned 16-bit integers come as stored, all bands in one read, since many files interleave
        them.
        """
        window = block_window(self.dataset, block_row, block_col)
        if len(self.bands) == 1 and self.marks[0] is not None:
            return [(read_window(self.dataset, window, self.bands[0]), self.marks[0])]
        plain = [band for band, mark in zip(self.bands, self.marks, strict=True) if mark is not None]
        stack = iter(read_window(self.dataset, window, plain) if plain else ())
        return [
            (next(stack), mark)
            if mark is not None
            else (read_codes(self.dataset, band, block_row, block_col, nodata=given), MISSING_U16)
            for band, given, mark in zip(self.bands, self.nodata, self.marks, strict=True)
        ]


def _mark(dataset: DatasetReader, band: int, given: int | None) -> int | None:
    """The one value that marks no data in a band of small codes, -1 for none; None where it takes more."""
    if dataset.dtypes[band - 1] not in {"uint8", "uint16"} or has_mask(dataset, band):
        return None
    declared = declared_nodata(dataset, band)
    marks = {int(value) for value in (declared, given) if value is not None and float(value).is_integer()}
    if len(marks) > 1:
        return None
    return marks.pop() if marks else -1


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether an array of this type can hold the value at all."""
    if dtype.kind == "f":
        return not np.isnan(value)
    limits = np.iinfo(dtype)
    return float(value).is_integer() and bool(limits.min <= value <= limits.max)
