"""The identity of code and environment: what a run's results depend on, besides its study and data."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np


@cache
def code_digest() -> str:
    """SHA-256 of all sources that decide the contents of a run's folder, as they were at the first call in a process.

    What is changed later is not the code that the process has loaded.
    """
    return digest_of_sources()


def digest_of_sources() -> str:
    """The same, of the sources as they are now."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    patterns = (
        "kernels/**/*.py",
        "kernels/**/*.cu*",
        "signals/**/*.py",
        "sweeps/**/*.py",
        "results/**/*.py",
        "results/**/*.j2",
    )
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def environment(gpu: bool = False) -> dict[str, str]:
    """Versions that must be the same on every machine that works on one run.

    gpu: those of CuPy and its compiler too, where they are installed.
    """
    from gridproof.kernels.cuda.availability import gpu_packages

    found = {
        "gridproof": code_digest()[:12],
        "numpy": np.__version__,
        "numba": version("numba"),
        "machine": platform.machine(),
    }
    return found | gpu_packages() if gpu else found
