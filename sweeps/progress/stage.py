"""One stage of a run as a display shows it: the share done, the rate and the time left."""

from __future__ import annotations

from dataclasses import dataclass

from gridproof.results.texts.spoken import say, spoken

# What the stages with a countable unit count.
UNITS = {"sweep": "variants", "search": "trials"}


@dataclass
class Stage:
    """A stage at ``done`` of ``total`` units; times are seconds of a monotonic clock.

    total: 0 where it is not known. first: units that were done when this call began. detail: more words to show.
    """

    name: str
    began: float
    first: int
    done: int = 0
    total: int = 0
    detail: str = ""
    updated: float = 0.0

    def update(self, now: float, done: int, total: int, detail: str = "") -> None:
        if done != self.done or total != self.total:
            self.updated = now
        self.done, self.total, self.detail = done, total, detail

    @property
    def finished(self) -> bool:
        return 0 < self.total <= self.done

    @property
    def share(self) -> float | None:
        """The share done, 0 to 1; None where the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else None

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the end at the rate of this call; None before the first unit, and once they have passed."""
        new, seconds = self.done - self.first, self.updated - self.began
        if new <= 0 or seconds <= 0 or self.finished:
            return None
        left = (self.total - self.done) * seconds / new - (now - self.updated)
        return left if left > 0 else None

    def rate(self) -> str:
        """Variants per second of the sweep in this call; what an earlier call finished does not count."""
        new, seconds = self.done - self.first, self.updated - self.began
        if UNITS.get(self.name) != "variants" or new <= 0 or seconds <= 0:
            return ""
        return f"{new / seconds:,.0f} variants/s"

    def count(self) -> str:
        """'1,234 of 5,678 variants'."""
        if not self.total:
            return f"{self.done:,} done" if self.done else ""
        return f"{self.done:,} of {self.total:,} {UNITS.get(self.name, '')}".rstrip()

    def left(self, now: float) -> str:
        """'3 min left'."""
        seconds = self.seconds_left(now)
        return "" if seconds is None else f"{duration(seconds)} left"

    def line(self, now: float, nodes: str = "") -> str:
        """All of it on one line: 'sweep: 45%, 97,977 of 217,728 variants, 12,000 variants/s, 10 s left'."""
        facts = self.facts(now, nodes)
        return f"{self.title}{'' if spoken() == 'zh' else ' '}{facts}" if facts else self.title.rstrip(":：")

    @property
    def title(self) -> str:
        """The name with a colon, in the language."""
        return say(f"{self.name}:")

    def facts(self, now: float, nodes: str = "") -> str:
        """The same without the name."""
        share = "" if self.share is None else f"{int(100 * self.share)}%"
        ran = f"{duration(now - self.began)} so far" if self.share is None and now - self.began >= 1.0 else ""
        parts = (share, self.count(), self.rate(), self.left(now), ran, self.detail, nodes)
        return ("，" if spoken() == "zh" else ", ").join(say(part) for part in parts if part)


def duration(seconds: float) -> str:
    """Seconds in words: '18 s', '3 min', '2 h 5 min'."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
