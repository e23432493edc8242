"""The study of the drawn market: its files are those of ``gridproof synth``, its base a plain simulation in pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.signals.synthetic.drawn import EFFECT, SEED, YEARS, drawn_folder
from gridproof.signals.synthetic.market import draw_market, write_market
from gridproof.sweeps.plan.plan import build_plan


def test_the_drawn_folder_is_what_synth_writes(tmp_path: Path) -> None:
    write_market(tmp_path / "market", draw_market(SEED, EFFECT, YEARS))
    written = {path.name for path in (tmp_path / "market").iterdir()}
    assert {path.name for path in drawn_folder().iterdir()} == written | {"stocks"}
    for name in written:
        assert (drawn_folder() / name).read_bytes() == (tmp_path / "market" / name).read_bytes()


def test_the_base_is_a_plain_simulation() -> None:
    study = gp.load_study("panel-demo").at({"cost": 0.003})
    plan = build_plan(study, gp.load_market(study), resolve("reference"))
    rows = pd.read_parquet(drawn_folder() / "stocks/panel.parquet")
    close = rows[~rows.suspended].pivot(index="date", columns="code", values="close").reindex(rows.date.unique())
    inside = rows[~rows.st & (rows.listed_days >= 60)]
    cap = inside.pivot(index="date", columns="code", values="total_mcap")
    value = close.sort_index().ffill()
    first = value.index.get_loc(pd.Timestamp(plan.days[0])) - 1
    held, expected = pd.Series(dtype=float), []
    for day in range(first, first + len(plan.days)):
        paid = 0.0
        if (day - first) % 20 == 0:
            smallest = cap.iloc[day].dropna().sort_index().sort_values(kind="stable").index[:60]
            new = pd.Series(1.0 / 60.0, index=smallest)
            if len(held):
                change = new.sub(held / held.sum(), fill_value=0.0)
                on = value.index[day]
                early = 0.003 if pd.Timestamp("2007-05-30") <= on < pd.Timestamp("2008-04-24") else 0.001
                one_sided = on >= pd.Timestamp("2008-09-19")
                buying, selling = (0.003, 0.004) if one_sided else (0.003 + early, 0.003 + early)
                paid = buying * change.clip(lower=0.0).sum() - selling * change.clip(upper=0.0).sum()
            held = new
        grown = held * value.iloc[day + 1][held.index] / value.iloc[day][held.index]
        expected.append(grown.sum() / held.sum() * (1.0 - paid) - 1.0)
        held = grown
    np.testing.assert_allclose(plan.problem.returns[0, 0], expected, rtol=0, atol=1e-9)
