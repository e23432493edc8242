"""The record of a reading before anything is measured: its texts, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.results.monitor.record import ReadingRecord, Status
from gridproof.sweeps.monitor.monitor import MonitorReading
from gridproof.sweeps.monitor.spec import UnavailableSpec


def underlying_series(reading: MonitorReading) -> str | None:
    """The series that a reading is of: the one it names, or the only one of its formula."""
    if reading.spec.underlying is not None:
        return reading.spec.underlying
    return reading.signal.series[0] if len(reading.signal.series) == 1 else None


def empty_record(reading: MonitorReading) -> ReadingRecord:
    """Texts, levels and formula of a reading; its status is missing until it is measured."""
    one, owner = reading.spec, reading.owner
    base, owners = owner.base, owner.space.owners
    levels: Sequence[str] = reading.signal.levels if reading.stated else ()
    return {
        "name": reading.name,
        "title": one.title,
        "title_zh": one.title_zh or one.title,
        "group": one.group,
        "unit": one.unit,
        "source": one.source,
        "source_zh": one.source_zh or one.source,
        "study": None if reading.study is None else reading.study.name,
        "formula": _formula(reading),
        "status": "missing",
        "why": None,
        "why_zh": None,
        "value": None,
        "last_value": None,
        "last_date": None,
        "week": None,
        "month": None,
        "percentile": None,
        "percentile_window": one.percentile,
        "percentile_days": None,
        "percentile_short": False,
        "levels": {axis.rpartition(".")[2]: float(base[owners[axis]]) for axis in levels},
        "state": None,
        "distance": None,
        "vote": None,
        "inputs": [],
        "printed": [],
        "history": [],
    }


def as_missing(record: ReadingRecord, why: str, why_zh: str) -> ReadingRecord:
    """The record, which is changed, of a reading that cannot be measured."""
    record["status"], record["why"], record["why_zh"] = "missing", why, why_zh
    return record


def unavailable_record(name: str, one: UnavailableSpec, on: np.datetime64) -> ReadingRecord:
    """What a monitor names without data for it, with what was printed of it until the date."""
    status: Status = "unavailable"
    return {
        "name": name, "title": one.title, "title_zh": one.title_zh or one.title, "group": one.group, "unit": "number",
        "source": None, "source_zh": None, "study": None, "formula": None, "status": status, "why": one.reason,
        "why_zh": one.reason_zh or one.reason, "value": None, "last_value": None, "last_date": None, "week": None,
        "month": None, "percentile": None, "percentile_window": None,
        "percentile_days": None,
        "percentile_short": False, "levels": {}, "state": None, "distance": None,
        "vote": None, "inputs": [],
        "printed": [
            {"date": str(day), "what": "value", "printed": text, "ours": None}
            for day, text in one.printed.items()
            if np.datetime64(day) <= on
        ],
        "history": [],
    }  # fmt: skip


def _formula(reading: MonitorReading) -> str:
    graph, nodes = reading.owner.graph, reading.signal.nodes
    names: dict[int, str] = {}
    return "; ".join(graph.text(at, names) for at in nodes)
