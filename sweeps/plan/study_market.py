"""The market of a study: which folder its files are read from, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import check_inside
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.panel.panel_file import read_panel
from gridproof.signals.data.panel.series_panel import panel_of_series
from gridproof.signals.data.panel.stock_table import with_names, with_table
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Observations, Source
from gridproof.signals.synthetic.drawn import DRAWN, drawn_folder
from gridproof.sweeps.plan.data_warnings import with_warnings
from gridproof.sweeps.plan.model_series import check_models_inside, with_models
from gridproof.sweeps.plan.operator_checks import check_operators
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.study import Study


def market_of(
    study: Study,
    data: str | Path | None = None,
    read: Callable[[Source, Path | None], Observations] = read,
) -> Market:
    """Load the market of a study; ``data`` is its folder, else the study's market.path. ``read``: as ``series.read``.

    Raises InputError where the data cannot be used, or an operator of the study's own looks ahead on them.
    """
    folder = data_folder(study, data)
    market = load_market(study.sources(), study.spec.market.calendar, folder, read=read)
    market = with_models(study, market, folder)
    if study.panel is not None:
        one, where = study.spec.panel, study.where("panel")
        assert one is not None
        if one.series:
            market = replace(market, panel=panel_of_series(one.series, market, where))
        else:
            panel = read_panel(one.file, folder, where, date=one.date, code=one.code)
            market = replace(market, panel=_with_tables(study, panel, folder))
    market = with_warnings(study, market)
    check_operators(study, market)
    return market


def _with_tables(study: Study, panel: Panel, folder: Path | None) -> Panel:
    """The panel with the columns of its tables, and with what its list of names says."""
    assert study.panel is not None
    one = study.spec.panel
    assert one is not None
    used = study.panel.formulas.columns()
    for name, table in one.tables.items():
        where = study.where("panel", "tables", name)
        panel = with_table(panel, name, table.file, folder, where, table.code, table.field, name in used)
    if one.names is not None:
        names, where = one.names, study.where("panel", "names")
        panel = with_names(panel, names.file, folder, where, names.code, names.first, names.last)
    return panel


def data_folder(study: Study, data: str | Path | None = None) -> Path | None:
    """Where a study's files are read: ``data``, else its market.path, None where neither is given.

    The synthetic market that gridproof draws itself is a folder too.
    """
    folder = data if data is not None else study.spec.market.path
    if folder == DRAWN:
        return drawn_folder()
    return Path(folder) if folder is not None else None


def recorded_market(study: Study, data: str | Path | None, fetched: bool) -> Market:
    """Load the market of the study in a run's folder. Others may have written it, so it may read little.

    Its files must be in the market folder. That is ``data``; without it, the study's market.path if it is below the
    working directory and the run is in a folder of this machine. fetched: whether the run is at a URL.

    Raises InputError where the study would read other files.
    """
    folder = data_folder(study, data)
    sources = study.sources()
    if (
        data is None
        and study.spec.market.path != DRAWN
        and (study.panel or study.spec.models or any(not source.file.startswith("arch:") for source in sources))
    ):
        rule, remedy = "the market's folder must be given for a run that others may have written", "Add --data DIR"
        where = study.where("market", "path")
        if fetched:
            raise InputError(rule, f"market.path {folder}, from a URL", where, remedy)
        if folder is not None and not folder.resolve().is_relative_to(Path.cwd()):
            raise InputError(rule, f"market.path {folder}, outside of the working directory", where, remedy)
    for source in sources:
        check_inside(source.file, folder, source.where)
    check_models_inside(study, folder)
    if study.panel is not None and study.panel.spec.file and (one := study.spec.panel) is not None:
        check_inside(one.file, folder, study.where("panel", "file"))
        for name, table in one.tables.items():
            check_inside(table.file, folder, study.where("panel", "tables", name))
        if one.names is not None:
            check_inside(one.names.file, folder, study.where("panel", "names"))
    return market_of(study, data)


def report_data(market: Market, observer: RunObserver) -> None:
    """Tell the observer how each series was read, and every warning."""
    for line in market.understood:
        observer.notice(f"read {line}")
    for warning in market.warnings:
        observer.warning(warning)
