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


def check_new_form(name: str, one: SignalSpec, document: Document) -> None:
    """Raises InputError for a signal with the keys ``measure`` and ``of``: it shows the line that replaces it."""
    extra = dict(one.model_extra or {})
    if "measure" not in extra and "of" not in extra:
        return
    measure, of = extra.pop("measure", None), extra.pop("of", None)
    where = document.where(("signals", name, "measure" if measure is not None else "of"))
    series = [of] if isinstance(of, str) else [str(each) for each in of] if isinstance(of, list) else ["x"]
    both = [*series, *series][:2]
    new: dict[str, Any]
    if measure == "change":
        operator = "diff" if extra.pop("kind", "relative") == "difference" else "pct_change"
        new = {"value": f"{operator}({series[0]}, window)"}
    elif measure == "slope_fork":
        signs = ((">", "<"), ("<", ">"))
        texts = [_OLD["slope_fork"].format(both[0], one_, both[1], other) for one_, other in signs]
        new = {"when": dict(zip(("small", "large"), texts, strict=True))}
    elif measure == "turning_point":
        new = {"when": _OLD["turning_point"].format(series[0])}
    elif measure in _OLD:
        ratio = " / ".join(series) if measure == "relative_to_average" else both[0]
        new = {"value": _OLD[str(measure)].format(ratio, both[1])}
        if "crowding" in str(measure):
            extra.setdefault("change", 243)
    elif measure is None:
        rule = "a signal is an expression under value: or when:, in place of measure: and of:"
        raise InputError(rule, "of: alone", where, "Write value: EXPRESSION, or when: CONDITION")
    else:
        known = "an earlier measure is change, turning_point, slope_fork, relative_to_average or a crowding"
        raise InputError(known, str(measure), where, did_you_mean(str(measure), ["change", *_OLD]))
    raw = document.raw["signals"][name]
    new |= extra | {key: raw[key] for key in ("use", "latch") if key in raw}
    line = yaml.safe_dump({name: new}, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    raise InputError(
        "a signal is an expression under value: or when:, in place of measure: and of:",
        f"measure: {measure}",
        where,
        f"Write {line.strip()[1:-1]}",
    )
