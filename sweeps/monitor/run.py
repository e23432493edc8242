"""A monitor from its file to its readings: the public function, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.results.monitor.page import render, write_monitor
from gridproof.results.monitor.record import MonitorRecord
from gridproof.results.monitor.texts import Language
from gridproof.results.run.atomic_write import atomic_write
from gridproof.sweeps.monitor.board import MonitorBoard
from gridproof.sweeps.monitor.history import weekly_table
from gridproof.sweeps.monitor.monitor import load_monitor
from gridproof.sweeps.study.key_types import parse_day

HISTORY = "history.parquet"


@dataclass(frozen=True)
class Readings:
    """The readings of a monitor on one date. Returned by ``gridproof.monitor``; a notebook shows its page.

    Attributes
    ----------
    record
        What readings.json has: values in the unit that each reading states, None where unknown; see docs/monitor.md.
    lang
        The language of the page, en or zh.
    board
        The monitor on its markets, from which the record was made.

    Examples
    --------
    >>> import gridproof as gp
    >>> readings = gp.monitor("us-demo")
    >>> readings.record["on"], len(readings.table)
    ('2018-12-31', 8)
    >>> readings.history("2018-12-01")["date"].nunique()
    5
    """

    record: MonitorRecord
    lang: Language
    board: MonitorBoard

    @property
    def table(self) -> pd.DataFrame:
        """One row a reading, indexed by name.

        Columns: title, status, unit, value, last_value, last_date, week, month, percentile, state, since.
        """
        rows = []
        for one in self.record["readings"]:
            state = one["state"]
            row: dict[str, Any] = {key: one[key] for key in _COLUMNS}  # type: ignore[literal-required]
            row["state"] = None if state is None else state["name"]
            row["since"] = pd.NaT if state is None else pd.Timestamp(state["since"])
            rows.append(row)
        return pd.DataFrame(rows).set_index("name")

    def history(self, begin: str) -> pd.DataFrame:
        """Every reading at every week end from a date on: columns date, reading, value, percentile, state, current.

        ``begin``: YYYY-MM-DD. Raises InputError if it is invalid.
        """
        return weekly_table(self.board.views(np.datetime64(self.record["on"])), parse_day(begin, "history"))

    def _repr_html_(self) -> str:
        return render(self.record, self.lang)


_COLUMNS = ("name", "title", "status", "unit", "value", "last_value", "last_date", "week", "month", "percentile")


def monitor(
    source: str | Path | Mapping[str, Any],
    *,
    data: str | Path | None = None,
    on: str | None = None,
    since: str | None = None,
    lang: str = "en",
) -> Readings:
    """Read a monitor on a date, from files as they were on it.

    Parameters
    ----------
    source
        A monitor file, the name of a shipped monitor, or a mapping with the keys of a monitor file.
    data
        Folder of the files. None: the ``market.path`` of the monitor and of its studies.
    on
        The date, YYYY-MM-DD. Nothing dated later is used. None: the last day of the monitor's calendar.
    since
        An earlier date: the record also names the readings whose state differs from that of its close.
    lang
        ``en`` or ``zh``: the language of the page.

    Returns
    -------
    Readings
        ``table`` has one row a reading, ``record`` everything. Values are in the units of the expression; a value is
        None where an input is stale or missing.

    Raises
    ------
    InputError
        The monitor file or a date is invalid, or the calendar cannot be read. A series that cannot be read is no error:
        its readings say so.

    Examples
    --------
    >>> import gridproof as gp
    >>> readings = gp.monitor("us-demo", on="2018-12-31")
    >>> readings.table.loc["average", ["status", "state"]].tolist()
    ['current', 'below']
    >>> round(readings.table.loc["average", "value"], 4)
    np.float64(-0.0871)
    """
    if lang not in ("en", "zh"):
        raise InputError("lang must be en or zh", lang, "--lang", "Choose one")
    board = MonitorBoard(load_monitor(source), data)
    day = None if on is None else parse_day(on, "--on")
    earlier = None if since is None else parse_day(since, "--since")
    if earlier is not None and earlier >= (board.calendar[-1] if day is None else day):
        raise InputError("since is before the date of the readings", since, "--since", "Give an earlier date")
    return Readings(board.record(day, earlier), cast("Language", lang), board)


def write_readings(readings: Readings, out: Path, history: str | None = None) -> Path:
    """Write the page, JSON and CSV to ``out``/NAME-DATE; with ``history`` also history.parquet from that date on."""
    record = readings.record
    begin = None if history is None else parse_day(history, "--history")
    folder = out / f"{record['monitor']}-{record['on']}"
    page = write_monitor(record, folder, readings.lang)
    if begin is not None:
        table = weekly_table(readings.board.views(np.datetime64(record["on"])), begin)
        with atomic_write(folder / HISTORY) as part:
            table.to_parquet(part, index=False)
    return page
