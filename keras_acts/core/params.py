"""Traits and parameters of an activation, and the one check that a number is in its legal range."""

import inspect
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Trait(str, Enum):
    """A property that users filter by, `keras_acts.names(trait="smooth")`, and the library relies on.

    Of f at its default parameters: "smooth" is infinitely differentiable everywhere; "piecewise_linear" made of
    straight pieces; "monotonic" never falls; "non_monotonic" falls somewhere and rises elsewhere; "bounded" from below
    and from above; "odd" f(-x) = -f(x); "even" f(-x) = f(x); "self_gated" x times a gate of x; "sparse" exactly zero
    over a range of x; "periodic" f(x + T) = f(x); "oscillating" never settles as x grows, as a periodic part goes on;
    "over_axis" couples the elements along an axis; "single_rounding" rounds at most once.
    """

    SMOOTH = "smooth"  # infinitely differentiable
    PIECEWISE_LINEAR = "piecewise_linear"
    MONOTONIC = "monotonic"
    NON_MONOTONIC = "non_monotonic"
    BOUNDED = "bounded"  # from below and from above
    ODD = "odd"  # f(-x) = -f(x)
    EVEN = "even"  # f(-x) = f(x)
    SELF_GATED = "self_gated"  # x times a gate of x
    SPARSE = "sparse"  # exactly zero on a set of positive measure
    PERIODIC = "periodic"  # f(x + T) = f(x)
    OSCILLATING = "oscillating"  # has a periodic part, and so no limit at infinity
    OVER_AXIS = "over_axis"  # couples the elements along an axis
    SINGLE_ROUNDING = "single_rounding"  # rounds at most once, so half precision needs no float32 inside

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Range:
    """Finite numbers of one kind between two bounds, which belong to the range unless it is `exclusive`."""

    kind: type
    low: float | None = None
    high: float | None = None
    exclusive: bool = False

    def __str__(self) -> str:
        words = "a finite number" if self.kind is float else "an integer"
        bounds = self.bounds
        return f"{words} {bounds}" if bounds else words

    @property
    def bounds(self) -> str:
        """The bounds in words, such as `>= 0 and <= 1`."""
        ends = [(">" if self.exclusive else ">=", self.low), ("<" if self.exclusive else "<=", self.high)]
        return " and ".join(f"{sign} {end:g}" for sign, end in ends if end is not None)

    def __contains__(self, value: Any) -> bool:
        if not _is_number(value, self.kind):
            return False
        if self.exclusive:
            return (self.low is None or value > self.low) and (self.high is None or value < self.high)
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def checked(self, name: str, value: Any, owner: str) -> Any:
        """`value` as a plain Python number.

        Raises:
            ValueError: if it is not in the range; `name` and `owner` say of what.
        """
        if value not in self:
            raise ValueError(illegal(name, value, owner, str(self)))
        return self.kind(value)


def _is_number(value: Any, kind: type) -> bool:
    if not isinstance(value, numbers.Integral if kind is int else numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


def illegal(name: str, value: Any, owner: str, expected: str) -> str:
    """The error text for a value that is not what was expected."""
    return f"`{name}` of {owner} must be {expected}. Received: {name}={value!r}"


def finite_number(
    name: str, value: Any, owner: str, low: float | None = None, high: float | None = None, exclusive: bool = False
) -> float:
    """`value` as a finite float in the given range, without its ends if `exclusive`.

    Raises:
        ValueError: if it is none.
    """
    return float(Range(float, low, high, exclusive).checked(name, value, owner))


def integer(name: str, value: Any, owner: str, low: int | None = None, high: int | None = None) -> int:
    """`value` as an int from `low` to `high`.

    Raises:
        ValueError: if it is none.
    """
    return int(Range(int, low, high).checked(name, value, owner))


def choice(name: str, value: Any, owner: str, choices: Sequence[str]) -> str:
    """`value`, one of the choices.

    Raises:
        ValueError: if it is none of them.
    """
    if value not in choices:
        raise ValueError(illegal(name, value, owner, f"one of {', '.join(map(repr, choices))}"))
    return str(value)


def constructor_arguments(cls: type) -> Mapping[str, inspect.Parameter]:
    """The arguments of a class by name, inherited or its own.

    Not from the signature of the class: for a layer without a constructor of its own Python 3.10 gives that of Keras'
    `Layer.__new__`, which is `(*args, **kwargs)`.
    """
    _, *arguments = inspect.signature(cls.__init__).parameters.items()  # type: ignore[misc]
    return dict(arguments)


@dataclass(frozen=True)
class Param:
    """The meaning and the legal range of one parameter, written beside its default in the signature.

    Args:
        meaning: what the parameter does, in a few words.
        low: smallest legal value, or None.
        high: largest legal value, or None.
        exclusive: True if `low` and `high` themselves are not legal.
        below: name of a parameter that must be greater than this one.

    Example:
        alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0
    """

    meaning: str
    low: float | None = None
    high: float | None = None
    exclusive: bool = False
    below: str | None = None
    # Filled in from the signature:
    name: str = field(default="", kw_only=True)
    kind: type = field(default=float, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    default: Any = field(default=None, kw_only=True)

    @property
    def range(self) -> Range:
        """The legal numbers, for a parameter that is one."""
        return Range(self.kind, self.low, self.high, self.exclusive)

    @property
    def expected(self) -> str:
        """A legal value in words, such as `a finite number >= 0`."""
        words = "True or False" if self.kind is bool else str(self.range)
        return f"{words} or None" if self.optional else words

    @property
    def documentation(self) -> str:
        """Its line in the docstring: `alpha: float >= 0, scale of the negative branch.`"""
        kind = " ".join(filter(None, [self.kind.__name__, "" if self.kind is bool else self.range.bounds]))
        return f"{self.name}: {kind}{' or None' if self.optional else ''}, {self.meaning}."

    def validated(self, value: Any, owner: str) -> Any:
        """`value` as a plain Python scalar, so that it is saved as a literal and never drags a dtype along."""
        if value is None and self.optional:
            return None
        is_bool = isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")  # numpy.bool
        legal = is_bool if self.kind is bool else value in self.range
        if not legal:
            raise ValueError(illegal(self.name, value, f"'{owner}'", self.expected))
        return self.kind(value)


def positive(meaning: str) -> Param:
    """A number above 0."""
    return Param(meaning, low=0.0, exclusive=True)
