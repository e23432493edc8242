"""The page of the proof: each part with its state, its time and what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import BY_NAME, CPU, PARTS

_LONGEST = 400


def read_results(out: Path) -> dict[str, dict[str, Any]]:
    """What every part has written so far, by its name."""
    files = {name: out / f"{name}.json" for name in BY_NAME}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.is_file()}


def proven(results: dict[str, dict[str, Any]]) -> bool:
    """Whether every part on which ``auto`` depends has passed."""
    return all(results.get(part.name, {}).get("state") == "passed" for part in PARTS if part.proves)


def write_summary(out: Path, dry: bool) -> Path:
    results = read_results(out)
    first = "A dry run on the CPU: it shows that the script works, and nothing about a GPU." if dry else ""
    if not first:
        first = "Every part that must pass has passed." if proven(results) else "Not proven: see the parts below."
    lines = ["# The cuda backend on this machine", "", first, "", "| part | state | seconds |", "|---|---|---|"]
    for part in (*PARTS, CPU):
        result = results.get(part.name, {"state": "not begun", "seconds": 0.0})
        lines.append(f"| {part.title} | {result['state']} | {result['seconds']:.1f} |")
    for part in (*PARTS, CPU):
        if (result := results.get(part.name)) is None:
            continue
        lines += ["", f"## {part.title}", ""]
        lines += [f"**{result['state']}**: {result['why']}", ""] if "why" in result else []
        lines += [f"- {name}: {_shortened(value)}" for name, value in result["found"].items()]
    page = out / "summary.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
