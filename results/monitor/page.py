"""Writes a monitor as one self-contained page, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from gridproof.kernels.output import make_folder
from gridproof.results.monitor.boards import boards
from gridproof.results.monitor.number_format import format_change, format_share, format_value
from gridproof.results.monitor.record import InputRecord, MonitorRecord, ReadingRecord, Unit
from gridproof.results.monitor.sparkline import sparkline
from gridproof.results.monitor.texts import Language, text
from gridproof.results.report.number_format import UNDEFINED
from gridproof.results.run.atomic_write import atomic_write
from gridproof.results.template import load_template
from gridproof.results.texts.markup import keep_dates_whole

PAGE, RECORD, TABLE = "readings.html", "readings.json", "readings.csv"
_COLUMNS = (
    "name", "title", "title_zh", "group", "unit", "status", "why", "value", "last_value", "last_date", "week", "month",
    "percentile", "state", "since", "distance", "underlying", "underlying_level", "variants", "share_on",
)  # fmt: skip
_TURNED_DAYS = 5


def write_monitor(record: MonitorRecord, folder: Path, lang: Language = "en") -> Path:
    """Write the page, readings.json and readings.csv into a folder, which is made; returns the path of the page."""
    make_folder(folder)
    contents = {
        PAGE: render(record, lang),
        RECORD: json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        TABLE: table_csv(record),
    }
    for name, content in contents.items():
        with atomic_write(folder / name) as part:
            part.write_text(content, encoding="utf-8", newline="\n")
    return folder / PAGE


def render(record: MonitorRecord, lang: Language = "en") -> str:
    """Returns the page of a monitor. The same record gives the same text."""
    names = [*(group["name"] for group in record["groups"]), None]
    titles = {group["name"]: group["title_zh" if lang == "zh" else "title"] for group in record["groups"]}
    groups = []
    for name in names:
        rows = [_row(one, lang) for one in record["readings"] if one["group"] == name]
        if rows:
            title = text("other", lang) if name is None else titles[name]
            stated, warnings = any(row["state"] for row in rows), _warnings(record, name, lang)
            groups.append({"title": title, "rows": rows, "stated": stated, "warnings": warnings})
    page = _template().render(
        lang="zh-CN" if lang == "zh" else "en",
        title=record["title_zh" if lang == "zh" else "title"],
        t=lambda key, **values: text(key, lang, **values),
        colon="：" if lang == "zh" else ": ",
        on=record["on"],
        sentences=sentences(record, lang),
        groups=groups,
        only=len(groups) == 1 and not record["groups"],
        boards=boards(record, lang),
        printed=_printed(record, lang),
        notes=record["notes_zh" if lang == "zh" else "notes"],
    )
    return keep_dates_whole(page)


def _warnings(record: MonitorRecord, group: str | None, lang: Language) -> list[str]:
    """The warnings that concern a reading of a group; None: of no group."""
    named = {one["name"] for one in record["readings"] if one["group"] == group}
    return [one["text_zh" if lang == "zh" else "text"] for one in record["warnings"] if named & set(one["readings"])]


def sentences(record: MonitorRecord, lang: Language) -> list[str]:
    """What the head of the page and of the terminal says: how many are current, and which states changed."""
    readings = record["readings"]
    by_status = {key: sum(one["status"] == key for one in readings) for key in ("current", "stale", "failed")}
    missing = sum(one["status"] in ("missing", "unavailable") for one in readings)
    parts = [text("count", lang, total=len(readings), current=by_status["current"])]
    for key, number in (("stale", by_status["stale"]), ("missing", missing), ("failed", by_status["failed"])):
        if number:
            parts.append(text(f"count_{key}", lang, number=number))
    stop, comma = ("。", "，") if lang == "zh" else (".", ", ")
    turned = [
        _named(one, lang)
        for one in readings
        if one["state"] and one["state"]["days"] <= _TURNED_DAYS and not one["state"]["since_start"]
    ]
    joined = ("、" if lang == "zh" else "; ").join(turned)
    found = [comma.join(parts) + stop, text("turned", lang, names=joined) if turned else text("none_turned", lang)]
    if record["since"] is not None:
        by_name = {one["name"]: one for one in readings}
        changed = [f"{_named(by_name[each['name']], lang)} ({each['before_zh' if lang == 'zh' else 'before']} →)"
                   for each in record["changed"]]  # fmt: skip
        joined = ("、" if lang == "zh" else "; ").join(changed)
        date = record["since"]
        key = "since_date" if changed else "since_none"
        found.append(text(key, lang, date=date, names=joined))
    return found


def table_csv(record: MonitorRecord) -> str:
    """Returns one row a reading, numbers in full precision, as CSV."""
    target = io.StringIO()
    writer = csv.DictWriter(target, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in record["readings"]:
        row: dict[str, Any] = {key: value for key, value in one.items() if key in _COLUMNS}
        row["state"] = None if one["state"] is None else one["state"]["name"]
        row["since"] = None if one["state"] is None else one["state"]["since"]
        row["distance"] = None
        if one["distance"] is not None:
            row |= {key: one["distance"][key] for key in ("distance", "underlying", "underlying_level")}
        if one["vote"] is not None:
            row["variants"] = one["vote"]["variants"]
            row["share_on"] = "; ".join(f"{share:g}" for share in one["vote"]["share_on"].values())
        writer.writerow(row)
    return target.getvalue()


def _window(one: ReadingRecord, lang: Language) -> str:
    """The window of a percentile in words, such as 6 years; its values where the history is shorter."""
    duration, days = str(one["percentile_window"]), f"{one['percentile_days']:,}"
    if duration == "all":
        return text("window_all", lang, number=days)
    if one["percentile_short"]:
        return text("window_short", lang, number=days)
    return text(f"window_{duration[-1]}", lang, number=duration[:-1])


def _named(one: ReadingRecord, lang: Language) -> str:
    title = one["title_zh" if lang == "zh" else "title"]
    if one["state"] is None:
        return title
    name = one["state"]["name_zh" if lang == "zh" else "name"]
    return f"{title}：{name}" if lang == "zh" else f"{title}: {name}"


def _row(one: ReadingRecord, lang: Language) -> dict[str, Any]:
    """One reading as the page writes it; ``sort``: by column the number that it is sorted by."""
    unit, state, vote = one["unit"], one["state"], one["vote"]
    last = None
    if one["status"] != "current" and one["last_date"] is not None:
        last = text("last", lang, value=format_value(one["last_value"], unit), date=one["last_date"])
    share = None if vote is None else vote["share_on"][vote["bit"]]
    return {
        "title": one["title_zh" if lang == "zh" else "title"],
        "status": one["status"],
        "status_text": "" if one["status"] == "current" else text(one["status"], lang),
        "why": one["why_zh" if lang == "zh" else "why"],
        "value": format_value(one["value"], unit),
        "last": last,
        "week": format_change(one["week"], unit, lang),
        "month": format_change(one["month"], unit, lang),
        "percentile": format_share(one["percentile"]),
        "window": None if one["percentile"] is None else _window(one, lang),
        "levels": [text(key, lang, level=format_value(level, unit)) for key, level in one["levels"].items()],
        "state": None if state is None else state["name_zh" if lang == "zh" else "name"],
        "is_on": bool(state and state["on"]),
        "since": None if state is None else _since(one, lang),
        "next": _next(one, lang),
        "spark": markupsafe.Markup(sparkline(one["history"])),
        "share": format_share(share),
        "variants": None if vote is None else text("vote_of", lang, variants=f"{vote['variants']:,}"),
        "sort": {
            "value": one["value"], "week": one["week"], "month": one["month"], "percentile": one["percentile"],
            "share": share, "since": None if state is None else state["days"],
        },
        "formula": one["formula"],
        "source": one["source_zh" if lang == "zh" else "source"],
        "study": one["study"],
        "inputs": [
            _input(each, lang) for each in one["inputs"]
        ],
        "map": _map(one, lang),
    }  # fmt: skip


def _input(one: InputRecord, lang: Language) -> str:
    named = {**one, "name": one["name_zh" if lang == "zh" else "name"]}
    return text("input" if one["known"] is not None else "input_none", lang, **named)


def _since(one: ReadingRecord, lang: Language) -> list[str]:
    state = one["state"]
    assert state is not None
    since = text("since_or_before" if state["since_start"] else "since", lang, date=state["since"])
    days = text("days", lang, days=f"{state['days']:,}")
    return [since, days]


def _next(one: ReadingRecord, lang: Language) -> list[str]:
    found = one["distance"]
    if found is None:
        return []
    lines = [format_change(found["distance"], _absolute(one["unit"]), lang)]
    if found["underlying"] is not None:
        level = found["underlying_level"]
        key = "underlying" if level is not None else "out_of_reach"
        name = found["underlying_zh" if lang == "zh" else "underlying"]
        lines.append(text(key, lang, name=name, level=UNDEFINED if level is None else _plain(level)))
    return lines


def _map(one: ReadingRecord, lang: Language) -> dict[str, Any] | None:
    """The heat map of a vote: its title, the values of its axes, and for each cell a share and a colour."""
    vote = one["vote"]
    if vote is None or vote["x_axis"] is None:
        return None
    x, y = vote["x_axis"].partition(".")[2], None if vote["y_axis"] is None else vote["y_axis"].partition(".")[2]
    bit = vote["bit"].rpartition(".")[2]
    title = text("map_one", lang, bit=bit, x=x) if y is None else text("map", lang, bit=bit, x=x, y=y)
    return {
        "title": title,
        "x": [_axis_value(value) for value in vote["x_values"]],
        "y": [_axis_value(value) for value in vote["y_values"]] or [""],
        "y_name": y or "",
        "x_name": x,
        "rows": [[(format_share(share), round(100 * share)) for share in row] for row in vote["map"]],
    }


def _plain(value: float) -> str:
    """A number with four significant digits, all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _absolute(unit: Unit) -> Unit:
    """The unit in which a difference is written; only changes over time of an index are relative."""
    return "number" if unit == "index" else unit


def _axis_value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _printed(record: MonitorRecord, lang: Language) -> list[dict[str, str]]:
    rows = []
    for one in record["readings"]:
        for each in one["printed"]:
            printed, ours = each["printed"], each["ours"]
            share = each["what"] == "percentile"
            number, unit = isinstance(printed, int | float), "percent" if share else _absolute(one["unit"])
            apart = ours - float(printed) if ours is not None and number else None
            rows.append(
                {
                    "title": one["title_zh" if lang == "zh" else "title"],
                    "what": text("percentile", lang) if share else "",
                    "date": each["date"],
                    "printed": format_value(float(printed), unit) if number else str(printed),
                    "ours": format_value(ours, unit),
                    "difference": format_change(apart, unit, lang),
                    "why": (one["why_zh" if lang == "zh" else "why"] or "") if ours is None else "",
                }
            )
    return rows


@cache
def _template() -> jinja2.Template:
    return load_template(Path(__file__).with_name("page.html.j2"))
