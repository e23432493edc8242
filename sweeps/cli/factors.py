"""The command that measures a factor study."""

from __future__ import annotations

from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import DataOption, LanguageOption, OutOption, SetOption, TopOption
from gridproof.sweeps.study.shipped import SHIPPED

_NAMES = ", ".join(sorted(path.stem for path in (SHIPPED / "factors").glob("*.yaml")))


def factors(
    study: Annotated[str, typer.Argument(metavar="STUDY", help=f"A factor study file, or a shipped one: {_NAMES}.")],
    data: DataOption = None,
    set_: SetOption = None,
    out: OutOption = "runs",
    top: TopOption = 10,
    lang: LanguageOption = "en",
) -> None:
    """Measure the factors of STUDY over a panel of stocks.

    Writes a folder with factors.html, a tear sheet, and all numbers as Parquet. The same command only prints a
    finished study.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.console import console, show_progress
    from gridproof.sweeps.cli.factor_tables import print_factors
    from gridproof.sweeps.factors.run import run_factors
    from gridproof.sweeps.factors.study import load_factor_study
    from gridproof.sweeps.study.overrides import parse_changes

    speak(lang)

    checked = load_factor_study(study).set(parse_changes(set_ or []))
    with show_progress() as observer:
        found = run_factors(checked, data, out, observer, lang)
    if found.reused:
        console.print("Already finished: this study was measured before on the same data.")
    print_factors(found, top)
