"""Expressions in canonical form: what a formula means, whatever way it was written.

A sum holds a constant and terms with coefficients, a product a coefficient and factors with constant exponents. Equal
expressions are equal objects by their digest, so that large trees with shared parts are compared and hashed at once.
They are made by the functions of `canonical`, rarely directly.
"""

import hashlib
import struct
from functools import cached_property
from typing import Any

Pairs = tuple[tuple["Expression", float], ...]
Terms = dict["Expression", float]  # of a sum with their coefficients; or the factors of a product with their exponents


class Expression:
    """Base class: an immutable node.

    Args:
        *fields: what tells it from others of its class.
        children: the expressions directly inside.
    """

    def __init__(self, *fields: Any, children: tuple["Expression", ...] = ()) -> None:
        self.children = children
        digest = hashlib.blake2b(type(self).__name__.encode(), digest_size=16)
        for field in fields:
            digest.update(_bytes(field))
        self.digest = digest.digest()
        self._hash = hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.digest == other.digest

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names of the variables inside."""
        own = {self.name} if isinstance(self, Variable) else set[str]()
        return frozenset(own).union(*(child.variables for child in self.children))

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions inside."""
        own = {self.name} if isinstance(self, Call) else set[str]()
        return frozenset(own).union(*(child.functions for child in self.children))

    @cached_property
    def degree(self) -> float:
        """How fast it grows, as a power of x; functions that grow exponentially or slower than x count as 0."""
        match self:
            case Variable(name="x"):
                return 1.0
            case Product(factors=factors):
                return sum(factor.degree * exponent for factor, exponent in factors)
            case Call(name="quotient", arguments=(quotient, *_)):
                return quotient.degree
            case Call(name=name) if name not in _AS_ARGUMENT:
                return 0.0
        return max((child.degree for child in self.children), default=0.0)


def _bytes(field: Any) -> bytes:
    if isinstance(field, Expression):
        return field.digest
    if isinstance(field, float):
        return struct.pack("<d", field)
    if isinstance(field, str):
        return field.encode() + b"\0"
    return b"(" + b"".join(map(_bytes, field)) + b")"


class Number(Expression):
    """A constant."""

    def __init__(self, value: float) -> None:
        super().__init__(value)
        self.value = value


class Variable(Expression):
    """x, or a parameter that is a tensor."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Sum(Expression):
    """constant + the sum of coefficient * term."""

    def __init__(self, constant: float, terms: Pairs) -> None:
        super().__init__(constant, terms, children=tuple(term for term, _ in terms))
        self.constant = constant
        self.terms = terms


class Product(Expression):
    """coefficient * the product of factor ** exponent."""

    def __init__(self, coefficient: float, factors: Pairs) -> None:
        super().__init__(coefficient, factors, children=tuple(factor for factor, _ in factors))
        self.coefficient = coefficient
        self.factors = factors


class Call(Expression):
    """A function of expressions. A condition of `where` is one too: "<" or "<=" of two expressions.

    "quotient" of q, n and u is the n-th derivative of q, an expression of x alone that has a limit at 0, at x = u.
    """

    def __init__(self, name: str, arguments: tuple[Expression, ...]) -> None:
        super().__init__(name, arguments, children=arguments)
        self.name = name
        self.arguments = arguments


# Functions that grow as fast as their fastest argument.
_AS_ARGUMENT = frozenset({"abs", "relu", "softplus", "log_cosh", "maximum", "minimum", "where"})

SWITCHES = frozenset({"abs", "sign", "heaviside", "relu", "maximum", "minimum", "where"})


def is_call(expression: Expression, *names: str) -> bool:
    """Whether it is a call of one of these functions."""
    return isinstance(expression, Call) and expression.name in names


def without(terms: Terms, *gone: Expression) -> Terms:
    """The other terms."""
    return {term: coefficient for term, coefficient in terms.items() if term not in gone}
