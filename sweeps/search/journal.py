"""A journal of trials in Optuna's own format, for one writer, and written a trial at a time, not a value."""

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

# Records of a trial that is not told yet: a kill may lose them, the trial is then as if it had never been asked for.
# Optuna's numbers of the operations: create trial, set parameter, set user attribute, set system attribute.
_PASSING = (4, 5, 8, 9)
# Seconds between writes that outlast a loss of power; a kill loses nothing that was told.
_SYNC_EVERY = 1.0


class SearchJournal(BaseJournalBackend):
    """Raises InputError where another process writes to it, or where it is damaged."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            rule, remedy = "one process searches with a journal at a time", "Wait for it, or give another --storage"
            raise InputError(rule, "another one", str(path), remedy) from None
        self._file.seek(0)
        whole, end, _torn = self._file.read().rpartition(b"\n")
        # What follows the last line's end was torn by a kill.
        self._file.truncate(len(whole) + len(end))
        try:
            self._records: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            self._file.close()
            rule, remedy = "a line of a journal is a record", "Restore the file, or remove it and search again"
            raise InputError(rule, str(error), str(path), remedy) from None
        self._waiting: list[str] = []
        self._synced = time.monotonic()

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self._records[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        for log in logs:
            line = json.dumps(log, separators=(",", ":"))
            self._waiting.append(line)
            self._records.append(json.loads(line))
        if any(log["op_code"] not in _PASSING for log in logs):
            self._write()

    def close(self) -> None:
        if not self._file.closed:
            self._write()
            os.fsync(self._file.fileno())
            self._file.close()

    def _write(self) -> None:
        self._file.write("".join(f"{line}\n" for line in self._waiting).encode())
        self._file.flush()
        self._waiting.clear()
        if time.monotonic() - self._synced > _SYNC_EVERY:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()
