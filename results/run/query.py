"""SQL over the tables of a run, in a DuckDB that reads these tables and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from gridproof.kernels.errors import InputError

# The tables that a run or a search writes, each as NAME.parquet. Other files of the folder are no tables.
TABLES = ("variants", "top", "surfaces", "curves", "trials")

# Statements that only read; DuckDB parses PIVOT as MULTI.
_READING = ("SELECT", "EXPLAIN", "MULTI")
_REMEDY = "Correct it; to read or write other files, use --unsafe-sql (in Python unsafe=True)"


def run_query(folder: Path, query: str, unsafe: bool = False) -> pd.DataFrame:
    """The result of a query over the run's tables; of several statements the last one's.

    A query may only read, and only these tables: statements that write, other files, the network, extensions and
    settings are refused. unsafe: allow all that DuckDB can do with the rights of this process.

    Raises InputError if the query is not valid or not allowed, or if a table is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="gridproof-") as spill, closing(_connect(spill)) as connection:
        for name, path in _tables(folder):
            _create_view(connection, name, path)
        if not unsafe:
            _lock(connection, folder)
        try:
            if not unsafe:
                _check_statements(connection, query)
            result = connection.execute(query)
            if result is None or result.description is None:
                raise _refused("the query has no result", "no statement")
            table: pd.DataFrame = result.df()
            return table
        except duckdb.Error as error:
            rule = "a query must be DuckDB SQL over the run's tables"
            raise _refused(rule, _first_line(error)) from None


def _connect(spill: str) -> Any:
    """A database in memory. spill: where DuckDB writes what does not fit into memory."""
    return duckdb.connect(
        config={
            "temp_directory": spill,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # Otherwise a query could read variables of this process by their names.
            "python_enable_replacements": "false",
        }
    )


def _tables(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in TABLES:
        path = folder.absolute() / f"{name}.parquet"
        if path.is_symlink():
            rule, remedy = "a table of a run must be a file, not a link", "Replace it with the file"
            raise InputError(rule, f"{path.name}, a link to {path.readlink()}", str(folder), remedy)
        if path.is_file():
            yield name, path


def _create_view(connection: Any, name: str, path: Path) -> None:
    try:
        connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet({_literal(path)})')
    except duckdb.Error as error:
        rule, remedy = "a table of a run must be a whole Parquet file", "Run the study again, or restore the file"
        raise InputError(rule, _first_line(error), str(path), remedy) from None


def _lock(connection: Any, folder: Path) -> None:
    """Only the tables can be read from now on, and no setting can be changed."""
    paths = ", ".join(_literal(path) for _, path in _tables(folder))
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _check_statements(connection: Any, query: str) -> None:
    """The files that may be read could be overwritten too, so statements that write are refused before they run."""
    try:
        kinds = [statement.type.name for statement in connection.extract_statements(query)]
    except ValueError:  # a type that DuckDB's Python module does not know
        kinds = ["another statement"]
    for kind in kinds:
        if kind not in _READING:
            raise _refused("a query must be SELECT over the run's tables", kind)


def _refused(rule: str, value: str) -> InputError:
    return InputError(rule, value, "sql", _REMEDY)


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
