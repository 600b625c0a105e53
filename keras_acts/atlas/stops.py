"""The values of a parameter at which its slider stops."""

import math
from collections.abc import Iterable
from typing import Any

from keras_acts.core.activation import Activation
from keras_acts.core.params import Param

__all__ = ["stops"]

FACTORS = (0.125, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0)
OFFSETS = (-2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0)
SMALL = 0.01  # below this a default is no scale for other values
WIDE = 1e3  # a range that is longer is looked at around the default


def stops(record: Activation, param: Param) -> list[dict[str, Any]]:
    """About nine legal sets of parameters in which this one varies, its default among them."""
    fixed = {} if param.needs is None else {param.needs[0]: param.needs[1][0]}
    legal = []
    for value in _values(param):
        given = {**fixed, param.name: value}
        try:
            record.bind((), given)
        except ValueError:  # beyond its range, or beside another parameter
            continue
        legal.append(given)
    return legal


def _values(param: Param) -> list[Any]:
    if param.kind in (bool, str):
        return [*([None] if param.optional else []), *(param.choices or (False, True))]
    if param.default is None:
        return [None, *_ordered(param, FACTORS)]
    return _ordered(param, [param.default, *_around(param, float(param.default))])


def _around(param: Param, default: float) -> Iterable[float]:
    low, high = param.low, param.high
    if low is not None and high is not None and high - low < WIDE:
        return [low + (high - low) * part / 8.0 for part in range(9)]
    if param.kind is int:
        return [default + step for step in range(-4, 6)]
    if low is None and default == 0.0:
        return OFFSETS
    if low is None:
        return [default + math.copysign(abs(default), default) * offset for offset in OFFSETS]
    above = default - low
    return [low, *(low + factor * (above if above >= SMALL else 1.0) for factor in FACTORS)]


def _ordered(param: Param, values: Iterable[float]) -> list[Any]:
    return sorted({param.kind(float(f"{value:.4g}")) if value != param.default else value for value in values})
