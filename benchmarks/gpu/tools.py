"""Parts that are commands of their own: the tests that need a GPU, and the kernels under NVIDIA's sanitizer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.gpu.replay import RECORDINGS
from benchmarks.gpu.settings import Found, NotRunError, Settings

ROOT = Path(__file__).resolve().parents[2]
# Tools of compute-sanitizer, with what they watch: reads and writes outside an array; reads of what was never written,
# for which arrays must be made on the device and not sent.
_TOOLS = (("memcheck", "replay"), ("initcheck", "exercise"))


def gpu_tests(settings: Settings) -> Found:
    """All tests marked gpu. In a dry run they are only collected. More than one -q, and pytest counts nothing."""
    options = ["--collect-only"] if settings.dry else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "gpu",
        "-p",
        "no:cacheprovider",
        # A warning of another version of a library is no fault of a kernel.
        "-o",
        "filterwarnings=default",
        "tests/kernels",
        *options,
    ]
    log = settings.out / "tests.log"
    yield "log", str(log)
    with log.open("w") as file:
        environment = os.environ | {"REQUIRE_GPU": "1"}
        done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=environment, check=False)
    text = log.read_text(encoding="utf-8", errors="replace")
    counted = re.findall(r"(\d+)(?:/\d+)? (passed|failed|skipped|errors?|tests collected)", text)
    yield "counts", {name: int(number) for number, name in counted}
    yield "failed", re.findall(r"^FAILED (\S+)", text, re.MULTILINE)
    if done.returncode != 0:
        raise AssertionError(f"pytest ends with {done.returncode}")


def sanitize(settings: Settings) -> Found:
    """The recorded launches again, and small work for every kernel."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        raise NotRunError("compute-sanitizer is not installed")
    for name, part in _TOOLS:
        log = settings.out / f"{name}.log"
        own = settings.out / name
        own.mkdir(exist_ok=True)
        command = [
            tool,
            "--tool",
            name,
            "--error-exitcode",
            "9",
            sys.executable,
            "-m",
            "benchmarks.gpu.child",
            part,
        ]
        command += ["--out", str(own), *(["--dry-run"] if settings.dry else [])]
        carried = settings.carried
        if carried is not None and (carried / RECORDINGS).is_file():
            command += ["--carried", str(carried)]
        with log.open("w") as file:
            done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
        text = log.read_text(encoding="utf-8", errors="replace")
        if "Device not supported" in text:
            raise NotRunError(f"compute-sanitizer does not support this device; see {log}")
        yield name, (re.findall(r"ERROR SUMMARY: .*", text) or [f"exit status {done.returncode}"])[-1]
        if done.returncode != 0:
            raise AssertionError(f"{name} finds faults; see {log}")
