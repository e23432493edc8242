"""A journal of trials in Optuna's format, for one writer. It is written once per trial, not once per value."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.sweeps.search.optuna_internals import operation_of, running_trial_operations

# Seconds between calls of fsync. A killed process loses no finished trial; a power failure may lose this many seconds.
_SYNC_EVERY = 1.0


class SearchJournal(BaseJournalBackend):
    """A file with one JSON record per line. Optuna's ``JournalFileBackend`` reads it, and this class reads its files.

    Records of a running trial stay in memory until the trial has a result: a killed process then leaves a journal in
    which that trial was never asked for. Raises InputError where another process has the file open, where the file is
    damaged, or where the installed Optuna has another journal format.
    """

    def __init__(self, path: Path) -> None:
        self._running = running_trial_operations()
        make_folder(path.parent)
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            rule, remedy = "one process at a time may use a journal", "Wait for the other, or give another --storage"
            raise InputError(rule, "a second process", str(path), remedy) from None
        self._file.seek(0)
        lines, newline, _incomplete = self._file.read().rpartition(b"\n")
        # A killed process may leave an incomplete last line.
        self._file.truncate(len(lines) + len(newline))
        try:
            self._records: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
        except ValueError as error:
            self._file.close()
            rule, remedy = (
                "each line of a journal must be a JSON record",
                "Restore the file, or delete it and search again",
            )
            raise InputError(rule, str(error), str(path), remedy) from None
        self._unwritten: list[str] = []
        self._synced = time.monotonic()

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self._records[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        for log in logs:
            line = json.dumps(log, separators=(",", ":"))
            self._unwritten.append(line)
            self._records.append(json.loads(line))
        if any(operation_of(log) not in self._running for log in logs):
            self._write()

    def close(self) -> None:
        if not self._file.closed:
            self._write()
            os.fsync(self._file.fileno())
            self._file.close()

    def _write(self) -> None:
        self._file.write("".join(f"{line}\n" for line in self._unwritten).encode())
        self._file.flush()
        self._unwritten.clear()
        if time.monotonic() - self._synced > _SYNC_EVERY:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()
