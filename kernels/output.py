"""What a caller asked to be written: files and folders at a place of their choice."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridproof.kernels.errors import InputError

_NO_PLACE = (
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG,
)  # fmt: skip


@contextmanager
def writing(path: Path, made: bool = False) -> Iterator[None]:
    """While a file or a folder is written. Raises InputError where its place cannot be written.

    made: its folder was made before. Where that is gone it was removed meanwhile: FileNotFoundError.

    Another OSError, such as that of a full disk, is raised as it is, with ``path`` as its file name where it has none.
    """
    try:
        yield
    except OSError as error:
        gone = made and error.errno == errno.ENOENT
        if (error.errno in _NO_PLACE and not gone) or (error.errno is None and not path.parent.is_dir()):
            rule, remedy = "results need a place that can be written", "Name another folder or file"
            reason = error.strerror or "no folder"
            raise InputError(rule, reason, str(path), remedy) from None
        if error.filename is None:
            error.filename = str(path)
        raise


def make_folder(folder: Path) -> Path:
    """Makes a folder, and those above it, where there is none. Raises InputError where its place cannot be written."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
