"""The tables of the command line in Chinese."""

from __future__ import annotations

import pathlib

import pytest

from gridproof.results.run.run import Run
from gridproof.results.texts.spoken import speak
from gridproof.sweeps.cli.run_tables import print_summary
from tests.support.run_folder import write_run


@pytest.fixture
def chinese() -> None:
    speak("zh")


@pytest.mark.usefixtures("chinese")
def test_summary_is_printed_in_chinese(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(Run(write_run(tmp_path)), 2)
    shown = capsys.readouterr().out
    for text in ("夏普比率", "最大回撤", "样本内最优", "持有small", "基准参数样本内优于全部可选组合的97.2%", "名次"):
        assert text in shown
    assert "better than" not in shown


def test_summary_is_printed_in_english(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(Run(write_run(tmp_path)), 2)
    assert "the base is better than 97.2% of all choices in sample" in capsys.readouterr().out
