"""The operators that the expressions of one study may use: those of the language, and the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.user_operators.file import OperatorFile


class Language(Mapping[str, Operator]):
    """Operators by name. ``file``: the user's own; None: there are none.

    It is pickled as the text of the file: no function travels. The text is executed where an operator is looked up.
    """

    def __init__(self, file: OperatorFile | None = None) -> None:
        self.file = file

    @property
    def own(self) -> Mapping[str, Operator]:
        """The user's own operators."""
        return {} if self.file is None else self.file.operators()

    def __getitem__(self, name: str) -> Operator:
        found = OPERATORS.operators.get(name)
        return self.own[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return chain(OPERATORS.operators, self.own)

    def __len__(self) -> int:
        return len(OPERATORS.operators) + len(self.own)

    def __reduce__(self) -> tuple[type[Language], tuple[OperatorFile | None]]:
        return type(self), (self.file,)
