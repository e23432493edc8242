"""The command that shows the graph of a study's expressions."""

from __future__ import annotations

from gridproof.sweeps.cli.arguments import DataOption, StudyArgument


def explain(study: StudyArgument, data: DataOption = None) -> None:
    """Show how STUDY computes its signals at the base: every step, its warm-up and the day from which it is known."""
    from gridproof.sweeps.cli.operator_tables import print_own_operators
    from gridproof.sweeps.cli.study_tables import print_steps
    from gridproof.sweeps.plan.explanation import explained
    from gridproof.sweeps.plan.study_market import market_of
    from gridproof.sweeps.study.study import load_study

    checked = load_study(study)
    for name, steps in explained(checked, market_of(checked, data)).items():
        print_steps(name, steps)
    if checked.operators is not None:
        print_own_operators(checked.operators)
