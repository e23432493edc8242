"""What the report reads of a search: search.json and trials.parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gridproof.kernels.metrics import BY_NAME, Unit
from gridproof.results.report.axis import plain
from gridproof.results.report.number_format import UNDEFINED, capitalize_first
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.run.record import Record, number
from gridproof.results.run.store import SEARCH, TRIALS, Store

OFF, UNUSED = "off", UNDEFINED


class ObjectiveLabel(NamedTuple):
    name: str
    label: str
    unit: Unit
    maximise: bool
    meaning: str

    @property
    def better(self) -> str:
        if self.name == "max_drawdown" and self.maximise:
            return "closer to 0 is better"
        return f"{'higher' if self.maximise else 'lower'} is better"


@dataclass(frozen=True)
class Trial:
    """``values``: one for each objective, empty for a pruned trial. ``violation``: 0 where all requirements are met."""

    number: int
    values: tuple[float, ...]
    violation: float
    repeats: bool
    chosen: Mapping[str, Any]
    metrics: Mapping[str, float | None]


@dataclass(frozen=True)
class SearchRecord:
    """``trials``: every finished trial in order; None where the folder does not hold them."""

    record: Record
    trials: tuple[Trial, ...] | None

    @property
    def objectives(self) -> list[ObjectiveLabel]:
        return [self.objective(one["name"], one) for one in lookup(self.record, "objectives") or []]

    def objective(self, name: str, known: Mapping[str, Any] | None = None) -> ObjectiveLabel:
        """Label and unit of a metric, or of a statistic of the study's objective: "Plateau (Sharpe ratio)"."""
        one = known or {}
        maximise, meaning = one.get("maximise") is not False, str(one.get("meaning") or "")
        metric = BY_NAME.get(name)
        if metric is not None:
            return ObjectiveLabel(name, metric.label, metric.unit, maximise, meaning)
        of = BY_NAME.get(str(self.record.get("objective")))
        label = f"{capitalize_first(name.replace('_', ' '))} ({of.label if of else 'objective'})"
        return ObjectiveLabel(name, label, of.unit if of else "ratio", maximise, meaning)

    @property
    def dimensions(self) -> list[Record]:
        return lookup(self.record, "space", "dimensions") or []

    @property
    def parameters(self) -> list[str]:
        """Names of what the search chose, dimensions and threshold levels, grouped by signal."""
        names = [str(one["name"]) for one in self.dimensions]
        names += [str(name) for name in lookup(self.record, "space", "levels") or [] if name not in names]
        heads = list(dict.fromkeys(_head(name) for name in names))
        return sorted(names, key=lambda name: heads.index(_head(name)))

    @property
    def base_trial(self) -> int | None:
        """The number of the trial that found the base."""
        number: int | None = lookup(self.record, "best", "number")
        return number

    def text(self, name: str, chosen: Mapping[str, Any]) -> str:
        """A chosen parameter as text: "off" where its signals are off, a dash where the rule does not use them."""
        users = self._users(name)
        uses = lookup(self.record, "space", "uses")
        named = None if uses is None else uses.get(str(chosen.get("rule", "")))
        if named is not None and users and not set(users) & set(named):
            return UNUSED
        used = [user for user in users if named is None or user in named]
        if used and all(chosen.get(f"{user}.use") == OFF for user in used):
            return OFF
        value = chosen.get(name)
        return UNUSED if value is None else plain(value)

    def switched_off(self, chosen: Mapping[str, Any]) -> list[str]:
        """Signals that a choice has switched off; their states are never on."""
        return [
            name.removesuffix(".use") for name in self.parameters if name.endswith(".use") and chosen.get(name) == OFF
        ]

    def without_unused_states(self, curves: pd.DataFrame, chosen: Mapping[str, Any]) -> pd.DataFrame:
        """Curves without the states that never change: of signals switched off, and of the rule in force."""
        unused = {"rule", *self.switched_off(chosen)}
        drop = [name for name in map(str, curves) if name.startswith("base.state.") and name.split(".")[2] in unused]
        return curves.drop(columns=drop)

    def is_used(self, name: str, chosen: Mapping[str, Any]) -> bool:
        """Whether a parameter has an effect under what was chosen; a switch always has."""
        return name.endswith(".use") or self.text(name, chosen) not in (OFF, UNUSED)

    def _users(self, name: str) -> list[str]:
        """The signals that a parameter belongs to; empty for cost, lag and the like."""
        known = next((one for one in self.dimensions if one["name"] == name), {})
        uses = lookup(self.record, "space", "uses") or {}
        signals = {one for named in uses.values() for one in named or ()}
        signals |= {one.removesuffix(".use") for one in self.parameters if one.endswith(".use")}
        return known.get("only_if_on") or [one for one in (_head(name),) if one in signals]

    def ranked(self) -> list[Trial]:
        """Trials with a defined objective, repeats left out, by smallest violation, then by the first objective."""
        trials = self.trials
        if trials is None:
            trials = tuple(_from_record(one) for one in lookup(self.record, "front") or [])
        sign = -1.0 if not self.objectives or self.objectives[0].maximise else 1.0
        defined = [one for one in trials if one.values and not one.repeats]
        return sorted(defined, key=lambda one: (one.violation, sign * one.values[0], one.number))

    @property
    def front(self) -> list[int]:
        """Numbers of the trials on the Pareto front, the one that became the base first."""
        return [int(one["number"]) for one in lookup(self.record, "front") or []]


def read_search(folder: Path) -> SearchRecord | None:
    """The search of a folder; None where the folder is not one of a search."""
    store = Store(folder)
    if not store.has(SEARCH):
        return None
    record: Record = store.read_json(SEARCH)
    names = [one["name"] for one in record.get("objectives") or []]
    trials = _read_trials(store.read_table(TRIALS), names) if store.has(TRIALS) else None
    return SearchRecord(record, trials)


def merge_switched_off(parameters: list[tuple[str, str]]) -> list[str]:
    """Parameters as "trend.window 19"; those of a signal that is switched off as one "trend off"."""
    return list(dict.fromkeys(f"{name.split('.')[0] if text == OFF else name} {text}" for name, text in parameters))


def redundant_switch(name: str, texts: dict[str, list[str]]) -> bool:
    """Whether a parameter is a switch whose signal has other parameters, which read "off" when it is off."""
    head, _, kind = name.partition(".")
    return kind == "use" and any(other.startswith(f"{head}.") for other in texts if other != name)


def _read_trials(table: pd.DataFrame, objectives: list[str]) -> tuple[Trial, ...]:
    trials = []
    for row in table.to_dict("records"):
        values = [number(row.get(f"value.{name}")) for name in objectives]
        trials.append(
            Trial(
                int(row["number"]),
                tuple(value for value in values if value is not None) if None not in values else (),
                number(row.get("violation")) or 0.0,
                number(row.get("repeats")) is not None,
                _part(row, "chosen."),
                {name: number(value) for name, value in _part(row, "metric.").items()},
            )
        )
    return tuple(sorted(trials, key=lambda one: one.number))


def _from_record(one: Record) -> Trial:
    values = tuple(one.get("values") or ())
    return Trial(int(one["number"]), values, one.get("violation") or 0.0, False, one.get("chosen") or {},
                 one.get("metrics") or {})  # fmt: skip


def _part(row: Mapping[Any, Any], prefix: str) -> dict[str, Any]:
    """Columns under a prefix, without the prefix; missing values are left out."""
    part = {str(name).removeprefix(prefix): value for name, value in row.items() if str(name).startswith(prefix)}
    return {name: value for name, value in part.items() if not pd.isna(value)}


def _head(name: str) -> str:
    return name.split(".")[0]
