"""Recorded launches again, with the kernels built for a sanitizer.

    python -m tests.support.shim.sanitized KIND FILE FOLDER

KIND: address (with undefined behaviour) or thread. The sanitizer's library must be loaded before Python (``preload``).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.gpu.replay import load, replay
from tests.support.shim.device import ShimDevice

FLAGS = {
    "address": ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "thread": ("-O1", "-g", "-fsanitize=thread", "-DTOGETHER", "-pthread"),
}
LIBRARY = {"address": "libasan.so", "thread": "libtsan.so"}


def preload(kind: str) -> str | None:
    """The path of the sanitizer's library, where the compiler has it."""
    found = subprocess.run(["g++", f"-print-file-name={LIBRARY[kind]}"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip())
    return str(path.resolve()) if path.is_absolute() and path.exists() else None


def main(kind: str, file: str, folder: str) -> None:
    device = ShimDevice(Path(folder), flags=FLAGS[kind])
    launches = list(load(Path(file)))
    for launch in launches:
        replay(device, launch)
    print(f"{len(launches)} launches")


if __name__ == "__main__":
    main(*sys.argv[1:])
