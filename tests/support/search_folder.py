"""The folder of a finished search with made-up but coherent numbers, as the report reads it."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from tests.support.run_folder import BASE, rewrite_summary, write_run

OBJECTIVES = [
    {"name": "plateau", "maximise": True, "meaning": "lower quartile of the chosen cell and those around it"},
    {"name": "max_drawdown", "maximise": True, "meaning": "max_drawdown of the chosen cell"},
    {"name": "turnover", "maximise": False, "meaning": "turnover of the chosen cell"},
]
SAMPLE = "30,000 of the 41,300 cells of the search drawn at random, and the 33 chosen"
# trend is switched off in what was found, and the rule "plain" does not use crowd.
USES = {"plain": ["rate", "trend"], "guarded": ["rate", "crowd", "trend"]}
DIMENSIONS: list[dict[str, Any]] = [
    {"name": "rule", "only_if_on": [], "values": ["plain", "guarded"], "kind": "choice"},
    {"name": "trend.use", "only_if_on": [], "values": ["on", "off"], "kind": "choice"},
    {"name": "rate.window", "only_if_on": [], "low": 20, "high": 400, "kind": "integer", "log": True},
    {"name": "trend.window", "only_if_on": ["trend"], "values": [20, 40, 60, 80, 100, 120, 140], "kind": "step"},
]
LEVELS = ["rate.on_above", "rate.off_below", "crowd.on_above"]
STILL = {"rule": "guarded", "trend.use": "off", "trend.window": 60}
FOUND = {**BASE, **STILL}


def write_search(
    folder: pathlib.Path, objectives: int = 1, trials: int = 40, walk: bool = False, **changed: Any
) -> pathlib.Path:
    """A search's folder, the same on every call; ``changed``: parts of search.json to put in its place."""
    write_run(folder, days=700)
    rewrite_summary(folder, _found)
    curves = pd.read_parquet(folder / "curves.parquet")
    curves = curves.assign(**{"base.state.trend": 0, "base.state.rule.0": 1})
    curves.to_parquet(folder / "curves.parquet")
    table, aims = trials_table(trials, objectives), OBJECTIVES[:objectives]
    table.to_parquet(folder / "trials.parquet")
    front = [_trial(row, aims) for row in front_of(table, aims)]
    empty = int((table["state"] == "pruned").sum())
    record: dict[str, Any] = {
        "study": "rate-crowd",
        "sampler": "tpe",
        "seed": 3,
        "objectives": aims,
        "objective": "sharpe",
        "require": ["switches >= 10"],
        "cells_a_trial": 4096,
        "points_a_batch": None,
        "neighbours": False,
        "trials": {"asked": 50, "finished": trials, "pruned": empty, "repeated": 1},
        "pruned_reasons": {"no cell of it has a sharpe": empty - 1, "rate is not defined <yet>": 1},
        "cells": 41_300,
        "stopped": "no better trial among the last 20",
        "storage": "search.journal",
        "space": {
            "digits": 9.55,
            "dimensions": DIMENSIONS,
            "levels": LEVELS,
            "fixed": {"execution.cost": 0.001, "yield.release": "45 calendar days"},
            "uses": USES,
        },
        "best": front[0],
        "front": front,
        "importances": [
            {"objective": aim["name"], "shares": {"rate.window": 0.5 - 0.1 * k, "rule": 0.1 + 0.3 * k, "trend.use": 0}}
            for k, aim in enumerate(aims)
        ],
        "walk_forward": walk_record(curves) if walk else None,
    }
    (folder / "search.json").write_text(json.dumps(record | changed), encoding="utf-8")
    return folder


def trials_table(trials: int, objectives: int) -> pd.DataFrame:
    """Trial 4 repeats 3; every ninth says nothing, every eighth falls short; the best by plateau is ``FOUND``."""
    random = np.random.default_rng(11)
    best = 2 * trials // 3
    rows: list[dict[str, Any]] = []
    for number in range(trials):
        chosen = {**FOUND, "rule": str(random.choice(list(USES))), "rate.window": int(random.integers(20, 401))}
        chosen |= {"trend.use": str(random.choice(["on", "off"])), "trend.window": int(random.integers(1, 8)) * 20}
        plateau, drawdown, turnover = random.uniform(0.1, 1.1), -random.uniform(0.1, 0.5), random.uniform(1, 20)
        if number == best:
            chosen, plateau = dict(FOUND), 1.2
        row: dict[str, Any] = {"number": number, "state": "complete", "cells": 1000, "repeats": None, "why": None}
        row["violation"] = 0.25 if number % 8 == 5 and number != best else 0.0
        row |= {"value.plateau": plateau, "value.max_drawdown": drawdown, "value.turnover": turnover}
        row |= {f"chosen.{name}": value for name, value in chosen.items()}
        row |= {"metric.sharpe": plateau + 0.1, "metric.cagr": 0.1 * plateau, "metric.max_drawdown": drawdown}
        row |= {"metric.switches": 40.0, "metric.turnover": turnover, "metric.sortino": None}
        if number % 9 == 2:
            kept = {"number": number, "state": "pruned", "cells": 0, "why": "no cell of it has a sharpe"}
            row = dict.fromkeys(row) | kept
        if number == 4:
            row = rows[3] | {"number": 4, "repeats": 3.0, "cells": 0}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.drop(columns=[f"value.{aim['name']}" for aim in OBJECTIVES[objectives:]])


def front_of(table: pd.DataFrame, aims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By brute force: the trials that no other one dominates, the best by the first objective in front."""
    said = table[(table["state"] == "complete") & table["repeats"].isna() & (table["violation"] == 0)].to_dict(
        "records"
    )

    def signed(row: dict[Any, Any]) -> list[float]:
        return [row[f"value.{aim['name']}"] * (1 if aim["maximise"] else -1) for aim in aims]

    def beaten(row: dict[Any, Any]) -> bool:
        mine = signed(row)
        return any(all(a >= b for a, b in zip(signed(o), mine, strict=True)) and signed(o) != mine for o in said)

    kept = [row for row in said if not beaten(row)]
    return [{str(k): v for k, v in row.items()} for row in sorted(kept, key=lambda row: -row["value.plateau"])]


def walk_record(curves: pd.DataFrame) -> dict[str, Any]:
    """Three folds: the second changes the rule and the window, the third nothing."""
    days = curves["date"].dt.strftime("%Y-%m-%d").tolist()
    picked = [{**FOUND, "rule": "plain", "rate.window": 77}, dict(FOUND), dict(FOUND)]
    folds = [
        {
            "train_from": days[50 * place],
            "train_to": days[50 * place + 199],
            "test_from": days[50 * place + 201],
            "test_to": days[50 * place + 250],
            "number": 10 + place,
            "parameters": chosen,
            "in_sample": 1.4 - 0.1 * place,
            "out_of_sample": 0.2 + 0.1 * place,
        }
        for place, chosen in enumerate(picked)
    ]
    nav = np.cumprod(1 + np.random.default_rng(2).normal(0.0003, 0.01, 150))
    walk: dict[str, Any] = {"folds": folds, "sharpe": 0.31, "cagr": 0.021, "t_statistic": 0.55, "days": 150}
    curve = {"date": days[201:351], "nav": nav.tolist()}
    return walk | {"curve": curve, "objective": "sharpe", "trials": 40}


def _found(summary: dict[str, Any]) -> None:
    """What the sweep around a finding has beside a plain run's axes: those that the search fixed."""
    summary["axes"] += [
        {"name": name, "values": [value], "base": value, "choice": True} for name, value in STILL.items()
    ]
    summary |= {"choices": summary["variants"], "evaluated_choices": summary["variants"], "environment": {}}
    summary["distinct_choices"] = summary["distinct"]
    for who in ("base", "best"):
        summary[who]["parameters"] |= STILL


def _trial(row: dict[str, Any], aims: list[dict[str, Any]]) -> dict[str, Any]:
    def part(prefix: str) -> dict[str, Any]:
        names = [name for name in row if name.startswith(prefix)]
        return {name.removeprefix(prefix): None if pd.isna(row[name]) else row[name] for name in names}

    values = [row[f"value.{aim['name']}"] for aim in aims]
    found = {
        "cells": row["cells"],
        "chosen": part("chosen."),
        "metrics": part("metric."),
        "violation": row["violation"],
    }
    return {"number": int(row["number"]), "values": values} | found
