"""Evidence on worth: the base against holding, with so many choices, other costs and other lags; what asks of cash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridproof.results.conclusion import LEVEL, text
from gridproof.results.evidence.item import evidence, information, percent
from gridproof.results.report.number_format import plural
from gridproof.results.run.evidence_record import EvidenceRecord

_CONSTANT = "its returns are constant"
CASH = "cash"


def worth_evidence(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    return [*_stepwise(statistics), *_break_even(statistics), *_against_cash(statistics), *_years(statistics)]


def _stepwise(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    rows = statistics["data_snooping"]["benchmarks"]
    named = [row for row in rows if row["stepwise"]["base_rejected"] is not None]
    beaten = [row["name"] for row in named if row["stepwise"]["base_rejected"]]
    active = statistics["data_snooping"]["active"]
    own = None if active is None else active["stepwise"]["base_rejected"]
    return [
        evidence(
            "worth",
            "Stepwise test (StepM) of the base",
            "each leg held, their equal mix, and all choices at once",
            value=None if not named else len(beaten),
            met=None if not named else len(beaten) == len(named),
            number=f"{len(beaten)} of {len(named)}",
            threshold="all",
            uncertainty="5% for one false rejection",
            why="Benchmarks whose mean the base exceeds: "
            + (f"{', '.join(beaten)}." if beaten else "none." if named else "unknown."),
            missing="the base is not among the sampled variants",
        ),
        evidence(
            "worth",
            "StepM of the base's Sharpe ratio",
            "the constant mix of its mean weights, and all choices at once",
            value=own,
            met=own,
            number="above it" if own else "not above it",
            threshold="above it",
            uncertainty="5% for one false rejection",
            why="Whether its Sharpe ratio after cost exceeds that of its exposure without its timing.",
            missing="the base is not among the choices tested",
        ),
    ]


def _break_even(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    stress = statistics["stress"]["base"]
    cost = next((row["value"] for row in stress["cost"] if row["base"]), None)
    lag = next((row["value"] for row in stress["lag"] if row["base"]), None)
    costs = [row for row in stress["break_even_cost"] if row["against"] != CASH and row["sharpe"] is not None]
    least = min(costs, key=lambda row: float(row["sharpe"]), default=None)
    lags = [row for row in stress["break_even_lag"] if row["against"] != CASH]
    first = min(lags, key=lambda row: float("inf") if row["lag"] is None else float(row["lag"]), default=None)
    slowest = "" if first is None else plural(first["lag"], "day") if first["lag"] else f"over {first['tested']} days"
    enough = None if cost is None else 3.0 * max(cost, 0.001)
    return [
        evidence(
            "worth",
            "Break-even cost of the base",
            "the static holding with the highest Sharpe ratio" if least is None else least["against"],
            value=None if least is None else least["sharpe"],
            met=None if least is None or enough is None else least["sharpe"] >= enough,
            number="" if least is None else f"{percent(least['sharpe'], 2)} a side",
            threshold="" if enough is None else f"≥ {percent(enough, 2)}",
            why="One-way cost at which its Sharpe ratio equals the holding's. Needed: 3 times its own, at least 0.3%.",
            missing="it never trades, or no holding has a Sharpe ratio",
        ),
        evidence(
            "worth",
            "Break-even lag of the base",
            "the static holding with the highest Sharpe ratio" if first is None else first["against"],
            value=None if first is None or lag is None else first["lag"] or first["tested"],
            met=None if first is None or lag is None else first["lag"] is None or first["lag"] > lag + 1,
            number=slowest,
            threshold="" if lag is None else f"> {plural(lag + 1, 'day')}",
            why="Shortest lag at which its Sharpe ratio is not above that of the holding.",
            missing="there is no leg but cash",
        ),
    ]


def _against_cash(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    inside = statistics["who"]["base"]["in_sample"]
    psr, track, interval = inside["psr"], inside["min_track_record"], inside["interval"]
    return [
        information(
            "worth",
            "Probabilistic Sharpe ratio (PSR) of the base",
            CASH,
            value=psr,
            met=None if psr is None else psr >= 0.95,
            number=f"PSR {text(psr, 3)}",
            uncertainty=f"standard error of the Sharpe ratio {text(inside['mertens_error'])}",
            why="Probability that its true Sharpe ratio is above 0, as a single strategy that nobody chose. Holding a "
            "leg that rises has a high one too.",
            missing=_CONSTANT,
        ),
        information(
            "worth",
            "Minimum track record length of the base",
            CASH,
            value=None if psr is None else inside["observations"],
            met=None if psr is None else track is not None and inside["observations"] >= track,
            number=f"{'∞' if track is None else f'{track:,.0f}'} days needed, {inside['observations']:,} there",
            why="Days after which the PSR reaches 95% at this Sharpe ratio.",
            missing=_CONSTANT,
        ),
        information(
            "worth",
            "Sharpe ratio interval of the base",
            CASH,
            value=interval,
            met=None if interval is None else interval[0] > 0,
            number="" if interval is None else f"{text(interval[0])} to {text(interval[1])}",
            uncertainty=f"{statistics['method']['resamples']:,} resamples",
            why="95% interval by stationary bootstrap.",
            missing=f"{_CONSTANT}, or there are fewer than 60 days",
        ),
    ]


def _years(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    years = statistics["subperiods"]["base"]
    return [
        information(
            "worth",
            "Sharpe ratio of the base by calendar year",
            "one Sharpe ratio in all years",
            value=years["p_value"],
            met=None if years["p_value"] is None else years["p_value"] > LEVEL,
            number=f"p {text(years['p_value'], 3)}",
            uncertainty=f"{len(years['years'])} years, {years['positions']} positions",
            why="χ² test of whether its years differ by more than chance.",
            missing="fewer than two years have varying returns",
        )
    ]
