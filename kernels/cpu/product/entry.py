"""An entry: the summary of a run of days under one sequence of allocations, as it lies in memory.

The *sums* of an entry fill one cache line of eight float64: log NAV, the powers 1 to 4 of r − centre, downside squares,
turnover, and counts packed into the 53 bits of a float64: switches, then days in allocation 0, 1, …, all but the last.
Where these are too many, the sum has the switches alone, and the days stand apart (``day_tables``).
The *shape* fills half a line: highest and lowest log NAV and deepest fall since the first day began, and the mark, a
uint64 in the place of a float64: the allocation of the first day and, from bit 16 on, that of the last.

The charge for the switch into the first day is not in the entry, because it depends on the allocation held before.
"""

from __future__ import annotations

SUM_NAMES = ("LOG", "TOTAL", "SQUARE", "CUBE", "FOURTH", "DOWNSIDE", "TRADED", "COUNTS")
SUMS = len(SUM_NAMES)  # float64 of the sums
SHAPE = 4  # float64 of the shape
MARK = 3  # where in the shape the mark stands
LAST = 16  # from this bit of the mark on: the last day's allocation
FIRST = (1 << LAST) - 1  # bits of the mark: the first day's allocation
