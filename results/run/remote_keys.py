"""The names of files at a URL. Others may write there, so no name is used as a path before it is checked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from gridproof.kernels.errors import InputError

_LONGEST = 255  # bytes of one name, the limit of most file systems
_REMEDY = "Remove it there, and find out who wrote it"


def check_name(name: str, where: str) -> None:
    """Raises InputError unless ``name`` is the name of one file or folder, on every file system."""
    if fault := _fault(name):
        raise InputError("the name of a run must be one name", f"{name!a}, {fault}", where, "Correct the URL")


def files_below(found: Mapping[str, Mapping[str, Any]], folder: str, where: str) -> dict[str, str]:
    """The files that a listing of ``folder`` found: for each its path in the folder.

    found: fsspec's details by key, those of folders included. where: the folder's URL, for error messages.

    Raises InputError, which names the key, where a path would leave the folder, is none on some file system, is a
    link, or stands for the same file as another one where case or Unicode form do not count.
    """
    paths: dict[str, str] = {}
    for key, details in found.items():
        inside = key.removeprefix(f"{folder}/")
        if details.get("islink") or details.get("type") in ("link", "other"):
            raise _refused("must be a file, not a link", inside, "a link", where)
        if details.get("type") == "directory":
            continue
        if inside == key:
            raise _refused("must be in its folder", key, "outside of it", where)
        for part in inside.split("/"):
            if fault := _fault(part):
                raise _refused("must be in its folder, under a plain name", inside, fault, where)
        paths[key] = inside
    _check_distinct(paths.values(), where)
    return paths


def _fault(name: str) -> str:
    """Why a name is not that of one file in its folder on every file system; empty where it is."""
    if name in ("", ".", ".."):
        return "an empty or a dot segment"
    if any(sign in name for sign in "/\\:"):
        return "with a separator or a drive"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in name):
        return "with a control character"
    if len(name.encode()) > _LONGEST:
        return f"of more than {_LONGEST} bytes"
    return "which ends in a dot or a space" if name[-1] in ". " else ""


def _check_distinct(paths: Iterable[str], where: str) -> None:
    taken: dict[str, str] = {}
    for path in paths:
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in taken:
            raise _refused("must not be named like another", path, f"beside {taken[folded]!a}", where)
        taken[folded] = path
    for folded, path in taken.items():
        parts = folded.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in taken:
                raise _refused("must not be named like a folder", "/".join(path.split("/")[:end]), "both", where)


def _refused(rule: str, key: str, fault: str, where: str) -> InputError:
    return InputError(f"a file of a run {rule}", f"the key {key!a}, {fault}", where, _REMEDY)
