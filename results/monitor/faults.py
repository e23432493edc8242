"""Faults of data in Chinese: why a reading on a Chinese page has no value."""

from __future__ import annotations

import re

from gridproof.kernels.errors import InputError

# Rules in English, as patterns, and what is shown instead. {value} is what was found.
_RULES: tuple[tuple[str, str], ...] = (
    (r"the file of a (series|panel) must exist", "找不到文件：{value}"),
    (r"the folder of the market must exist", "找不到数据文件夹：{value}"),
    (r"a market file must not be empty", "文件为空：{value}"),
    (r"a market file must be readable", "文件已损坏或不完整：{value}"),
    (r"a market file is one of .*|the file of a panel is a Parquet file", "文件格式无法识别：{value}"),
    (r".* must (have|hold) (the|a) columns?.*|.* must hold the column .*", "文件中没有该列：{value}"),
    (r"values must be (numbers|finite)", "数值无法识别：{value}"),
    (r"dates must be written as dates|a date must be .*|every row must have a date", "日期无法识别：{value}"),
    (r"the dates of .* must be in order and given once", "日期重复或次序颠倒：{value}"),
    (r"a series must have no missing value .*", "中间有缺失值：{value}"),
    (r"a series must have values", "没有数据：{value}"),
    (r"a .* series needs its release", "月度及更低频数据须注明发布时间：{value}"),
    (r"a model must have estimates|a nowcast needs .*", "模型尚无估计值：{value}"),
    (r"the file .* has the codes that a model uses", "文件中没有模型所用的代码：{value}"),
    (r"the value of a day may use values up to that day only", "自定义算子使用了未来数据：{value}"),
)  # fmt: skip


def in_chinese(error: InputError) -> str:
    """Returns a fault as one line in Chinese; one that has no Chinese text keeps its own after a Chinese word."""
    for pattern, found in _RULES:
        if re.fullmatch(pattern, error.rule):
            return " ".join(f"{error.where}：{found.format(value=error.value)}".split())
    return f"数据或公式有误：{error}"
