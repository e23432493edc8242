"""The error of a run that ended early."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridproof.kernels.errors import GpuError

# Why a file could not be written, by the number of the system's error; all are gone when the user has acted.
_REASONS = {
    errno.ENOSPC: "disk full; free space",
    errno.EDQUOT: "disk quota exceeded; free space",
    errno.EFBIG: "the file exceeds the limit on file sizes; raise it (ulimit -f)",
    errno.EIO: "input/output error; check the disk",
    errno.ENOENT: "it was removed while the run was working; leave the folder alone",
    errno.ENOTDIR: "its folder was replaced while the run was working; leave the folder alone",
    errno.ESTALE: "the file system was disconnected; connect it",
}


class IncompleteError(Exception):
    """A run ended before its last tile. What is finished is kept, and the same call resumes it.

    The message says why: the budget is used up, the disk is full, the cluster was lost, the GPU or tiles failed.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 240]})
    >>> try:
    ...     run = gp.run(few, backend="reference", budget=gp.Budget(max_hours=1e-9))
    ... except gp.IncompleteError as error:
    ...     print(error)
    --max-hours 1e-09 is reached; ...
    """


@contextmanager
def resumable_writes(folder: Path) -> Iterator[None]:
    """Raises IncompleteError where a file of a run or of its ledger can no longer be written or read, with the path.

    The same where the GPU fails, with its name.

    folder: the run's folder. Other errors pass: a folder that may not be written will not be writable later.
    """
    try:
        yield
    except GpuError as error:
        raise IncompleteError(f"{error}. Rerun to resume, or with another GPU") from error
    except OSError as error:
        reason, path = _REASONS.get(error.errno or 0), Path(str(error.filename or folder))
        if reason is None or folder.absolute().parent not in path.absolute().parents:
            raise
        raise IncompleteError(f"{path}: {reason} and rerun to resume") from None
