"""The synthetic market with stocks that studies can name in place of a folder; it is drawn where it is needed."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gridproof.signals.synthetic.market import draw_market, write_market
from gridproof.signals.synthetic.panel import write_panel

# What a study writes as the folder of its market.
DRAWN = "synthetic:"
# Seed 0, no effect, eight years from 2006 on.
SEED, EFFECT, YEARS = 0, 0.0, 8


def drawn_folder() -> Path:
    """The folder of the market, with the files that ``gridproof synth FOLDER --years 8 --panel`` writes.

    It is drawn once for each process, in some seconds, and removed at its end. Every process draws the same bytes.
    """
    return Path(_drawn().name)


@cache
def _drawn() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="gridproof-")
    atexit.register(folder.cleanup)
    market = draw_market(SEED, EFFECT, YEARS)
    write_market(Path(folder.name), market)
    write_panel(Path(folder.name), market)
    return folder
