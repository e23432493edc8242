"""The real market data, which are in a folder beside the project; without it, tests of them are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
ASHARE = SHARED / "data" / "ashare"

needs_ashare = pytest.mark.skipif(not ASHARE.is_dir(), reason=f"the A-share data are not at {ASHARE}")
