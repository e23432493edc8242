"""The steps from an export to a run and a monitor, as docs/data.md has them, on a made-up index."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.command import gridproof

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data.md"


def export(days: pd.DatetimeIndex, closes: np.ndarray, header: str) -> str:
    rows = [
        f"{at},000300.SH,{day:%Y%m%d},{x:.2f},{x:.2f},{x + 9:.2f},{x - 9:.2f},{x:.2f},0,0.5,1000.5,2000.25"
        for at, (day, x) in enumerate(zip(days[::-1], closes[::-1], strict=True))
    ]
    return "\n".join([header, *rows]) + "\n"


def test_the_steps_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## From an export to a run\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(\w*)\n(.*?)```", section, re.DOTALL)
    (header, *_), study, monitor, commands = blocks[0][1].splitlines(), blocks[1][1], blocks[2][1], blocks[3][1]
    monkeypatch.chdir(tmp_path)
    days = pd.bdate_range("2021-01-04", periods=640)
    closes = 4000 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.012, len(days))))
    Path("index.csv").write_text(export(days[:-1], closes[:-1], header), encoding="utf-8")
    Path("today.csv").write_text(export(days[-2:], closes[-2:], header), encoding="utf-8")
    Path("my-trend.yaml").write_text(study, encoding="utf-8")
    Path("my-week.yaml").write_text(monitor, encoding="utf-8")
    shown = []
    for line in commands.splitlines():
        program, *arguments = line.split()
        assert program == "gridproof"
        shown.append(gridproof(*arguments, *(["--no-verdict"] if arguments[0] == "run" else [])).stdout)
    assert "  vol: volume (from 手 to shares)" in shown[0]
    assert shown[1].count("ok") == 1
    assert "error" not in shown[1]
    assert f"{days[-2]:%Y-%m-%d}" in shown[3]
    assert "1 rows are new, 1 were there, 0 values of the past changed" in shown[4]
    assert f"my-week-{days[-1]:%Y-%m-%d}" in shown[5]
