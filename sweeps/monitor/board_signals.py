"""The expressions of a monitor's boards: each cell is one, in which the row's own expression stands for x."""

from __future__ import annotations

import re

from gridproof.kernels.errors import InputError
from gridproof.sweeps.monitor.spec import BoardSpec, MonitorSpec
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.signal import Signal, build_signal, check_signal
from gridproof.sweeps.study.spec import SignalSpec
from gridproof.sweeps.study.validation_errors import did_you_mean

# The name of the row of a path, and of the column of a board of months.
PATH, MONTH = "path", "month"
_X = re.compile(r"\bx\b")


def board_signals(
    spec: MonitorSpec, table: AxisTable, document: Document, expressions: StudyExpressions
) -> dict[tuple[str, str, str], list[Signal]]:
    """Returns the signals of each cell, several where the row has several expressions, by board, row and column.

    Their names are BOARD/rows/ROW/COLUMN/NUMBER or BOARD/path/SIDE, which no reading has. Raises InputError for what is
    invalid.
    """
    found = {}
    for board, one in spec.boards.items():
        _check_board(spec, board, one, document)
        if one.path is not None:
            for side, column in (("across", one.path.across), ("up", one.path.up)):
                found[board, PATH, side] = [
                    _signal(f"{board}/path/{side}", column.value, spec, table, document, expressions)
                ]
        for name, row in one.rows.items():
            texts = [row.x] if isinstance(row.x, str) else row.x
            formulas = {MONTH: "x"} if one.months else {key: column.value for key, column in one.columns.items()}
            for key, formula in formulas.items():
                cells = [_X.sub(lambda _, text=text: f"({text})", formula) for text in texts]  # type: ignore[misc]
                found[board, name, key] = [
                    _signal(f"{board}/rows/{name}/{key}/{at}", cell, spec, table, document, expressions)
                    for at, cell in enumerate(cells)
                ]
    return found


def _signal(
    name: str, text: str, spec: MonitorSpec, table: AxisTable, document: Document, expressions: StudyExpressions
) -> Signal:
    board, part, place, *_ = name.split("/")
    # Parsed first with its own place in the file, which a fault then names.
    expressions.parse(text, expressions.scope(("boards", name), {}), ("boards", board, part, place), boolean=False)
    signal = build_signal(name, SignalSpec(value=text), spec, table, document, expressions, section="boards")
    check_signal(signal, table)
    return signal


def _check_board(spec: MonitorSpec, name: str, one: BoardSpec, document: Document) -> None:
    path = ("boards", name)
    kinds = [bool(one.columns), one.months is not None, one.path is not None]
    if sum(kinds) != 1 or (one.path is None and not one.rows):
        rule, remedy = "a board has columns and rows, months and rows, or a path", "Write one of the three"
        found = ", ".join(key for key in ("columns", "rows", "months", "path") if getattr(one, key)) or "none"
        raise InputError(rule, found, document.where(path), remedy)
    for key, row in one.rows.items():
        where = (*path, "rows", key)
        if row.group is not None and row.group not in spec.groups:
            rule, remedy = "group is a key of groups", did_you_mean(row.group, spec.groups)
            raise InputError(rule, row.group, document.where((*where, "group")), remedy)
        if one.months is not None and (not isinstance(row.x, str) or row.x not in spec.series):
            rule, remedy = "x is a series where a board has months", did_you_mean(str(row.x), spec.series)
            raise InputError(rule, row.x, document.where((*where, "x")), remedy)
        for asset in row.moves:
            if asset not in one.assets:
                rule, remedy = "moves names assets of the board", did_you_mean(asset, one.assets)
                raise InputError(rule, asset, document.where((*where, "moves")), remedy)
