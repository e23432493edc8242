"""Writing beside and renaming, so that a file is whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A place to write to that becomes ``path`` at the end; where writing fails, on a full disk say, nothing stays."""
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
