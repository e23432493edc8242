"""The cache of compiled functions on disk. Where it cannot be used, functions are compiled anew, and the run goes on.

Numba's cache consists of pickles, and a pickle can execute code when it is read. So the cache is not used where other
users could have written it: its folder, and the one above, must belong to this user, to root or to the owner of the
sources, and must not be writable by everyone. Beside the sources it is used as Python uses its own ``__pycache__``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridproof.kernels.compile_lock import compile_once
from gridproof.kernels.numba_settings import caching, refused

# Why compiled functions are not kept, the first reason; empty while they are.
_faults: list[str] = []


def cache_fault() -> str:
    """Why compiled functions are not kept on disk, in one sentence for the user; empty where they are."""
    return _faults[0] if _faults else ""


def keep_compiled(dispatcher: Any) -> None:
    """Let a compiled function be kept on disk, where a folder can be used for it."""
    try:
        cache = _TolerantCache(dispatcher.py_func)
    except RuntimeError as error:  # Numba found no folder
        if caching.config.CACHE_LOCATOR_CLASSES:
            raise refused("NUMBA_CACHE_LOCATOR_CLASSES", "must name a locator of Numba's cache", str(error)) from None
        _note("no folder for it can be written")
        return
    if fault := _owner_fault(Path(cache.cache_path), dispatcher.py_func):
        _note(fault)
        return
    dispatcher._cache = cache
    compile_once(dispatcher, Path(cache.cache_path) / f"{cache._impl.filename_base}.lock")


class _Places(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's choice of the folder, except that a user without a home has no folder there."""

    _locator_classes = [  # noqa: RUF012 - as Numba declares it
        locator
        for locator in caching.CompileResultCacheImpl._locator_classes
        if locator is not caching.UserWideCacheLocator or os.path.isabs(os.path.expanduser("~"))
    ]


class _TolerantCache(caching.FunctionCache):  # type: ignore[misc]
    """A file that is cut short counts as absent, and a full disk keeps the function from being saved only."""

    _impl_class = _Places

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - a damaged pickle raises anything
            self._tolerate(self.flush)  # otherwise the damaged index would be read again and again
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        self._tolerate(lambda: super(_TolerantCache, self).save_overload(sig, data))

    def _tolerate(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            _note(f"{self.cache_path}: {error.strerror or error}")


def _note(reason: str) -> None:
    remedy = "set NUMBA_CACHE_DIR to a folder of your own that can be written"
    _faults.append(f"compiled kernels are not kept, so the next call compiles them again: {reason}; {remedy}")


def _owner_fault(folder: Path, function: Any) -> str:
    """Why other users could have written the cache; empty where they could not."""
    source = Path(function.__code__.co_filename)
    if folder.parent == source.parent:
        return ""
    trusted = {0, os.getuid(), source.stat().st_uid}
    for path in (folder, folder.parent):
        found = path.stat()
        if found.st_uid not in trusted:
            return f"{path} belongs to another user"
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            return f"{path} can be written by every user"
    return ""
