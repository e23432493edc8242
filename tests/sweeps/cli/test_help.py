"""Help and errors of usage in Chinese: each text has its pair, and the language is found before anything is printed."""

from __future__ import annotations

import inspect
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.translation import Translation
from gridproof.sweeps.cli.app import app, main
from gridproof.sweeps.cli.help import asked, wrapped


def texts(command: Any) -> Iterator[str]:
    for part in [*inspect.cleandoc(command.help or "").split("\n\n"), command.epilog or ""]:
        yield " ".join(part.split())
    for parameter in command.params:
        yield " ".join((getattr(parameter, "help", None) or "").split())
    for each in getattr(command, "commands", {}).values():
        yield from texts(each)


def test_every_text_of_the_help_is_in_the_catalogue() -> None:
    into = Translation(read_messages())
    found = [text for text in texts(typer.main.get_command(app)) if text]
    assert len(found) > 80
    left = [text for text in found if not any("一" <= one <= "鿿" for one in into(text))]
    assert [text for text in left if not text.startswith("wind, choice")] == []


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["run", "x"], {}, "en"),
        (["run", "x", "--lang", "zh"], {}, "zh"),
        (["--help", "--lang=zh"], {}, "zh"),
        (["run", "x"], {"GRIDPROOF_LANG": "zh"}, "zh"),
        (["run", "--lang", "en"], {"GRIDPROOF_LANG": "zh"}, "en"),
        (["run", "--lang", "fr"], {}, "en"),
        (["point", "x", "--", "--lang", "zh"], {}, "en"),
    ],
)
def test_the_language_is_that_of_the_option_else_of_the_variable(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert asked(arguments, environment) == language


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["gridproof", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


@pytest.mark.parametrize(
    ("arguments", "status", "parts"),
    [
        (
            ["--help", "--lang", "zh"],
            0,
            ["用法：", "命令：", "run        回测STUDY的全部参数组合。", "退出码：0为完成"],
        ),
        (["ledger", "--help", "--lang", "zh"], 0, ["选项：", "[默认：runs]", "[环境变量：GRIDPROOF_LANG；默认：en]"]),
        (["data", "import", "--lang", "zh"], 2, ["错误：", "缺少参数'KIND'", "查看帮助"]),
        (["ledger", "--lang", "zh", "--nosuch"], 2, ["没有这个选项：--nosuch"]),
        (["ledger", "--lang", "fr"], 2, ["Invalid value for '--lang'"]),
        (["monitor", "us-demo", "--on", "x", "--lang", "zh"], 2, ["--on：日期无效：x，格式应为YYYY-MM-DD"]),
        (["explain", "us-demo", "--by", "x", "--lang", "zh"], 2, ["--by须与日期同用"]),
    ],
)
def test_help_and_errors_are_printed_in_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int,
    parts: list[str],
) -> None:  # fmt: skip
    code, text = shown(capsys, monkeypatch, *arguments)
    assert code == status
    plain = "".join(text.split())  # a line may end anywhere
    for part in parts:
        assert "".join(part.split()) in plain


def test_chinese_is_wrapped_by_columns_and_no_line_begins_with_punctuation() -> None:
    lines = wrapped("结果的存放位置：本地目录，或s3://bucket/runs一类的网址。默认为runs。", 20)
    assert "".join(lines) == "结果的存放位置：本地目录，或s3://bucket/runs一类的网址。默认为runs。"
    widths = [sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line) for line in lines]
    assert max(widths) <= 22
    assert not any(line[0] in "，。：；" for line in lines)
