"""Whatever takes a folder or a file to write refuses a place that cannot be written in the same words."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

import gridproof as gp
from gridproof.kernels.output import make_folder, writing
from gridproof.signals.synthetic.market import draw_market, write_market
from gridproof.sweeps.monitor.run import write_readings
from tests.support.command import gridproof
from tests.support.tiny import tiny_grid

WORDS = "results need a place that can be written; got "
EXPORT = "trade_date,ts_code,close\n20240103,000300.SH,3378.2\n20240104,000300.SH,3347.1\n"


@pytest.fixture(params=["below a file", "in the system's own folder"])
def blocked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "below a file":
        (tmp_path / "file").write_text("")
        return tmp_path / "file/place"
    return Path("/proc/gridproof")


def _search(out: Path, data: Path) -> object:
    return gp.search(tiny_grid(), out=out, trials=1)


CALLS: dict[str, Callable[[Path, Path], object]] = {
    "run": lambda out, data: gp.run(tiny_grid(), out=out, verdict=False),
    "search": _search,
    "factors": lambda out, data: gp.factors("factor-demo", out=out),
    "monitor": lambda out, data: write_readings(gp.monitor("us-demo"), out),
    "import": lambda out, data: gp.import_data("tushare", [data / "export.csv"], out),
    "synth": lambda out, data: write_market(out, draw_market(1, 0.0, 8)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_folder_that_cannot_be_made_is_one_clear_error(name: str, blocked: Path, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(EXPORT)
    with pytest.raises(gp.InputError, match=WORDS):
        CALLS[name](blocked, tmp_path)


@pytest.mark.parametrize(
    "arguments", [("schema", "--out"), ("point", "us-demo", "--curve")], ids=["schema", "curve"]
)  # fmt: skip
def test_a_file_that_cannot_be_written_is_one_line(arguments: tuple[str, ...], blocked: Path) -> None:
    said = gridproof(*arguments, blocked / "file", expect=2).stderr.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"gridproof: {blocked / 'file'}: {WORDS}")


def test_the_error_is_chinese_under_chinese(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = gridproof("schema", "--out", tmp_path / "file/schema.json", "--lang", "zh", expect=2).stderr
    assert "结果须写到可写的位置（实际：不是目录）" in said


def test_a_full_disk_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as raised, writing(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not isinstance(raised.value, gp.InputError)
    assert raised.value.filename == str(tmp_path / "file")


def test_folders_are_made_with_those_above_them(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a/b").is_dir()
    assert make_folder(tmp_path / "a/b").is_dir()
