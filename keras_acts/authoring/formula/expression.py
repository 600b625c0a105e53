"""Expressions in canonical form: what a formula means, whatever way it was written.

A sum holds a constant and terms with coefficients, a product a coefficient and factors with constant exponents. Equal
expressions are equal objects by their digest, so that large trees with shared parts are compared and hashed at once.
They are made by the functions of `algebra`, never directly.
"""

import hashlib
import struct
from functools import cached_property
from typing import Any

Pairs = tuple[tuple["Expression", float], ...]
Terms = dict["Expression", float]  # of a sum with their coefficients; or the factors of a product with their exponents


class Expression:
    """Base class: an immutable node."""

    def __init__(self, *fields: Any) -> None:
        digest = hashlib.blake2b(type(self).__name__.encode(), digest_size=16)
        for field in fields:
            digest.update(_bytes(field))
        self.digest = digest.digest()
        self._hash = hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.digest == other.digest

    def __hash__(self) -> int:
        return self._hash

    @property
    def children(self) -> tuple["Expression", ...]:
        """The expressions directly inside."""
        return ()

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names of the variables inside."""
        return frozenset().union(*(child.variables for child in self.children))

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions inside."""
        return frozenset().union(*(child.functions for child in self.children))

    @cached_property
    def degree(self) -> float:
        """How fast it grows, as a power of x; functions that grow exponentially or slower than x count as 0."""
        return 0.0


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

    @cached_property
    def variables(self) -> frozenset[str]:
        """Its own name."""
        return frozenset({self.name})

    @cached_property
    def degree(self) -> float:
        """1 for x."""
        return 1.0 if self.name == "x" else 0.0


class Sum(Expression):
    """constant + the sum of coefficient * term."""

    def __init__(self, constant: float, terms: Pairs) -> None:
        super().__init__(constant, terms)
        self.constant = constant
        self.terms = terms

    @property
    def children(self) -> tuple[Expression, ...]:
        """The terms."""
        return tuple(term for term, _ in self.terms)

    @cached_property
    def degree(self) -> float:
        """That of the fastest term."""
        return max((child.degree for child in self.children), default=0.0)


class Product(Expression):
    """coefficient * the product of factor ** exponent."""

    def __init__(self, coefficient: float, factors: Pairs) -> None:
        super().__init__(coefficient, factors)
        self.coefficient = coefficient
        self.factors = factors

    @property
    def children(self) -> tuple[Expression, ...]:
        """The factors."""
        return tuple(factor for factor, _ in self.factors)

    @cached_property
    def degree(self) -> float:
        """The sum over the factors."""
        return sum(factor.degree * exponent for factor, exponent in self.factors)


# Functions that grow as fast as their fastest argument.
_AS_ARGUMENT = frozenset({"abs", "relu", "softplus", "log_cosh", "maximum", "minimum", "where"})


class Call(Expression):
    """A function of expressions. A condition of `where` is one too: "<" or "<=" of two expressions."""

    def __init__(self, name: str, arguments: tuple[Expression, ...]) -> None:
        super().__init__(name, arguments)
        self.name = name
        self.arguments = arguments

    @property
    def children(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.arguments

    @cached_property
    def functions(self) -> frozenset[str]:
        """Its own name and those inside."""
        return super().functions | {self.name}

    @cached_property
    def degree(self) -> float:
        """That of its arguments for some functions, else 0."""
        return max(child.degree for child in self.arguments) if self.name in _AS_ARGUMENT else 0.0


def is_call(expression: Expression, *names: str) -> bool:
    """Whether it is a call of one of these functions."""
    return isinstance(expression, Call) and expression.name in names


def without(terms: Terms, *gone: Expression) -> Terms:
    """The other terms."""
    return {term: coefficient for term, coefficient in terms.items() if term not in gone}
