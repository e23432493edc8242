"""Work that cannot end or does not fit in memory is refused before it begins, with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

import gridproof as gp
from gridproof.sweeps.plan import switches
from gridproof.sweeps.plan.workload import check_duration, check_memory
from tests.support.tiny import prices, tiny_study, write_tiny

LEVELS = {"from": -1.0, "to": 1.0, "count": 20_001}


def test_a_grid_that_takes_years_is_refused_before_it_begins(tmp_path: Path) -> None:
    write_tiny(tmp_path, prices())
    up = {"value": "pct_change(y, window)", "window": 20, "latch": {"on_above": LEVELS}}
    signals = {f"s{n}": up for n in range(4)}
    study = tiny_study(
        signals={"up": None, **signals},
        rule={"stock": "s0 or s1 or s2 or s3"},
        base={f"s{n}.on_above": 0.0 for n in range(4)},
    )
    assert study.space.size > 10**17
    rule = r"1\.6e\+17 variants, 507\.\d years at 10,000,000 variants a second"
    with pytest.raises(gp.InputError, match=rule) as caught:
        gp.run(study, tmp_path, out=tmp_path / "runs", backend="reference")
    assert "--sample 100000" in str(caught.value)
    assert not list((tmp_path / "runs").glob("tiny*"))
    check_duration(study, 100_000, cluster=False)
    check_duration(study, 10**17, cluster=True)


def test_axes_that_do_not_fit_in_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path, prices())
    latch = {"on_above": LEVELS, "off_gap": {"from": 0.0, "to": 1.0, "count": 20_001}}
    study = tiny_study(signal={"latch": latch}, base={"up.on_above": 0.0, "up.off_gap": 0.0})
    rule = r"signals\.up: the axes of a signal must have at most 200,000,000 combinations; got 400,040,001 of up"
    with pytest.raises(gp.InputError, match=rule):
        check_memory(study)
    costs = {"from": 0.0, "to": 0.01, "count": 100_001}
    many = tiny_study(execution={"lag": {"from": 1, "to": 20, "step": 1}, "cost": costs}, base={"lag": 1, "cost": 0.0})
    with pytest.raises(gp.InputError, match=r"must have at most 1,000,000 combinations; got 2,000,020"):
        check_memory(many)
    monkeypatch.setattr(switches, "MAX_COST_VALUES", switches.MAX_COST_VALUES // 10)
    dear = tiny_study(execution={"lag": 1, "cost": {"from": 0.0, "to": 0.01, "count": 20_001}}, base={"cost": 0.0})
    with pytest.raises(
        gp.InputError, match=r"execution\.cost: costs must have at most \d+,\d+ settings in this window"
    ):
        gp.run(dear, tmp_path, out=tmp_path / "runs", backend="reference")
