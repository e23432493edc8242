"""The series of a market that models estimate, beside those of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates
from gridproof.signals.data.file.reader import check_inside, read_table
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.panel.panel_file import read_panel
from gridproof.signals.data.source import Source
from gridproof.signals.models.positions import mean_weights
from gridproof.signals.models.row_cache import RowCache, default_folder
from gridproof.signals.models.table import ModelTable, check_begun
from gridproof.signals.models.vintages import nowcast_table
from gridproof.sweeps.study.model_spec import FundPositionsSpec, LongTableSpec, ModelSpec, NowcastSpec
from gridproof.sweeps.study.models import release_of
from gridproof.sweeps.study.signal_set import SignalSet

# The column of the mean of all weights' sums.
TOTAL = "total"
# No fund loses so much in a day: the unit is wrong.
_LARGEST_FALL = -0.9
# A file of so many days and funds in which none ends has survivors alone; one without a last return ended.
_SURVIVING, _RECENT = (480, 20), 10


def with_models(
    owner: SignalSet, market: Market, folder: Path | None, faults: dict[str, InputError] | None = None
) -> Market:
    """Returns the market with the series of the owner's models.

    ``faults``: has the errors of series that cannot be read, by name, and gets those of the series of models; None: the
    first error is raised.
    """
    series, tables = dict(market.series), dict[str, ModelTable | InputError]()
    for name, one in owner.spec.series.items():
        if one.model is None:
            continue
        if one.model not in tables:
            tables[one.model] = _attempt(lambda key=one.model: _table(owner, key, market, folder, faults or {}))  # type: ignore[misc]
        table = tables[one.model]
        found = table if isinstance(table, InputError) else None
        if not isinstance(table, InputError):
            source = Source(name, f"model {one.model}", one.field, where=owner.where("series", name))
            try:
                series[name] = table.observations(source)
            except InputError as error:
                found = error
        if found is not None:
            if faults is None:
                raise found
            faults[name] = found
    return replace(market, series=series)


def _attempt(make: Callable[[], ModelTable]) -> ModelTable | InputError:
    try:
        return make()
    except InputError as error:
        return error


def check_models_inside(owner: SignalSet, folder: Path | None) -> None:
    """Raises InputError where a model would read a file outside of the folder."""
    for name, model in owner.spec.models.items():
        if model.positions is None:
            continue
        for part in (model.positions.funds, model.positions.indices):
            for one in (part, part.members):
                if one is not None:
                    check_inside(one.file, folder, owner.where("models", name))


def _table(
    owner: SignalSet, name: str, market: Market, folder: Path | None, faults: dict[str, InputError]
) -> ModelTable:
    model: ModelSpec = owner.spec.models[name]
    if model.positions is not None:
        return _positions(name, model.positions, folder, market.calendar[-1], owner.where("models", name, "positions"))
    assert model.nowcast is not None
    return _nowcast(owner, name, model.nowcast, market, faults)


def _positions(name: str, spec: FundPositionsSpec, folder: Path | None, last: np.datetime64, where: str) -> ModelTable:
    """``last``: the last day of the market; nothing is estimated after it."""
    funds, own = _long_table(spec.funds, folder, where)
    indices, closes = _long_table(spec.indices, folder, where)
    dates, columns = indices.dates, _column_of(closes, indices)
    known = np.isfinite(columns).all(axis=1) & (dates <= last)
    if not known.any():
        rule, remedy = "all indices of a model must have closes on the same days", "Leave out those that begin late"
        raise InputError(rule, "no such day", where, remedy)
    dates, columns = dates[known], columns[known]
    returns = np.full_like(columns, np.nan)
    returns[1:] = columns[1:] / columns[:-1] - 1.0
    of_funds = _aligned(funds.dates, _column_of(own, funds) * spec.unit, dates)
    low = np.nanmin(of_funds, initial=0.0)
    if low < _LARGEST_FALL:
        rule, remedy = "the returns of funds are shares of 1 after unit", "Write unit: 0.01 for percent, 0.0001 for bp"
        raise InputError(rule, f"a return of {low:g}", where, remedy)
    check_begun(np.datetime64(spec.from_), last, where)
    begin = int(np.searchsorted(dates, np.datetime64(spec.from_)))
    at = np.arange(begin, len(dates), spec.every)
    with RowCache("positions", "1", default_folder()) as cache:
        weights = mean_weights(of_funds, returns, at, spec.window, spec.half_life, cache)
    found = {TOTAL: weights.sum(axis=1)}
    found |= {code: weights[:, place] for place, code in enumerate(_codes(closes, indices))}
    count = len(_codes(own, funds))
    words = f"weights of {weights.shape[1]} indices in {count} funds, from {spec.window} days"
    warnings = survivors_warning(spec.funds.file, of_funds)
    return ModelTable(name, dates[at], found, f"{words}; {len(at)} estimates", warnings)


def survivors_warning(file: str, returns: Floats) -> tuple[str, ...]:
    """A warning where no fund ever ended, of (T, funds) returns: the file has those that are there at its end."""
    known = np.isfinite(returns)
    rows = np.flatnonzero(known.any(axis=1))
    begun = known.any(axis=0)
    if not len(rows) or np.ptp(rows) + 1 < _SURVIVING[0] or begun.sum() < _SURVIVING[1]:
        return ()
    days, last = int(np.ptp(rows)) + 1, known[: rows[-1] + 1][-_RECENT:]
    if not last[:, begun].any(axis=0).all():
        return ()
    return (
        f"none of the {int(begun.sum()):,} funds of {file} ended in {days:,} trading days: a file of survivors, whose "
        "positions are not those of all funds of the time",
    )


def _long_table(spec: LongTableSpec, folder: Path | None, where: str) -> tuple[Panel, tuple[str, Bools]]:
    """A long table, its column, and which of its codes are used."""
    panel = read_panel(spec.file, folder, where, date=spec.date, code=spec.code)
    panel.check_column(spec.field)
    wanted = set(spec.codes or panel.codes)
    if spec.members is not None:
        wanted &= _members(spec, folder, where)
    chosen = np.array([code in wanted for code in panel.codes], dtype=np.bool_)
    missing = sorted(set(spec.codes) - set(panel.codes))
    if missing or not chosen.any():
        rule = f"the file {spec.file} has the codes that a model uses"
        raise InputError(rule, ", ".join(missing) or "none of them", where, "Correct codes or members")
    return panel, (spec.field, chosen)


def _members(spec: LongTableSpec, folder: Path | None, where: str) -> set[str]:
    members = spec.members
    assert members is not None
    table = read_table(members.file, folder, where)
    kept = np.ones(len(table.cells), dtype=np.bool_)
    for name, values in members.where.items():
        kept &= table.cells[table.column(name, where)].astype(str).isin([str(value) for value in values]).to_numpy()
    return set(table.cells[table.column(members.code, where)][kept].astype(str))


def _codes(column: tuple[str, Bools], panel: Panel) -> list[str]:
    return [code for code, kept in zip(panel.codes, column[1], strict=True) if kept]


def _column_of(column: tuple[str, Bools], panel: Panel) -> Floats:
    name, chosen = column
    return panel.column(name)[:, chosen]


def _aligned(own: Dates, values: Floats, dates: Dates) -> Floats:
    """The values dated on each day, NaN where there is none."""
    found = np.full((len(dates), values.shape[1]), np.nan)
    at = np.searchsorted(own, dates)
    inside = at < len(own)
    inside[inside] = own[at[inside]] == dates[inside]
    found[inside] = values[at[inside]]
    return found


def _nowcast(
    owner: SignalSet, name: str, spec: NowcastSpec, market: Market, faults: dict[str, InputError]
) -> ModelTable:
    names = [*spec.indicators, spec.target]
    for each in names:
        if each in faults:
            raise faults[each]
    known = []
    for each in names:
        where = owner.where("series", each)
        known.append(market.known(each, release_of(each, owner.spec.series[each], where)))
    with RowCache("nowcast", _versions(), default_folder()) as cache:
        return nowcast_table(
            name, [market.series[each] for each in names], known, market.calendar, spec.factors, spec.order, spec.every,
            np.datetime64(spec.from_), None if spec.begin is None else np.datetime64(spec.begin), cache,
            owner.where("models", name, "nowcast"),
        )  # fmt: skip


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(f"{one} {version(one)}" for one in ("statsmodels", "scipy", "numpy", "pandas"))
