"""Import: exports of data vendors become one tidy Parquet file, with a record of what was done beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.run.digest import digest_of_file
from gridproof.signals.data.vendor.export import adjustment_of, check_kind, joined, read_export
from gridproof.signals.data.vendor.revision import Merged, merge_rows
from gridproof.signals.data.vendor.vendor_table import CODE, DATE, STAMP, VendorTable

_WHERE = "data import"


def import_data(
    kind: str,
    files: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    append: bool = False,
    revise: bool = False,
) -> dict[str, Any]:
    """Write exports of a data vendor as one Parquet file that studies, monitors and panels can read.

    Parameters
    ----------
    kind
        ``wind``, ``choice``, ``akshare``, ``tushare``, ``baostock``, ``qlib`` or ``tdx``.
    files
        The exported files; of qlib the folder. Files of the same columns are put below each other, those of other
        columns are joined by date and code.
    out
        The Parquet file, or the folder for it, where it gets the name of the only export.
    append
        Whether to add to a file that an import wrote: the result is the same, to the byte, as of an import of all.
    revise
        With ``append``: whether rows of the past may change. The record lists each change.

    Returns
    -------
    dict
        What stands in the record, NAME.import.json beside the file: the digests of the sources, what each column
        became, the rows left out by reason, how prices are adjusted, and every revision. The file has ``date`` (of
        intraday bars ``datetime``), ``code`` where codes are known, prices and amounts in yuan, volumes in shares and
        percentages as fractions. Nothing is filled in: a missing value stays missing.

    Raises
    ------
    InputError
        A file is not what the vendor writes; two rows of a date differ; prices are adjusted by subtraction; ``out``
        is no import; or appended rows change the past and ``revise`` is False.

    Examples
    --------
    >>> import gridproof as gp, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> rows = "ts_code,trade_date,close,vol\\n000300.SH,20240103,3378.2,10.5\\n000300.SH,20240102,3386.3,11\\n"
    >>> _ = (folder / "index.csv").write_text(rows)
    >>> record = gp.import_data("tushare", folder / "index.csv", folder / "tidy")
    >>> record["rows"], record["first"], record["imports"][0]["files"][0]["columns"]["vol"]
    (2, '2024-01-02', 'volume (from 手 to shares)')
    """
    known = check_kind(kind)
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    target = _target(Path(out), paths)
    if revise and not append:
        raise InputError("--revise is for --append", "no --append", _WHERE, "Add --append, or leave out --revise")
    before = _read_record(target, append)
    tables = [read_export(path, known) for path in paths]
    frame = joined(tables)
    stated, evidence = adjustment_of(tables, frame)
    adjustment = stated if stated is not None else evidence.adjustment
    done: dict[str, Any] = {"files": [_file_record(path, table) for path, table in zip(paths, tables, strict=True)]}
    if before is not None:
        if before["kind"] != kind:
            rule, remedy = "an appended file is of the kind of the import", f"Use {before['kind']}, or another --out"
            raise InputError(rule, kind, _WHERE, remedy)
        forward = "forward" in (adjustment, before["adjustment"]["kind"])
        merged = merge_rows(_read_table(target), frame, revise, forward, _WHERE)
        adjustment = adjustment if adjustment is not None else before["adjustment"]["kind"]
    else:
        merged = Merged(frame, len(frame), 0, [])
    done |= {"new_rows": merged.new, "same_rows": merged.same, "revisions": merged.revisions}
    make_folder(target.parent)
    _write_table(merged.frame, target)
    moments = merged.frame[DATE if DATE in merged.frame.columns else STAMP]
    record = {
        "file": target.name,
        "sha256": digest_of_file(target),
        "kind": kind,
        "rows": len(merged.frame),
        "first": _shown(moments.min()),
        "last": _shown(moments.max()),
        "codes": int(merged.frame[CODE].nunique()) if CODE in merged.frame.columns else None,
        "columns": list(merged.frame.columns),
        "adjustment": {"kind": adjustment, "stated": stated, "evidence": evidence.words},
        "imports": [*([] if before is None else before["imports"]), done],
    }
    with atomic_write(_record_path(target)) as part:
        part.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return record


def _target(out: Path, paths: Sequence[Path]) -> Path:
    if not paths:
        raise InputError("an import has files", "none", _WHERE, "Name the exported files")
    if out.suffix.casefold() == ".parquet":
        return out
    stems = {path.name.split(".")[0] if path.is_file() else path.name for path in paths}
    if len(stems) > 1:
        rule, remedy = "several files become one", f"Name it: --out {out}/NAME.parquet"
        raise InputError(rule, f"{len(paths)} files for {out}", _WHERE, remedy)
    return out / f"{stems.pop()}.parquet"


def _record_path(target: Path) -> Path:
    return target.with_suffix(".import.json")


def _read_record(target: Path, append: bool) -> dict[str, Any] | None:
    """The record of the import that is appended to. Raises InputError where ``target`` is no import, or was changed."""
    path = _record_path(target)
    if not target.exists():
        if append:
            remedy = "Import all files without --append"
            raise InputError("--append adds to an import", f"no {target}", _WHERE, remedy)
        return None
    if not path.is_file():
        rule, remedy = "an import replaces no other file", "Give another --out"
        raise InputError(rule, f"{target}, without {path.name}", _WHERE, remedy)
    if not append:
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if digest_of_file(target) != record["sha256"]:
        rule, remedy = "an import is as it was written", "Import all files without --append"
        raise InputError(rule, f"{target}, which was changed since", _WHERE, remedy)
    return record


def _file_record(path: Path, table: VendorTable) -> dict[str, Any]:
    return {
        "name": path.name,
        "sha256": _digest(path),
        "rows": table.rows,
        "kept": len(table.frame),
        "dropped": table.dropped,
        "columns": table.columns,
        "notes": table.notes,
    }


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of all files of a folder."""
    if path.is_file():
        return digest_of_file(path)
    digest = hashlib.sha256()
    for each in sorted(each for each in path.rglob("*") if each.is_file()):
        digest.update(f"{each.relative_to(path).as_posix()} {digest_of_file(each)}\n".encode())
    return digest.hexdigest()


def _write_table(frame: pd.DataFrame, target: Path) -> None:
    """Write a table. The same rows give the same bytes."""
    columns = {name: _stored(frame[name]) for name in frame.columns}
    with atomic_write(target) as part:
        pq.write_table(pa.table(columns), part, compression="zstd")


def _stored(cells: pd.Series[Any]) -> pa.Array:
    if cells.dtype.kind == "M":
        return pa.array(cells.to_numpy().astype("datetime64[ms]"))
    if cells.dtype.kind in "biuf":
        return pa.array(cells.to_numpy(dtype="float64"), from_pandas=True)
    return pa.array([None if cell is None or cell != cell else str(cell) for cell in cells.tolist()], pa.string())


def _read_table(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def _shown(moment: pd.Timestamp) -> str:
    return str(moment).removesuffix(" 00:00:00")
