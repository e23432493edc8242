"""The files of a tile: its tally as .npz with a label and a checksum, and where they are kept its rows as .npy."""

from __future__ import annotations

import errno
import json
import math
import os
import struct
from dataclasses import asdict, dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from gridproof.kernels.arrays import Array
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.digest import digest_of_arrays
from gridproof.results.run.errors import DamagedFileError

if TYPE_CHECKING:
    from gridproof.results.run.tally import Tally

FORMAT = 2
# The end of a ZIP archive: signature, four numbers of disks and files, length and start of the directory, comment.
_END = struct.Struct("<4s4H2LH")

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TileLabel:
    """What a tile is of: the pieces [low, high) of the grid of a run.

    run: the name of the run's folder. grid: a digest of the study and of how its grid is cut into pieces. rows: the
    digest of the tile's rows, None where none are kept.
    """

    run: str
    grid: str
    low: int
    high: int
    rows: str | None


def rows_digest(rows: Rows) -> str:
    return digest_of_arrays({"rows": rows})


def write_tile(path: Path, label: TileLabel, tally: Tally) -> None:
    """The same tally under the same label gives the same bytes. Not flushed to the disk. Raises OSError."""
    arrays = _labelled({"format": FORMAT, **asdict(label)}) | tally.arrays()
    arrays |= {"sha256": np.frombuffer(digest_of_arrays(arrays).encode(), dtype=np.uint8)}
    with atomic_write(path, durable=False) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_tile(path: Path) -> tuple[TileLabel, Tally]:
    """Reads and verifies a tile. Raises DamagedFileError where it is not as it was written, and OSError."""
    from gridproof.results.run.tally import Tally

    arrays = _stored(path)
    if "label" not in arrays or "sha256" not in arrays:
        raise DamagedFileError("without a checksum, as earlier versions wrote tiles")
    stated = arrays.pop("sha256")
    if stated.tobytes() != digest_of_arrays(arrays).encode():
        raise DamagedFileError("its checksum does not match")
    label = _label(arrays.pop("label"))
    try:
        return label, Tally.from_arrays(arrays)
    except (ValueError, KeyError, TypeError, IndexError, MemoryError) as error:
        raise DamagedFileError(f"not a tile of this version: {error}") from None


def read_label(path: Path) -> TileLabel:
    """Reads the label of a tile that has been verified. Raises as ``read_tile``."""
    return _label(_stored(path, "label")["label"])


def _stored(path: Path, *names: str) -> dict[str, Array]:
    """The arrays in a tile: these, or all of them. Raises DamagedFileError and OSError."""
    try:
        with path.open("rb") as file, ZipFile(file) as archive:
            _check_end(file)
            members = [f"{name}.npy" for name in names] or archive.namelist()
            return {member.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    except DamagedFileError:
        raise
    except Exception as error:  # a damaged archive raises whatever the parser comes upon
        if isinstance(error, OSError) and error.errno not in (None, errno.EIO):
            raise
        raise DamagedFileError(f"not a tile: {' '.join(str(error).split()) or type(error).__name__}") from None


def _label(stored: Array) -> TileLabel:
    """Raises DamagedFileError."""
    try:
        record: dict[str, Any] = json.loads(stored.tobytes())
        if (written := record.pop("format")) != FORMAT:
            raise DamagedFileError(f"format {written}; this version reads format {FORMAT}")
        return TileLabel(**record)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"not a tile of this version: {error}") from None


def write_rows(path: Path, rows: Rows) -> None:
    """Not flushed to the disk. Raises OSError."""
    with atomic_write(path, durable=False) as temporary, temporary.open("wb") as file:
        np.save(file, rows)


def read_rows(path: Path, digest: str | None) -> Rows:
    """The rows of a tile (n, S, 12 + A), mapped into memory, and verified by the digest in the tile's label.

    Raises DamagedFileError where they are missing or not as they were written, and OSError.
    """
    try:
        rows: Rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DamagedFileError("missing") from None
    except Exception as error:  # as in read_tile
        if isinstance(error, OSError) and error.errno not in (None, errno.EIO):
            raise
        raise DamagedFileError(f"not rows: {' '.join(str(error).split()) or type(error).__name__}") from None
    if isinstance(rows, np.memmap) and path.stat().st_size != rows.offset + rows.nbytes:
        raise DamagedFileError("longer than its rows")
    if digest is None or rows_digest(rows) != digest:
        raise DamagedFileError("its checksum does not match")
    return rows


def _array(stored: bytes) -> Array:
    """The array of an .npy file, as ``numpy.load`` reads it, and raising what it raises."""
    start, begin = npy_format.MAGIC_LEN, npy_format.MAGIC_LEN + 2
    end = begin + int.from_bytes(stored[start:begin], "little")
    if stored[:start] == npy_format.magic(1, 0):
        shape, by_columns, dtype = _header(stored[start:end])
        if not dtype.hasobject and len(stored) - end == dtype.itemsize * math.prod(shape):
            return np.frombuffer(bytearray(stored[end:]), dtype).reshape(shape, order="F" if by_columns else "C")
    array: Array = npy_format.read_array(BytesIO(stored), allow_pickle=False)
    return array


@lru_cache(maxsize=1024)
def _header(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether by columns, and type of an array; the tiles of a run have the same ones again and again."""
    return npy_format.read_array_header_1_0(BytesIO(text))


def _check_end(file: BinaryIO) -> None:
    """Raises DamagedFileError where a ZIP archive has bytes before or after it, which readers of archives skip."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END.size, 0))
    signature, *_, length, start, comment = _END.unpack(file.read())
    if signature != b"PK\5\6" or start + length + _END.size != size or comment:
        raise DamagedFileError("not a tile: bytes before or after its archive")


def _labelled(record: dict[str, Any]) -> dict[str, Array]:
    return {"label": np.frombuffer(json.dumps(record, sort_keys=True).encode(), dtype=np.uint8)}
