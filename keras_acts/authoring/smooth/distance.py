"""How far a smooth function is from the step or the kink that it smooths, and how fast that shrinks as it sharpens."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from keras_acts.analysis.elementwise import Elementwise
from keras_acts.analysis.quadrature import NODES, WEIGHTS
from keras_acts.authoring.smooth.asymptotes import SHARP, SharpLimit, sharp_limit
from keras_acts.authoring.smooth.composing import Formula, made, piece
from keras_acts.authoring.smooth.steps import STEPS, sharpen
from keras_acts.core import resolve
from keras_acts.core.params import finite_number
from keras_acts.notation.tokens import unknown

_EPS = float(np.finfo("float64").eps)
_POINTS_PER_DECADE = 20
_LEFT = 1e-300  # the smallest |x|, for the one-sided limits at 0
_RIGHT = 1e300
_TREND = 1e6  # a supremum beyond is one at infinity, and an error that still grows there is unbounded

Function = Callable[..., Any]


class Distance(NamedTuple):
    """The largest distance and where it is reached: at some x, or in the limit x -> 0 or x -> +-inf."""

    value: float
    x: float


class Convergence(NamedTuple):
    """Distances by sharpness, float64 arrays; `order` p of each step where the distance falls like k^-p."""

    sharpness: np.ndarray
    distance: np.ndarray
    order: np.ndarray


def distance(
    function: Formula | Function, to: str | SharpLimit | None = None, norm: str = "sup", outside: float = 0.0
) -> Distance:
    """The distance of an activation from the sharp function that it smooths.

    sup |f(x) - g(x)|, or the integral of |f(x) - g(x)|, over |x| > outside

    Mind what can be small: a smooth rectifier is near relu everywhere, but no continuous step is within 1/2 of H(x),
    however sharp. A step is near H in the L1 norm, or outside of some neighbourhood of 0.

    Args:
        function: f, a formula, a name of `smooth.STEPS` or of an activation, or any function of one float tensor.
        to: g, "step", "sign", "relu", "abs" or a `SharpLimit`; by default the `sharp_limit` of f.
        norm: "sup" for the largest distance, "l1" for the integral.
        outside: float >= 0, the neighbourhood of 0 that is left out.

    Returns:
        A `Distance`: its value, to about 12 digits ("sup") or 7 ("l1"), or infinity; and where it is reached, NaN for
        "l1". The details of f must lie within |x| < 1e6.

    Raises:
        ValueError: for an unknown norm or sharp function, or a negative `outside`.

    Example:
        >>> d = distance("softplus")
        >>> round(d.value, 10), d.x
        (0.6931471806, 0.0)
    """
    f = _measured(function)
    g = _target(to, f)
    if norm not in ("sup", "l1"):
        raise ValueError(f"`norm` must be 'sup' or 'l1'. Received: norm={norm!r}")
    outside = finite_number("outside", outside, "distance", low=0.0, high=_TREND)
    sides = [_Side(f, g, sign, outside) for sign in (-1.0, 1.0)]
    if norm == "l1":
        return Distance(sum(side.integral() for side in sides), np.nan)
    return max((side.largest() for side in sides), key=lambda pair: pair[0])[1]


def convergence(
    function: Formula, sharpness: Iterable[float] = (1.0, 2.0, 4.0, 8.0, 16.0), norm: str = "sup", outside: float = 0.0
) -> Convergence:
    """The distance of `sharpen(f, k)` from its sharp limit for growing k, and the order of convergence.

    For a rectifier the distance is exactly that of f, over k: order 1. For a step the L1 distance has order 1 too, and
    the sup-norm outside of a neighbourhood of 0 falls as the tails of f do: like k^-p for an algebraic step, faster
    than any power for sigmoid and erf. The sup-norm over all x stays as it is: order 0.

    Args:
        function: a formula, a name, or an activation made by `define`.
        sharpness: increasing values of k > 0, at least two.
        norm: "sup" or "l1".
        outside: float >= 0, the neighbourhood of 0 that is left out.

    Returns:
        A `Convergence`. order[i] belongs to the step from sharpness[i] to sharpness[i + 1].

    Raises:
        ValueError: as `distance` and `sharpen`, and for values of k that do not increase.

    Example:
        >>> convergence("softplus", [1.0, 2.0, 4.0]).order.round(6).tolist()
        [1.0, 1.0]
    """
    k = np.asarray(list(sharpness), dtype="float64")
    if k.ndim != 1 or len(k) < 2 or not (np.diff(k) > 0.0).all():
        raise ValueError(f"`sharpness` must be two or more increasing numbers. Received: {sharpness!r}")
    found = np.array([distance(sharpen(function, float(value)), norm=norm, outside=outside).value for value in k])
    with np.errstate(divide="ignore", invalid="ignore"):
        order = -np.diff(np.log(found)) / np.diff(np.log(k))
    return Convergence(k, found, order)


def _measured(function: Formula | Function) -> Elementwise:
    if callable(function) or (isinstance(function, str) and function not in STEPS and resolve.find(function)):
        return Elementwise(function)
    found = piece(function, STEPS)
    return Elementwise(made(found.text, None, found))


def _target(to: str | SharpLimit | None, f: Elementwise) -> SharpLimit:
    if to is None:
        return sharp_limit(f.function)
    if isinstance(to, SharpLimit):
        return to
    if to not in SHARP:
        raise ValueError(f"{unknown('sharp function', str(to), SHARP)} Received: to={to!r}")
    return SHARP[to]


class _Side:
    """The error on one side of 0, as a function of |x|."""

    def __init__(self, f: Elementwise, target: SharpLimit, sign: float, outside: float) -> None:
        self._f, self._target, self._sign = f, target, sign
        low = max(outside, _LEFT)
        decades = np.log10(_RIGHT) - np.log10(low)
        self._points = np.geomspace(low, _RIGHT, int(_POINTS_PER_DECADE * decades))
        self._errors = self.errors(self._points)

    def errors(self, size: np.ndarray) -> np.ndarray:
        """|f - g| at sign * size, at least: less what may be rounding errors of f."""
        x = self._sign * size
        target = self._target(x)
        return np.maximum(np.abs(self._f.value(x) - target) - 16.0 * _EPS * np.abs(target), 0.0)

    def _trend(self, weight: np.ndarray | float = 1.0) -> float:
        """The factor by which the weighted error grows from sqrt(X) to the largest X where it can be computed."""
        reliable = self._errors > 1e3 * 16.0 * _EPS * np.abs(self._target(self._sign * self._points))
        index = np.flatnonzero(reliable & (self._points > _TREND))
        if not len(index):
            return 0.0
        weighted = self._errors * weight
        middle = np.searchsorted(self._points, np.sqrt(self._points[index[-1]]))
        return float(weighted[index[-1]] / weighted[middle]) if weighted[middle] else np.inf

    def largest(self) -> tuple[float, Distance]:
        """The supremum, at least and as computed."""
        if self._trend() > 1.5:
            return np.inf, Distance(np.inf, self._sign * np.inf)
        points, errors = self._points, self._errors
        for _ in range(4):  # each round narrows the bracket 50 times
            best = int(np.argmax(errors))
            value, place = float(errors[best]), float(points[best])
            if place > _TREND:
                break
            low, high = points[max(best - 1, 0)], points[min(best + 1, len(points) - 1)]
            points = np.sort(np.append(np.linspace(low, high, 101), place))
            errors = self.errors(points)
        x = np.array([self._sign * place])
        computed = float(np.abs(self._f.value(x) - self._target(x))[0])
        where = np.inf if place > _TREND else place if place > 2.0 * _LEFT else 0.0
        return value, Distance(computed, float(self._sign * where) + 0.0)

    def integral(self) -> float:
        """The integral, by Gauss-Legendre quadrature on panels of growing length."""
        if self._trend(self._points) > 0.5:
            return np.inf
        start = self._points[0] if self._points[0] > _LEFT else 0.0
        inner = np.geomspace(1e-12, 1e12, 24 * 8 + 1)
        edges = np.concatenate([[start], inner[inner > start]])
        centre, radius = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        errors = self.errors((centre[:, None] + radius[:, None] * NODES).ravel())
        return float((errors.reshape(len(centre), -1) @ WEIGHTS * radius).sum())
