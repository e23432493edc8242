"""The command that measures this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridproof.kernels.errors import InputError
from gridproof.sweeps.cli.arguments import LanguageOption


def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A tenth of the variants, fewer repetitions, no tables.")
    ] = False,
    lang: LanguageOption = "en",
) -> None:
    """Compare the speed with a plain Numba loop, vectorbt and RaptorBT.

    Needs a checkout of the project: the benchmarks are not installed.
    """
    import subprocess
    import sys

    from gridproof.results.texts.spoken import speak

    speak(lang)

    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "bench.py").is_file():
        raise InputError("benchmarks are not installed", str(root), "bench", "Run it in a checkout of the project")
    options = [flag for flag, wanted in (("--json", as_json), ("--quick", quick)) if wanted]
    done = subprocess.run([sys.executable, "-m", "benchmarks.bench", *options], cwd=root, check=False)
    raise typer.Exit(done.returncode)
