"""Estimates that were made before, so that a file with one more day costs one estimate more."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from gridproof.kernels.arrays import Floats

# Rows that a file of one model keeps: the latest.
_MOST = 5_000


def default_folder() -> Path:
    """Where estimates are kept: ``gridproof/models`` in XDG_CACHE_HOME, else in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gridproof" / "models"


class RowCache:
    """The estimates of one kind of model, kept by the SHA-256 of all that they are made from.

    A context: what was added is written at its end. ``folder``: None keeps nothing. ``kind``: the name of the file;
    ``mark``: what else an estimate depends on, such as the versions of libraries. A file that cannot be read counts as
    empty, and a folder that cannot be written keeps nothing: an estimate is then made again.
    """

    def __init__(self, kind: str, mark: str = "", folder: Path | None = None) -> None:
        self._path, self._mark = None if folder is None else folder / f"{kind}.json", mark
        self._rows: dict[str, list[float | None]] = {}
        self._added = False

    def __enter__(self) -> RowCache:
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError):
                found = json.loads(self._path.read_text(encoding="utf-8"))
                self._rows = found if isinstance(found, dict) else {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is None or not self._added:
            return
        kept = dict(list(self._rows.items())[-_MOST:])
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(self._path)

    def row(self, inputs: Sequence[object], make: Callable[[], Floats]) -> Floats:
        """Returns the estimate, (n,) float64, that ``make`` gives from these inputs: arrays, and values with a repr."""
        digest = hashlib.sha256(self._mark.encode())
        for one in inputs:
            if isinstance(one, np.ndarray):
                digest.update(f"{one.dtype} {one.shape}".encode())
                digest.update(np.ascontiguousarray(one).tobytes())
            else:
                digest.update(repr(one).encode())
        key = digest.hexdigest()
        kept = self._rows.get(key)
        if isinstance(kept, list) and all(one is None or isinstance(one, float) for one in kept):
            return np.array([np.nan if one is None else one for one in kept])
        values = make()
        self._rows[key] = [float(one) if np.isfinite(one) else None for one in values]
        self._added = True
        return values
