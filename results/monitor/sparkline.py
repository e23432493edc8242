"""The small history of a reading as an SVG: its line, the days on which it was on, and today's value."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 150, 34, 3


def sparkline(history: Sequence[tuple[str, float | None, bool | None]]) -> str:
    """Returns an SVG of (date, value, on) rows; empty where fewer than two values are known."""
    known = [value for _, value, _ in history if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = (WIDTH - 2 * EDGE) / max(1, len(history) - 1)

    def x(at: int) -> float:
        return round(EDGE + at * step, 1)

    def y(value: float) -> float:
        share = 0.5 if high == low else (value - low) / (high - low)
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    bands = "".join(
        f'<rect class="on" x="{x(begin)}" y="0" width="{max(1.0, round((end - begin) * step, 1))}" height="{HEIGHT}"/>'
        for begin, end in _runs([bool(on) for _, _, on in history])
    )
    zero = f'<line class="zero" x1="0" x2="{WIDTH}" y1="{y(0)}" y2="{y(0)}"/>' if low < 0 < high else ""
    lines, part = "", []
    for at, (_, value, _) in enumerate([*history, ("", None, None)]):
        if value is not None:
            part.append(f"{x(at)},{y(value)}")
        elif part:
            lines += f'<polyline points="{" ".join(part)}"/>'
            part = []
    last = max(at for at, (_, value, _) in enumerate(history) if value is not None)
    end = history[last][1]
    dot = f'<circle cx="{x(last)}" cy="{y(end)}" r="2.2"/>' if end is not None else ""
    title = f"<title>{history[0][0]} – {history[-1][0]}</title>"
    return f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{title}{bands}{zero}{lines}{dot}</svg>'


def _runs(on: Sequence[bool]) -> list[tuple[int, int]]:
    """The first position of each run of True, and that after its last."""
    edges = [at for at in range(len(on) + 1) if (at < len(on) and on[at]) != (at > 0 and on[at - 1])]
    return list(zip(edges[::2], edges[1::2], strict=True))
