"""An activation under test: how it is computed, what it should be, and where its derivative jumps."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from keras_acts import notation
from keras_acts.core import resolve
from keras_acts.core.params import Trait
from keras_acts.testing import evaluation, metric, oracle, samples

__all__ = ["Judge", "Subject", "subject"]


class Judge(Protocol):
    """What says how an mpmath function is right: the module `oracle`, or a file of what it said."""

    def derivatives(
        self, reference: oracle.Function, x: np.ndarray, surrogate: oracle.Function | None = None
    ) -> metric.Exact:
        """Value and three derivatives at each x."""

    def limits(self, reference: oracle.Function, surrogate: oracle.Function | None = None) -> np.ndarray:
        """Limits of value and derivative at -inf and at inf."""


@dataclass(frozen=True)
class Subject:
    """An activation under test: how to compute it, what it should be, and where its derivative jumps."""

    fn: Callable[[Any], Any]
    reference: Callable[[Any], Any] | None = None
    formula: str | None = None  # on the record, with these parameters
    # Of a surrogate gradient: the surrogate in mpmath, its formula on the record, and what computes the value alone.
    surrogate: oracle.Function | None = None
    surrogate_formula: str | None = None
    body: Callable[[Any], Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, float] = field(default_factory=dict)  # of `params`, those that are rounded: see metric.py
    kinks: tuple[float, ...] = ()
    has_limits: bool = True  # False for functions such as sin, which have no value at +-inf
    dtypes: Sequence[str] = samples.DTYPES
    modes: Sequence[str] = evaluation.MODES
    left_out: Collection[tuple[str, str]] = ()  # dtypes and modes that are not tested together
    sample: Callable[[str, Sequence[float]], np.ndarray] = samples.sample
    judge: Judge = oracle

    def modes_in(self, dtype: str) -> list[str]:
        """The modes that are tested in a dtype."""
        return [mode for mode in self.modes if (dtype, mode) not in self.left_out]

    @functools.cached_property
    def _evaluator(self) -> evaluation.Evaluator:
        # One size for all inputs, so that all is compiled once. No multiple of the length of a vector: the remainder is
        # computed by other code, which is tested too.
        size = (1 + max(len(self.sample(each, self.kinks)) + len(samples.simple(each)) for each in self.dtypes)) | 7
        return evaluation.Evaluator(self.fn, size=size)

    def evaluate(self, x: np.ndarray, mode: str) -> np.ndarray:
        """The activation with two derivatives at least, an array of shape (orders, len(x))."""
        # The float64 graph is also the reference for narrower dtypes, and is to be compiled only once.
        return self._evaluator(x, mode, 3 if x.dtype == np.float64 and mode == "graph" else 2)

    def at(self, number: float, dtype: str) -> dict[str, np.ndarray]:
        """The activation with two derivatives at one number, in float64, by mode."""
        x = np.full(9, number, dtype)  # nine: in eager mode the vectorised path and its remainder
        return {mode: self.evaluate(x, mode).astype(np.float64) for mode in self.modes_in(dtype)}

    @functools.cached_property
    def judged(self) -> tuple[np.ndarray, metric.Exact]:
        """The float64 sample and, by the oracle, the value and three derivatives there."""
        x = self.sample("float64", self.kinks)
        if self.reference is None:
            return x, self.own_float64(x)
        return x, self.judge.derivatives(self.reference, x, self.surrogate)

    def k_error(self, got: np.ndarray, exact: metric.Exact, order: int, x: np.ndarray, limit: float) -> np.ndarray:
        """K of each element of `got` at the float64 numbers x; the share of the parameters is asked for above `limit`.

        From the largest K on, a few at once, until one stays above: to know more of a wrong function takes too long.
        """
        dtype = got.dtype.name
        k = metric.k_error(got, exact, order, x, dtype)
        if self.reference is None or not self.given:
            return k
        above = np.argsort(-k)[: np.count_nonzero(~(k <= limit))]
        for points in np.array_split(above, range(8, len(above), 8)):
            share = oracle.by_parameters(self.reference, self.given, x[points], self.surrogate)
            k[points] = metric.k_error(
                got[points], exact.at(points)._replace(by_parameters=share), order, x[points], dtype
            )
            if not np.all(k[points] <= limit):
                break
        return k

    @functools.cached_property
    def limits(self) -> Sequence[Sequence[float | None]]:
        """Of value and derivative, at -inf and at inf; None where the activation alone does not tell."""
        if self.reference is not None:
            return self.judge.limits(self.reference, self.surrogate).tolist()
        # At each size a few inputs side by side, which lie many periods of a sine apart.
        far = np.multiply.outer(np.logspace(100.0, 300.0, 24), 1.0 + 1e-6 * np.arange(8.0)).ravel()
        found = [self.evaluate(sign * far, "eager")[:2].reshape(2, 24, 8) for sign in (-1.0, 1.0)]
        return [[_steady(values) for values in side] for side in found]

    def own_float64(self, x: np.ndarray) -> metric.Exact:
        """Value and three derivatives by the activation itself in float64: the reference for narrower dtypes."""
        orders = self.evaluate(x, "graph")
        # The third sets the scale of the second only. It is left to autodiff, which may give NaN where it overflows.
        orders[3] = np.nan_to_num(orders[3], posinf=0.0, neginf=0.0)
        slope = None
        if self.body is not None:
            slope = evaluation.with_derivatives(self.body, "eager", 1)(tf.constant(x))[1].numpy()
        return metric.Exact(orders, np.zeros_like(orders), slope=slope)


def _steady(values: np.ndarray) -> float | None:
    """Where values tend to, at growing x in rows: the last, 0 or an infinity; None if they waver or are under way."""
    sizes = np.minimum(np.abs(values), np.finfo(np.float64).max)
    wavers = np.any(np.ptp(sizes, axis=1) > 1e-4 * sizes.max(axis=1))  # that of x^3 is 2e-5; that of log|x sin x| 1e-2
    if np.isnan(values).any() or np.ptp(np.sign(values)) > 1.0 or wavers:
        return None
    values, sizes = values[:, 0], sizes[:, 0]
    steps = np.diff(sizes)
    if np.isinf(values[-1]) or (np.all(steps > 0.0) and sizes[-1] > 1.1 * sizes[0]):
        return float(np.copysign(np.inf, values[-1]))
    if np.ptp(sizes) <= 1e-9 * sizes[-1]:
        return float(values[-1])
    return 0.0 if np.all(steps <= 0.0) and sizes[-1] < 0.9 * sizes[0] else None


def subject(
    activation: Any, reference: Callable[..., Any] | None, surrogate: Callable[..., Any] | None = None, **settings: Any
) -> Subject:
    """The subject for an activation of keras_acts (kinks and parameters are known) or any other callable.

    A formula made by `define`, and a surrogate, are judged by their own text where no reference is given.
    """
    fn = resolve.get(activation)
    declaration, params = resolve.declaration_of(fn)
    if declaration is None:
        return Subject(fn, reference, **settings)
    if reference is None:
        reference = getattr(declaration, "reference", None)  # of a formula: its own text
    formula, replacing = declaration.formula_at(params), declaration.surrogate_at(params)
    known = {
        "reference": reference and functools.partial(reference, **params),
        "formula": formula if isinstance(formula, str) else None,
        "surrogate": replacing and functools.partial(surrogate or notation.reference(replacing), **params),
        "surrogate_formula": replacing,
        "body": replacing and functools.partial(declaration.body, **params),
        "params": params,
        "given": {
            name: value
            for name, value in params.items()
            if type(value) is float and value and value != declaration.defaults[name]
        },
        "kinks": tuple(declaration.kinks(**params)),
        "has_limits": not declaration.traits & {Trait.PERIODIC, Trait.OSCILLATING},
    }
    return Subject(fn, **{**known, **settings})
