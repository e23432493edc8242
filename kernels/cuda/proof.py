"""The record that the cuda backend was proven on a GPU, without which ``auto`` does not take it.

``python -m benchmarks.gpu`` writes it, after every part has passed on the device, to the user's cache:
``$XDG_CACHE_HOME/gridproof/gpu.json``, or ``~/.cache/gridproof/gpu.json``. It holds for this device, these versions of
CuPy and its compiler and these sources of kernels.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from gridproof.kernels.cuda.device import Gpu


def proof_file() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "gridproof" / "gpu.json"


def proven_gpu() -> tuple[Gpu, str] | None:
    """The GPU of this process and, in one sentence, by what it was proven; None where it was not, or there is none.

    Where no proof was ever written, CuPy is not imported.
    """
    if not proof_file().is_file():
        return None
    from gridproof.kernels.cuda.availability import gpu_answers, gpu_packages, open_gpu

    try:
        recorded = json.loads(proof_file().read_text(encoding="utf-8"))
        if not gpu_answers():
            return None
        gpu = open_gpu()
        found = recorded[gpu.uuid]
        wanted = {"packages": gpu_packages(), "sources": source_digest()}
        if {name: found[name] for name in wanted} != wanted:
            return None
        return gpu, f"auto takes cuda: proven on {gpu.name} on {found['date']}, {proof_file()}"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_proof(gpu: Gpu, packages: dict[str, str], summary: Path) -> Path:
    """Record that every part of the proof passed on this GPU. summary: the page that says so. Returns the file."""
    file = proof_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        every: dict[str, Any] = dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        every = {}
    every[gpu.uuid] = {
        "gpu": gpu.name,
        "packages": packages,
        "sources": source_digest(),
        "date": date.today().isoformat(),
        "summary": str(summary),
    }
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(every, indent=1), encoding="utf-8")
    temporary.replace(file)
    return file


def source_digest() -> str:
    """Of all sources that decide what a GPU computes: those of the kernels."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.cu*")]):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
