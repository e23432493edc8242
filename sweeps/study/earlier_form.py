"""The earlier form of a signal, measure: and of:, and the line that replaces it."""

from __future__ import annotations

from typing import Any

import yaml

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.spec import SignalSpec
from gridproof.sweeps.study.validation_errors import did_you_mean

_OLD = {
    "volatility_crowding": "pct_change(volatility({0}, window) / volatility({1}, window), change)",
    "valuation_crowding": "pct_change({0} / {1}, change)",
    "relative_to_average": "{0} / mean({0}, window) - 1",
    "turning_point": "turning_point({0}, smooth, confirm, direction)",
    "slope_fork": "relative_slope({0}, window) {1} 0 and relative_slope({2}, window) {3} 0",
}
KNOWN = ("change", *_OLD)


def check_new_form(name: str, one: SignalSpec, document: Document) -> None:
    """Raises InputError for a signal with the keys ``measure`` and ``of``: it shows the line that replaces it."""
    extra = one.model_extra or {}
    if "measure" not in extra and "of" not in extra:
        return
    rule = "a signal is an expression under value: or when:, in place of measure: and of:"
    measure = extra.get("measure")
    where = document.where(("signals", name, "measure" if measure is not None else "of"))
    if measure is None:
        raise InputError(rule, "of: alone", where, "Write value: EXPRESSION, or when: CONDITION")
    if measure not in KNOWN:
        known = "an earlier measure is change, turning_point, slope_fork, relative_to_average or a crowding"
        raise InputError(known, str(measure), where, did_you_mean(str(measure), list(KNOWN)))
    new = {name: new_form(document.raw["signals"][name])}
    line = yaml.safe_dump(new, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    raise InputError(rule, f"measure: {measure}", where, f"Write {line.strip()[1:-1]}")


def new_form(signal: dict[str, Any]) -> dict[str, Any]:
    """The keys of a signal with a known ``measure``, as they are written now."""
    rest = {key: value for key, value in signal.items() if key not in ("measure", "of")}
    measure, of = signal["measure"], signal.get("of")
    series = [of] if isinstance(of, str) else [str(each) for each in of] if isinstance(of, list) else ["x"]
    both = [*series, *series][:2]
    if measure == "change":
        operator = "diff" if rest.pop("kind", "relative") == "difference" else "pct_change"
        return {"value": f"{operator}({series[0]}, window)"} | rest
    if measure == "slope_fork":
        signs = ((">", "<"), ("<", ">"))
        texts = [_OLD["slope_fork"].format(both[0], one, both[1], other) for one, other in signs]
        return {"when": dict(zip(("small", "large"), texts, strict=True))} | rest
    if measure == "turning_point":
        return {"when": _OLD["turning_point"].format(series[0])} | rest
    ratio = " / ".join(series) if measure == "relative_to_average" else both[0]
    change = {"change": rest.pop("change", 243)} if "crowding" in measure else {}
    return {"value": _OLD[measure].format(ratio, both[1])} | change | rest
