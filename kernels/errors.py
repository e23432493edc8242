"""Errors: of an input, in the one form of all messages about input, and of a GPU that works no more."""

from __future__ import annotations


class InputError(ValueError):
    """An input cannot be used. The message is one line; the command line prints it and exits with code 2.

    >>> print(InputError("a lag is 1 or more", 0, "study.yaml, execution.lag", "Write 1 or more"))
    study.yaml, execution.lag: a lag is 1 or more; got 0. Write 1 or more.
    """

    def __init__(self, rule: str, value: object, where: str, remedy: str) -> None:
        self.rule, self.value, self.where, self.remedy = rule, value, where, remedy
        super().__init__(" ".join(f"{where}: {rule}; got {value}. {remedy}.".split()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, object, str, str]]:
        """Pickle all four parts, so that another process receives the same error."""
        return type(self), (self.rule, self.value, self.where, self.remedy)


class GpuError(Exception):
    """The GPU works no more in this process: CUDA repeats its first error in every later call. A new one may work."""
