"""Atomic writes: a file is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The end of the name of a file that is being written. A file in a run's folder that ends otherwise is whole.
UNFINISHED = ".tmp"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yields a temporary file in the same folder, which replaces ``path`` when the block ends.

    Where the block raises, on a full disk or by an interrupt, ``path`` stays as it was and the temporary file is
    removed. Only a kill of the process leaves one; see ``remove_leftovers``.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Removes the temporary files of writers that were killed. No other process may be writing into the folder."""
    for path in folder.glob(f"*{UNFINISHED}"):
        path.unlink()
