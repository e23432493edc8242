"""The command that shows how a study computes its signals, and what its selections hold on a date."""

from __future__ import annotations

from typing import Annotated

import typer

from gridproof.sweeps.cli.arguments import DataOption, JsonOption, LanguageOption, StudyArgument


def explain(
    study: StudyArgument,
    data: DataOption = None,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="[AXIS=VALUE]...", help="Where the variant differs from the base; none: the base."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Show what each selection holds at the close of this day, and why."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN", help="With --on: add up weights by the values of this column."),
    ] = None,
    as_json: JsonOption = False,
    lang: LanguageOption = "en",
) -> None:
    """Show how STUDY computes its signals at the base: every step, its warm-up and the day from which it is known.

    With --on DATE: the stocks that its selections hold, their ranks, what entered and left, what could not be traded.
    """
    from gridproof.results.texts.spoken import speak
    from gridproof.sweeps.cli.operator_tables import print_own_operators
    from gridproof.sweeps.cli.streams import print_json
    from gridproof.sweeps.cli.study_tables import print_basket, print_steps
    from gridproof.sweeps.plan.explanation import explained
    from gridproof.sweeps.plan.holdings import explain_baskets
    from gridproof.sweeps.plan.study_market import market_of
    from gridproof.sweeps.study.key_types import parse_day
    from gridproof.sweeps.study.study import load_study, parse_changes

    speak(lang)

    checked = load_study(study)
    if on is not None:
        baskets = explain_baskets(
            checked.at(parse_changes(values or [])), market_of(checked, data), parse_day(on, "--on"), by
        )
        if as_json:
            print_json({"baskets": [basket.record() for basket in baskets]})
            return
        for basket in baskets:
            print_basket(basket)
        return
    for option, given in (("--by", by), ("--json", as_json or None), ("AXIS=VALUE", values)):
        if given is not None:
            raise typer.BadParameter(f"{option} is for a date: add --on DATE")
    for name, steps in explained(checked, market_of(checked, data)).items():
        print_steps(name, steps)
    if checked.operators is not None:
        print_own_operators(checked.operators)
