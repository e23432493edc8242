"""Every text of a monitor's page and table, in English and in Chinese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

TEXTS: dict[str, tuple[str, str]] = {
    "as_of": ("As of {on}", "截至{on}"),
    "count": ("{total} readings: {current} current", "共{total}项指标：{current}项为最新"),
    "count_stale": ("{number} stale", "{number}项过期"),
    "count_missing": ("{number} without data", "{number}项无数据"),
    "count_failed": ("{number} cannot be computed", "{number}项无法计算"),
    "turned": ("State changed within a week: {names}.", "一周内状态变化：{names}。"),
    "none_turned": ("No state changed within a week.", "一周内没有状态变化。"),
    "since_date": ("State different from that of {date}: {names}.", "与{date}相比状态不同：{names}。"),
    "since_none": ("Every state is that of {date}.", "所有状态与{date}相同。"),
    "reading": ("Reading", "指标"),
    "value": ("Value", "最新值"),
    "week": ("Week", "周变化"),
    "month": ("Month", "月变化"),
    "percentile": ("Percentile", "历史分位"),
    "window_all": ("all", "全部"),
    "window_y": ("{number} years", "{number}年"),
    "window_m": ("{number} months", "{number}个月"),
    "window_w": ("{number} weeks", "{number}周"),
    "window_d": ("{number} days", "{number}日"),
    "levels": ("Levels", "阈值"),
    "state": ("State", "状态"),
    "since": ("since {date}", "自{date}"),
    "since_or_before": ("since {date} or before", "自{date}或更早"),
    "days": ("{days} days", "{days}个交易日"),
    "next": ("To the next state", "距状态切换"),
    "underlying": ("{name} at {level}", "{name}至{level}"),
    "out_of_reach": ("not reached by halving or doubling {name}", "{name}减半或翻倍均不会触发"),
    "history": ("Three years", "近三年"),
    "vote": ("Variants on", "参数投票"),
    "vote_of": ("of {variants}", "共{variants}组"),
    "on_above": ("on above {level}", "上穿{level}触发"),
    "off_below": ("off below {level}", "下穿{level}解除"),
    "off_gap": ("off {level} lower", "回落{level}解除"),
    "stale": ("stale", "过期"),
    "missing": ("no data", "无数据"),
    "failed": ("not computed", "无法计算"),
    "unavailable": ("no data", "无数据"),
    "last": ("last {value} on {date}", "{date}为{value}"),
    "other": ("Other readings", "其他指标"),
    "details": ("Formulas, inputs and the variants", "公式、数据与参数投票"),
    "formula": ("Formula", "公式"),
    "source": ("Source", "来源"),
    "study": ("Study", "策略"),
    "inputs": ("Inputs", "数据"),
    "input": ("{name}: {dated}, known {known}, current until {until}", "{name}：{dated}，{known}可得，有效至{until}"),
    "input_none": ("{name}: no value yet", "{name}：尚无数据"),
    "map": (
        "Share of the variants that are on ({bit}), by {x} and {y}",
        "触发比例（{bit}），按{x}与{y}",
    ),
    "map_one": ("Share of the variants that are on ({bit}), by {x}", "触发比例（{bit}），按{x}"),
    "printed": ("Printed in reports", "研报数值对照"),
    "printed_date": ("Date", "日期"),
    "printed_value": ("Printed", "研报"),
    "ours": ("Ours", "本表"),
    "difference": ("Difference", "差异"),
    "points": ("pp", "pct"),
    "notes": ("Notes", "说明"),
    "explain": (
        "The percentile is the share of the values in its window that are at or below today's. A state follows from "
        "the published parameters; Variants on counts all combinations of parameters. A value is stale once the next "
        "one is late: it is then not shown as today's. To the next state also names the latest value of a series at "
        "which the state would change, all else equal.",
        "历史分位：窗口内不高于当前值的样本占比。状态按策略公布参数判断，最后一列为全部参数组合中处于触发状态的比例。"
        "数据超过应更新日期仍未更新时视为过期，不再作为最新值展示。距状态切换：其他条件不变时，标的最新值达到该数值即切换状态。",
    ),
}


def text(key: str, lang: Language, **values: object) -> str:
    """Returns a text with its values filled in. Raises KeyError for an unknown key."""
    return TEXTS[key][lang == "zh"].format(**values)
