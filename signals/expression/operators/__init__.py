"""The operators of the language, one declared function each. Importing this package fills ``declaration.OPERATORS``."""

from gridproof.signals.expression.operators import rolling as rolling
from gridproof.signals.expression.operators import sampling as sampling
from gridproof.signals.expression.operators.declaration import OPERATORS as OPERATORS
