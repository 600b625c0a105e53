"""What an activation does, measured: its range, where it is flat, and whether it gives probabilities along an axis."""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.analysis import elementwise
from keras_acts.core import keras_bridge

__all__ = ["Behaviour", "Measured"]

NEAR = np.linspace(-20.0, 20.0, 4001)
FAR = np.array([50.0, 100.0, 1e3, 1e4, 1e6])
GRID = np.concatenate([-FAR[::-1], NEAR, FAR])


@dataclass(frozen=True)
class Behaviour:
    """Of one activation: values and slopes on a grid, or how it couples the elements along an axis.

    Attributes:
        name: for texts.
        function: what was measured.
        values: on `GRID`; None where the activation is not elementwise.
        slopes: what gradients are multiplied by there, which is the surrogate's where there is one; None if unknown.
        is_distribution: True if it gives numbers >= 0 that sum to 1 along an axis, or their logarithms.
        is_log: True if it gives their logarithms.
    """

    name: str
    function: Callable[..., Any]
    values: np.ndarray | None = None
    slopes: np.ndarray | None = None
    is_distribution: bool = False
    is_log: bool = False

    def image(self, low: float, high: float) -> tuple[float, float]:
        """The smallest and largest value for inputs between two numbers, infinite where there is no end."""
        assert self.values is not None
        within = (low - 1e-6 <= GRID) & (high + 1e-6 >= GRID) & ~np.isnan(self.values)
        reached = self.values[within]
        if not reached.size:
            return (-np.inf, np.inf)
        ends = float(reached.min()), float(reached.max())
        return (-np.inf if ends[0] < -1e3 else ends[0], np.inf if ends[1] > 1e3 else ends[1])

    @cached_property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        if self.values is not None:
            return self.image(-np.inf, np.inf)
        return (-np.inf, 0.0) if self.is_log else (0.0, 1.0) if self.is_distribution else (-np.inf, np.inf)

    @property
    def is_bounded(self) -> bool:
        """Whether both ends are finite."""
        return bool(np.isfinite(self.range).all())

    @property
    def line(self) -> tuple[float, float]:
        """Offset and slope of the line through its values at 0 and 1."""
        assert self.values is not None
        at_0, at_1 = np.interp([0.0, 1.0], GRID, self.values)
        return float(at_0), float(at_1 - at_0)

    @cached_property
    def is_affine(self) -> bool:
        """Whether it is a line: no activation, but a scale and a shift."""
        if self.values is None:
            return False
        offset, slope = self.line
        return bool(np.allclose(self.values, offset + slope * GRID, rtol=1e-5, atol=1e-5))

    @cached_property
    def never_passes_gradients(self) -> bool:
        """Whether it is a step: gradients are 0 almost everywhere, though the values differ."""
        if self.values is None or self.slopes is None:
            return False
        return bool(np.ptp(self.values) > 0.0 and np.mean(self.slopes[5:-5] == 0.0) > 0.99)

    @cached_property
    def has_flat_side(self) -> bool:
        """Whether it is constant over the negative or the positive numbers, as relu is: units can die there."""
        if self.values is None:
            return False
        sides = self.values[GRID <= 0.0], self.values[GRID >= 0.0]
        return any(bool(np.ptp(side) == 0.0) for side in sides)

    @cached_property
    def saturates(self) -> bool:
        """Whether it has two flat ends around a slope, as tanh and sigmoid."""
        if self.values is None or not self.is_bounded:
            return False
        rises = np.diff(self.values)
        is_monotonic = bool((rises >= -1e-9).all() or (rises <= 1e-9).all())
        return is_monotonic and not self.has_flat_side and self.least_slope < 0.01 * self.largest_slope

    @cached_property
    def swings(self) -> bool:
        """Whether it goes up and down many times, as a sine."""
        steps = np.zeros(0) if self.values is None else np.diff(self.values)
        return bool(np.sum(np.diff(np.sign(steps[np.abs(steps) > 1e-6])) != 0) > 6)

    @cached_property
    def slope_moment(self) -> float:
        """E f'(z)^2 for z ~ N(0, 1), by which a layer multiplies gradients beside its weights."""
        assert self.values is not None
        slopes = np.gradient(self.values, GRID) if self.slopes is None else self.slopes
        near, density = np.abs(GRID) <= 8.0, np.exp(-0.5 * GRID**2)
        return float(np.nansum((density * slopes**2)[near]) / np.sum(density[near]))

    @cached_property
    def largest_slope(self) -> float:
        """The largest `|f'|` in [-5, 5]."""
        return float(np.nanmax(self._slopes(5.0)))

    @cached_property
    def least_slope(self) -> float:
        """The smallest `|f'|` in [-20, 20]."""
        return float(np.nanmin(self._slopes(20.0)))

    def _slopes(self, within: float) -> np.ndarray:
        assert self.values is not None
        slopes = np.gradient(self.values, GRID) if self.slopes is None else self.slopes
        return np.abs(slopes[np.abs(GRID) <= within])

    def not_finite(self, dtype: str) -> str | None:
        """Whether "value" or "derivative" is not finite over a part of [-10, 10], computed in this dtype."""
        x = ops.convert_to_tensor(NEAR[np.abs(NEAR) <= 10.0], dtype)
        try:
            results = elementwise.gradients.derivatives(self.function, x, 1)
        except Exception:  # not written for this: seen elsewhere
            return None
        for what, result in zip(("value", "derivative"), results, strict=True):
            if np.mean(~np.isfinite(ops.convert_to_numpy(ops.cast(result, "float32")))) > 0.01:
                return what
        return None


class Measured:
    """What each activation of a model does: functions, layers and operations of one tensor, measured once."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[Any, Behaviour | None]] = {}  # with what was measured, as ids are used again

    def __call__(self, activation: Any) -> Behaviour | None:
        """What it does; None where that cannot be measured."""
        if isinstance(activation, keras.layers.Activation):
            activation = activation.activation
        if isinstance(activation, types.FunctionType) and keras_bridge.is_activation_function(activation):
            return _of_builtin(activation)
        if id(activation) not in self._found:
            self._found[id(activation)] = (activation, _behaviour(activation))
        return self._found[id(activation)][1]


def _behaviour(activation: Any) -> Behaviour | None:
    name = str(getattr(activation, "__name__", type(activation).__name__))
    rows = np.random.default_rng(0).normal(size=(4, 3, 5)).astype("float32")
    if isinstance(activation, keras.layers.Softmax):
        return Behaviour("softmax", activation, is_distribution=True)
    try:
        function = elementwise.as_function(activation) if _is_plain_layer(activation) else activation
        if not elementwise.is_over_axis(function) and elementwise.is_elementwise(function):
            values, slopes = _measured(function)
            return Behaviour(name, function, values, slopes)
        found = np.asarray(ops.convert_to_numpy(activation(ops.convert_to_tensor(rows))))
    except Exception:  # whatever a user's function raises on numbers that are not its own
        return None
    if found.shape != rows.shape:
        return None
    is_log = bool((found <= 0.0).all() and found.min() < -0.1)
    sums = (np.exp(found) if is_log else found).sum(-1)
    sums_to_one = bool(np.allclose(sums, 1.0, atol=1e-4) and (is_log or (found >= 0.0).all()))
    return Behaviour(name, function, is_distribution=sums_to_one, is_log=is_log and sums_to_one)


_of_builtin = functools.lru_cache(maxsize=256)(_behaviour)  # they never change


def _is_plain_layer(activation: Any) -> bool:
    return isinstance(activation, keras.Layer) and not isinstance(activation, keras.layers.Lambda)


def _measured(function: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray | None]:
    with np.errstate(all="ignore"):
        try:
            values, slopes = elementwise.evaluate(function, GRID, 1)
            return values, slopes
        except Exception:  # a derivative that the backend lacks
            return elementwise.evaluate(function, GRID)[0], None
