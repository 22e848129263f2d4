"""Palette PNG: the encoder of land-cover tiles."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LEVEL: Final = 4


def palette_png(indexes: npt.NDArray[np.uint8], colours: tuple[tuple[int, int, int], ...]) -> bytes:
    """A PNG whose pixel of index i > 0 has `colours[i - 1]`, and whose pixel of index 0 is fully transparent.

    `indexes` has shape (rows, columns), `colours` at most 255 red-green-blue triples of 0 to 255. Up to 15
    colours take 4 bits a pixel, more take 8.
    """
    height, width = indexes.shape
    bits = 4 if len(colours) < 16 else 8
    palette = b"\xff\xff\xff" + b"".join(bytes(colour) for colour in colours)
    header = struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\x00"),
            _chunk(b"IDAT", zlib.compress(_scanlines(indexes, bits), _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def _scanlines(indexes: npt.NDArray[np.uint8], bits: int) -> bytes:
    height, width = indexes.shape
    if bits == 4:
        even = np.zeros((height, width + width % 2), np.uint8)
        even[:, :width] = indexes
        packed: npt.NDArray[np.uint8] = (even[:, ::2] * np.uint8(16)) | even[:, 1::2]
    else:
        packed = indexes
    lines = np.zeros((height, packed.shape[1] + 1), np.uint8)  # a leading 0 a line: no filter
    lines[:, 1:] = packed
    return lines.tobytes()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
