"""The command that evaluates one variant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import DataOption, JsonOption, LanguageOption, StudyArgument


def point(
    study: StudyArgument,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="[AXIS=VALUE]...", help="Where the variant differs from the base; none: the base."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    curve: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write signals, weights, return and NAV of each day.")
    ] = None,
    lang: LanguageOption = "en",
) -> None:
    """Evaluate one variant of STUDY, day by day."""
    import sys

    from gridproof.kernels.output import writing
    from gridproof.results.texts.spoken import say, speak
    from gridproof.sweeps.cli.run_tables import print_selections
    from gridproof.sweeps.cli.streams import print_json
    from gridproof.sweeps.cli.study_tables import print_point
    from gridproof.sweeps.plan.accounts import compare_accounts
    from gridproof.sweeps.plan.point import evaluate_point
    from gridproof.sweeps.plan.study_market import market_of
    from gridproof.sweeps.progress.plain_text import printable
    from gridproof.sweeps.study.study import load_study, parse_changes

    speak(lang)
    checked = load_study(study)
    market = market_of(checked, data)
    result = evaluate_point(checked, market, parse_changes(values or []))
    for warning in market.warnings:
        print(printable(say(f"warning: {warning}")), file=sys.stderr)
    if curve is not None:
        with writing(curve):
            result.curve.to_csv(curve)
    selections = compare_accounts(checked.at(result.parameters), market)
    if as_json:
        print_json(result.record() | ({"selections": selections} if selections else {}))
        return
    print_point(result)
    print_selections([(one["leg"], one) for one in selections])
