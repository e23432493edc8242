"""Random small studies with every key of execution, weights and selections, several of them axes, and the plain account
of each variant."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.study import load_study
from tests.support import plain_selection
from tests.support.plain_account import Expected
from tests.support.plain_study import FORMULA, OFTEN_UNKNOWN, SECOND, random_raw, run

# What a key may have: in a study it has one of these or another value, and as an axis several of them. A further key
# is a further line here and, where a study may lack it, a draw in ``_every_key``.
REBALANCE = ("daily", "weekly", "monthly", "never", "entry")
VALUES: dict[tuple[str, ...], tuple[Any, ...]] = {
    ("execution", "lag"): (1, 2, 3),
    ("execution", "cost"): (0.0, 0.001, 0.004),
    ("execution", "decide"): ("daily", "weekly", "monthly", "every 4"),
    ("execution", "at"): ("close", "open"),
    ("execution", "min_hold"): (1, 4, 15),
    ("execution", "stop"): (0.0, 0.02, 0.05),
    ("execution", "trailing_stop"): (0.0, 0.03, 0.06),
    ("execution", "stop_on"): ("close", "low"),
    ("execution", "nav_stop"): (0.0, 0.015, 0.03),
    ("execution", "drawdown_stop"): (0.0, 0.03, 0.06),
    ("execution", "cooling"): (0, 1, 7),
    ("execution", "drawdown_control"): (0.0, 0.04, 0.08),
    ("execution", "control_steps"): (1, 2, 3),
    ("execution", "capital"): (1e4, 1e7, 1e9),
    ("execution", "min_commission"): (0.0, 5.0),
    ("execution", "rebalance"): REBALANCE,
    ("legs", "a", "carry"): (-0.02, 0.0, 0.03),
    ("legs", "a", "sale_cost"): (0.0, 0.001, 0.003),
    ("legs", "a", "borrow_fee"): (0.0, 0.05),
    ("legs", "a", "dividend_tax"): (0.0, 0.1, 0.2),
    ("legs", "b", "cost"): (0.0, 0.0005, 0.002),
    ("legs", "b", "dividend_tax"): (0.0, 0.1, 0.2),
    ("legs", "b", "count"): (1, 3, 5),
    ("legs", "b", "every"): (1, 4, 9),
    ("legs", "c", "impact"): (0.0, 0.05, 0.1),
    ("legs", "c", "impact_power"): (0.5, 1.0),
    ("legs", "cash", "interest"): (0.0, 0.02),
    ("legs", "cash", "financing"): (0.03, 0.06),
    ("mixes", "lever", "a"): (1.0, 1.2, 1.4),
    ("mixes", "lever", "b"): (-0.4, 0.2, 0.3),
    ("mixes", "lever", "rebalance"): REBALANCE,
    ("mixes", "even", "a"): (0.2, 0.3),
    ("mixes", "even", "b"): (0.2, 0.5, 0.7),
    ("mixes", "even", "rebalance"): REBALANCE,
    ("mixes", "aimed", "step"): (0.1, 0.25),
    ("mixes", "aimed", "min"): (-0.2, 0.0, 0.2),
    ("mixes", "aimed", "max"): (0.8, 1.2),
    ("mixes", "aimed", "rebalance"): REBALANCE,
    ("sleeves", "first", "share"): (0.2, 0.4, 0.5),
    ("sleeves", "second", "share"): (0.3, 0.4),
    ("signals", "up", "n"): (8, 12, 20),
    ("signals", "lead", "on_above"): (-0.02, 0.0, 0.01),
}
# Where in the file the value of a short path stands.
_PLACES = {
    ("legs", "b", "count"): ("legs", "b", "select", "count"),
    ("legs", "b", "every"): ("legs", "b", "select", "every"),
    ("signals", "lead", "on_above"): ("signals", "lead", "latch", "on_above"),
}
# Of the keys of execution and legs, those that a search may choose between their values.
_CONTINUOUS = {
    "cost", "stop", "trailing_stop", "nav_stop", "drawdown_stop", "drawdown_control", "carry", "sale_cost",
    "borrow_fee", "interest", "financing", "dividend_tax", "impact", "impact_power", "capital",
}  # fmt: skip
_INTEGER = {"lag", "min_hold", "cooling"}
_STOPS = ("stop", "trailing_stop", "nav_stop", "drawdown_stop")


@dataclass(frozen=True)
class DrawnStudy:
    """``raw``: with one value of each key. ``axes``: by the name of the axis its path and values, that of ``raw``
    among them."""

    raw: dict[str, Any]
    axes: dict[str, tuple[tuple[str, ...], Any]]

    @property
    def swept(self) -> dict[str, Any]:
        """The study, with its base."""
        found = self.at({name: values for name, (_, values) in self.axes.items()})
        return found | {"base": {name: _get(self.raw, path) for name, (path, _) in self.axes.items()}}

    def at(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """With these values on its axes; others are left out."""
        found = copy.deepcopy(self.raw)
        for name, (path, _) in self.axes.items():
            if name in values:
                _set(found, path, values[name])
        return found

    def expected(self, values: Mapping[str, Any], **changes: Any) -> Expected:
        """The plain account of a variant. changes: of its keys of execution."""
        raw = self.at(values)
        raw["execution"] |= changes
        return plain_selection.expected(raw) if "panel" in raw else run(raw)


def draw(rng: np.random.Generator, most: int = 16) -> DrawnStudy:
    """A study of at most so many variants, and of 255 allocations."""
    while True:
        drawn = _draw(rng, most)
        try:
            load_study(drawn.swept)
        except InputError as error:
            if "at most 255 allocations" not in str(error):
                raise
        else:
            return drawn


def _draw(rng: np.random.Generator, most: int) -> DrawnStudy:
    raw = _every_key(rng)
    without = {("execution", "stop_on")} if "panel" in raw else set()  # stocks that are selected have no low
    free = [path for path in VALUES if _get(raw, path) is not None and path not in without]
    axes: dict[str, tuple[tuple[str, ...], Any]] = {}
    size = 1
    for at in rng.permutation(len(free))[: rng.integers(1, 6)]:
        path = free[at]
        own = _get(raw, path)
        sized = "capital" in raw["execution"]  # costs of size are for mixes that do not drift from the day of entry
        others = [value for value in VALUES[path] if value != own and not (value == "entry" and sized)]
        count = int(rng.integers(1, min(2, len(others)) + 1))
        if size * (count + 1) > most:
            continue
        size *= count + 1
        values = [own, *(others[place] for place in rng.permutation(len(others))[:count])]
        axes[_name(path)] = path, [values[place] for place in rng.permutation(len(values))]
    return DrawnStudy(raw, axes)


def draw_searched(rng: np.random.Generator) -> DrawnStudy:
    """A study some of whose terms a search chooses between the ends of a range; all of these are choices."""
    drawn = draw(rng)
    axes = dict(drawn.axes)
    free = [path for path in VALUES if path[-1] in _CONTINUOUS | _INTEGER and _get(drawn.raw, path) is not None]
    for at in rng.permutation(len(free))[: rng.integers(2, 6)]:
        path = free[at]
        ends = sorted({*VALUES[path], _get(drawn.raw, path)})
        search = "integer" if path[-1] in _INTEGER else "continuous"
        axes[_name(path)] = path, {"from": ends[0], "to": ends[-1], "count": 2, "search": search}
    return DrawnStudy(drawn.raw, axes)


def _name(path: tuple[str, ...]) -> str:
    return ".".join(path if path[0] == "execution" else path[1:])


def _every_key(rng: np.random.Generator) -> dict[str, Any]:
    """A study of ``random_raw`` with what that leaves out."""
    raw = random_raw(rng)
    raw["signals"] = {
        "up": {"when": "a > mean(a, n)", "n": 12},
        "lead": {"value": "b / lag(b, 15) - a / lag(a, 15)", "latch": {"on_above": 0.0}},
        "calm": raw["signals"]["calm"],
    }
    texts = [text for one in raw.get("sleeves", {"": raw}).values() for text in one["rule"].values()]
    raw["signals"] = {name: one for name, one in raw["signals"].items() if any(name in text for text in texts)}
    if rng.random() < 0.5:
        raw["window"]["published"] = "2019-12-02"
    _follow_formulas(raw, rng)
    selects = rng.random() < 0.25
    if selects:
        raw = plain_selection.selecting(raw, rng)
    for leg in "a" if selects else "ab":
        if rng.random() < 0.5:
            raw["series"][f"{leg}_price"] = {"file": f"{leg}.csv", "field": "price"}
            raw["legs"][leg] |= {"price": f"{leg}_price", "dividend_tax": 0.1}
    if rng.random() < 0.5:
        limit, steps = float(rng.choice([0.0, 0.03, 0.06])), int(rng.choice([1, 2, 4]))
        raw["execution"] |= {"drawdown_control": limit, "control_steps": steps}
        raw["execution"].setdefault("rebalance", str(rng.choice(REBALANCE[:4])))
    if rng.random() < 0.4:  # no costs of size, so that weights may drift from the day of entry
        for key in ("capital", "min_commission"):
            raw["execution"].pop(key, None)
        for key in ("impact", "impact_power", "amount"):
            raw["legs"]["c"].pop(key, None)
        for one in [*raw.get("mixes", {}).values(), raw["execution"]]:
            if "rebalance" in one and rng.random() < 0.5:
                one["rebalance"] = "entry"
    if rng.random() < 0.3:  # nothing restricts positions, so that a product may be evaluated
        for key in (*_STOPS, "stop_on", "cooling", "min_hold", "drawdown_control", "control_steps"):
            raw["execution"].pop(key, None)
        if "sleeves" not in raw:
            raw["execution"].pop("rebalance", None)
    else:
        raw["execution"] |= {
            "nav_stop": float(rng.choice([0.0, 0.0, 0.02])),
            "drawdown_stop": float(rng.choice([0.0, 0.0, 0.04])),
        }
    return raw


def _follow_formulas(raw: dict[str, Any], rng: np.random.Generator) -> None:
    """A mix of a rule or sleeve with the weights of a formula, or of two."""
    if "lever" in raw.get("mixes", {}) and rng.random() < 0.5:
        lever = raw["mixes"].pop("lever")
        own = {"a": FORMULA, "step": 0.25, "min": 0.0, "max": float(rng.choice([0.8, 1.2]))}
        raw["mixes"]["aimed"] = own | {key: value for key, value in lever.items() if key == "rebalance"}
        one = raw["sleeves"]["first"] if "sleeves" in raw else raw
        one["rule"] = {"aimed" if name == "lever" else name: when for name, when in one["rule"].items()}
    aimed = raw.get("mixes", {}).get("aimed")
    if aimed is not None and rng.random() < 0.6:
        aimed |= {"b": str(rng.choice([SECOND, OFTEN_UNKNOWN])), "step": 0.25, "min": 0.0}
        if rng.random() < 0.5:
            aimed["c"] = "rest"
        if aimed["b"] == OFTEN_UNKNOWN:
            aimed["missing"] = str(rng.choice(["off", "hold"]))


def _get(raw: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = raw
    for key in _PLACES.get(path, path):
        found = found.get(key) if isinstance(found, dict) else None
    return None if isinstance(found, str) and path[0] == "mixes" and path[-1] in ("a", "b") else found


def _set(raw: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *parents, last = _PLACES.get(path, path)
    for key in parents:
        raw = raw[key]
    raw[last] = value
