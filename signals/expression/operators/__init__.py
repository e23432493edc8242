"""The operators of the language, one declared function each. Importing this package fills ``declaration.OPERATORS``."""

from gridproof.signals.expression.operators import aggregation as aggregation
from gridproof.signals.expression.operators import arithmetic as arithmetic
from gridproof.signals.expression.operators import average as average
from gridproof.signals.expression.operators import calendar as calendar
from gridproof.signals.expression.operators import change as change
from gridproof.signals.expression.operators import cross_section as cross_section
from gridproof.signals.expression.operators import event as event
from gridproof.signals.expression.operators import level as level
from gridproof.signals.expression.operators import missing as missing
from gridproof.signals.expression.operators import model as model
from gridproof.signals.expression.operators import moments as moments
from gridproof.signals.expression.operators import order as order
from gridproof.signals.expression.operators import recursive as recursive
from gridproof.signals.expression.operators import regression as regression
from gridproof.signals.expression.operators import sampling as sampling
from gridproof.signals.expression.operators import segment as segment
from gridproof.signals.expression.operators.declaration import OPERATORS as OPERATORS
from gridproof.signals.expression.operators.declaration import OVER_STOCKS as OVER_STOCKS
