"""The panel and the groups of a factor study, read from their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.ranking import Columns
from gridproof.results.run.digest import digest_of_file
from gridproof.signals.data.file.reader import resolve
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.panel.panel_file import read_panel
from gridproof.signals.data.panel.stock_table import of_stocks, with_names
from gridproof.signals.synthetic.factor_panel import SYNTHETIC, draw_factor_panel
from gridproof.sweeps.factors.spec import GroupSpec
from gridproof.sweeps.factors.study import FactorStudy
from gridproof.sweeps.study.document import Document


@dataclass(frozen=True, slots=True)
class StockGroups:
    """``number``: (S,) or (days, S) int32, the group of each stock, −1 where unknown; ``names``: of the groups."""

    number: Columns
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactorData:
    """What a factor study reads. ``digest``: of all files. ``warnings``: what is suspicious but may be true."""

    panel: Panel
    groups: dict[str, StockGroups]
    digest: str
    warnings: tuple[str, ...]


def read_factor_data(study: FactorStudy, data: str | Path | None = None) -> FactorData:
    """Read the panel and the groups; ``data`` is the folder of the files, else the study's market.path.

    Raises InputError where a file is missing or cannot be used.
    """
    given = data if data is not None else study.spec.market.path
    folder = Path(given) if given is not None else None
    one, where = study.spec.panel, study.where("panel")
    if one.file.startswith(SYNTHETIC):
        panel = draw_factor_panel(one.file, where)
    else:
        panel = read_panel(one.file, folder, where, date=one.date, code=one.code)
    if (names := one.names) is not None:
        names_at = study.where("panel", "names")
        panel = with_names(panel, names.file, folder, names_at, names.code, names.first, names.last)
    for name in study.panel.formulas.columns():
        panel.check_column(name)
    groups: dict[str, StockGroups] = {}
    digests, warnings = [panel.digest], panel.survivor_warnings()
    for name, group in study.spec.groups.items():
        if group.file is None:
            groups[name] = _of_column(panel, group, study.where("groups", name))
            continue
        groups[name] = _of_table(panel, group, folder, ("groups", name), study.document)
        digests.append(digest_of_file(resolve(group.file, folder)))
        warnings.append(f"{name} has one group for each stock on all days, from {group.file}: it was not known before")
        missing = int((groups[name].number < 0).sum())
        if missing:
            warnings.append(
                f"{missing:,} of {len(panel.codes):,} stocks have no {name} in {group.file}; what is neutralised by it "
                "leaves them out"
            )
    return FactorData(panel, groups, " ".join(digests), tuple(warnings))


def _of_column(panel: Panel, group: GroupSpec, where: str) -> StockGroups:
    """The groups in a column of the panel, (T, S)."""
    panel.check_column(group.field)
    number, names = _numbered(panel.columns[group.field](), where)
    found = np.full(panel.shape[0] * panel.shape[1], -1, dtype=np.int32)
    found[panel.place] = number
    return StockGroups(found.reshape(panel.shape), names)


def _of_table(
    panel: Panel, group: GroupSpec, folder: Path | None, path: tuple[str, ...], document: Document
) -> StockGroups:
    """The groups in a table with a row for each stock, (S,)."""
    assert group.file is not None
    where = document.where(path)
    cells = of_stocks(panel.codes, group.file, folder, where, group.code, group.field)
    number, names = _numbered(cells, where)
    return StockGroups(number, names)


def _numbered(values: Array, where: str) -> tuple[Columns, tuple[str, ...]]:
    """The number of each value's group in the order of the names, −1 where a value is missing; and the names."""
    number, names = pd.factorize(values, sort=True)
    if not len(names):
        raise InputError("a group has values", "none", where, "Name another column")
    return number.astype(np.int32), tuple(f"{one:g}" if isinstance(one, float) else str(one) for one in names)
