"""SQL over a run: its own tables, and nothing else of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

import gridproof as gp
from gridproof.results.run.query import TABLES, run_query

CELLS = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with quotes, brackets and spaces in its name, and a secret beside it."""
    folder = tmp_path / "it's [a] run"
    folder.mkdir()
    (folder / "summary.json").write_text("{}")
    CELLS.to_parquet(folder / "top.parquet")
    (tmp_path / "secret.csv").write_text("secret\n7316504928\n")
    return folder


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM top", 3),
        ("FROM top WHERE a > 1", 2),
        ("WITH t AS (SELECT max(a) AS a FROM top) SELECT top.* FROM top JOIN t USING (a)", 1),
        ("DESCRIBE top", 2),
        ("SUMMARIZE top", 2),
        ("SHOW TABLES", 1),
        ("PIVOT top ON b USING sum(a)", 1),
        ("EXPLAIN SELECT * FROM top", 1),
        ("SELECT 1; SELECT a FROM top;", 3),
        ("VALUES (1), (2) -- a comment", 2),
    ],
)
def test_the_tables_can_be_queried(folder: Path, query: str, rows: int) -> None:
    assert len(gp.Run(folder).sql(query)) == rows
    assert len(gp.Run(folder).sql(query, unsafe=True)) == rows


FORBIDDEN = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_text('{top}/../../secret.csv')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_parquet('https://localhost/x.parquet')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM query_table('{secret}')",
    "SELECT * FROM CELLS",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "COPY (SELECT 1) TO '{out}'",
    "COPY top TO '{top}'",
    "COPY top TO '{top}' (USE_TMP_FILE false)",
    "COPY top FROM '{secret}'",
    "ATTACH '{out}'",
    "ATTACH ':memory:' AS other",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{out}'",
    "SET enable_external_access = true",
    "SET GLOBAL allowed_paths = ['/etc/passwd']",
    "RESET lock_configuration",
    "SET threads = 1",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "SELECT 1; SET threads = 1",
    "CREATE TABLE t AS SELECT 1",
    "CREATE SECRET (TYPE s3)",
    "DROP VIEW top",
    "INSERT INTO top VALUES (4, 'w')",
    "CALL enable_logging()",
    "CHECKPOINT",
    "",
    ";",
    "no SQL",
]


@pytest.mark.parametrize("query", FORBIDDEN)
def test_nothing_else_can_be_read_or_written(folder: Path, query: str, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.rglob("*")), (folder / "top.parquet").read_bytes()
    text = query.format(secret=tmp_path / "secret.csv", top=str(folder / "top.parquet").replace("'", "''"),
                        out=tmp_path / "out")  # fmt: skip
    with pytest.raises(gp.InputError) as raised:
        gp.Run(folder).sql(text)
    assert "\n" not in str(raised.value)
    assert "--unsafe-sql" in str(raised.value)
    assert "7316504928" not in str(raised.value)
    assert before == (sorted(path.name for path in tmp_path.rglob("*")), (folder / "top.parquet").read_bytes())


def test_unsafe_queries_may_read_and_write(folder: Path, tmp_path: Path) -> None:
    found = gp.Run(folder).sql(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')", unsafe=True)
    assert found.secret.tolist() == [7316504928]
    gp.Run(folder).sql(f"COPY top TO '{tmp_path}/out.csv'", unsafe=True)
    assert pd.read_csv(tmp_path / "out.csv").equals(CELLS)


def test_other_files_are_no_tables(folder: Path, tmp_path: Path) -> None:
    """A name of a file that closes the statement and begins another one, and a file that no run writes."""
    hostile = f"x AS SELECT 1; COPY (SELECT 1) TO 'written.csv'; CREATE VIEW y{os.extsep}parquet"
    CELLS.to_parquet(folder / hostile)
    CELLS.to_parquet(folder / "other.parquet")
    assert gp.Run(folder).sql("SHOW TABLES").name.tolist() == ["top"]
    assert not list(Path().glob("written.csv"))
    for name in TABLES:
        CELLS.to_parquet(folder / f"{name}.parquet")
    assert set(gp.Run(folder).sql("SHOW TABLES").name) == set(TABLES)


def test_links_and_damaged_tables_are_named(folder: Path, tmp_path: Path) -> None:
    CELLS.to_parquet(tmp_path / "elsewhere.parquet")
    (folder / "curves.parquet").symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(gp.InputError, match=r"must be a file, not a link; got curves\.parquet, a link to /"):
        run_query(folder, "SELECT * FROM top")
    (folder / "curves.parquet").unlink()
    (folder / "curves.parquet").write_bytes((folder / "top.parquet").read_bytes()[:100])
    with pytest.raises(gp.InputError, match=r"curves\.parquet: a table of a run must be a whole Parquet file"):
        run_query(folder, "SELECT * FROM top")


def test_what_does_not_fit_into_memory_is_spilled(folder: Path) -> None:
    query = "SELECT count(*) AS n FROM (SELECT DISTINCT hash(range) AS h FROM range(3000000))"
    assert run_query(folder, query).n.tolist() == [3_000_000]
    assert not (Path() / ".tmp").exists()
