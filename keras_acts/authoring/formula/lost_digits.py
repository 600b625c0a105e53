"""Where a formula loses digits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.authoring.formula.kinks import zeros_of
from keras_acts.authoring.formula.record import FormulaActivation, FormulaLayer, declared
from keras_acts.testing import contract, metric, samples

_MOST_POLES = 4  # named in the text


@dataclass(frozen=True)
class Lost:
    """One place where a result is less accurate than the contract asks."""

    dtype: str
    order: int
    low: float
    high: float
    k: float

    def __str__(self) -> str:
        region = f"for x from {self.low:.4g} to {self.high:.4g}"
        allowed = contract.limit(self.dtype, self.order)
        return f"{self.dtype}: {contract.ORDER_NAMES[self.order]} {region}: K up to {self.k:.3g}, allowed {allowed:g}"


@dataclass(frozen=True)
class Report:
    """What `accuracy` found; it prints as text."""

    formula: str
    lost: tuple[Lost, ...]
    poles: tuple[float, ...] = ()

    @property
    def ok(self) -> bool:
        """True if there is a finite value everywhere, and value, first and second derivative meet the contract."""
        return not (self.lost or self.poles)

    def __str__(self) -> str:
        if self.ok:
            return f"{self.formula}: value, first and second derivative meet the contract in float32 and float64."
        lines = [f"{self.formula} loses digits:", *map(str, self.lost)] if self.lost else []
        if self.poles:
            shown = ", ".join(f"{x:.6g}" for x in sorted(self.poles, key=abs)[:_MOST_POLES])
            others = f" and {len(self.poles) - _MOST_POLES} more" if len(self.poles) > _MOST_POLES else ""
            lines.append(f"{self.formula} has no finite value, or no digits of one, at x = {shown}{others}.")
        return "\n".join(lines)


def accuracy(activation: FormulaActivation | FormulaLayer, points: int = 300) -> Report:
    """Measure an activation made by `define` against its own text in mpmath, and say where it loses digits.

    K = |got - f(x)| / (eps (|f(x)| + |x f'(x)|)): 1 is as good as the input's own rounding, and 4 the limit of the
    contract. It is not measured by `define` itself: it takes seconds, and needs mpmath (the `check` extra).

    Args:
        activation: what `define` returned; a layer counts with the weights that it has.
        points: number of inputs drawn from all binades of each dtype.

    Returns:
        A report with `ok`, `lost` and `poles`, which prints as text. Each entry of `lost` names dtype, derivative and a
        range of x; `poles` are the x, of those between -1000 and 1000, where the formula divides by 0 or takes the
        logarithm of 0 and has no limit that is computed.

    Example:
        >>> print(keras_acts.authoring.accuracy(keras_acts.define("x / (1 + exp(-x))"), points=30))
        x / (1 + exp(-x)): value, first and second derivative meet the contract in float32 and float64.
    """
    if not isinstance(activation, FormulaActivation | FormulaLayer):
        raise TypeError(
            "`accuracy` takes what keras_acts.define returns; keras_acts.testing.check_activation takes any activation "
            f"or layer. Received: {activation!r}"
        )
    formulas = _as_they_are(activation) if isinstance(activation, FormulaLayer) else [activation]
    poles = activation.declaration.poles if isinstance(activation, FormulaActivation) else activation._find_poles
    given = activation.all_params if isinstance(activation, FormulaActivation) else {}
    found = tuple(poles(zeros=zeros_of, **given))
    return Report(
        activation.formula, tuple(lost for formula in formulas for lost in _lost(formula, points, found)), found
    )


def _as_they_are(layer: FormulaLayer) -> Iterator[FormulaActivation]:
    """The formula with the layer's weights as numbers, for each channel that has others."""
    start = [np.float64(layer.params[name]) for name in layer.trainable_params]
    weights = np.broadcast_arrays(*map(keras.ops.convert_to_numpy, layer.learnable_parameters or start))
    for values in np.unique(np.stack([weight.ravel() for weight in weights]), axis=1).T:
        learned = dict(zip(layer.trainable_params, map(float, values), strict=True))
        yield declared(layer.formula, {**layer.params, **learned}).with_params({})


def _lost(activation: FormulaActivation, points: int, poles: Sequence[float]) -> Iterator[Lost]:
    subject = contract.subject(activation, None, dtypes=("float64", "float32"), modes=("eager",))
    assert subject.reference is not None  # the formula's own text
    for dtype in subject.dtypes:
        x = samples.sample(dtype, subject.kinks)
        x = np.random.default_rng(1).choice(x, min(points, len(x)), replace=False)
        is_smooth = not {0.0} & {*subject.kinks, *poles} and _has_derivatives(subject.reference, 0.0)
        x = np.unique(np.append(x[x != 0.0], x.dtype.type(0.0)) if is_smooth else x[x != 0.0])
        exact = contract.oracle.derivatives(subject.reference, x)
        got = subject.evaluate(x, "eager")
        for order in range(3):
            k = metric.k_error(got[order], exact, order, x.astype(np.float64), dtype)
            for run in _runs(~(k <= contract.limit(dtype, order))):
                yield Lost(dtype, order, float(x[run[0]]), float(x[run[-1]]), float(np.max(k[run])))


def _has_derivatives(reference: Callable[[Any], Any], x: float) -> bool:
    """Whether mpmath finds them at a place that may be the end of what is defined."""
    try:
        contract.oracle.derivatives(reference, np.array([x]))
    except ArithmeticError:
        return False
    return True


def _runs(bad: np.ndarray) -> list[np.ndarray]:
    """Indices that follow one another."""
    indices = np.flatnonzero(bad)
    return [] if not len(indices) else np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
