"""Links in a run's folder: others may have put them there, so nothing is written or removed through one."""

from __future__ import annotations

import os
from pathlib import Path

from gridproof.kernels.errors import InputError


def refuse_link(path: Path) -> None:
    """Raises InputError where ``path`` is a symbolic link, whether what it names exists or not."""
    if path.is_symlink():
        rule, remedy = "what is written in a run's folder must be no link", "Remove the link, and run the study again"
        raise InputError(rule, f"a link to {os.readlink(path)}", str(path), remedy)


def refuse_foreign_link(path: Path) -> None:
    """Raises InputError where ``path`` is a symbolic link that belongs to another user."""
    if path.is_symlink() and path.lstat().st_uid != os.geteuid():
        rule, remedy = "a run's folder may be a link only where it is your own", "Name the folder itself"
        raise InputError(rule, f"another user's link to {os.readlink(path)}", str(path), remedy)
