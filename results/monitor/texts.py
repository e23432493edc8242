"""The texts of a monitor's page and table by key; the catalogue has them in Chinese."""

from __future__ import annotations

import re
from functools import cache

from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Language

__all__ = ["Language", "text"]

_TEXTS = {
    "as_of": "As of {on}",
    "count": "{total} readings: {current} current",
    "count_stale": "{number} stale",
    "count_missing": "{number} without data",
    "count_failed": "{number} cannot be computed",
    "turned": "State changed within a week: {names}.",
    "none_turned": "No state changed within a week.",
    "since_date": "State differs from that of {date}: {names}.",
    "since_none": "No state differs from that of {date}.",
    "reading": "Reading",
    "value": "Value",
    "week": "Week",
    "month": "Month",
    "percentile": "Percentile",
    "window_all": "all {number} days",
    "window_short": "{number} days, all there are",
    "window_y": "{number} years",
    "window_m": "{number} months",
    "window_w": "{number} weeks",
    "window_d": "{number} days",
    "levels": "Levels",
    "state": "State",
    "since": "since {date}",
    "since_or_before": "since {date} or before",
    "days": "{days} days",
    "next": "To the next state",
    "underlying": "{name} at {level}",
    "out_of_reach": "not reached between half and double of {name}",
    "history": "Three years",
    "vote": "Variants on",
    "vote_of": "of {variants}",
    "on_above": "on above {level}",
    "off_below": "off below {level}",
    "off_gap": "off {level} below that",
    "stale": "stale",
    "missing": "no data",
    "failed": "not computed",
    "unavailable": "no data",
    "last": "last {value} on {date}",
    "other": "Other readings",
    "details": "Formulas, inputs and the variants",
    "formula": "Formula",
    "source": "Source",
    "study": "Study",
    "inputs": "Inputs",
    "input": "{name}: latest value of {dated}, known on {known}, current until {until}",
    "input_none": "{name}: no value yet",
    "map": "Share of the variants that are on ({bit}), by {x} and {y}",
    "map_one": "Share of the variants that are on ({bit}), by {x}",
    "printed": "Printed in reports",
    "printed_date": "Date",
    "printed_value": "Printed",
    "ours": "Ours",
    "difference": "Difference",
    "points": "pp",
    "release_past": "{date}: {title}, {month}: {value}",
    "release_next": "{date}, expected: {title}, {month} {value}",
    "releases": "Releases of the past and of the next seven days",
    "path_none": "No data: an input is missing or not current.",
    "warning": "Warning: {text}.",
    "notes": "Notes",
    "explain": (
        "Week and Month: the change since the close 7 days or one month before. Percentile: the share of the "
        "known values in its window that are at or below the latest. State: under the parameters of the base,"
        " usually the published ones. Variants on: the share of all combinations of the parameters under "
        "which the state is on. To the next state: the threshold less the value; below it, the latest value "
        "of a series at which the state would change, all else equal. Three years: the value at each week "
        "end, shaded where the state is on. Stale: the next value is overdue, so the last one stands with its"
        " date and is not shown as current."
    ),
}

_ONE = re.compile(r"(?<![\d.,])1 (reading|day|week|month|year)s\b")


def text(key: str, lang: Language, **values: object) -> str:
    """Returns a text with its values filled in; one of something is singular. Raises KeyError for an unknown key."""
    english = _TEXTS[key]
    if lang == "zh":
        return _chinese()[english].format(**values)
    return _ONE.sub(r"1 \1", english.format(**values))


@cache
def _chinese() -> dict[str, str]:
    return read_messages("monitor")
