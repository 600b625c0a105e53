"""Arguments that many layers take, checked in one place."""

import math
import numbers
from collections.abc import Sequence
from typing import Any, Literal

import keras

Initializer = Any  # a number (a constant), name, config or keras.initializers.Initializer
SharedAxes = Sequence[int] | Literal["all"] | None


def initializer(value: Initializer) -> keras.initializers.Initializer:
    """An initializer from a number, a name, a config or an initializer.

    Raises:
        ValueError: if the number is not finite.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"An initial value must be a finite number. Received: {value!r}")
        return keras.initializers.Constant(float(value))
    return keras.initializers.get(value)


def shared_axes(axes: Any, owner: str) -> list[int] | Literal["all"] | None:
    """`shared_axes` as None, "all" or a list of integers."""
    if axes is None or axes == "all":
        return axes
    given = [axes] if isinstance(axes, numbers.Integral) else axes
    if isinstance(given, str) or not all(isinstance(axis, numbers.Integral) and axis != 0 for axis in given):
        raise ValueError(
            f"`shared_axes` of {owner} must be None (one weight per channel), a list of axes after the batch axis, "
            f"or 'all'. Received: shared_axes={axes!r}"
        )
    return [int(axis) for axis in given]


def positive_integer(name: str, value: Any, owner: str) -> int:
    """`value` as an int >= 1."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{name}` of {owner} must be an integer >= 1. Received: {name}={value!r}")
    return int(value)


def number(
    name: str, value: Any, owner: str, low: float | None = None, high: float | None = None, exclusive: bool = False
) -> float:
    """`value` as a finite float in the given range, without its ends if `exclusive`."""
    legal = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if legal and exclusive:
        legal = (low is None or value > low) and (high is None or value < high)
    elif legal:
        legal = (low is None or value >= low) and (high is None or value <= high)
    if not legal:
        ends = [(">" if exclusive else ">=", low), ("<" if exclusive else "<=", high)]
        bounds = " and ".join(f"{sign} {end:g}" for sign, end in ends if end is not None)
        expected = f"a finite number {bounds}".rstrip()
        raise ValueError(f"`{name}` of {owner} must be {expected}. Received: {name}={value!r}")
    return float(value)


def choice(name: str, value: Any, owner: str, choices: Sequence[str]) -> str:
    """`value`, one of the choices."""
    if value not in choices:
        raise ValueError(
            f"`{name}` of {owner} must be one of {', '.join(map(repr, choices))}. Received: {name}={value!r}"
        )
    return str(value)
