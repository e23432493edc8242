"""The studies included in gridproof."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "studies"


def shipped_names() -> list[str]:
    """Returns their names, which ``load_study`` accepts."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))
