"""The name of a part of an allocation, which is all that is held of it for a while: "sp500 × 0.75"."""

from __future__ import annotations

_TIMES = " × "


def part_name(allocation: str, share: float) -> str:
    return f"{allocation}{_TIMES}{round(share, 4):g}"


def whole_and_share(name: str) -> tuple[str, float]:
    """The allocation and the share of it that a name says; 1 of an allocation itself."""
    whole, _, share = name.rpartition(_TIMES)
    return (whole, float(share)) if whole else (name, 1.0)
