"""Reads the catalogue: every message of page and terminal in English and in Chinese.

``messages/*.txt`` have a message in each block of two lines, English and Chinese, with a blank line between blocks. A
line that begins with # is a comment.
"""

from __future__ import annotations

from importlib.resources import files


def read_messages() -> dict[str, str]:
    """Every English message with its Chinese one. Raises ValueError where a block is not two lines or repeats one."""
    messages: dict[str, str] = {}
    for file in sorted(files("gridproof.results.texts").joinpath("messages").iterdir(), key=lambda one: one.name):
        for block in file.read_text(encoding="utf-8").split("\n\n"):
            lines = [line for line in block.splitlines() if line and not line.startswith("# ")]
            if not lines:
                continue
            if len(lines) != 2 or messages.get(lines[0], lines[1]) != lines[1]:
                raise ValueError(f"{file.name}: a message must be two lines and stand once; got {lines[0]!r}")
            messages[lines[0]] = lines[1]
    return messages
