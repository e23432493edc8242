"""A factor study from its file to its folder: measures, verdict, tables and page. ``factors`` is public."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.results.report.factors.page import write_factor_page
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.factor_run import (
    IC,
    LONG_SHORT,
    PAGE,
    QUANTILES,
    RECORD,
    STYLES,
    VARIANTS,
    FactorRun,
    holds_factors,
    write_factor_manifest,
)
from gridproof.results.run.lock import folder_lock
from gridproof.results.texts.markup import page_language
from gridproof.results.texts.translation import Language
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.factors.data import FactorData, read_factor_data
from gridproof.sweeps.factors.measures import FactorMeasures, measure_factor
from gridproof.sweeps.factors.panel_window import PanelWindow
from gridproof.sweeps.factors.record import study_record, variant_record
from gridproof.sweeps.factors.study import FactorStudy, load_factor_study
from gridproof.sweeps.factors.styles import style_returns
from gridproof.sweeps.factors.trials import record_trials
from gridproof.sweeps.factors.verdict import judge
from gridproof.sweeps.progress.notebook import observed
from gridproof.sweeps.progress.observer import RunObserver


def factors(
    study: str | Path | Mapping[str, Any],
    data: str | Path | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    out: str | Path = "runs",
    observer: RunObserver | None = None,
) -> FactorRun:
    """Measure every variant of a factor study: rank IC, quantile portfolios, long–short returns, and a verdict.

    The same call only reads a finished study.

    Parameters
    ----------
    study
        A factor study file, the name of a shipped one, or a mapping with the keys of such a file.
    data
        Folder of the files. None: the study's ``market.path``.
    changes
        Other values of parameters (``"reversal.n"``) or settings (``"cost"``, ``"every"``, ``"window.from"``).
    out
        Folder under which the study's folder is made.
    observer
        As for ``run``.

    Returns
    -------
    FactorRun
        The finished study; its tables are read when they are asked for.

    Raises
    ------
    InputError
        The study or the data cannot be used.

    Warns
    -----
    DataWarning
        Something in the data is suspicious but may be true, and neither an observer nor a notebook shows notices.

    Examples
    --------
    >>> import gridproof as gp
    >>> found = gp.factors("factor-demo", changes={"window.from": "2019-01-02"})
    >>> found.variants.columns.tolist()[:4]
    ['variant', 'label', 'factor', 'parameters']
    """
    checked = load_factor_study(study).set(changes or {})
    with observed(observer) as observing:
        return run_factors(checked, data, out, observing)


def run_factors(
    study: FactorStudy, data: str | Path | None, out: str | Path, observer: RunObserver, language: Language = "en"
) -> FactorRun:
    """Measure every variant of a factor study into a folder under ``out``; a finished one is only read.

    ``language``: of the page. That of a finished study is written anew where it is in the other language.

    Raises InputError where the study or the data cannot be used.
    """
    read = read_factor_data(study, data)
    observer.notice(f"read {read.panel.file}: {read.panel.understood}")
    folder = Path(out) / f"{study.name}-{_identity(study, read)}"
    with folder_lock(folder, waiting=observer.notice):
        faults = FactorRun(folder).faults()
        if not faults:
            if page_language(folder / PAGE) != language:
                write_factor_page(folder, language)
                write_factor_manifest(folder, _write_text)
            return FactorRun(folder, reused=True)
        for name, fault in faults.items() if holds_factors(folder) else ():
            observer.notice(f"{folder}/{name}: {fault}; the study is measured anew")
        _compute(study, read, folder, observer, language)
    return FactorRun(folder)


def _identity(study: FactorStudy, data: FactorData) -> str:
    text = "\n".join([study.to_yaml(), data.digest, code_digest()])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _compute(study: FactorStudy, data: FactorData, folder: Path, observer: RunObserver, language: Language) -> None:
    spec, backend = study.spec, resolve_panel("cpu")
    window = PanelWindow(study, data, backend)
    _write_text(folder / "study.yaml", study.to_yaml())
    warnings = list(data.warnings)
    styles = None
    if spec.styles is not None:
        observer.notice("regressing the returns of each day on the exposures of the styles")
        found = style_returns(study, window, backend)
        _write_table(folder / STYLES, found.table)
        styles = {"rows": found.record(spec.market.periods), "r_squared": found.r_squared}
        warnings += found.warnings
    horizons = np.array(spec.horizons, dtype=np.int64)
    measured: list[FactorMeasures] = []
    stage, total = "factors", len(study.variants)
    factor: tuple[Any, Floats] | None = None  # the values before they are neutralised, which variants share
    for number, variant in enumerate(study.variants):
        observer.progress(stage, number, total, number, f"factor {variant.factor} {variant.settings}".strip())
        members = window.members(variant.universe)
        key = (variant.node, variant.universe.name)
        if factor is None or factor[0] != key:
            factor = key, np.where(members, window.known(variant.node), np.nan)
        values = window.neutral(factor[1], variant.control)
        measured.append(measure_factor(values, window.value, members, horizons, spec.quantiles, spec.every, backend))
    if study.variants:
        observer.progress(stage, total, total, total)
    records = [
        variant_record(number, variant, one, spec)
        for number, (variant, one) in enumerate(zip(study.variants, measured, strict=True))
    ]
    for one in records:
        if one["note"]:
            warnings.append(f"{one['label']}: {one['note']}")
    verdict: dict[str, Any] | None = None
    if measured:
        known = [variant for variant, one in zip(study.variants, measured, strict=True) if one.stocks.any()]
        trials = record_trials(study, known, folder)
        verdict, tests = judge(np.stack([one.net(spec.cost) for one in measured], axis=1), trials, spec.market.periods)
        records = [one | test for one, test in zip(records, tests, strict=True)]
        if verdict.get("best") is not None:
            # Where nothing is ever held the note says so.
            few = [one for one in records if one["untested"] and one["days_held"]]
            warnings += [f"{one['label']} is not tested: {one['untested']}" for one in few]
        _write_series(folder, measured, window, spec.horizons, spec.cost)
        _write_table(folder / VARIANTS, pd.DataFrame([_flat(one) for one in records]))
    for text in warnings:
        observer.warning(text)
    record = study_record(study, data, window, records, verdict, styles, warnings)
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    _write_text(folder / RECORD, text)
    observer.progress("page", 0, 1)
    write_factor_page(folder, language)
    write_factor_manifest(folder, _write_text)
    observer.progress("page", 1, 1, 1)


def _write_series(
    folder: Path, measured: Sequence[FactorMeasures], window: PanelWindow, horizons: Sequence[int], cost: float
) -> None:
    """ic.parquet, quantile_returns.parquet and long_short.parquet: the days of each variant below one another."""
    writers: dict[str, list[pd.DataFrame]] = {IC: [], QUANTILES: [], LONG_SHORT: []}
    for number, one in enumerate(measured):
        every: dict[str, Any] = {"date": window.dates, "variant": number}
        every |= {f"ic_{horizon}": one.ic[place] for place, horizon in enumerate(horizons)}
        with np.errstate(divide="ignore", invalid="ignore"):
            coverage = one.stocks / one.universe
        every |= {"stocks": one.stocks, "coverage": coverage, "rank_autocorrelation": one.rank_autocorrelation}
        writers[IC].append(pd.DataFrame(every))
        later = {"date": window.dates[1:], "variant": number}
        returns = one.portfolios.returns
        writers[QUANTILES].append(
            pd.DataFrame(later | {f"q{place + 1}": returns[:, place] for place in range(returns.shape[1])})
        )
        gross = np.nan_to_num(one.long_short, nan=0.0)
        writers[LONG_SHORT].append(pd.DataFrame(later | {"gross": gross, "net": one.net(cost), "traded": one.traded}))
    for name, tables in writers.items():
        _write_table(folder / name, pd.concat(tables, ignore_index=True))


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record of a variant as a row: lists by horizon become columns such as ic_mean_5."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        if key == "horizons":
            row |= {
                f"{name}_{one['days']}": one[name] for one in value for name in one if name not in ("days", "forward")
            }
        elif key == "parameters":
            row[key] = json.dumps(value, ensure_ascii=False)
        elif key == "quantiles":
            row |= {f"q{place + 1}_cagr": number for place, number in enumerate(value)}
        elif isinstance(value, dict):
            row |= {f"{key}_{name}": number for name, number in value.items()}
        else:
            row[key] = value
    return row


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with atomic_write(path) as part:
        content = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
        pq.write_table(content, part, compression="zstd")


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
