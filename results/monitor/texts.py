"""Every text of a monitor's page and table, in English and in Chinese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

TEXTS: dict[str, tuple[str, str]] = {
    "as_of": ("As of {on}", "截至{on}"),
    "count": ("{total} readings: {current} current", "共{total}项指标，其中{current}项为最新"),
    "count_stale": ("{number} stale", "{number}项过期"),
    "count_missing": ("{number} without data", "{number}项无数据"),
    "count_failed": ("{number} cannot be computed", "{number}项计算失败"),
    "turned": ("State changed within a week: {names}.", "近一周状态发生变化：{names}。"),
    "none_turned": ("No state changed within a week.", "近一周各指标状态均无变化。"),
    "since_date": ("State differs from that of {date}: {names}.", "与{date}相比，状态有变化的指标：{names}。"),
    "since_none": ("No state differs from that of {date}.", "与{date}相比，所有指标状态均未变化。"),
    "reading": ("Reading", "指标"),
    "value": ("Value", "最新值"),
    "week": ("Week", "周变化"),
    "month": ("Month", "月变化"),
    "percentile": ("Percentile", "历史分位"),
    "window_all": ("all {number} days", "全部{number}日"),
    "window_short": ("{number} days, all there are", "仅{number}日"),
    "window_y": ("{number} years", "{number}年"),
    "window_m": ("{number} months", "{number}个月"),
    "window_w": ("{number} weeks", "{number}周"),
    "window_d": ("{number} days", "{number}日"),
    "levels": ("Levels", "阈值"),
    "state": ("State", "状态"),
    "since": ("since {date}", "自{date}起"),
    "since_or_before": ("since {date} or before", "自{date}或更早起"),
    "days": ("{days} days", "{days}个交易日"),
    "next": ("To the next state", "距状态切换"),
    "underlying": ("{name} at {level}", "对应{name}为{level}"),
    "out_of_reach": ("not reached between half and double of {name}", "{name}减半至翻倍之间均不会切换"),
    "history": ("Three years", "近三年"),
    "vote": ("Variants on", "触发占比"),
    "vote_of": ("of {variants}", "共{variants}组"),
    "on_above": ("on above {level}", "上穿{level}触发"),
    "off_below": ("off below {level}", "下穿{level}解除"),
    "off_gap": ("off {level} below that", "自该线回落{level}解除"),
    "stale": ("stale", "过期"),
    "missing": ("no data", "无数据"),
    "failed": ("not computed", "计算失败"),
    "unavailable": ("no data", "无数据"),
    "last": ("last {value} on {date}", "{date}为{value}"),
    "other": ("Other readings", "其他指标"),
    "details": ("Formulas, inputs and the variants", "公式、数据与各组参数"),
    "formula": ("Formula", "公式"),
    "source": ("Source", "来源"),
    "study": ("Study", "策略"),
    "inputs": ("Inputs", "数据"),
    "input": (
        "{name}: latest value of {dated}, known on {known}, current until {until}",
        "{name}：最新数据{dated}，{known}可得，有效至{until}",
    ),
    "input_none": ("{name}: no value yet", "{name}：尚无数据"),
    "map": (
        "Share of the variants that are on ({bit}), by {x} and {y}",
        "触发占比（{bit}），按{x}与{y}",
    ),
    "map_one": ("Share of the variants that are on ({bit}), by {x}", "触发占比（{bit}），按{x}"),
    "printed": ("Printed in reports", "研报数值对照"),
    "printed_date": ("Date", "日期"),
    "printed_value": ("Printed", "研报"),
    "ours": ("Ours", "本表"),
    "difference": ("Difference", "差异"),
    "points": ("pp", "pct"),
    "release_past": ("{date}: {title}, {month}: {value}", "{date}发布：{title}（{month}）{value}"),
    "release_next": ("{date}, expected: {title}, {month} {value}", "预计{date}：{title}（{month}）{value}"),
    "releases": ("Releases of the past and of the next seven days", "近7日与未来7日的数据发布"),
    "path_none": ("No data: an input is missing or not current.", "无数据：输入缺失或未更新。"),
    "notes": ("Notes", "说明"),
    "explain": (
        "Week and Month: the change since the close 7 days or one month before. Percentile: the share of the known "
        "values in its window that are at or below the latest. State: under the parameters of the base, usually the "
        "published ones. Variants on: the share of all combinations of the parameters under which the state is on. To "
        "the next state: the threshold less the value; below it, the latest value of a series at which the state would "
        "change, all else equal. Three years: the value at each week end, shaded where the state is on. Stale: the "
        "next value is overdue, so the last one stands with its date and is not shown as current.",
        "周变化、月变化：与7天前、1个月前的收盘相比。历史分位：窗口内不高于最新值的样本占比。"
        "状态：按基准参数（通常为策略公布的参数）判断。触发占比：全部参数组合中处于触发状态的比例。"
        "距状态切换：阈值减最新值；下方为其他条件不变时，使状态切换的标的最新值。"
        "近三年：每周最后一个交易日的数值，阴影为触发区间。"
        "过期：数据逾期未更新，只列出上一次的数值与日期，不作为最新值。",
    ),
}


def text(key: str, lang: Language, **values: object) -> str:
    """Returns a text with its values filled in. Raises KeyError for an unknown key."""
    return TEXTS[key][lang == "zh"].format(**values)
