"""Made-up but coherent statistics of a finished run, as the page reads them from statistics.json."""

from __future__ import annotations

import io
import json
import math
import pathlib
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

HELD = ("sharpe", "skewness", "kurtosis", "cagr", "total_return", "volatility", "max_drawdown", "switches", "turnover")


def write_statistics(folder: pathlib.Path, **replaced: Any) -> pathlib.Path:
    """Write statistics.json into a finished run's folder; ``replaced``: parts to put in its place."""
    record = json.loads(_record_of((folder / "summary.json").read_bytes(), (folder / "curves.parquet").read_bytes()))
    (folder / "statistics.json").write_text(json.dumps(record | replaced), encoding="utf-8")
    return folder


@cache
def _record_of(summary: bytes, curves: bytes) -> str:
    """The record as JSON. The same folder is asked for again and again."""
    return json.dumps(statistics_record(json.loads(summary), pd.read_parquet(io.BytesIO(curves))))


def statistics_record(summary: dict[str, Any], curves: pd.DataFrame) -> dict[str, Any]:
    """Every part of the record, the same on every call with the same run."""
    random = np.random.default_rng(3)
    base, best = (summary[who]["in_sample"]["sharpe"] for who in ("base", "best"))
    first, second, *_ = [axis["name"] for axis in summary["axes"] if len(axis["values"]) > 1] + ["none", "none"]
    distinct, days = summary["distinct_choices"], summary["window"]["days_in_sample"]
    luck = base + 0.85 * (best - base)
    return {
        "conclusion": _conclusion(),
        "environments": _environments(summary),
        "method": {
            "confidence": 0.95,
            "seed": 0,
            "resamples": 1000,
            "block_length": 12.3,
            "choices": summary["choices"],
            "distinct_choices": distinct,
            "used": distinct,
            "sampled": False,
            "objective": summary["objective"],
            "days": days,
            "periods": summary["periods_per_year"],
        },
        "counts": {
            "choices": summary["choices"],
            "variants": summary["variants"],
            "distinct_choices": distinct,
            "entropy_rank": 21.3,
            "participation_ratio": 3.2,
            "implied": 55.0,
            "ledger": summary["variants"] + 1,
            "correlation_sample": 2000,
        },
        "who": _who(summary),
        "ensemble": {
            "cells": 3210,
            "share": 0.0029,
            "standard_error": 0.25,
            "threshold": best - 0.25,
            "agreement": 0.93,
        },
        "shift": {"base": _shift(base, 180, days), "best": _shift(best, 1, days)},
        "subperiods": {"base": _years(curves, "base", 94), "best": _years(curves, "best", 121)}
        | {f"hold {leg}": _years(curves, "base", 1) for leg in summary["legs"]},
        "stress": {"base": _stress(summary, base), "best": _stress(summary, best)},
        "data_snooping": {
            "observed_best": best,
            "observed_base": base,
            "benchmarks": [_benchmark(f"hold {leg}", place) for place, leg in enumerate(summary["legs"])],
            "null_best_sharpe": _counted(random.gumbel(luck - 0.06, 0.11, 1000), 40),
            "placebo": {
                "sweeps": 100,
                "best": random.gumbel(luck - 0.12, 0.1, 100).tolist(),
                "at_least": 3,
                "p_value": 0.04,
                "base_percentile": random.uniform(0, 100, 100).tolist(),
            },
        },
        "deflated": _deflated(summary, best, base, days),
        "haircut": {
            "tests": distinct,
            "best": _haircut(best, 0.21),
            "base": _haircut(base, 0.0),
        },
        "overfitting": [
            _overfitting(8, 70, 0.31, random),
            _overfitting(12, 924, 0.37, random),
            _overfitting(16, 12870, 0.42, random),
        ],
        "sensitivity": _sensitivity(summary),
        "plateau": {
            "base": {
                "score": 0.93,
                "neighbours": 14,
                "edges": [],
                "distance": 3.2,
                "share": 0.012,
                "cliff": {"drop": 0.41, "axis": first, "step": 1},
            },
            "best": {
                "score": 0.41,
                "neighbours": 9,
                "edges": ["execution.cost"],
                "distance": 5.4,
                "share": 0.012,
                "cliff": {"drop": 0.72, "axis": second, "step": -2},
            },
        },
        "walk_forward": _walk_forward(summary, curves, random),
        "combinatorial": _combinatorial(curves, random),
        "evidence": EVIDENCE,
        "not_covered": [
            "Ideas that were tried and dropped before this study are in no count.",
            "Market impact, capacity and failed orders: returns are after the study's costs & at its lag.",
        ],
    }


EVIDENCE: list[dict[str, Any]] = [
    {
        "name": "Mean return under shifted positions",
        "question": "timing",
        "kind": "evidence",
        "against": "the same positions at another time",
        "value": 0.213,
        "met": False,
        "number": "p 0.213",
        "threshold": "≤ 0.05",
        "uncertainty": "exact: all shifts",
        "why": "Whether it times return.",
    },
    {
        "name": "Break-even cost of the base",
        "question": "worth",
        "kind": "evidence",
        "against": "hold <index>",
        "value": 0.012,
        "met": True,
        "number": "1.20% a side",
        "threshold": "≥ 0.30%",
        "uncertainty": "",
        "why": "It bears twelve times the study's cost.",
    },
    {
        "name": "Probabilistic Sharpe ratio (PSR) of the base",
        "question": "worth",
        "kind": "information",
        "against": "cash",
        "value": 0.971,
        "met": True,
        "number": "PSR 0.971",
        "threshold": "",
        "uncertainty": "standard error 0.25",
        "why": "Holding a leg that rises has a high one too.",
    },
    {
        "name": "Walk-forward",
        "question": "search",
        "kind": "evidence",
        "against": "every static holding of the same days",
        "value": None,
        "met": None,
        "number": "–",
        "threshold": "≤ 0.05",
        "uncertainty": "",
        "why": "Not computable: fewer than seven years.",
    },
]


def _conclusion() -> dict[str, Any]:
    def answer(kind: str, number: float | None, why: str) -> dict[str, Any]:
        threshold = None if number is None else 0.05
        test = "upper bound of the difference of Sharpe ratios" if kind == "no" else "a test"
        return {"answer": kind, "number": number, "threshold": threshold, "test": test, "why": why}

    return {
        "timing": answer("yes", 0.006, "the rule's timing is better than chance (p 0.006, 8 switches)"),
        "worth": answer("cannot tell", 0.66, "nothing shows that it beats holding the index (p 0.66)"),
        "search": answer("no", -0.1, "the best choice's timing is worth less than one annual volatility"),
        "since": answer("cannot tell", None, "since publication it never switched, so nothing can be told"),
        "declared": True,
        "sentence": "Not good: the rule's timing is better than chance; nothing shows that it beats <the index>.",
    }


def _environments(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Two: a later release, with the answers of the base's, and another cost, under which Timing is no longer yes."""
    release = next(axis["name"] for axis in summary["axes"] if axis["name"].endswith(".release"))
    own = {name: summary["base"]["parameters"][name] for name in (release, "execution.cost")}
    strategies = {
        "base": {"sharpe": 0.21, "cagr": 0.05, "index": 3},
        "best": {"sharpe": 0.61, "cagr": None, "index": 7},
        "sampled": "",
    }
    lost = _conclusion()
    lost["timing"] = lost["timing"] | {"answer": "cannot tell", "number": 0.087}
    return [
        {"environment": own | {release: "90 calendar days"}, "conclusion": _conclusion(), **strategies},
        {"environment": own | {"execution.cost": 0.003}, "conclusion": lost, **strategies},
    ]


def _holding(name: str, p_value: float, difference: float) -> dict[str, Any]:
    record = {"name": name, "sharpe": 0.35, "difference": difference, "standard_error": 0.2, "p_value": p_value}
    bounds = {"lower": difference - 0.33, "upper": difference + 0.33, "detectable": 0.5}
    return record | bounds | {"return_difference": 0.012}


def _who(summary: dict[str, Any]) -> dict[str, Any]:
    periods = summary["periods_per_year"]
    lengths = {"in_sample": "days_in_sample", "after_publication": "days_after_publication"}
    held = {"base": summary["base"], "best": summary["best"], "ensemble": summary["base"]}
    held |= {f"hold {leg}": one for leg, one in summary["hold"].items()} | {"constant mix": summary["base"]}
    return {
        name: {
            key: None if one[key] is None else _uncertain(one[key], summary["window"][length], periods)
            for key, length in lengths.items()
        }
        for name, one in held.items()
    }


def _uncertain(metrics: dict[str, Any], days: int, periods: float) -> dict[str, Any]:
    record = {key: metrics[key] for key in HELD} | {"observations": days}
    sharpe = metrics["sharpe"]
    if sharpe is None:
        blank = ("psr", "min_track_record", "min_track_record_years", "interval", "interval_studentised")
        return record | dict.fromkeys((*blank, "mertens_error"))
    error = math.sqrt(periods / days * 1.1)
    needed = None if sharpe <= 0 else 1 + 1.1 * periods * (1.645 / sharpe) ** 2
    return record | {
        "psr": float(ndtr(sharpe / error)),
        "min_track_record": needed,
        "min_track_record_years": None if needed is None else needed / periods,
        "interval": [sharpe - 1.96 * error, sharpe + 1.9 * error],
        "interval_studentised": [sharpe - 2.0 * error, sharpe + 2.0 * error],
        "mertens_error": error,
    }


def _shift(observed: float, reached: int, shifts: int) -> dict[str, Any]:
    quantiles = {"0.05": observed - 0.7, "0.5": observed - 0.35, "0.95": observed - 0.02}
    return {
        "p_value": reached / shifts,
        "at_least": reached,
        "shifts": shifts,
        "observed": observed,
        "quantiles": quantiles,
    }


def _years(curves: pd.DataFrame, who: str, positions: int) -> dict[str, Any]:
    years = []
    for year, part in curves.groupby(pd.to_datetime(curves["date"]).dt.year):
        returns = part[f"{who}.return"].to_numpy()
        volatility = returns.std(ddof=1)
        sharpe = float(returns.mean() / volatility * math.sqrt(243)) if volatility > 1e-9 else None
        switches = int((part[f"{who}.leg"] != part[f"{who}.leg"].shift()).sum() - 1)
        earned = float(np.prod(1 + returns) - 1)
        years.append(
            {"year": int(str(year)), "days": len(part), "sharpe": sharpe, "return": earned, "switches": switches}
        )
    degrees = len(years) - 1
    return {
        "years": years,
        "chi_square": 12.03,
        "degrees": degrees,
        "p_value": 0.804,
        "positions": positions,
        "after": [],
    }


def _stress(summary: dict[str, Any], sharpe: float) -> dict[str, Any]:
    def points(values: list[Any], base: Any, fade: float) -> list[dict[str, Any]]:
        own = values.index(base)
        return [
            {"value": value, "sharpe": sharpe - fade * (place - own), "cagr": 0.09 - fade * place / 8}
            | {"base": value == base}
            for place, value in enumerate(values)
        ]

    names = [axis["name"] for axis in summary["axes"] if axis["name"].endswith(".release")]
    releases = ["30 calendar days", "45 calendar days", "60 calendar days", "90 calendar days"]
    against = ["cash", *(f"hold {leg}" for leg in summary["legs"])]
    return {
        "lag": points([1, 2, 3, 4, 5], 1, 0.04),
        "cost": points([0.0, 0.0005, 0.001, 0.002, 0.005, 0.01], 0.001, 0.09),
        "release": [
            {"signal": name.removesuffix(".release"), "values": points(releases, releases[1], 0.02)} for name in names
        ],
        "break_even_cost": [
            {"against": name, "total_return": None if place == 1 else 0.0123 / (1 + place), "sharpe": 0.002 * place}
            for place, name in enumerate(against)
        ],
        "break_even_lag": [
            {"against": name, "lag": None if place == 0 else 3 * place, "tested": 60}
            for place, name in enumerate(against)
        ],
        "neighbours": {"count": 14, "worst": sharpe - 0.4, "median": sharpe - 0.05, "best": sharpe + 0.08},
    }


def _benchmark(name: str, place: int) -> dict[str, Any]:
    p_value = (0.213, 0.094, 0.0004)[place % 3]
    error = math.sqrt(p_value * (1 - p_value) / 1000)
    spa = {"statistic": 3.1, "lower": 0.9 * p_value, "consistent": p_value, "upper": min(1.0, 1.4 * p_value)}
    return {
        "name": name,
        "spa": spa | {"monte_carlo_error": error},
        "reality_check": {"p_value": min(1.0, 1.5 * p_value), "monte_carlo_error": 1.2 * error},
        "stepwise": {"rejected": (0, 0, 12345)[place % 3], "base_rejected": place % 3 == 2, "level": 0.05},
    }


def _deflated(summary: dict[str, Any], best: float, base: float, days: int) -> dict[str, Any]:
    periods = summary["periods_per_year"]
    spread = 0.2  # annual standard deviation of the variants' Sharpe ratios

    def threshold(trials: float) -> float:
        if trials <= 1.3:
            return 0.0
        tail = [float(ndtri(1 - 1 / trials)), float(ndtri(1 - 1 / (trials * math.e)))]
        return spread * ((1 - np.euler_gamma) * tail[0] + np.euler_gamma * tail[1])

    def deflated(sharpe: float, trials: float) -> float:
        return float(ndtr((sharpe - threshold(trials)) * math.sqrt(days / periods)))

    curve = [10.0 ** (k / 2) for k in range(25)]
    counts = {
        "choices": summary["choices"],
        "distinct choices": summary["distinct_choices"],
        "entropy rank": 21.3,
        "participation ratio": 3.2,
        "implied by the bootstrap": 55.0,
        "ledger": summary["variants"] + 1,
    }
    marks = [
        {"name": name, "trials": n, "threshold": threshold(n), "best": deflated(best, n), "base": deflated(base, n)}
        for name, n in counts.items()
    ]
    curves = {"best": [deflated(best, n) for n in curve], "base": [deflated(base, n) for n in curve]}
    return {"variance_daily": spread**2 / periods, "curve": {"trials": curve} | curves, "marks": marks}


def _haircut(sharpe: float, kept: float) -> dict[str, Any]:
    cut = {"bonferroni": kept, "holm": kept, "bhy": kept / 2, "p_bonferroni": 1.0, "p_holm": 1.0, "p_bhy": 0.132}
    return {"sharpe": sharpe} | cut


def _overfitting(blocks: int, splits: int, probability: float, random: np.random.Generator) -> dict[str, Any]:
    logits = random.normal(-2.0 * float(ndtri(probability)), 2.0, splits).clip(-7.9, 7.9)
    counts, edges = np.histogram(logits, bins=32, range=(-8, 8))
    return {
        "blocks": blocks,
        "splits": splits,
        "probability": probability,
        "mid_p": probability - 0.001,
        "median_rank": 0.613,
        "loss": 0.104,
        "rank_error": 0.0,
        "logits": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def _sensitivity(summary: dict[str, Any]) -> dict[str, Any]:
    names = [axis["name"] for axis in summary["axes"] if len(axis["values"]) > 1]
    first = [round(0.38 * 0.55**place, 4) for place in range(len(names))]
    total = [round(value + 0.09 / (1 + place), 4) for place, value in enumerate(first)]
    pairs = [{"x": x, "y": y, "index": 0.05 / (1 + place)} for place, (x, y) in enumerate(pairwise(names))]
    return {"axes": names, "first_order": first, "total": total, "pairs": pairs, "undefined": 3}


def _walk_forward(summary: dict[str, Any], curves: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    days = list(pd.to_datetime(curves["date"]).dt.strftime("%Y-%m-%d"))
    cuts = np.linspace(len(days) // 4, len(days), 6).astype(int)
    folds = []
    for place, (low, high) in enumerate(pairwise(cuts)):
        cell = {axis["name"]: axis["values"][place % len(axis["values"])] for axis in summary["axes"][:4]}
        fold = {"train_from": days[0], "train_to": days[low - 2], "test_from": days[low], "test_to": days[high - 1]}
        fold |= {"index": place, "parameters": summary["best"]["parameters"] | cell}
        folds.append(fold | {"in_sample": 1.1 - 0.05 * place, "out_of_sample": None if place == 3 else 0.2 * place})
    nav = np.cumprod(1 + random.normal(0.0003, 0.008, len(days) - cuts[0]))
    return {
        "folds": folds,
        "sharpe": 0.47,
        "cagr": 0.061,
        "t_statistic": 1.62,
        "days": len(nav),
        "holdings": [_holding("hold small", 0.31, 0.12), _holding("cash", 0.06, 0.47)],
        "curve": {"date": days[cuts[0] :], "nav": nav.tolist(), "mix": (nav**0.5).tolist()},
    }


def _combinatorial(curves: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    days = list(pd.to_datetime(curves["date"]).dt.strftime("%Y-%m-%d"))
    navs = np.cumprod(1 + random.normal(0.00035, 0.008, (5, len(days))), axis=1)
    record = {"groups": 6, "test": 2, "splits": 15, "paths": 5, "purge": 1, "embargo": 0}
    curve = {"date": days, "nav": navs.tolist()}
    held = {"holdings": [{"name": "hold small", "sharpe": 0.5}], "mix": [0.4, 0.41, 0.42, None, 0.44]}
    return record | {"sharpe": [0.31, 0.82, 0.55, 0.47, 0.63], "curves": curve} | held


def _counted(values: np.ndarray, bins: int) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=bins)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
