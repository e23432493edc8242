"""Where runs are kept: a folder, or a URL and the folder in which they are worked on."""

from __future__ import annotations

from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ledger import LEDGER_FOLDER
from gridproof.results.run.remote_store import RemoteStore, UnreachableError
from gridproof.sweeps.execution.errors import IncompleteError


class RunStore:
    """``out``: a folder, or a URL that fsspec opens. ``folder``: where run folders and ledger lie on this machine.

    Raises InputError where a URL cannot be opened or read.
    """

    def __init__(self, out: str | Path) -> None:
        self.name = str(out)
        self._mirror = RemoteStore(self.name) if "://" in self.name else None
        self.folder = Path(out) if self._mirror is None else self._mirror.folder
        # First, so that it is put first: a tile counts as a trial before it is saved.
        self.fetch(LEDGER_FOLDER)

    def fetch(self, run: str) -> None:
        """Have a run's folder as it is kept, to go on from. Raises InputError."""
        if self._mirror is None:
            return
        try:
            self._mirror.pull(run)
        except UnreachableError as error:
            rule, remedy = "a URL for runs must be readable", "Make the place, or see to its address and credentials"
            raise InputError(rule, str(error), self.name, remedy) from None

    def save(self) -> None:
        """Keep what was written since. Raises IncompleteError where it cannot be: what was kept stays."""
        if self._mirror is None:
            return
        try:
            self._mirror.push()
        except UnreachableError as error:
            raise IncompleteError(f"{error}. What was put there before is whole; the same command goes on") from None

    def of(self, folder: Path) -> str:
        """A run's folder as people find it."""
        return str(folder) if self._mirror is None else f"{self._mirror.url}/{folder.name}"


def open_run_store(run: str | Path) -> tuple[RunStore, Path]:
    """A run by its folder or its URL: where it is kept, and its folder on this machine. Raises InputError."""
    if "://" not in str(run):
        return RunStore(Path(run).parent), Path(run)
    out, _, name = str(run).rstrip("/").rpartition("/")
    place = RunStore(out)
    place.fetch(name)
    return place, place.folder / name
