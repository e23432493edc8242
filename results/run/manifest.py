"""manifest.json: size and SHA-256 of every finished file of a run, so that a changed or missing one is detected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridproof.results.run.digest import digest_of_file, digest_of_record
from gridproof.results.run.errors import DamagedFileError

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class FileDigest:
    """size: in bytes. sha256: hex digits."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileDigest:
        return cls(path.stat().st_size, digest_of_file(path))


@dataclass(frozen=True, slots=True)
class Manifest:
    """run: the name of the run's folder when it was written. pieces: how many pieces the tiles cover. files: by name.

    Digests detect accidents. They are no signature: whoever can write a file can write the manifest too.
    """

    run: str
    pieces: int
    files: Mapping[str, FileDigest]

    def fault(self, folder: Path, name: str, content: bool = True) -> str | None:
        """What is wrong with a listed file, None where nothing is. content: whether to read it, else only its size."""
        path, expected = folder / name, self.files[name]
        if not path.is_file():
            return "missing"
        size = path.stat().st_size
        if size != expected.size:
            return f"{size:,} bytes, {expected.size:,} were written"
        if content and digest_of_file(path) != expected.sha256:
            return "its content was changed"
        return None

    def text(self) -> str:
        files = {name: {"size": one.size, "sha256": one.sha256} for name, one in sorted(self.files.items())}
        record: dict[str, Any] = {"format": FORMAT, "run": self.run, "pieces": self.pieces, "files": files}
        return json.dumps(record | {"sha256": digest_of_record(record)}, indent=2, ensure_ascii=False) + "\n"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, None where it has none. Raises DamagedFileError, and OSError."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        text = path.read_bytes().decode()
        record = json.loads(text)
    except ValueError:
        raise DamagedFileError("not JSON") from None
    try:
        stated = record.pop("sha256")
        if record["format"] != FORMAT:
            raise DamagedFileError(f"format {record['format']}; this version reads format {FORMAT}")
        if stated != digest_of_record(record):
            raise DamagedFileError("its content was changed")
        files = {name: FileDigest(int(one["size"]), str(one["sha256"])) for name, one in record["files"].items()}
        manifest = Manifest(str(record["run"]), int(record["pieces"]), files)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(f"no manifest of this version: {type(error).__name__}: {error}") from None
    if manifest.text() != text:
        raise DamagedFileError("its content was changed")
    if wrong := next((name for name in manifest.files if Path(name).name != name), None):
        raise DamagedFileError(f"it names {wrong!r}, which is outside the folder")
    return manifest
