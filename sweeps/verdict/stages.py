"""What the long stages of a verdict computed, kept in the run's folder until the verdict is finished.

An interrupted verdict goes on from there. Each stage is one file of arrays with a label and a checksum. A file that is
damaged, or of another study, data or code, counts as absent.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from gridproof.kernels.arrays import Array
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.digest import digest_of_arrays

# The folder of the stages, in that of the run.
FOLDER = "verdict"

Record = TypeVar("Record")


class Stages:
    """The finished stages of one verdict, by name.

    identity: a digest of all that the results depend on; a stage of another identity is computed again.
    """

    def __init__(self, folder: Path | None, identity: str = "") -> None:
        """folder: of the run. None: nothing is kept."""
        self._folder = None if folder is None else folder / FOLDER
        self._identity = identity

    def record(self, name: str, compute: Callable[[], Record]) -> Record:
        """A JSON record: of an earlier call, or computed now. Tuples in it become lists in both cases."""

        def encoded() -> dict[str, Array]:
            return {"record": np.frombuffer(json.dumps(compute(), allow_nan=False).encode(), dtype=np.uint8)}

        found: Record = json.loads(self.arrays(name, encoded)["record"].tobytes())
        return found

    def arrays(self, name: str, compute: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
        """Arrays by name, not of objects: of an earlier call, or computed now. Raises OSError on a full disk."""
        if (found := self.find(name)) is None:
            found = compute()
            self.keep(name, found)
        return found

    def find(self, name: str) -> Mapping[str, Array] | None:
        """The arrays of a stage that an earlier call finished; None where it did not."""
        return None if self._folder is None else _read(self._folder / f"{name}.npz", f"{self._identity} {name}")

    def keep(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Keep the arrays of a finished stage. Raises OSError on a full disk."""
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
            _write(self._folder / f"{name}.npz", f"{self._identity} {name}", arrays)

    def remove(self) -> None:
        """Remove what was kept, after the verdict is written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _write(path: Path, label: str, arrays: Mapping[str, Array]) -> None:
    labelled = {**arrays, "label": np.frombuffer(label.encode(), dtype=np.uint8)}
    checksum = np.frombuffer(digest_of_arrays(labelled).encode(), dtype=np.uint8)
    with atomic_write(path, durable=False) as temporary, temporary.open("wb") as file:
        np.savez(file, **labelled, sha256=checksum)  # type: ignore[arg-type]


def _read(path: Path, label: str) -> Mapping[str, Array] | None:
    """None where the file is absent, damaged, or has another label."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception:  # noqa: BLE001 - a damaged archive raises whatever the parser comes upon
        return None
    checksum = arrays.pop("sha256", np.empty(0, dtype=np.uint8))
    if checksum.tobytes() != digest_of_arrays(arrays).encode():
        return None
    return arrays if arrays.pop("label", checksum).tobytes() == label.encode() else None
