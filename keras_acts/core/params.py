"""Traits and parameters of an activation, and the one check that a number is in its legal range."""

import inspect
import numbers
import operator
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

# In second derivatives stand squares and cubes of it and of its reciprocal, which float32 must hold.
_SMALLEST, _LARGEST = 1e-9, 1e9


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


def scalar(value: Any) -> Any:
    """The number or bool of Python for one of NumPy, also in an array without axes; any other value as it is."""
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


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
    return float(Param("", low, high, exclusive, name=name)._checked(value, owner))


def integer(name: str, value: Any, owner: str, low: int | None = None, high: int | None = None) -> int:
    """`value` as an int from `low` to `high`.

    Raises:
        ValueError: if it is none.
    """
    return int(Param("", low, high, name=name, kind=int)._checked(value, owner))


def flag(name: str, value: Any, owner: str) -> bool:
    """`value`, True or False. A number is none: `SwiGLU(8)` means units, not gate_first.

    Raises:
        ValueError: if it is neither.
    """
    return bool(Param("", name=name, kind=bool)._checked(value, owner))


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
        any_size: True for a number that is only compared with others or copied. The others are 0 or of a magnitude from
            1e-9 to 1e9: of products of larger ones float32 tensors would make infinities, and NaN.
        choices: the legal values of a string.
        needs: another parameter and its values with which this one means something; with others it keeps its default.

    Example:
        alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0
    """

    meaning: str
    low: float | None = None
    high: float | None = None
    exclusive: bool = False
    below: str | None = None
    any_size: bool = False
    choices: tuple[str, ...] = ()
    needs: tuple[str, tuple[str, ...]] | None = None
    # Filled in from the signature:
    name: str = field(default="", kw_only=True)
    kind: type = field(default=float, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    default: Any = field(default=None, kw_only=True)

    def _in_words(self, kind: str) -> str:
        ends = [(">" if self.exclusive else ">=", self.low), ("<" if self.exclusive else "<=", self.high)]
        bounds = " and ".join(f"{sign} {end:g}" for sign, end in ends if end is not None)
        return " ".join(filter(None, [kind, bounds, "or None" if self.optional else ""]))

    @property
    def expected(self) -> str:
        """A legal value in words, such as `a finite number >= 0`."""
        kinds = {bool: "True or False", int: "an integer", float: "a finite number"}
        return self._in_words(kinds.get(self.kind) or f"one of {', '.join(map(repr, self.choices))}")

    @property
    def documentation(self) -> str:
        """Its line in the docstring: `alpha: float >= 0, scale of the negative branch.`"""
        return (
            f"{self.name}: {self._in_words(' | '.join(map(repr, self.choices)) or self.kind.__name__)}, {self.meaning}."
        )

    def applies(self, params: Mapping[str, Any]) -> bool:
        """Whether it means something beside these values of the others."""
        return self.needs is None or params.get(self.needs[0]) in self.needs[1]

    def validated(self, value: Any, owner: str) -> Any:
        """`value` as a plain Python scalar, so that it is saved as a literal and never drags a dtype along.

        Numbers, bools and arrays without axes of NumPy count. Variables and tensors do not, as a parameter is a fixed
        number: its weight would be in no file, and get no gradient.

        Raises:
            ValueError: if it is not legal.
        """
        value = self._checked(value, f"'{owner}'")
        if self.kind is float and value and not (self.any_size or _SMALLEST <= abs(value) <= _LARGEST):
            expected = f"a finite number of magnitude {_SMALLEST:g} to {_LARGEST:g}, or 0 where that is legal"
            raise ValueError(illegal(self.name, value, f"'{owner}'", expected))
        return value

    def _checked(self, value: Any, owner: str) -> Any:
        value = scalar(value)
        if value is None and self.optional:
            return None
        if not self._is_legal(value):
            learned = " One that is learned is a weight of a layer: see `keras_acts.layers` and `define(trainable=)`."
            hint = learned if hasattr(value, "shape") and not isinstance(value, np.ndarray) else ""
            raise ValueError(illegal(self.name, value, owner, self.expected) + hint)
        return self.kind(value)

    def _is_legal(self, value: Any) -> bool:
        if self.kind is str:
            return isinstance(value, str) and value in self.choices
        is_bool = isinstance(value, bool)
        is_number = isinstance(value, numbers.Integral if self.kind is int else numbers.Real)
        if is_bool or self.kind is bool or not is_number:
            return is_bool and self.kind is bool
        above, below = (operator.gt, operator.lt) if self.exclusive else (operator.ge, operator.le)
        is_inside = (self.low is None or above(value, self.low)) and (self.high is None or below(value, self.high))
        return is_inside and -sys.float_info.max <= value <= sys.float_info.max  # not so for NaN


def positive(meaning: str) -> Param:
    """A number above 0."""
    return Param(meaning, low=0.0, exclusive=True)
