"""A finished run, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import BY_NAME, TABLE
from gridproof.results.run.lock import folder_lock
from gridproof.results.run.plots import RunPlots
from gridproof.results.run.store import REPORT, SEARCH, STATISTICS, Store
from gridproof.results.run.summary_record import SUMMARY
from gridproof.results.texts.translation import Language

_SURFACES = ("base", "mean", "max", "count", "whole_grid_mean", "whole_grid_max", "whole_grid_count")
# Metrics of the table that a notebook shows.
_SHOWN = ("sharpe", "cagr", "volatility", "max_drawdown", "switches")


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run. Returned by ``gridproof.run``, ``search`` and ``open_run``; tables are read when asked for.

    Attributes
    ----------
    folder
        The run's folder on this machine.
    reused
        Whether the run was finished before, so that nothing was evaluated.
    place
        The folder as it was given, or for a run at a URL the URL.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 120, 240], "fork.window": [10, 20]})
    >>> run = gp.run(few, backend="reference", verdict=False)
    >>> run.summary["variants"]
    6
    >>> run.top(3)["rank"].tolist()
    [1, 2, 3]
    >>> list(run.curves.columns[:3])
    ['segment', 'base.leg', 'base.return']
    >>> run
    Run('runs/us-demo-...': us-demo, 6 variants, best sharpe ...)
    """

    folder: Path
    reused: bool = False  # the run had been finished by an earlier call
    place: str = ""

    def __repr__(self) -> str:
        place = self.place or str(self.folder)
        if not Store(self.folder).finished:
            return f"Run({place!r}: not finished)"
        summary = self.summary
        counted = f"{summary['evaluated']:,} of " if summary["sample"] else ""
        objective = summary["objective"]
        best = BY_NAME[objective].text(summary["best"]["in_sample"][objective])
        return f"Run({place!r}: {summary['study']}, {counted}{summary['variants']:,} variants, best {objective} {best})"

    def _repr_html_(self) -> str:
        """The verdict's sentence, and base and best beside each other, for a notebook."""
        if not Store(self.folder).finished:
            return escape(repr(self))
        summary = self.summary
        columns = {
            f"{who}{title}": summary[who][segment]
            for title, segment in (("", "in_sample"), (", after publication", "after_publication"))
            for who in ("base", "best")
            if summary[who][segment] is not None
        }
        rows = {
            metric.label: [metric.text(column[metric.name]) for column in columns.values()]
            for metric in TABLE
            if metric.name in _SHOWN
        }
        table = pd.DataFrame.from_dict(rows, orient="index", columns=list(columns)).to_html()
        sentence = self.conclusion.get("sentence")
        verdict = f"<p>{escape(sentence)}</p>" if sentence else ""
        return f"<div>{escape(repr(self))}</div>{verdict}{table}"

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json: counts, axes, base and best with their metrics, histogram of the choices' objective."""
        return Store(self.folder).read_json(SUMMARY)

    @property
    def timing(self) -> dict[str, Any]:
        """timing.json: seconds of each part, variants per second, hardware."""
        return Store(self.folder).read_json("timing.json")

    @property
    def statistics(self) -> dict[str, Any]:
        """The verdict's statistics; empty where none was computed."""
        store = Store(self.folder)
        return store.read_json(STATISTICS) if store.holds(STATISTICS) else {}

    @property
    def conclusion(self) -> dict[str, Any]:
        """The verdict's answers to timing, worth, search and since, and one sentence; empty where none was computed."""
        conclusion: dict[str, Any] = self.statistics.get("conclusion", {})
        return conclusion

    @property
    def search(self) -> dict[str, Any]:
        """The record of the search, where this is a search's folder; else empty."""
        store = Store(self.folder)
        return store.read_json(SEARCH) if store.holds(SEARCH) else {}

    @property
    def curves(self) -> pd.DataFrame:
        """Daily curves of base, best and each leg held throughout, by date. ``base.state.SIGNAL`` and
        ``base.value.SIGNAL`` are the states and numbers of the base's signals at that close, NaN where unknown."""
        return Store(self.folder).read_table("curves.parquet").set_index("date")

    @property
    def plot(self) -> RunPlots:
        """Figures for a notebook: ``plot.nav()``, ``plot.distribution()``, ``plot.surface(x, y)``."""
        return RunPlots(self)

    @property
    def positions(self) -> pd.DataFrame:
        """A row for each position of the base, the earliest first: ``held``, ``from``, ``to``, ``days``, ``return``
        (after cost) and ``benchmark``, what the leg with the highest Sharpe ratio in sample made on these days; where
        a stop or a minimum holding may keep a position also ``end``: why it ended."""
        from gridproof.results.performance.performance import read_performance

        return read_performance(Store(self.folder).read_table("curves.parquet"), self.summary).positions()

    def top(self, count: int = 20) -> pd.DataFrame:
        """The best distinct choices; ``equal`` says how many choices trade exactly like each."""
        return Store(self.folder).read_table("top.parquet").head(count)

    def surface(self, x: str, y: str, how: str = "base") -> pd.DataFrame:
        """The objective, or another metric, over two axes, x down and y across.

        how: 'base' (all others at the base); 'mean', 'max' or 'count' over all choices, which have no values over an
        axis of the environment; or 'whole_grid_mean', 'whole_grid_max' or 'whole_grid_count' over all variants. Another
        metric, all others at the base: 'base.cagr', 'base.max_drawdown' and so on. Raises InputError.
        """
        table = Store(self.folder).read_table("surfaces.parquet")
        known = [*_SURFACES, *(name for name in table.columns if name.startswith("base."))]
        if how not in known:
            raise InputError(f"`how` must be one of {', '.join(known)}", how, "surface", "Use one of them")
        flipped = (table.x_axis == y) & (table.y_axis == x)
        cells = table[((table.x_axis == x) & (table.y_axis == y)) | flipped]
        if cells.empty:
            axes = [axis["name"] for axis in self.summary["axes"] if len(axis["values"]) > 1]
            raise InputError(
                "a surface needs two axes with several values", f"{x}, {y}", "surface", f"Use two of {', '.join(axes)}"
            )
        values = {axis["name"]: axis["values"] for axis in self.summary["axes"]}
        first, second = ("y_index", "x_index") if flipped.any() else ("x_index", "y_index")
        grid = cells.pivot(index=first, columns=second, values=how)
        grid.index = pd.Index([values[x][i] for i in grid.index], name=x)
        grid.columns = pd.Index([values[y][i] for i in grid.columns], name=y)
        return grid

    def sql(self, query: str, *, unsafe: bool = False) -> pd.DataFrame:
        """A DuckDB query over the run's tables: variants, top, surfaces, curves; in a search's folder also trials.

        The query may only read, and only these tables. unsafe: it may do all that DuckDB can: read and write other
        files, load extensions, reach the network. Raises InputError if the folder holds no finished run, or the query
        is not valid or not allowed.
        """
        from gridproof.results.run.query import run_query

        # Raises InputError where this is no finished run, or a table is damaged.
        Store(self.folder).verify(SUMMARY, *sorted(path.name for path in self.folder.glob("*.parquet")))
        return run_query(self.folder, query, unsafe)

    def report(self, language: Language = "en") -> Path:
        """Writes report.html again, in English (``en``) or Chinese (``zh``).

        Raises InputError where the folder holds no finished run, a file is damaged, or another process writes into the
        folder.
        """
        from gridproof.results.report.report import write_report

        store = Store(self.folder)
        store.verify(SUMMARY)  # Raises InputError where this is no finished run.
        with folder_lock(self.folder):
            store.unlist(REPORT)
            written = write_report(self.folder, language)
            store.relist(REPORT)
        return written
