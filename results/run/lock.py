"""The lock of a run's folder: one process at a time writes into it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import writing
from gridproof.results.run.links import refuse_foreign_link, refuse_link

LOCK = ".lock"
# File systems that have no locks, and folders that cannot be written: nothing is locked there.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def folder_lock(folder: Path, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds the lock of a folder, which is made where it does not exist; a process that ends in any way releases it.

    waiting: called with a sentence where another process holds the lock, before it is waited for; None: InputError.
    A folder that cannot be written, and a file system without locks, are not locked. Raises InputError where the folder
    is no folder, cannot be made, or is another user's link, and where the lock is a link.
    """
    refuse_foreign_link(folder)
    made = not folder.is_dir()
    file = _locked(folder, waiting)
    try:
        yield
    finally:
        if file is not None:
            # Removed while it is held: who waits for it sees that its file is gone, and opens the new one.
            with suppress(OSError):
                (folder / LOCK).unlink()
                if made and not any(folder.iterdir()):
                    folder.rmdir()
            file.close()


def _locked(folder: Path, waiting: Callable[[str], None] | None) -> BinaryIO | None:
    while True:
        file = _opened(folder)
        if file is None or not _acquired(file, folder, waiting):
            return None
        try:
            if os.stat(folder / LOCK).st_ino == os.fstat(file.fileno()).st_ino:
                break
        except FileNotFoundError:
            pass
        file.close()  # the process that held it has removed it
        waiting = waiting and (lambda _: None)  # said once
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
    file.flush()
    return file


def _opened(folder: Path) -> BinaryIO | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW  # a link would lead to a file that is emptied
        return os.fdopen(os.open(folder / LOCK, flags, 0o666), "a+b")
    except OSError as error:
        if error.errno == errno.ELOOP:
            refuse_link(folder / LOCK)
        if error.errno in _READ_ONLY and folder.is_dir():
            return None
        with writing(folder):
            raise


def _acquired(file: BinaryIO, folder: Path, waiting: Callable[[str], None] | None) -> bool:
    """Whether the lock is held now; False where the file system has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().decode(errors="replace") or "another process"
        if waiting is None:
            file.close()
            rule, remedy = "one process at a time may write into a run's folder", "Wait for it, or stop it"
            raise InputError(rule, f"a second process beside {holder}", str(folder), remedy) from None
        waiting(f"{folder}: {holder} is working on this run; waiting for it")
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        file.close()
        return False
    return True
