"""What the rule holds, in words and formulas: its lines, mixes, sleeves and signals, and how it trades."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gridproof.results.report.axis import plain
from gridproof.results.report.number_format import join_words, minus, plural
from gridproof.results.run.record import Record

_OTHERWISE, _HOLD, _REST = "otherwise", "hold", "rest"
_SET_BACK = {
    "daily": "Weights that have drifted are set back at every close.",
    "weekly": "Weights that have drifted are set back at the last close of each week.",
    "monthly": "Weights that have drifted are set back at the last close of each month.",
    "never": "While it is held, its weights drift and are never set back.",
    "entry": "Its weights are set when it is entered, and drift until it is left.",
}
_SHARES_SET_BACK = {
    "daily": "They are set back to their shares at every close.",
    "weekly": "They are set back to their shares at the last close of each week.",
    "monthly": "They are set back to their shares at the last close of each month.",
    "never": "Their shares drift and are never set back.",
    "entry": "They are set back to their shares when a sleeve switches.",
}
# A name, its formula, when it is on, and its parameters.
Row = tuple[str, str, str, str]
_CREDIT = "A weight above 100% is held on credit, one below 0% is sold short."


def rule_section(summary: Record) -> Record:
    """Lines are (leg, condition), "" where the line is true otherwise and the leg "" where the position is kept.

    ``rules``: (sleeve, share, lines), one with an empty sleeve where there are none. ``set_back``: when the sleeves are
    set back to their shares. ``mixes`` and ``trading``:
    sentences. ``rows``: every formula.
    """
    found = summary["definitions"]
    base = {axis["name"]: axis["base"] for axis in summary["axes"]}
    sleeves = [(one["name"], share_text(one["share"]), _lines(one["rule"])) for one in found["sleeves"]]
    return {
        "rules": sleeves or [("", "", _lines(summary["rule"]))],
        "set_back": _SHARES_SET_BACK[str(base.get("execution.rebalance", "daily"))],
        "mixes": [" ".join(_mix(one, found["weights"]["base"])) for one in found["mixes"]],
        "rows": [
            *(row for one in found["signals"] for row in _signal(one)),
            *(row for one in found["mixes"] for row in _weight(one)),
            *((one["name"], one["formula"], "a number", _parameters(one)) for one in found["values"]),
        ],
        "trading": trading_sentences(base, found["taxed"], bool(found["signals"])),
    }


def share_text(share: float) -> str:
    """A share in percent with at most four digits: 0.001 is "0.1%", a third "33.33%"."""
    return minus(f"{100.0 * share:.4g}%")


def held_text(name: str, weights: Mapping[str, Mapping[str, float]]) -> str:
    """What an allocation holds: of a mix its legs with their weights, else its name."""
    legs = weights.get(name)
    return name if legs is None else ", ".join(f"{share_text(weight)} {leg}" for leg, weight in legs.items())


def _lines(rule: list[str]) -> list[tuple[str, str]]:
    lines = []
    for line in rule:
        leg, _, condition = line.partition(": ")
        if leg == _OTHERWISE:
            leg, condition = condition, leg
        lines.append(("" if leg == _HOLD else leg, "" if condition == _OTHERWISE else condition))
    return lines


def _parameters(one: Record) -> str:
    return ", ".join(f"{name} {plain(value)}" for name, value in one["parameters"].items())


def _signal(one: Record) -> list[Row]:
    """A row for each formula of a signal."""
    missing = {None: "", _HOLD: "; unknown: the last known state", "off": "; unknown: off"}[one["missing"]]
    if one["value"] is not None:
        on, off = plain(one["on_above"]), plain(one["off_below"])
        states = [f"above {on}" if on == off else f"from above {on} until below {off}"]
        names, formulas = [one["name"]], [one["value"]]
    elif one["on"] is not None:
        names, formulas, states = [one["name"]] * 2, [one["on"], one["off"]], ["from the first", "until the second"]
    else:
        names = [f"{one['name']}.{label}" if label else one["name"] for label in one["conditions"]]
        formulas, states = list(one["conditions"].values()), ["while true"] * len(names)
    if one["use"] == "off":
        states, missing = ["never: it is switched off"] * len(states), ""
    return [
        (name, formula, f"{state}{missing}", _parameters(one))
        for name, formula, state in zip(names, formulas, states, strict=True)
    ]


def _weight(one: Record) -> list[Row]:
    """A row for each formula that a weight of a mix follows."""
    missing = {None: "", _HOLD: "; unknown: the last known weight", "off": "; unknown: the least weight"}
    state = f"a number{missing[one['missing']]}"
    return [(f"weight of {leg} in {one['name']}", formula, state, "") for leg, formula in _formulas(one).items()]


def _formulas(one: Record) -> dict[str, str]:
    """The formulas of a mix, by leg."""
    return {leg: weight for leg, weight in one["weights"].items() if isinstance(weight, str) and weight != _REST}


def _mix(one: Record, weights: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The sentences on one mix at the base."""
    name = one["name"]
    if one["step"] is None:
        held = [f"{share_text(weight)} {leg}" for leg, weight in weights[name].items()]
        extreme = any(not 0.0 <= weight <= 1.0 for weight in weights[name].values())
        sentences = [f"The mix {name} holds {join_words(held)}."]
    else:
        graded = list(_formulas(one))
        rest = next((leg for leg, w in one["weights"].items() if w == _REST), None)
        fixed = [f"{share_text(w)} {leg}" for leg, w in one["weights"].items() if not isinstance(w, str)]
        extreme = one["least"] < 0.0 or one["most"] > 1.0
        least, most, step = (share_text(one[key]) for key in ("least", "most", "step"))
        if len(graded) == 1:
            sentences = [
                f"The mix {name} holds {graded[0]} with a weight from {least} to {most} in steps of {step}: the step "
                "nearest to its formula."
            ]
        else:
            sentences = [
                f"The mix {name} holds {join_words(graded)} with weights from {least} to {most} in steps of {step}: "
                f"the steps nearest to their formulas, together at most {share_text(max(1.0, one['most']))}."
            ]
        sentences += [f"Beside it, it holds {join_words(fixed)}."] if fixed else []
        sentences += [f"The rest is in {rest}."] if rest else []
    return [*sentences, *([_CREDIT] if extreme else []), _SET_BACK[one["rebalance"]]]


def trading_sentences(base: Mapping[str, Any], taxed: list[str], signals: bool = True) -> list[str]:
    """How the base trades: when, at which price, what it waits for, and what a trade costs. base: its axes."""

    def given(key: str, default: Any) -> Any:
        return base.get(f"execution.{key}", default)

    return [
        *(_decided(str(given("decide", "daily"))) if signals else []),
        _when(int(given("lag", 1)), str(given("at", "close"))),
        *_waiting(given),
        *_costs(base, taxed),
        *_known(base),
    ]


def _known(base: Mapping[str, Any]) -> list[str]:
    """When the values of series with a release are known, those with equal ones in one sentence."""
    series: dict[str, list[str]] = {}
    for axis, value in base.items():
        if axis.endswith(".release"):
            # A number alone counts trading days.
            when = f"{value} day{'s' * (value != 1)}" if isinstance(value, int) else str(value)
            series.setdefault(when, []).append(axis.removesuffix(".release"))
    sentences = []
    for value, names in series.items():
        counted = re.fullmatch(r"\d+ (?:calendar )?days?", value)
        when = f"{value} after their date" if counted else f"on the date in their column {value}"
        sentences.append(f"Values of {join_words(names)} are known {when}.")
    return sentences


def _decided(decide: str) -> list[str]:
    if decide in ("weekly", "monthly"):
        return [f"The rule decides on the last trading day of each {decide.removesuffix('ly')} only."]
    return [] if decide == "daily" else [f"The rule decides on one trading day in {decide.split()[-1]} only."]


def _when(lag: int, at: str) -> str:
    if at == "open":
        later = "the next open" if lag == 1 else f"the open {lag} days later"
        return f"A decision at a close is traded at {later} and earns from there on (lag {lag})."
    later = "that close" if lag == 1 else f"the close {plural(lag - 1, 'day')} later"
    return f"A decision at a close is traded at {later} and earns from the day after on (lag {lag})."


def _waiting(given: Any) -> list[str]:
    sentences = []
    if (days := int(given("min_hold", 1))) > 1:
        sentences.append(f"A position is held for at least {days} days before it follows a new state.")
    stops = {key: float(given(key, 0.0)) for key in ("stop", "trailing_stop", "nav_stop", "drawdown_stop")}
    price = "daily low" if given("stop_on", "close") == "low" else "closing price"
    falls = [f"{share_text(stops['stop'])} or more below its price of entry"] if stops["stop"] else []
    if trailing := stops["trailing_stop"]:
        falls.append(f"{share_text(trailing)} or more below its highest close since the entry")
    if falls:
        sentences.append(f"A position is left for cash once its {price} is {' or '.join(falls)}.")
    if fall := stops["nav_stop"]:
        sentences.append(
            f"A position is left for cash once the NAV is {share_text(fall)} or more below that of its entry."
        )
    if fall := stops["drawdown_stop"]:
        sentences.append(f"A position is left for cash once the NAV is {share_text(fall)} or more below its highest.")
    if any(stops.values()):
        days = int(given("cooling", 0))
        sentences.append("It is sold at the next trade, at the price found there, which may be below the stop.")
        wait = f"for {plural(days, 'day')}, or " if days else ""
        sentences.append(f"After a stop, cash is held {wait}until the rule chooses another position.")
        if stops["drawdown_stop"]:
            sentences.append("The highest NAV then begins anew with the next position, so as much may be lost again.")
    elif any(given(key, None) is not None for key in stops):
        sentences.append("The base has no stop; other variants have one.")
    return [*sentences, *_part(given)]


def _part(given: Any) -> list[str]:
    """How much is held of what the rule chooses."""
    limit, steps = float(given("drawdown_control", 0.0)), int(given("control_steps", 4))
    if not limit:
        other = given("drawdown_control", None) is not None
        return ["The base does not control its drawdown; other variants do."] if other else []
    if steps == 1:
        return [f"Of what the rule chooses, all is held until the drawdown is {share_text(limit)}, and then cash."]
    return [
        f"Of what the rule chooses, the part 1 − drawdown / {share_text(limit)} is held, in {steps} equal steps, and "
        "cash for the rest; it changes once the NAV asks for a whole step."
    ]


def _costs(base: Mapping[str, Any], taxed: list[str]) -> list[str]:
    cost = float(base.get("execution.cost", 0.0))
    sentences = [f"A trade costs {share_text(cost)} of its value, on each side." if cost else "Trades cost nothing."]
    least, capital = float(base.get("execution.min_commission", 0.0)), float(base.get("execution.capital", 0.0))
    if capital:
        sentences.append(f"The capital is {capital:,.0f}{f'; a trade costs at least {least:g}' if least else ''}.")
    wording = {
        "cost": "A trade in {leg} costs a further {value}, on each side.",
        "sale_cost": "A sale of {leg} costs a further {value}.",
        "carry": "Carry of {leg}, on top of its closes: {value} a year.",
        "interest": "Interest on {leg}: {value} a year.",
        "financing": "Borrowed {leg} costs {value} a year.",
        "borrow_fee": "A short position in {leg} costs {value} a year.",
        "dividend_tax": "Dividends of {leg} lose {value} in tax.",
    }
    for axis, value in base.items():
        leg, _, key = axis.rpartition(".")
        if leg != "execution" and key in wording and isinstance(value, int | float) and value:
            sentences.append(wording[key].format(leg=leg, value=share_text(float(value))))
        if key == "impact" and value:
            power = plain(base.get(f"{leg}.impact_power", 0.5))
            sentences.append(f"Trades in {leg} move its price: impact {plain(value)}, power {power}.")
    return [*sentences, *([f"Trades in {join_words(taxed)} pay the tax of their date."] if taxed else [])]
