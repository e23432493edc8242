"""The command line of a search."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gridproof.sweeps.cli.app import main
from tests.support.command import gridproof
from tests.support.market import write_market
from tests.support.searched import searched


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    (folder / "study.yaml").write_text(searched().to_yaml())
    return folder


def test_the_command_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["search", data / "study.yaml", "--data", data, "--out", tmp_path, "--no-verdict", "--set", "rate.use=off"]
    line += ["--objective", "plateau", "--objective", "turnover", "--require", "switches>=2"]
    done = gridproof(*line, "--trials", 6)
    assert "6 of 6 trials" in done.stdout
    assert "on the Pareto front" in done.stdout
    [folder] = tmp_path.glob("small-search-*")
    assert done.stdout.rstrip().endswith(f"{folder}/report.html")
    for again, text in (
        ([*line, "--trials", 8, "--resume"], "8 of 8 trials"),
        (["verdict", folder, "--data", data], "Evidence beside these answers"),
    ):
        monkeypatch.setattr(sys, "argv", ["gridproof", *map(str, again)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        assert text in capsys.readouterr().out
    assert list(tmp_path.glob("small-search-*")) == [folder]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--trials", "0"), "gridproof: --trials: trials of a search must be at least 1; got 0. Raise it."),
        (("--cells", "0"), "gridproof: --cells: cells of a search must be at least 1; got 0. Raise it."),
        (
            ("--sampler", "best"),
            "gridproof: --sampler: the sampler must be known; got best. Use tpe,",
        ),
        (("--seed", "7", "--resume"), "there must be a search to resume; got none called small-search-"),
        (("--set", "rate.use=maybe"), "rate.use is one of its choices; got 'maybe'. Use on, off."),
    ],
)
def test_errors_of_the_command_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...], text: str,
) -> None:  # fmt: skip
    line = ["gridproof", "search", data / "study.yaml", "--data", data, "--out", tmp_path / "runs", *options]
    monkeypatch.setattr(sys, "argv", list(map(str, line)))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    [complaint] = capsys.readouterr().err.splitlines()
    assert text in complaint
    assert not (tmp_path / "runs").exists()
