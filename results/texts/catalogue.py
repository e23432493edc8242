"""Reads the catalogue: every message of page and terminal in English and in Chinese.

``messages/*.txt`` have a message in each block of two lines, English and Chinese, with a blank line between blocks. A
line that begins with # is a comment.
"""

from __future__ import annotations

from importlib.resources import files

# Files whose messages are looked up by their user alone: a pattern of them could match a text of another.
APART = ("errors", "factors", "monitor", "operators", "titles")


def read_messages(name: str | None = None) -> dict[str, str]:
    """Every English message with its Chinese one: of the file of this name, or of all files but APART.

    Raises ValueError where a block is not two lines or repeats one.
    """
    messages: dict[str, str] = {}
    folder = files("gridproof.results.texts").joinpath("messages")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        own = file.name.removesuffix(".txt")
        if own != name and (name is not None or own in APART):
            continue
        for block in file.read_text(encoding="utf-8").split("\n\n"):
            lines = [line for line in block.splitlines() if line and not line.startswith("# ")]
            if not lines:
                continue
            if len(lines) != 2 or messages.get(lines[0], lines[1]) != lines[1]:
                raise ValueError(f"{file.name}: a message must be two lines and stand once; got {lines[0]!r}")
            messages[lines[0]] = lines[1]
    return messages
