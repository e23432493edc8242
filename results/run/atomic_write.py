"""Atomic writes: a file is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridproof.kernels.output import writing

# The end of the name of a file that is being written. A file in a run's folder that ends otherwise is whole.
UNFINISHED = ".tmp"


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary file in the same folder, which replaces ``path`` when the block ends.

    durable: whether the content is flushed to the disk before the rename, so that a power failure leaves the old
    file or the new one. Where the block raises, on a full disk or by an interrupt, ``path`` stays as it was and the
    temporary file is removed; only a kill of the process leaves one, see ``remove_leftovers``. An OSError without a
    file name, as a failed flush and Arrow raise it, gets ``path`` as its ``filename``. Raises
    InputError where no file can be made there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        with writing(path, made=True):
            _create(temporary)
        yield temporary
        if durable:
            flush_to_disk(temporary)
        os.replace(temporary, path)
    except OSError as error:
        if error.filename in (None, str(temporary), temporary):
            error.filename = str(path)
        raise
    finally:
        _remove_quietly(temporary)


def flush_to_disk(path: Path) -> None:
    """Returns once the content of a file, or the entries of a folder, is on the disk. Raises OSError."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def remove_leftovers(folder: Path) -> None:
    """Removes the temporary files of writers that were killed. No other process may be writing into the folder."""
    for path in folder.glob(f"*{UNFINISHED}"):
        if not path.is_dir():
            path.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """Creates an empty file. What has its name already, such as a link that leads elsewhere, is removed."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))


def _remove_quietly(path: Path) -> None:
    """Removes a temporary file where that is possible: an error here would hide the one that ended the write."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
