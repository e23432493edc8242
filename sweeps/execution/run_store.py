"""The run store: the folder, or the URL, under which runs are kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ledger import LEDGER_FOLDER
from gridproof.results.run.lock import folder_lock
from gridproof.results.run.remote_store import RemoteStore, UnreachableError
from gridproof.results.run.summary_record import SUMMARY
from gridproof.sweeps.execution.errors import IncompleteError


class RunStore:
    """``out``: a folder, or a URL that fsspec opens. ``folder``: where the run folders and the ledger are on this
    machine.

    Raises InputError where a URL cannot be opened or read.
    """

    def __init__(self, out: str | Path) -> None:
        self.name = str(out)
        self._remote = RemoteStore(self.name) if "://" in self.name else None
        self.folder = Path(out) if self._remote is None else self._remote.folder
        # The ledger first, so that it is saved first: a tile is counted as trials before it is saved.
        self.fetch(LEDGER_FOLDER)

    @property
    def remote(self) -> bool:
        """Whether the runs are kept at a URL."""
        return self._remote is not None

    def fetch(self, run: str) -> None:
        """Downloads a run's folder from the URL, to resume the run; does nothing for a folder. Raises InputError."""
        if self._remote is None:
            return
        try:
            self._remote.pull(run)
        except UnreachableError as error:
            rule, remedy = "a URL for runs must be readable", "Create it, or check its address and credentials"
            raise InputError(rule, str(error), self.name, remedy) from None

    def save(self) -> None:
        """Uploads what was written since the last call. Raises IncompleteError if that fails; earlier uploads stay."""
        if self._remote is None:
            return
        try:
            self._remote.push()
        except UnreachableError as error:
            raise IncompleteError(f"{error}; what was saved before is complete; rerun to resume") from None

    def lock(self, folder: Path, waiting: Callable[[str], None] | None = None) -> AbstractContextManager[None]:
        """Holds the lock of a run's folder; see ``folder_lock``. A URL has no locks: see docs/reliability.md."""
        return folder_lock(folder, waiting) if self._remote is None else nullcontext()

    def of(self, folder: Path) -> str:
        """The folder or URL of a run, as shown to people."""
        return str(folder) if self._remote is None else f"{self._remote.url}/{folder.name}"


def open_run_store(run: str | Path, finished: bool = True) -> tuple[RunStore, Path]:
    """Returns the run store of a run, and its folder on this machine. Raises InputError if there is none.

    run: the run's folder, or its URL. finished: whether it must have a summary that can be read.
    """
    if "://" in str(run):
        out, _, name = str(run).rstrip("/").rpartition("/")
        runs = RunStore(out)
        runs.fetch(name)
        folder = runs.folder / name
    else:
        folder = Path(run)
        runs = RunStore(folder.parent)
    if finished and (folder / SUMMARY).is_file():
        from gridproof.results.run.store import Store  # imports pandas and Numba, which a ledger does not need

        if "study" not in Store(folder).read_json(SUMMARY):
            rule, remedy = "a summary must name its study", "Run the study again, which repairs the folder"
            raise InputError(rule, "no study", str(folder / SUMMARY), remedy)
    elif finished or not folder.is_dir():
        fault = f"no {SUMMARY}" if folder.is_dir() else "no such folder"
        raise InputError(
            f"a finished run's folder must contain {SUMMARY}", fault, str(run), "Name the folder of a finished run"
        )
    return runs, folder
