"""gridproof's command line with many small tiles, in a process that may end itself.

``GRIDPROOF_TRAP=JSON python -m benchmarks.reliability.driver PIECE run STUDY …``; PIECE: variants in a piece, and so in
a tile.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from benchmarks.reliability.trap import Armed, Trap
from gridproof.sweeps.cli import app
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan.grid import ProductGrid

# The environment variable that holds a trap.
TRAP = "GRIDPROOF_TRAP"
# The phases of a run: where the function that begins each of them is called, and its name.
PHASES = {
    "planning": ("gridproof.sweeps.execution.sweep", "build_plan"),
    "sweep": ("gridproof.sweeps.execution.sweep", "collect"),
    "summary": ("gridproof.sweeps.execution.sweep", "write_summary"),
    "verdict": ("gridproof.sweeps.verdict.verdict", "conclude_verdict"),
    "report": ("gridproof.sweeps.run", "finish"),
}


def command_line(arguments: Sequence[object], piece: int, trap: Trap | None = None) -> int:
    """Call the command line in this process. Returns its exit code."""
    cut_into_pieces(piece)
    if trap is not None:
        armed = Armed(trap)
        for phase, (module, function) in PHASES.items():
            place = import_module(module)
            setattr(place, function, _announced(getattr(place, function), phase, armed))
    return called(arguments)


def called(arguments: Sequence[object]) -> int:
    """Call the command line as a terminal starts it. Returns its exit code."""
    sys.argv = ["gridproof", *map(str, arguments)]
    # As from a terminal: a process started in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app.main()
    except SystemExit as exit_:
        if isinstance(exit_.code, str):
            print(exit_.code, file=sys.stderr)
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    return 0


def cut_into_pieces(piece: int) -> None:
    """Runs in this process cut their grid into pieces of so many variants, and evaluate one piece in a tile."""
    sweep_module.whole_grid = lambda plan, _: ProductGrid(plan, piece)


def _announced(function: Callable[..., Any], phase: str, armed: Armed) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        armed.phase(phase)
        return function(*arguments, **options)

    return call


if __name__ == "__main__":
    faulthandler.enable(all_threads=True)
    given = os.environ.pop(TRAP, None)
    fields: dict[str, Any] = {} if given is None else json.loads(given)
    sys.exit(command_line(sys.argv[2:], int(sys.argv[1]), Trap(**fields) if fields else None))
