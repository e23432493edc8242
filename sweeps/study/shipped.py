"""The studies that are shipped with gridproof."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "studies"


def shipped_names() -> list[str]:
    """Their names, as ``load_study`` takes them."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))
