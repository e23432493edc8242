"""The commands that need no run: operators, schema and synth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import writing
from gridproof.sweeps.cli.arguments import LanguageOption
from gridproof.sweeps.progress.plain_text import printable


def operators(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this operator.")] = None,
    study: Annotated[
        str | None, typer.Option("--study", metavar="STUDY", help="The operators of this study's own.")
    ] = None,
    lang: LanguageOption = "en",
) -> None:
    """List the operators of the expression language, or all that is declared of one."""
    from gridproof.results.texts.spoken import speak
    from gridproof.signals.expression.language import Language
    from gridproof.signals.expression.operators import OVER_STOCKS
    from gridproof.signals.expression.operators.description import find
    from gridproof.sweeps.cli.operator_tables import print_operator, print_operators

    speak(lang)

    language = Language()
    if study is not None:
        from gridproof.sweeps.study.study import load_study

        language = Language(load_study(study).operators)
        if not language.own:
            rule, remedy = (
                "the study must have operators of its own",
                "Add operators: FILE.py to it, or leave --study out",
            )
            raise InputError(rule, "none", study, remedy)
    if name is not None:
        over = OVER_STOCKS.operators if study is None else {}
        if name in language or name not in over:
            print_operator(find(name, language, "NAME"))
        if name in over:
            print_operator(over[name])
    elif study is None:
        print_operators([*language.values(), *OVER_STOCKS.operators.values()])
    else:
        print_operators(language.own.values())


_FILES = ("study", "factors", "monitor")


def schema(
    of: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="study, factors (a factor study), monitor, or a run's record, such as summary.",
        ),
    ] = "study",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it to this file instead.")] = None,
    lang: LanguageOption = "en",
) -> None:
    """Print the JSON schema of a study file, or of a run's record.

    Editors check and complete a study file with it.
    """
    import json

    from gridproof.results.texts.spoken import say, speak

    speak(lang)

    text = json.dumps(_schema(of), indent=2) + "\n"
    if out is None:
        print(text, end="")
        return
    with writing(out):
        out.write_text(text, encoding="utf-8")
    print(printable(say(f"Written to {out}.")))
    if of in _FILES:
        print(printable(say(f"For your editor, begin the file with: # yaml-language-server: $schema={out}")))


def _schema(of: str) -> dict[str, Any]:
    if of == "study":
        from gridproof.sweeps.study.schema import study_schema

        return study_schema()
    if of == "factors":
        from gridproof.sweeps.factors.spec import factor_schema

        return factor_schema()
    if of == "monitor":
        from gridproof.sweeps.monitor.schema import monitor_schema

        return monitor_schema()
    from gridproof.results.run.record_schema import RECORDS, record_schema

    if of not in RECORDS:
        rule, remedy = (
            "the schema must be that of a study, of a monitor or of a record of a run",
            f"Use one of {', '.join((*_FILES, *RECORDS))}",
        )
        raise InputError(rule, of, "--of", remedy)
    return record_schema(of)


def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the market's files go.")],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed: each is another market.")] = 0,
    effect: Annotated[
        float, typer.Option(metavar="SIZE", min=0.0, help="Strength of the planted signals; 0: no signal predicts.")
    ] = 0.0,
    years: Annotated[
        int, typer.Option(metavar="N", help="Years from 2006 on; two more years before them serve as warm-up.")
    ] = 21,
    panel: Annotated[bool, typer.Option("--panel", help="Write single stocks too.")] = False,
    lang: LanguageOption = "en",
) -> None:
    """Write a synthetic A-share market whose truth is known.

    Any study of A-share series runs on it with --data FOLDER.
    """
    from gridproof.results.texts.spoken import say, speak
    from gridproof.signals.synthetic.market import TRUTH, draw_market, write_market

    speak(lang)

    market = draw_market(seed, effect, years)
    with writing(folder):
        write_market(folder, market)
    if panel:
        from gridproof.signals.synthetic.panel import write_panel

        with writing(folder):
            write_panel(folder, market)
    print(printable(say(f"{folder / TRUTH} says what was planted. Use the market with --data {folder}")))
