"""The algebra with all identities: its operations as functions."""

from keras_acts.authoring.formula.algebra import Algebra
from keras_acts.authoring.formula.expression import Variable
from keras_acts.authoring.formula.identities.calls import CALL_RULES
from keras_acts.authoring.formula.identities.products import PRODUCT_RULES
from keras_acts.authoring.formula.identities.sums import SUM_RULES

X = Variable("x")
ALGEBRA = Algebra(SUM_RULES, PRODUCT_RULES, CALL_RULES)

add, scale, multiply, divide, power = ALGEBRA.add, ALGEBRA.scale, ALGEBRA.multiply, ALGEBRA.divide, ALGEBRA.power
call, apply, written = ALGEBRA.call, ALGEBRA.apply, ALGEBRA.written
