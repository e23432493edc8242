"""A search as its folder holds it: search.json and trials.parquet, in the terms of the report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gridproof.results.report.axis import plain
from gridproof.results.report.sections.absence import found
from gridproof.results.report.wording import METRICS
from gridproof.results.run.record import Record

OFF, UNUSED = "off", "–"


class ObjectiveLabel(NamedTuple):
    name: str
    label: str
    kind: str  # how its values are written, as in METRICS
    maximise: bool
    meaning: str

    @property
    def better(self) -> str:
        if self.name == "max_drawdown" and self.maximise:
            return "nearer to 0 is better"
        return f"{'higher' if self.maximise else 'lower'} is better"


@dataclass(frozen=True)
class Trial:
    """``values``: of each objective, empty for a pruned trial. ``violation``: 0 where requirements are met."""

    number: int
    values: tuple[float, ...]
    violation: float
    repeats: bool
    chosen: Mapping[str, Any]
    metrics: Mapping[str, float | None]


@dataclass(frozen=True)
class SearchRecord:
    """``trials``: every finished one in order; None where the folder does not hold them."""

    record: Record
    trials: tuple[Trial, ...] | None

    @property
    def objectives(self) -> list[ObjectiveLabel]:
        return [self.objective(one["name"], one) for one in found(self.record, "objectives") or []]

    def objective(self, name: str, known: Mapping[str, Any] | None = None) -> ObjectiveLabel:
        """A metric as it is called elsewhere; a statistic of the study's objective, "Plateau (Sharpe)"."""
        label, kind = METRICS.get(name, ("", ""))
        if not label:
            of, kind = METRICS.get(str(self.record.get("objective")), ("objective", "ratio"))
            words = name.replace("_", " ")
            label = f"{words[:1].upper()}{words[1:]} ({of})"
        one = known or {}
        maximise = one.get("maximise")
        return ObjectiveLabel(name, label, kind, maximise is not False, str(one.get("meaning") or ""))

    @property
    def dimensions(self) -> list[Record]:
        return found(self.record, "space", "dimensions") or []

    @property
    def parameters(self) -> list[str]:
        """What the search chose, dimensions and levels, those of one signal together."""
        names = [str(one["name"]) for one in self.dimensions]
        names += [str(name) for name in found(self.record, "space", "levels") or [] if name not in names]
        heads = list(dict.fromkeys(_head(name) for name in names))
        return sorted(names, key=lambda name: heads.index(_head(name)))

    @property
    def number(self) -> int | None:
        """Of the trial whose finding is the base."""
        number: int | None = found(self.record, "best", "number")
        return number

    def text(self, name: str, chosen: Mapping[str, Any]) -> str:
        """A chosen parameter: off where its signals are switched off, a dash where the rule does not use them."""
        users = self._users(name)
        uses = found(self.record, "space", "uses")
        named = None if uses is None else uses.get(str(chosen.get("rule", "")))
        if named is not None and users and not set(users) & set(named):
            return UNUSED
        used = [user for user in users if named is None or user in named]
        if used and all(chosen.get(f"{user}.use") == OFF for user in used):
            return OFF
        value = chosen.get(name)
        return UNUSED if value is None else plain(value)

    def switched_off(self, chosen: Mapping[str, Any]) -> list[str]:
        """Signals that a choice has switched off: their bits are never on."""
        return [
            name.removesuffix(".use") for name in self.parameters if name.endswith(".use") and chosen.get(name) == OFF
        ]

    def said(self, curves: pd.DataFrame, chosen: Mapping[str, Any]) -> pd.DataFrame:
        """Curves without the states that say nothing: of signals switched off, and which rule is in force."""
        silent = {"rule", *self.switched_off(chosen)}
        idle = [name for name in map(str, curves) if name.startswith("base.state.") and name.split(".")[2] in silent]
        return curves.drop(columns=idle)

    def meant(self, name: str, chosen: Mapping[str, Any]) -> bool:
        """Whether a parameter says anything under what was chosen: a switch that is off does."""
        return name.endswith(".use") or self.text(name, chosen) not in (OFF, UNUSED)

    def _users(self, name: str) -> list[str]:
        """The signals that a parameter belongs to; none of what the market imposes."""
        known = next((one for one in self.dimensions if one["name"] == name), {})
        uses = found(self.record, "space", "uses") or {}
        signals = {one for named in uses.values() for one in named or ()}
        signals |= {one.removesuffix(".use") for one in self.parameters if one.endswith(".use")}
        return known.get("only_if_on") or [one for one in (_head(name),) if one in signals]

    def ranked(self) -> list[Trial]:
        """Trials that say something and repeat none, the best first: what lacks least, then by the first objective."""
        trials = self.trials
        if trials is None:
            trials = tuple(_of_record(one) for one in found(self.record, "front") or [])
        sign = -1.0 if not self.objectives or self.objectives[0].maximise else 1.0
        said = [one for one in trials if one.values and not one.repeats]
        return sorted(said, key=lambda one: (one.violation, sign * one.values[0], one.number))

    @property
    def front(self) -> list[int]:
        """Numbers of the trials on the front, the one that became the base first."""
        return [int(one["number"]) for one in found(self.record, "front") or []]


def read_search(folder: Path) -> SearchRecord | None:
    """None where the folder is no search's."""
    path, table = folder / "search.json", folder / "trials.parquet"
    if not path.is_file():
        return None
    record: Record = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    names = [one["name"] for one in record.get("objectives") or []]
    return SearchRecord(record, _read_trials(pd.read_parquet(table), names) if table.is_file() else None)


def together(parameters: list[tuple[str, str]]) -> list[str]:
    """ "trend.window 19"; of a signal that is switched off its name alone: "trend off"."""
    return list(dict.fromkeys(f"{name.split('.')[0] if text == OFF else name} {text}" for name, text in parameters))


def told(name: str, texts: dict[str, list[str]]) -> bool:
    """Whether a switch says no more than the parameters of its signal, which read off with it."""
    head, _, kind = name.partition(".")
    return kind == "use" and any(other.startswith(f"{head}.") for other in texts if other != name)


def _read_trials(table: pd.DataFrame, objectives: list[str]) -> tuple[Trial, ...]:
    trials = []
    for row in table.to_dict("records"):
        values = [_number(row.get(f"value.{name}")) for name in objectives]
        trials.append(
            Trial(
                int(row["number"]),
                tuple(value for value in values if value is not None) if None not in values else (),
                _number(row.get("violation")) or 0.0,
                _number(row.get("repeats")) is not None,
                _part(row, "chosen."),
                {name: _number(value) for name, value in _part(row, "metric.").items()},
            )
        )
    return tuple(sorted(trials, key=lambda one: one.number))


def _of_record(one: Record) -> Trial:
    values = tuple(one.get("values") or ())
    return Trial(int(one["number"]), values, one.get("violation") or 0.0, False, one.get("chosen") or {},
                 one.get("metrics") or {})  # fmt: skip


def _part(row: Mapping[Any, Any], prefix: str) -> dict[str, Any]:
    """Columns under a prefix; what a table has no value for is left out."""
    part = {str(name).removeprefix(prefix): value for name, value in row.items() if str(name).startswith(prefix)}
    return {name: value for name, value in part.items() if not pd.isna(value)}


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) or not math.isfinite(value) else float(value)


def _head(name: str) -> str:
    return name.split(".")[0]
