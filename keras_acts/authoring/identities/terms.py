"""What the identities share."""

import math

from keras_acts.authoring.expression import Call, Expression

Terms = dict[Expression, float]
ROOT_HALF = math.sqrt(0.5)


def is_call(expression: Expression, name: str) -> bool:
    """Whether it is a call of that function."""
    return isinstance(expression, Call) and expression.name == name


def without(terms: Terms, *gone: Expression) -> Terms:
    """The other terms."""
    return {term: coefficient for term, coefficient in terms.items() if term not in gone}
