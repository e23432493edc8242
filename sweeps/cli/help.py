"""Help and errors of usage, in the language that the command line or GRIDPROOF_LANG asks for."""

from __future__ import annotations

import inspect
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from gridproof.results.texts.spoken import say, speak, spoken
from gridproof.results.texts.translation import LANGUAGES, Language

VARIABLE = "GRIDPROOF_LANG"
# What typer adds behind the help of an option: its default, or that it is required.
_EXTRA = re.compile(r"\s*\[([^\[\]]+)\]$")
# A word, or one character of Chinese with the punctuation behind it: a line ends between two of these.
_UNIT = re.compile(r"(?:[!-~]+|[^\s!-~])[，。；：、？！）》”]*|\s+")
_UsageError: Any = typer.BadParameter.__base__


def asked(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of --lang, which stands anywhere, else of GRIDPROOF_LANG, else English."""
    named = environment.get(VARIABLE, "")
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" and at + 1 < len(arguments):
            named = arguments[at + 1]
        elif argument.startswith("--lang="):
            named = argument.removeprefix("--lang=")
    return next((one for one in LANGUAGES if one == named), "en")


def _is_language(arguments: Sequence[str], at: int) -> bool:
    """Whether an argument is --lang or its value."""
    return arguments[at].startswith("--lang=") or "--lang" in arguments[max(at - 1, 0) : at + 1]


class _Formatter(typer.Context.formatter_class):  # type: ignore[valid-type, misc]
    """Writes each text of a help page in the language, and wraps Chinese by the width of its characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, _with_space(say("Usage:")) if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        if spoken() == "en":
            super().write_heading(heading)
        else:
            self.write(f"{' ' * self.current_indent}{say(heading)}：\n")

    def write_text(self, text: str) -> None:
        if spoken() == "en":
            super().write_text(text)
            return
        for at, part in enumerate(text.split("\n\n")):
            if at:
                self.write("\n")
            for line in wrapped(say(" ".join(part.split())), self.width - self.current_indent):
                self.write(f"{' ' * self.current_indent}{line}\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if spoken() == "en":
            super().write_dl(rows, col_max, col_spacing)
            return
        indent = " " * self.current_indent
        first = min(max(len(name) for name, _ in rows), col_max) + col_spacing
        for name, text in rows:
            lines = wrapped(_option_help(text), self.width - self.current_indent - first)
            if len(name) > first - col_spacing:
                self.write(f"{indent}{name}\n")
            else:
                self.write(f"{indent}{name:{first}}{lines.pop(0) if lines else ''}\n")
            for line in lines:
                self.write(f"{indent}{' ' * first}{line}\n")


def _option_help(text: str) -> str:
    """The help of an option in the language, with what typer adds in brackets behind it."""
    plain, extra = " ".join(text.split()), ""
    if match := _EXTRA.search(plain):
        plain, added = plain[: match.start()], [_added(one) for one in match.group(1).split("; ")]
        extra = f" [{'；'.join(added)}]"
    return say(plain) + extra


def _added(text: str) -> str:
    """What typer adds, as "default: runs", of which the value is not translated."""
    name, colon, value = text.partition(": ")
    return f"{say(name)}：{value}" if colon else say(text)


def _with_space(label: str) -> str:
    """A label before what it stands for: a space follows a colon, none a full-width one."""
    return label if label.endswith("：") else f"{label} "


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns; a Chinese character takes two."""
    lines, line, used = list[str](), "", 0
    for unit in _UNIT.findall(text):
        columns = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in unit)
        if line and used + columns > width and not unit.isspace():
            lines.append(line.rstrip())
            line, used = "", 0
        if line or not unit.isspace():
            line, used = line + unit, used + columns
    return [*lines, line.rstrip()] if line.strip() else lines


class _Context(typer.Context):
    formatter_class = _Formatter


class Command(TyperCommand):
    """A command whose help is in the language."""

    context_class = _Context

    def get_short_help_str(self, limit: int = 45) -> str:
        if spoken() == "en":
            return super().get_short_help_str(limit)
        sentence = inspect.cleandoc(self.help or "").split("\n\n")[0]
        return say(" ".join(sentence.split()))


class Group(TyperGroup):
    """Commands, whose help and errors of usage are in the language."""

    context_class = _Context

    def get_short_help_str(self, limit: int = 45) -> str:
        return super().get_short_help_str(limit) if spoken() == "en" else say(self.help or "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without a command, as for help, --lang may stand here too; with one it is an option of the command."""
        if not any(one in self.commands for one in args):
            args = [one for at, one in enumerate(args) if not _is_language(args, at)]
        return super().parse_args(ctx, args)

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        speak(asked(sys.argv[1:] if args is None else args, os.environ))
        if spoken() == "en":
            return super().main(args, **options)
        try:
            status = super().main(args, **{**options, "standalone_mode": False})
        except _UsageError as error:
            _show(error)
            status = error.exit_code
        except typer.Abort:
            print(say("Aborted!"), file=sys.stderr)
            status = 1
        sys.exit(status or 0)


def _show(error: Any) -> None:
    """An error of usage as typer shows it; where nothing was asked for, it is the help alone."""
    message = error.format_message()
    if error.ctx is None or message == error.ctx.get_help():
        print(message, file=sys.stderr)
        return
    print(error.ctx.get_usage(), file=sys.stderr)
    print(say(f"Try '{error.ctx.command_path} --help' for help."), file=sys.stderr)
    print(f"\n{_with_space(say('Error:'))}{say(message)}", file=sys.stderr)
