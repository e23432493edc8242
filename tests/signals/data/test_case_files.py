"""Look-alikes of real files: their observations and the metrics of one variant, both read from expected.txt.

Each folder has a study, one file, and expected.txt: lines 'date value', and the record that ``point --json`` prints
for a clean twin of the file.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import gridproof as gp
from gridproof.signals.data.series import read
from gridproof.sweeps.study.earlier_form import new_form
from tests.support.real_data import SHARED

CASES = SHARED / "cases" / "files"
FOLDERS = sorted(path.parent.name for path in CASES.glob("*/expected.txt"))
# Months come before the days in this file; expected.txt has the days alone, of which the calendar is made.
MONTHS_FIRST = "monthly_then_daily"
# These studies leave out market.periods; the figures are for this many rows a year.
PERIODS = {"weekly_periods_silent": 52} | dict.fromkeys(("crypto_periods_silent", "binance_ms", "coingecko_utc"), 365)


@pytest.mark.skipif(not FOLDERS, reason="the folder shared/cases/files is not beside the project")
@pytest.mark.parametrize("name", FOLDERS)
def test_a_case_gives_its_observations_and_metrics(name: str, tmp_path: Path) -> None:
    folder = CASES / name
    expected = (folder / "expected.txt").read_text(encoding="utf-8")
    written = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    written["market"]["path"] = str(folder)
    # The studies of the folder are in the earlier form.
    written["signals"] = {key: new_form(one) if "measure" in one else one for key, one in written["signals"].items()}
    rewritten = tmp_path / "study.yaml"
    rewritten.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    study = gp.load_study(str(rewritten))
    pairs = re.findall(r"^(\d{4}-\d\d-\d\d) (\S+)$", expected, re.MULTILINE)
    source = next(source for source in study.sources() if source.name == "x")
    observations = read(source, folder)
    first = len(observations.dates) - len(pairs) if name == MONTHS_FIRST else 0
    assert [str(date) for date in observations.dates[first:]] == [date for date, _ in pairs]
    assert observations.values[first:].tolist() == pytest.approx([float(value) for _, value in pairs], rel=1e-12)
    record = json.loads(re.search(r"^\{ \"study\".*\}$", expected, re.MULTILINE)[0])  # type: ignore[index]
    if name in PERIODS:
        study = study.set({"market.periods": PERIODS[name]})
    found = gp.point(study, data=folder).record()["in_sample"]
    for key, value in record["in_sample"].items():
        assert found[key] == pytest.approx(value, rel=1e-9), key
