"""Digests: SHA-256 of files, arrays and JSON records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array

# Bytes that are read from a file at a time.
_BLOCK = 2**20


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's content in hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_arrays(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of names, dtypes, shapes and values of arrays, in their order."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        whole = np.ascontiguousarray(array)
        digest.update(f"{name} {whole.dtype.str} {whole.shape}\n".encode())
        # In parts, so that the pages of a mapped file need not all be in memory.
        content = whole.reshape(-1).view(np.uint8)
        for begin in range(0, len(content), _BLOCK):
            digest.update(content[begin : begin + _BLOCK].data)
    return digest.hexdigest()


def digest_of_record(record: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON record, whatever the order of its keys."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
