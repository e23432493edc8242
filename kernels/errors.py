"""The one shape of a complaint: the rule, the value, where, and the remedy."""

from __future__ import annotations


class InputError(Exception):
    """Something the user gave cannot be used. One line; the command line prints it and exits with 2."""

    def __init__(self, rule: str, value: object, where: str, remedy: str) -> None:
        self.rule, self.value, self.where, self.remedy = rule, value, where, remedy
        super().__init__(" ".join(f"{where}: {rule}; got {value}. {remedy}.".split()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, object, str, str]]:
        """So that it comes whole from another process."""
        return type(self), (self.rule, self.value, self.where, self.remedy)
