"""Runs kept at a URL: an object store, or anything else that fsspec opens."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.run.atomic_write import UNFINISHED
from gridproof.results.run.manifest import MANIFEST
from gridproof.results.run.packages import require_package
from gridproof.results.run.remote_keys import check_name, files_below

# A run with these files counts as finished, so they are uploaded after all others.
_LAST = ("summary.json", "report.html", MANIFEST)


class UnreachableError(Exception):
    """The URL could not be read or written. The files there are whole."""


class RemoteStore:
    """Folders at a URL, with a temporary copy on this machine that is removed when the process ends.

    The URL is authoritative: ``pull`` downloads what it holds, so that any machine can resume, and only what ``push``
    has uploaded is saved. Each file is uploaded whole, as one object or in an fsspec transaction. Raises InputError
    where fsspec, or the package for the URL's protocol, is missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        install = "Install it, pip install 'gridproof[cluster]', or name a folder"
        require_package("fsspec", "runs at a URL need fsspec", self.url, install)
        from fsspec.core import url_to_fs

        try:
            self._files, root = url_to_fs(self.url, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            remedy = "Install the package of its protocol (s3fs, gcsfs, adlfs), or name a folder"
            raise InputError("the URL must be one that fsspec can open", str(error), self.url, remedy) from None
        self._root = root.rstrip("/")
        self.folder = Path(tempfile.mkdtemp(prefix="gridproof-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._names: list[str] = []
        self._uploaded: dict[str, tuple[int, int, int]] = {}
        self._made: set[str] = set()

    def pull(self, name: str) -> None:
        """Download a folder. ``push`` uploads the folders that were pulled.

        Raises UnreachableError, and InputError where a file at the URL has a name that would be written elsewhere; see
        ``remote_keys``. Nothing is downloaded then.
        """
        check_name(name, self.url)
        folder = f"{self._root}/{name}"
        with self._reaching(name):
            found = self._files.find(folder, withdirs=True, detail=True)
        paths = files_below(dict(sorted(found.items())), folder, f"{self.url}/{name}")
        self._names.append(name)
        here = {key: self.folder / name / path for key, path in paths.items()}
        for path in here.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._reaching(name):
            self._files.get(list(here), list(map(str, here.values()))) if here else None
        self._uploaded |= {path.relative_to(self.folder).as_posix(): _fingerprint(path) for path in here.values()}

    def push(self) -> None:
        """Upload new and changed files, then delete those that are gone here. Raises UnreachableError.

        Folders are uploaded in the order in which they were pulled; in each, rows before the tally of their tile.
        """
        here = {file: fingerprint for name in self._names for file, fingerprint in self._local(name)}
        for file in sorted((file for file in here if self._uploaded.get(file) != here[file]), key=self._upload_order):
            self._upload(file)
            self._uploaded[file] = here[file]
        for file in [file for file in self._uploaded if file not in here]:
            with self._reaching(file), suppress(FileNotFoundError):  # another driver may have deleted it
                self._files.rm_file(f"{self._root}/{file}")
            del self._uploaded[file]

    def _upload_order(self, file: str) -> tuple[int, int, str]:
        path = Path(file)
        late = 2 + _LAST.index(path.name) if path.name in _LAST else int(path.suffix == ".npz")
        return self._names.index(path.parts[0]), late, file

    def _upload(self, file: str) -> None:
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
            relative = Path(folder).relative_to(self.folder).as_posix()
            for file in files:
                if not file.endswith(UNFINISHED):
                    yield f"{relative}/{file}", _fingerprint(f"{folder}/{file}")

    @contextmanager
    def _reaching(self, file: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each fsspec file system has its own exceptions
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise UnreachableError(f"{self.url}/{file}: {what}") from error


def _fingerprint(path: str | Path) -> tuple[int, int, int]:
    """Changes whenever a file is replaced or appended to."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size
