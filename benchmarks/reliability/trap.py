"""Where a process ends itself: before or after its n-th change of a file under a folder, by a signal, a full disk, or
a power failure."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Signals that end a process, and what else can happen at a change of a file.
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
POWER, FULL = "power failure", "disk full"

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Trap:
    """``folder``: only changes below it are counted. ``at``: the number of the change, from 1; 0: none. ``how``: one of
    SIGNALS, POWER or FULL. ``state``: the file in which the process notes its phase and the changes so far."""

    folder: str
    state: str
    at: int = 0
    how: str = "SIGKILL"

    def text(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class State:
    """What a process had noted when it ended."""

    phase: str
    changes: int


def read_state(path: Path) -> State:
    try:
        phase, changes = path.read_text().strip().split("\t")
    except (OSError, ValueError):
        return State("start", 0)
    return State(phase, int(changes))


class Armed:
    """Counts the changes of files in this process, and springs the trap at one of them.

    A change is counted before it happens (opening to write, renaming, removing, making a folder) and once more after a
    rename. A full disk lets every later opening to write fail as well. After a power failure every file that was
    renamed without fsync is empty.
    """

    def __init__(self, trap: Trap) -> None:
        self._trap, self._phase, self._changes = trap, "start", 0
        self._state = os.open(trap.state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._synced: set[tuple[int, int]] = set()
        self._renamed: set[str] = set()
        self._inside = False
        self._note()
        sys.addaudithook(self._hear)
        self._watch_renames_and_syncs()

    def phase(self, name: str) -> None:
        self._phase = name
        self._note()

    def _note(self) -> None:
        os.pwrite(self._state, f"{self._phase}\t{self._changes}\n".ljust(40).encode(), 0)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._inside or not arguments:
            return
        opens = event == "open" and arguments[2] is not None and bool(arguments[2] & _WRITES)
        if (opens or event in _CHANGES) and self._below(arguments[0]):
            self._change(takes_room=opens or event == "os.mkdir")

    def _below(self, path: object) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(
            self._trap.folder
        )

    def _change(self, takes_room: bool = False) -> None:
        self._changes += 1
        self._note()
        if not self._trap.at or self._changes < self._trap.at:
            return
        if self._trap.how == FULL:
            if not takes_room:
                return
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._trap.folder)
        if self._changes == self._trap.at:
            self._spring()

    def _spring(self) -> None:
        if self._trap.how == POWER:
            self._inside = True
            for path in self._renamed:
                if os.path.exists(path) and _inode(path) not in self._synced:
                    os.truncate(path, 0)
            os.kill(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.Signals[self._trap.how])

    def _watch_renames_and_syncs(self) -> None:
        rename, sync, data_sync = os.replace, os.fsync, os.fdatasync

        def replace(source: Any, target: Any, **options: Any) -> None:
            rename(source, target, **options)
            if self._below(target):
                self._renamed.add(os.path.abspath(os.fsdecode(target)))
                self._change()

        def synced(call: Callable[[Any], None]) -> Callable[[Any], None]:
            def flush(file: Any) -> None:
                call(file)
                self._synced.add(_inode(file if isinstance(file, int) else file.fileno()))

            return flush

        os.replace, os.fsync, os.fdatasync = replace, synced(sync), synced(data_sync)


def _inode(path: str | int) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
