"""Runs that are kept at a URL: a store of objects, or any other place that fsspec reaches."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.run.atomic_write import UNFINISHED

# What makes a run a finished one comes after all that it stands on.
_LAST = ("summary.json", "report.html")


class UnreachableError(Exception):
    """The URL could not be read or written. What it holds is whole."""


class RemoteStore:
    """Folders at a URL, worked on in a folder of this machine that goes with the process.

    The URL is the truth: ``pull`` fetches what it holds, so that any machine goes on from there, and only what ``push``
    has put there is saved. Each file is put whole, as one object or in an fsspec transaction. Raises InputError where
    fsspec, or the package of the URL's protocol, is missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if find_spec("fsspec") is None:
            remedy = "Install it, pip install 'gridproof[cluster]', or name a folder"
            raise InputError("runs at a URL need fsspec", "no package fsspec", self.url, remedy)
        from fsspec.core import url_to_fs

        try:
            self._files, root = url_to_fs(self.url, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            remedy = "Install the package of its protocol (s3fs, gcsfs, adlfs), or name a folder"
            raise InputError("a URL is one that fsspec opens", str(error), self.url, remedy) from None
        self._root = root.rstrip("/")
        self.folder = Path(tempfile.mkdtemp(prefix="gridproof-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._names: list[str] = []
        self._there: dict[str, tuple[int, int, int]] = {}
        self._made: set[str] = set()

    def pull(self, name: str) -> None:
        """Fetch a folder as the URL holds it; ``push`` is about those fetched. Raises UnreachableError."""
        self._names.append(name)
        with self._reaching(name):
            found = sorted(self._files.find(f"{self._root}/{name}"))
        here = {there: self.folder / there[there.rindex(f"/{name}/") + 1 :] for there in found}
        for path in here.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._reaching(name):
            self._files.get(list(here), list(map(str, here.values()))) if here else None
        self._there |= {path.relative_to(self.folder).as_posix(): _mark(path) for path in here.values()}

    def push(self) -> None:
        """Put what is new or changed, then remove what is gone. Raises UnreachableError.

        Of several folders the first fetched goes first; in each, rows go before the tally that makes them a tile.
        """
        here = {file: mark for name in self._names for file, mark in self._local(name)}
        for file in sorted((file for file in here if self._there.get(file) != here[file]), key=self._turn):
            self._put(file)
            self._there[file] = here[file]
        for file in [file for file in self._there if file not in here]:
            with self._reaching(file):
                self._files.rm_file(f"{self._root}/{file}")
            del self._there[file]

    def _turn(self, file: str) -> tuple[int, int, str]:
        path = Path(file)
        late = 2 + _LAST.index(path.name) if path.name in _LAST else int(path.suffix == ".npz")
        return self._names.index(path.parts[0]), late, file

    def _put(self, file: str) -> None:
        target = f"{self._root}/{file}"
        parent = target.rpartition("/")[0]
        with self._reaching(file):
            if parent not in self._made:
                self._files.makedirs(parent, exist_ok=True)
                self._made.add(parent)
            source = (self.folder / file).open("rb")
            with self._files.transaction, source, self._files.open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 2**20)

    def _local(self, name: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
        for folder, _, files in os.walk(self.folder / name):
            place = Path(folder).relative_to(self.folder).as_posix()
            for file in files:
                if not file.endswith(UNFINISHED):
                    yield f"{place}/{file}", _mark(f"{folder}/{file}")

    @contextmanager
    def _reaching(self, file: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # every store has errors of its own
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise UnreachableError(f"{self.url}/{file}: {what}") from error


def _mark(path: str | Path) -> tuple[int, int, int]:
    """What tells a file from the one that it replaces, or that it has grown from."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size
