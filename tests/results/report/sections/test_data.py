"""How the data were read and what is suspicious in them: from the market to terminal, summary and report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import gridproof as gp
from gridproof.results.report.report import write_report
from gridproof.results.report.sections.data import data_section
from gridproof.results.run.manifest import MANIFEST
from gridproof.signals.data.market import Market
from gridproof.sweeps import run as run_module
from tests.support.demo import small_study
from tests.support.page import page_of

WARNING = "the close of 2008-10-13 is <11.5> times that of the day before"


class Notices(gp.RunObserver):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> Market:
    """The demo's market with one warning of a series and one of none; every run uses it."""
    market = gp.load_market(small_study())
    series = market.series | {"sp500": replace(market.series["sp500"], warnings=(WARNING,))}
    changed = Market(market.calendar, series, ("cash.interest is 50% a year",))
    monkeypatch.setattr(run_module, "market_of", lambda study, data=None: changed)
    return changed


def test_a_market_names_its_series_in_every_line(warned: Market) -> None:
    assert warned.warnings == (f"sp500: {WARNING}", "cash.interest is 50% a year")
    lines = [line for line in warned.understood if line.startswith("sp500 (arch:sp500): ")]
    assert "5,031 values, 1999-01-04 to 2018-12-31" in lines[0]


def test_warnings_reach_observer_summary_report_and_terminal(
    warned: Market, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gridproof.sweeps.cli.run_tables import print_summary

    notices = Notices()
    found = gp.run(small_study(), out=tmp_path, sample=20, verdict=False, observer=notices)
    for warning in warned.warnings:
        assert f"warning: {warning}" in notices.texts
    for line in warned.understood:
        assert f"read {line}" in notices.texts
    data = json.loads((found.folder / "summary.json").read_text())["data"]
    assert data["warnings"] == ["cash.interest is 50% a year"]
    by_name = {one["name"]: one for one in data["series"]}
    assert by_name["sp500"]["warnings"] == [WARNING]
    assert by_name["nasdaq"]["warnings"] == []
    page = page_of(found.folder)
    assert "sp500: the close of 2008-10-13 is &lt;11.5&gt; times" in page
    assert page.index("cash.interest is 50% a year") < page.index("1. Variants evaluated")
    assert "5,031 values, 1999-01-04 to 2018-12-31" in page
    print_summary(found, 1)
    assert f"warning: sp500: {WARNING}" in capsys.readouterr().out


def test_a_run_without_a_record_of_its_data_still_has_a_page(tmp_path: Path) -> None:
    found = gp.run(small_study(), out=tmp_path, sample=20, verdict=False)
    path = found.folder / "summary.json"
    summary = {key: value for key, value in json.loads(path.read_text()).items() if key != "data"}
    path.write_text(json.dumps(summary))
    (found.folder / MANIFEST).unlink()  # an earlier version wrote none
    assert data_section(summary) == {"rows": [], "warnings": []}
    assert "How it was read" not in write_report(found.folder).read_text(encoding="utf-8")
