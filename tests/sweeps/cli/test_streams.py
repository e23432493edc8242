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
from tests.support.command import COMMAND, gridproof
from tests.support.tiny import tiny_grid, tiny_grid_file


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_grid_file(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with its verdict, in a folder whose name is markup, an emoji name and Chinese."""
    return gp.run(tiny_grid(), out=tmp_path_factory.mktemp("runs") / "[/x] [red] :cat: 策略").folder


# Calls the command line for each list of arguments in argv[1], and ends each call with its exit code and a separator.
SEVERAL = """
import json, sys
from gridproof.sweeps.cli.entry import main
for arguments in json.loads(sys.argv[1]):
    code, sys.argv = 0, ["gridproof", *arguments]
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    for stream, text in ((sys.stdout, f"exit code {code}, "), (sys.stderr, "")):
        stream.flush()
        stream.buffer.write(text.encode() + b"END")
        stream.buffer.flush()
"""


def call(commands: Sequence[Sequence[object]], **environment: str) -> list[tuple[int, bytes, bytes]]:
    """Exit code, output and errors of each command, in one process with these variables."""
    texts = json.dumps([[str(argument) for argument in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, texts],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    *outputs, _ = done.stdout.split(b"END")
    *errors, _ = done.stderr.split(b"END")
    codes = [int(text.rsplit(b"exit code ", 1)[1].rstrip(b", ")) for text in outputs]
    return [(code, *texts) for code, *texts in zip(codes, outputs, errors, strict=True)]


QUERY = "SELECT '−≥ 策略 é' AS a"


PAGES = pytest.mark.slow("two other encodings without the characters are tested in make test")


@pytest.mark.parametrize(
    "encoding", ["gbk", "ascii", pytest.param("latin-1", marks=PAGES), pytest.param("cp437", marks=PAGES)]
)
def test_every_command_prints_in_every_encoding(encoding: str, run_folder: Path, study: Path) -> None:
    commands: list[Sequence[object]] = [
        ("--help",),
        ("run", study, "--out", run_folder.parent, "--no-verdict"),
        ("show", run_folder),
        ("show", run_folder, "--sql", QUERY),
        ("point", study),
        ("point", study, "--json"),
        ("ledger", "--out", run_folder.parent),
        ("ledger", "--out", run_folder.parent, "--json"),
        ("operators",),
    ]
    for command in commands:
        text = gridproof(*command, encoding=encoding).stdout
        if "--json" in command:
            json.loads(text)
        if "show" in command and encoding == "ascii":
            assert ("->= ?? e" if QUERY in command else ">= ") in text


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"PYTHONIOENCODING": "ascii:strict"}, id="ascii"),
        pytest.param(
            {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"},
            id="narrow",
            marks=pytest.mark.slow("a process prints to a pipe of ascii in make test, which is no terminal either"),
        ),
    ],
)
def test_a_process_prints_on_every_terminal(environment: dict[str, str], run_folder: Path, study: Path) -> None:
    """The encoding of a process, and its narrow terminal."""
    again = ("run", study, "--out", run_folder.parent, "--no-verdict")
    commands: list[Sequence[object]] = [again, ("show", run_folder), ("show", run_folder, "--sql", QUERY)]
    for command, (code, output, errors) in zip(commands, call(commands, **environment), strict=True):
        assert code == 0, (command, errors)
        assert b"Traceback" not in errors
        if "ascii:strict" in environment.values():
            assert output.isascii()
            assert (b"->= ?? e" if QUERY in command else b">= ") in output


def test_a_locale_without_unicode(run_folder: Path, study: Path, tmp_path: Path) -> None:
    """Python then has no UTF-8 for names of files either."""
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    commands = [("--help",), ("operators",), ("run", study, "--out", tmp_path, "--no-verdict")]
    assert [code for code, *_ in call(commands, **environment)] == [0, 0, 0]
    done = subprocess.run(
        [*COMMAND, "show", str(run_folder)], env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith(b"got ascii. Set PYTHONUTF8=1, or rename it.")


def test_errors_are_printed_on_every_terminal(tmp_path: Path) -> None:
    for encoding in ("ascii", "gbk", "utf-8"):
        text = gridproof("show", tmp_path / "策略 \x1b[31m", expect=2, encoding=encoding).stderr
        assert "\\x1b[31m" in text
        assert "\x1b" not in text
        assert len(text.splitlines()) == 1


def test_markup_and_emoji_names_are_text(run_folder: Path) -> None:
    assert f"{run_folder}/report.html" in gridproof("show", run_folder).stdout
    with console.capture() as printed:
        console.print("[red]x[/red] :cat: \x1b[2J\x9b31m \u202e")
    assert printed.get() == "[red]x[/red] :cat: \\x1b[2J\\x9b31m \\u202e\n"


def test_values_of_a_foreign_table_do_not_reach_the_terminal_raw(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_bytes((run_folder / "summary.json").read_bytes())
    pd.DataFrame({"\x1b]0;title\x07": ["\x1b[31mred\x1b[0m", "a\rb"]}).to_parquet(tmp_path / "top.parquet")
    text = gridproof("show", tmp_path, "--sql", "SELECT * FROM top").stdout
    assert "\\x1b[31mred" in text
    assert not set(text) & {"\x1b", "\x07", "\r"}


RUN = pytest.param(("run",), marks=pytest.mark.slow("a reader that leaves show is tested in make test"))


@pytest.mark.parametrize("command", [("show",), RUN])
def test_a_reader_that_leaves_stops_no_command(
    command: Sequence[str], run_folder: Path, study: Path, tmp_path: Path
) -> None:
    arguments = [str(run_folder)] if command == ("show",) else [str(study), "--no-verdict", "--out", str(tmp_path)]
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*COMMAND, *command, *arguments], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert errors == b""
    if command == ("run",):
        assert list(tmp_path.glob("tiny-*/report.html"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", [("--help",), ("operators",)])
def test_a_full_disk_below_standard_output_is_one_line(command: Sequence[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, timeout=120)
        assert done.returncode == 2
        assert done.stderr == b"gridproof: standard output: No space left on device\n"
        assert subprocess.run([*COMMAND, *command], stdout=full, stderr=full, timeout=120).returncode == 2


def test_a_file_that_cannot_be_written_is_named(study: Path, tmp_path: Path) -> None:
    for target, fault in ((tmp_path / "none" / "c.csv", "no folder"), (Path("/dev/full"), "No space")):
        said = gridproof("point", study, "--curve", target, expect=2).stderr
        assert said.startswith(f"gridproof: {target}: ")
        assert fault in said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    command = " ".join([*COMMAND, "operators"])
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
