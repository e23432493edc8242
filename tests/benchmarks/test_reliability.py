"""The command that kills runs and mutates inputs: its parts, and a few cases of it that are the same on every call."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.reliability.__main__ import main
from benchmarks.reliability.folders import differences
from benchmarks.reliability.mutations import mutate_bytes, mutate_tree
from benchmarks.reliability.plain_reading import Wanted, plain_reading
from benchmarks.reliability.table_mutations import mutate_table
from benchmarks.reliability.trap import FULL, POWER, read_state

FILE = b"date,close\n2020-01-02,1.5\n2020-01-03,2\n"

WRITES = """
import os, sys
from pathlib import Path
from benchmarks.reliability.trap import Armed, Trap
folder = Path(sys.argv[1])
armed = Armed(Trap(str(folder), str(folder.parent / "state"), int(sys.argv[2]), sys.argv[3]))
armed.phase("writing")
for name in ("one", "two"):
    with open(folder / f"{name}.tmp", "w") as file:
        file.write(name)
        if name == "one":
            file.flush()
            os.fsync(file.fileno())
    os.replace(folder / f"{name}.tmp", folder / name)
open(folder.parent / "elsewhere", "w").close()
"""


def trapped(folder: Path, at: int, how: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    return subprocess.run([sys.executable, "-c", WRITES, str(folder), str(at), how], capture_output=True, text=True)


class TestTraps:
    def test_changes_are_counted_before_and_after_each_rename(self, tmp_path: Path) -> None:
        assert trapped(tmp_path / "out", 0, "SIGKILL").returncode == 0
        found = read_state(tmp_path / "state")
        assert (found.phase, found.changes) == ("writing", 6)

    @pytest.mark.parametrize(
        ("at", "left"), [(1, []), (2, ["one.tmp"]), (3, ["one"]), (5, ["one", "two.tmp"]), (6, ["one", "two"])]
    )
    def test_a_process_is_killed_at_that_change(self, tmp_path: Path, at: int, left: list[str]) -> None:
        assert trapped(tmp_path / "out", at, "SIGKILL").returncode == -signal.SIGKILL
        assert sorted(os.listdir(tmp_path / "out")) == left
        assert read_state(tmp_path / "state").changes == at

    def test_a_power_failure_empties_what_was_not_flushed(self, tmp_path: Path) -> None:
        assert trapped(tmp_path / "out", 6, POWER).returncode == -signal.SIGKILL
        assert (tmp_path / "out" / "one").read_text() == "one"
        assert (tmp_path / "out" / "two").read_text() == ""

    def test_on_a_full_disk_nothing_more_can_be_opened(self, tmp_path: Path) -> None:
        done = trapped(tmp_path / "out", 3, FULL)
        assert os.strerror(errno.ENOSPC) in done.stderr
        assert sorted(os.listdir(tmp_path / "out")) == ["one"]


class TestPlainReading:
    WANTED = Wanted("f.csv", "date", "close")

    def test_reads_what_is_plain(self) -> None:
        expected = {"2020-01-02": (1.5,), "2020-01-03": (2.0,)}
        assert plain_reading(FILE, self.WANTED) == expected
        assert plain_reading(b"\xef\xbb\xbf" + FILE.replace(b"\n", b"\r\n"), self.WANTED) == expected

    @pytest.mark.parametrize(
        "changed",
        [
            b"",
            FILE + b"2020-01-03,3\n",
            FILE + b"2020-01-06\n",
            FILE.replace(b"2\n", b"1,000\n"),
            FILE.replace(b"01-03", b"02-30"),
            FILE.replace(b"1.5", b"nan"),
            FILE.replace(b"close", b"date"),
            FILE + b"\xff,1\n",
        ],
    )
    def test_is_silent_where_a_file_is_not(self, changed: bytes) -> None:
        assert plain_reading(changed, self.WANTED) is None

    def test_rows_of_one_code_and_a_column_of_releases(self) -> None:
        data = b"date,code,v,usable\n2020-01-31,a,1,2020-02-10\n2020-01-31,b,2,2020-02-11\n"
        found = plain_reading(data, Wanted("f.csv", "date", "v", "usable", "b"))
        assert found == {"2020-01-31": (2.0, 737466.0)}


def test_mutations_depend_on_their_seed_alone_and_change_something() -> None:
    tree: dict[str, Any] = {"a": [1, 2.5, {"b": "text"}], "c": {"d": None, "e": True}}
    kinds = set()
    for seed in range(150):
        what, data = mutate_bytes(FILE, Random(seed))
        assert (what, data) == mutate_bytes(FILE, Random(seed))
        assert data != FILE
        kinds.add(what.split(" at")[0])
        assert repr(mutate_tree(tree, Random(seed))) == repr(mutate_tree(tree, Random(seed)))
        assert mutate_table(FILE, Random(seed)) == mutate_table(FILE, Random(seed))
    assert len(kinds) >= 9
    assert tree == {"a": [1, 2.5, {"b": "text"}], "c": {"d": None, "e": True}}


def test_differences_of_folders_are_named() -> None:
    found = differences({"a": b"1", "b": b"2", "d": b""}, {"a": b"1", "b": b"3", "c": b"4"})
    assert found == ["c missing", "d is left", "b differs"]


KILLS = pytest.param("kills", "local", 2, marks=pytest.mark.slow("test_run kills a run, and TestTraps each change"))
MARKET = pytest.param("fuzz", "market", 6, marks=pytest.mark.slow("studies are mutated by the same command"))


@pytest.mark.parametrize(("what", "group", "cases"), [KILLS, ("fuzz", "studies", 6), MARKET])
def test_a_small_part_has_no_fault(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    group: str,
    cases: int,
) -> None:
    """In this process, which has imported and compiled what the forks of the benchmark need."""
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    command = [what, "--group", group, "--cases", cases, "--json", "--keep", tmp_path]
    monkeypatch.setattr(sys, "argv", ["reliability", *map(str, command)])
    code, (said, errors) = main(), capsys.readouterr()
    assert code == 0, said + errors
    [found] = json.loads(said)["groups"]
    assert found["cases"] == cases == sum(found["verdicts"].values())
    assert found["faults"] == []
    if what == "kills":
        assert found["kills_by_phase"]
        assert found["seen"]["resumed to the same bytes"] == cases


@pytest.mark.skipif(find_spec("moto") is None or find_spec("s3fs") is None, reason="moto or s3fs is not installed")
def test_the_s3_server_can_be_stopped_and_answers_wrongly_when_told(tmp_path: Path) -> None:
    script = (
        "import sys, urllib.request, urllib.error, http.client\n"
        "from pathlib import Path\n"
        "from benchmarks.reliability.s3_server import BUCKET, CUT, ERRORS, OK, SHORT, STOPPED, S3Server\n"
        "folder = Path(sys.argv[1])\n"
        "def get():\n"
        "    try:\n"
        "        return urllib.request.urlopen(url).read()\n"
        "    except urllib.error.HTTPError as error:\n"
        "        return error.code\n"
        "    except (urllib.error.URLError, ConnectionError, http.client.IncompleteRead) as error:\n"
        "        return type(error).__name__\n"
        "with S3Server(folder / 'log') as server:\n"
        "    server._client.put_object(Bucket=BUCKET, Key='case/key', Body=b'0123456789')\n"
        "    server.download('case', folder / 'there')\n"
        "    key = {'Bucket': BUCKET, 'Key': 'case/key'}\n"
        "    url = server._client.generate_presigned_url('get_object', Params=key)\n"
        "    print((folder / 'there' / 'key').read_bytes())\n"
        "    for how in (STOPPED, CUT, SHORT, ERRORS, OK):\n"
        "        server.behave(how)\n"
        "        print(get())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    held, stopped, cut, short, errors, ok = done.stdout.splitlines()
    assert held == "b'0123456789'"
    assert stopped in ("URLError", "ConnectionResetError", "RemoteDisconnected")  # it may close what it has taken
    assert (cut, short) == ("IncompleteRead", "b'01234'")
    assert errors in ("500", "503")
    assert ok == held
