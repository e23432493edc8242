"""The record of a selection of stocks: as the sweep computes it, and as an account trades it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NotRequired

from typing_extensions import TypedDict

from gridproof.results.run.record import Record

# Differences between sweep and account that are named as a warning.
_CAGR, _SHARPE, _DRAWDOWN = 0.01, 0.1, 0.02


class HeldRecord(TypedDict):
    """A selection held throughout the window, after costs; None where a metric is undefined. Shares are fractions.
    turnover: the traded value of purchases and sales together, over NAV, a year; one side is half of it."""

    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float | None
    turnover: float


class SelectionRecord(TypedDict):
    """swept: as the grid computes it, trading as the variant says (ideal or limits). account: share by share, with open
    orders, T+1 and, where a capital is given, whole lots; under price limits if ``limits``. unlimited: why it is
    not, where the panel has the fields of price limits, and None otherwise. dividend_tax: what the account pays
    on dividends over NAV, a year; None where the panel has no dividends. cash: its mean share of the
    account. unfilled: the share of days on which an order stays open at the close."""

    leg: str
    trading: str
    limits: bool
    unlimited: NotRequired[str | None]  # older records lack it
    capital: float | None
    swept: HeldRecord
    account: HeldRecord
    dividend_tax: NotRequired[float | None]
    cash: float
    unfilled: float


def selection_tables(summary: Record) -> Iterator[tuple[str, SelectionRecord]]:
    """Every selection of base and best by a name; that of the best only where it differs from the base's."""
    found = summary.get("selections") or {}
    base = found.get("base", [])
    for one in base:
        yield f"{one['leg']}, base", one
    for one in found.get("best", []):
        if one not in base:
            yield f"{one['leg']}, best choice", one


def selection_warnings(name: str, one: SelectionRecord) -> list[str]:
    """What to say where the account trades without the price limits that the panel could give, and where it differs
    materially from the sweep."""
    reason, difference = one.get("unlimited"), _difference(name, one)
    unlimited = [] if reason is None else [f"{name}: the account trades without price limits: {reason}"]
    return unlimited if difference is None else [*unlimited, difference]


def _difference(name: str, one: SelectionRecord) -> str | None:
    """What to say where the account differs materially from the sweep: by 1 percentage point of CAGR, a Sharpe ratio of
    0.1, or 2 points of drawdown."""
    swept, account = one["swept"], one["account"]
    parts = []
    for key, label, limit, percent in (
        ("cagr", "CAGR", _CAGR, True), ("sharpe", "Sharpe ratio", _SHARPE, False),
        ("max_drawdown", "drawdown", _DRAWDOWN, True),
    ):  # fmt: skip
        before, after = swept[key], account[key]  # type: ignore[literal-required]
        if before is None or after is None or abs(after - before) < limit:
            continue
        text = f"{100 * before:.1f}% against {100 * after:.1f}%" if percent else f"{before:.2f} against {after:.2f}"
        parts.append(f"{label} {text}")
    if not parts:
        return None
    return f"{name}: the sweep differs from an account that trades share by share: {'; '.join(parts)}"
