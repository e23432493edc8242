"""A finished factor study, read from its folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.manifest import MANIFEST, FileDigest, Manifest, read_manifest

# The files of a finished factor study.
RECORD, PAGE = "factors.json", "factors.html"
VARIANTS, IC, QUANTILES, LONG_SHORT, STYLES = (
    "variants.parquet", "ic.parquet", "quantile_returns.parquet", "long_short.parquet", "styles.parquet",
)  # fmt: skip


def write_factor_manifest(folder: Path, write: Callable[[Path, str], None]) -> None:
    """Write manifest.json, with which a factor study is finished: the digests of its other files."""
    names = ("study.yaml", RECORD, PAGE, VARIANTS, IC, QUANTILES, LONG_SHORT, STYLES)
    files = {name: FileDigest.of(folder / name) for name in names if (folder / name).is_file()}
    write(folder / MANIFEST, Manifest(folder.name, 0, files).text())


def holds_factors(folder: Path) -> bool:
    """Whether a folder is that of a factor study, finished or damaged."""
    return any((folder / name).is_file() for name in (RECORD, PAGE))


@dataclass(frozen=True, repr=False)
class FactorRun:
    """A finished factor study. Returned by ``gridproof.factors``; tables are read when they are asked for.

    Attributes
    ----------
    folder
        The folder with factors.html, factors.json and the tables as Parquet.
    reused
        Whether the study was finished before, so that nothing was computed.

    Examples
    --------
    >>> import gridproof as gp
    >>> found = gp.factors("factor-demo", changes={"window.from": "2019-01-02"})
    >>> found.variants.loc[found.record["verdict"]["best"], "factor"]
    'score'
    >>> found.ic(0).columns.tolist()[:3]
    ['date', 'ic_1', 'ic_5']
    """

    folder: Path
    reused: bool = False

    def __repr__(self) -> str:
        record = self.record
        return f"FactorRun({str(self.folder)!r}: {record['study']}, {len(record['variants']):,} variants)"

    @property
    def record(self) -> dict[str, Any]:
        """factors.json: settings, a record of each variant, the verdict, the returns of styles, warnings."""
        path = self.folder / RECORD
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            rule, remedy = "the folder of a factor study has factors.json", "Run the study again"
            raise InputError(rule, str(error), str(path), remedy) from None
        return found

    @property
    def page(self) -> Path:
        """factors.html, the tear sheet."""
        return self.folder / PAGE

    @property
    def variants(self) -> pd.DataFrame:
        """A row for each variant, with what was measured of it."""
        return self._table(VARIANTS)

    def ic(self, variant: int) -> pd.DataFrame:
        """Of one variant, a row a day: rank IC by horizon, stocks, coverage and rank autocorrelation."""
        return self._of(IC, variant)

    def quantile_returns(self, variant: int) -> pd.DataFrame:
        """Of one variant, a row a day: the return of each quantile before costs, the lowest factor first."""
        return self._of(QUANTILES, variant)

    def long_short(self, variant: int) -> pd.DataFrame:
        """Of one variant, a row a day: the highest quantile less the lowest before and after costs, and what trades."""
        return self._of(LONG_SHORT, variant)

    @property
    def styles(self) -> pd.DataFrame:
        """A row a day: the return of each style, R² and stocks. Raises InputError where the study has no styles."""
        return self._table(STYLES)

    def faults(self) -> dict[str, str]:
        """By file what is missing or was changed since the study was finished; empty where nothing is."""
        try:
            manifest = read_manifest(self.folder)
        except (DamagedFileError, OSError) as error:
            return {MANIFEST: str(error)}
        if manifest is None:
            return {MANIFEST: "missing: the study is not finished"}
        found = {name: manifest.fault(self.folder, name) for name in manifest.files}
        return {name: fault for name, fault in found.items() if fault is not None}

    def _of(self, name: str, variant: int) -> pd.DataFrame:
        table = self._table(name)
        own = table[table["variant"] == variant]
        if own.empty:
            rule, remedy = "a variant is one of variants.parquet", f"Use 0 to {table['variant'].max()}"
            raise InputError(rule, variant, "variant", remedy)
        return own.drop(columns="variant").reset_index(drop=True)

    def _table(self, name: str) -> pd.DataFrame:
        path = self.folder / name
        if not path.is_file():
            rule, remedy = f"the folder must have {name}", "Add factors or styles to the study, or run it again"
            raise InputError(rule, "no such file", str(path), remedy)
        return pd.read_parquet(path)
