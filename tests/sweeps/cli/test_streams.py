"""The command line prints on every terminal and into every pipe: no character, markup or reader can stop it."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridproof as gp
from gridproof.sweeps.cli.console import console
from gridproof.sweeps.progress.plain_text import PLAIN, printable
from tests.support.demo import small_file, small_study

COMMAND = [sys.executable, "-m", "gridproof"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_file(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with its verdict, in a folder whose name is markup, an emoji name and Chinese."""
    return gp.run(small_study(), out=tmp_path_factory.mktemp("runs") / "[/x] [red] :cat: 策略").folder


def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
    )


TERMINALS = [
    {"PYTHONIOENCODING": "gbk"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp437"},
    {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"},
]


@pytest.mark.parametrize("environment", TERMINALS, ids=lambda each: "-".join(f"{k}={v}" for k, v in each.items())[:30])
def test_every_command_prints_on_every_terminal(environment: dict[str, str], run_folder: Path, study: Path) -> None:
    query = "SELECT '−≥ 策略 é' AS a"
    commands: list[Sequence[object]] = [
        ("--help",),
        ("run", study, "--out", run_folder.parent, "--no-verdict"),
        ("show", run_folder),
        ("show", run_folder, "--sql", query),
        ("point", study),
        ("point", study, "--json"),
        ("ledger", "--out", run_folder.parent),
        ("ledger", "--out", run_folder.parent, "--json"),
        ("signals",),
    ]
    if environment not in TERMINALS[:2]:  # a wide and a narrow encoding try every command, the others three
        commands = commands[1:4]
    for command in commands:
        done = call(*command, **environment)
        assert done.returncode == 0, (command, done.stderr)
        assert b"Traceback" not in done.stderr
        if "--json" in command:
            json.loads(done.stdout)
        if "show" in command and environment.get("PYTHONIOENCODING", "").startswith("ascii"):
            assert done.stdout.isascii()
            assert (b"->= ?? e" if query in command else b">= ") in done.stdout


def test_a_locale_without_unicode(run_folder: Path, tmp_path: Path) -> None:
    """Python then has no UTF-8 for names of files either."""
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in (("--help",), ("signals",), ("run", "us-demo", "--sample", "5", "--out", tmp_path, "--no-verdict")):
        assert call(*command, **environment).returncode == 0
    done = call("show", run_folder, **environment)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith(b"got ascii. Set PYTHONUTF8=1, or rename it.")


def test_errors_are_printed_on_every_terminal(tmp_path: Path) -> None:
    done = call("show", tmp_path / "策略 \x1b[31m", PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 2
    assert b"\\x1b[31m" in done.stderr
    assert b"\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_markup_and_emoji_names_are_text(run_folder: Path) -> None:
    done = call("show", run_folder)
    assert f"{run_folder}/report.html" in done.stdout.decode()
    with console.capture() as printed:
        console.print("[red]x[/red] :cat: \x1b[2J\x9b31m \u202e")
    assert printed.get() == "[red]x[/red] :cat: \\x1b[2J\\x9b31m \\u202e\n"


def test_values_of_a_foreign_table_do_not_reach_the_terminal_raw(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_bytes((run_folder / "summary.json").read_bytes())
    pd.DataFrame({"\x1b]0;title\x07": ["\x1b[31mred\x1b[0m", "a\rb"]}).to_parquet(tmp_path / "top.parquet")
    done = call("show", tmp_path, "--sql", "SELECT * FROM top")
    assert done.returncode == 0
    assert b"\\x1b[31mred" in done.stdout
    assert not set(done.stdout) & {0x1B, 0x07, 0x0D}


@pytest.mark.parametrize("command", [("show",), ("run",)])
def test_a_reader_that_leaves_stops_no_command(command: Sequence[str], run_folder: Path, tmp_path: Path) -> None:
    arguments = [str(run_folder)] if command == ("show",) else ["us-demo", "--sample", "50", "--out", str(tmp_path)]
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*COMMAND, *command, *arguments], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert errors == b""
    if command == ("run",):
        assert list(tmp_path.glob("us-demo-*/report.html"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", [("--help",), ("signals",)])
def test_a_full_disk_below_standard_output_is_one_line(command: Sequence[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, timeout=120)
        assert done.returncode == 2
        assert done.stderr == b"gridproof: standard output: No space left on device\n"
        assert subprocess.run([*COMMAND, *command], stdout=full, stderr=full, timeout=120).returncode == 2


def test_a_file_that_cannot_be_written_is_named(study: Path, tmp_path: Path) -> None:
    for target, fault in ((tmp_path / "none" / "c.csv", "non-existent directory"), (Path("/dev/full"), "No space")):
        done = call("point", study, "--curve", target)
        assert done.returncode == 2
        assert done.stderr.decode().startswith(f"gridproof: {target}: ")
        assert fault in done.stderr.decode()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    command = " ".join([*COMMAND, "signals"])
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_terminal_that_is_closed(run_folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "show", str(run_folder)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, start_new_session=True)
    os.close(theirs)
    os.close(ours)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_a_working_directory_that_is_gone(run_folder: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd '{gone}' && rmdir '{gone}' && {' '.join(COMMAND)}"
    environment = {**os.environ, "PYTHONPATH": str(Path(gp.__file__).resolve().parents[1])}
    for arguments, code in ((f"show '{run_folder}'", 0), ("run us-demo --sample 5", 2)):
        done = subprocess.run(
            ["sh", "-c", f"{script} {arguments}"], capture_output=True, text=True, timeout=120, env=environment
        )
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
        gone.mkdir()


@given(st.text())
def test_what_is_printed_is_no_command_to_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in shown)
    assert printable(shown) == shown
    for encoding in ("ascii", "gbk", "latin-1"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding, PLAIN)
        stream.write(shown)
        stream.flush()
