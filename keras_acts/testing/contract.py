"""The checks that every activation must pass, and `check_activation`, which runs them on one.

Each check takes a `Subject` and returns a list of findings, empty if all is well.
"""

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from keras_acts import notation
from keras_acts.core import derivatives, resolve
from keras_acts.core.params import Trait
from keras_acts.testing import evaluation, metric, of_layer, oracle, samples

ORDER_NAMES = ("value", "first derivative", "second derivative")
FORMULA_POINTS = 48


def limit(dtype: str, order: int) -> float:
    """The largest K that the contract allows."""
    if order == 2:
        return 16.0
    return 0.6 if dtype in derivatives.HALF_DTYPES else 4.0


@dataclass(frozen=True)
class Measurement:
    """The worst K of one derivative order in one dtype and mode, and the input where it occurs."""

    dtype: str
    mode: str
    order: int
    k: float
    x: float

    def __str__(self) -> str:
        return f"{ORDER_NAMES[self.order]} in {self.dtype}, {self.mode}: K = {self.k:.3g} at x = {self.x!r}"


class Judge(Protocol):
    """What says how an mpmath function is right: the module `oracle`, or a file of what it said."""

    def derivatives(self, reference: Callable[[Any], Any], x: np.ndarray) -> metric.Exact:
        """Value and three derivatives at each x."""

    def limits(self, reference: Callable[[Any], Any]) -> np.ndarray:
        """Limits of value and derivative at -inf and at inf."""


@dataclass(frozen=True)
class Subject:
    """An activation under test: how to compute it, what it should be, and where its derivative jumps."""

    fn: Callable[[Any], Any]
    reference: Callable[[Any], Any] | None = None
    formula: str | None = None  # on the record, with these parameters
    params: Mapping[str, Any] = field(default_factory=dict)
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
        size = (1 + max(len(self.sample(dtype, self.kinks)) for dtype in self.dtypes)) | 7
        return evaluation.Evaluator(self.fn, size=size)

    def evaluate(self, x: np.ndarray, mode: str) -> np.ndarray:
        """The activation with two derivatives at least, an array of shape (orders, len(x))."""
        # The float64 graph is also the reference for narrower dtypes, and is to be compiled only once.
        return self._evaluator(x, mode, 3 if x.dtype == np.float64 and mode == "graph" else 2)

    def at(self, number: float, dtype: str) -> dict[str, np.ndarray]:
        """The activation with two derivatives at one number, in float64, by mode."""
        x = np.full(9, number, samples.numpy_dtype(dtype))  # nine: in eager mode the vectorised path and its remainder
        return {mode: self.evaluate(x, mode).astype(np.float64) for mode in self.modes_in(dtype)}

    @functools.cached_property
    def judged(self) -> tuple[np.ndarray, metric.Exact]:
        """The float64 sample and, by the oracle, the value and three derivatives there."""
        x = self.sample("float64", self.kinks)
        return x, self.own_float64(x) if self.reference is None else self.judge.derivatives(self.reference, x)

    @functools.cached_property
    def limits(self) -> Sequence[Sequence[float | None]]:
        """Of value and derivative, at -inf and at inf; None where the activation alone does not tell."""
        if self.reference is not None:
            return self.judge.limits(self.reference).tolist()
        # At each size a few inputs side by side, which lie many periods of a sine apart.
        far = np.multiply.outer(np.logspace(100.0, 300.0, 24), 1.0 + 1e-6 * np.arange(8.0)).ravel()
        found = [self.evaluate(sign * far, "eager")[:2].reshape(2, 24, 8) for sign in (-1.0, 1.0)]
        return [[_steady(values) for values in side] for side in found]

    def own_float64(self, x: np.ndarray) -> metric.Exact:
        """Value and three derivatives by the activation itself in float64: the reference for narrower dtypes."""
        orders = self.evaluate(x, "graph")
        # The third sets the scale of the second only. It is left to autodiff, which may give NaN where it overflows.
        orders[3] = np.nan_to_num(orders[3], posinf=0.0, neginf=0.0)
        return metric.Exact(orders, np.zeros_like(orders))


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


def subject(activation: Any, reference: Callable[..., Any] | None, **settings: Any) -> Subject:
    """The subject for an activation of keras_acts (kinks and parameters are known) or any other callable.

    A formula made by `define` is judged by its own text where no reference is given.
    """
    fn = resolve.get(activation)
    declaration, params = resolve.declaration_of(fn)
    if declaration is None:
        return Subject(fn, reference, **settings)
    if reference is None:
        reference = getattr(declaration, "reference", None)  # of a formula: its own text
    formula = declaration.formula_at(params)
    known = {
        "reference": reference and functools.partial(reference, **params),
        "formula": formula if isinstance(formula, str) else None,
        "params": params,
        "kinks": tuple(declaration.kinks(**params)),
        "has_limits": not declaration.traits & {Trait.PERIODIC, Trait.OSCILLATING},
    }
    return Subject(fn, **{**known, **settings})


def measure(subject: Subject, fn: Callable[[Any], Any] | None = None, orders: int = 2) -> Iterator[Measurement]:
    """The worst K per dtype, mode and order: float64 judged by the oracle, the others by the float64 so judged.

    With `fn`, another implementation is measured against the truth about the subject.
    """
    evaluate = subject.evaluate if fn is None else evaluation.Evaluator(fn, orders)
    for dtype in subject.dtypes:
        if dtype == "float64":
            x, exact = subject.judged
        else:
            x = subject.sample(dtype, subject.kinks)
            exact = subject.own_float64(x.astype(np.float64))
        wide = x.astype(np.float64)
        subnormal = np.abs(wide) < float(samples.finfo(dtype).tiny)
        for mode in subject.modes_in(dtype):
            results = evaluate(np.append(x, np.zeros(1, x.dtype)), mode)
            got, at_zero = results[:, :-1], results[:, -1]
            for order in range(orders + 1):
                k = metric.k_error(got[order], exact, order, wide, dtype)
                # Processors may read a subnormal input as 0; what happens at 0 is checked with it or with the kinks.
                as_at_zero = (got[order] == at_zero[order]) | (np.isnan(got[order]) & np.isnan(at_zero[order]))
                k[subnormal & as_at_zero] = 0.0
                worst = int(np.argmax(k))
                yield Measurement(dtype, mode, order, float(k[worst]), float(x[worst]))


def check_accuracy(subject: Subject) -> list[str]:
    """Value and first derivative within K <= 4 (half precision 0.6), second derivative within 16."""
    return [
        f"{found} > {limit(found.dtype, found.order)}"
        for found in measure(subject)
        if not found.k <= limit(found.dtype, found.order)
    ]


def check_nan(subject: Subject) -> list[str]:
    """NaN in gives NaN out."""
    return [
        f"value at NaN in {dtype}, {mode} is {value}"
        for dtype in subject.dtypes
        for mode, (value, *_) in subject.at(np.nan, dtype).items()
        if not np.all(np.isnan(value))
    ]


def check_finite(subject: Subject) -> list[str]:
    """Without a reference, what is no finite number at a finite input is named: it may be a mistake."""
    if subject.reference is not None:
        return []  # which says where the function is undefined or overflows, and `check_accuracy` compares
    findings = []
    for dtype in subject.dtypes:
        x = subject.sample(dtype, subject.kinks)
        x = x[np.argsort(np.abs(x), kind="stable")]
        for mode in subject.modes_in(dtype):
            for order, results in enumerate(subject.evaluate(x, mode)[:2].astype(np.float64)):
                bad = np.flatnonzero(~np.isfinite(results))
                if len(bad):
                    findings.append(
                        f"{ORDER_NAMES[order]} in {dtype}, {mode} is {results[bad[0]]} at x = {float(x[bad[0]])!r}, "
                        f"the first of {len(bad)} such inputs. If that is right, give a `reference` that says so"
                    )
    return findings


def check_limits(subject: Subject) -> list[str]:
    """+-inf gives the limit of the value and of the first derivative where there is one; else NaN."""
    findings = []
    for sign, limits in zip((-1, 1), subject.limits, strict=True):
        for dtype in subject.dtypes:
            for mode, got in subject.at(sign * np.inf, dtype).items():
                for order, limit in enumerate(limits):
                    if limit is None:
                        continue
                    # Where the value swings for ever, it is NaN; the derivative may be anything.
                    right = _is_the_limit(got[order], limit, dtype) if subject.has_limits else np.isnan(got[0])
                    if not np.all(right):
                        findings.append(
                            f"{ORDER_NAMES[order]} at {sign * np.inf} in {dtype}, {mode} is {got[order][0]}, "
                            f"expected {limit:.6g}"
                        )
    return findings


def _is_the_limit(got: np.ndarray, limit: float, dtype: str) -> Any:
    if np.isnan(limit):
        return np.isnan(got)  # not defined on this side
    if abs(limit) > float(samples.finfo(dtype).max):
        return got == np.copysign(np.inf, limit)
    return np.abs(got - limit) <= 4 * float(samples.finfo(dtype).eps) * abs(limit)


def check_kinks(subject: Subject) -> list[str]:
    """At a kink the derivative is one fixed element of the subdifferential, the same in every mode."""
    findings = []
    for kink in subject.kinks:
        gap = 1e-9 * max(1.0, abs(kink))
        sides = subject.evaluate(np.array([kink - gap, kink + gap]), "eager")[1]
        for dtype in subject.dtypes:
            if float(np.asarray(kink, samples.numpy_dtype(dtype))) != kink:
                continue  # this dtype has no such number
            slopes = {mode: got[1] for mode, got in subject.at(kink, dtype).items()}
            slack = 4 * float(samples.finfo(dtype).eps) + 1e-6
            for mode, derivative in slopes.items():
                if not np.all((derivative >= sides.min() - slack) & (derivative <= sides.max() + slack)):
                    findings.append(
                        f"derivative at the kink {kink} in {dtype}, {mode} is {derivative[0]}, not between {sides}"
                    )
            if slopes and np.ptp(np.concatenate(list(slopes.values()))) > slack:
                findings.append(f"derivative at the kink {kink} in {dtype} differs between modes: {slopes}")
    return findings


def check_formula(subject: Subject) -> list[str]:
    """The formula that users read is the function that is computed: value and first derivative within the bounds."""
    if subject.formula is None:
        return []
    x = subject.sample("float64", subject.kinks)
    # Without 0, where a quotient may have its limit, and subnormals, which processors may read as 0; within the
    # exponents whose exponential mpmath can take once more.
    x = x[(np.abs(x) < 20.0) & (np.abs(x) >= np.finfo(np.float64).tiny)]
    x = np.random.default_rng(5).choice(x, min(FORMULA_POINTS, len(x)), replace=False)
    try:
        formula = notation.reference(subject.formula)
    except notation.FormulaError as error:
        return [f"the formula cannot be read: {error}"]
    exact = oracle.derivatives(functools.partial(formula, **subject.params), x)
    got = subject.evaluate(x, "graph")
    findings = []
    for order in range(2):
        k = metric.k_error(got[order], exact, order, x, "float64")
        if not np.all(k <= limit("float64", order)):
            worst = int(np.argmax(k))
            findings.append(
                f"{ORDER_NAMES[order]} at x = {float(x[worst])!r} is {float(got[order, worst])!r}, by the formula "
                f"{float(exact.head[order, worst])!r}"
            )
    return findings


def check_symbolic(subject: Subject) -> list[str]:
    """On a KerasTensor, shape and dtype are kept and the recorded graph computes the same value and derivative."""
    findings = []
    for dtype in subject.dtypes:
        x = tf.constant(np.linspace(-3.0, 3.0, 24).reshape(4, 6).astype(samples.numpy_dtype(dtype)))
        symbolic = keras.Input((6,), dtype=dtype)
        output = subject.fn(symbolic)
        if tuple(output.shape) != (None, 6) or output.dtype != dtype:
            findings.append(f"symbolic output in {dtype} has shape {output.shape} and dtype {output.dtype}")
        model = keras.Model(symbolic, output)
        model_orders, own_orders = (evaluation.with_derivatives(f, "eager")(x) for f in (model, subject.fn))
        for order in range(2):
            found, own = (orders[order].numpy().astype(np.float64) for orders in (model_orders, own_orders))
            if not np.array_equal(found, own, equal_nan=True):
                findings.append(f"{ORDER_NAMES[order]} in a Functional model differs in {dtype}")
    return findings


def check_shapes(subject: Subject) -> list[str]:
    """Empty, 0-d and dynamically shaped tensors work, and keep shape and dtype."""
    findings = []
    for dtype in subject.dtypes:
        dynamic = tf.function(subject.fn, input_signature=[tf.TensorSpec([None, None], dtype)], autograph=False)
        for shape, fn in (((0, 3), subject.fn), ((), subject.fn), ((2, 3), dynamic), ((0, 3), dynamic)):
            output = fn(tf.zeros(shape, dtype))
            if tuple(output.shape) != shape or output.dtype != dtype:
                findings.append(f"shape {shape} in {dtype} became {tuple(output.shape)} in {output.dtype.name}")
    return findings


# Those that run in each mode, and all.
CHECKS_BY_MODE = (check_accuracy, check_finite, check_nan, check_limits, check_kinks)
CHECKS = (*CHECKS_BY_MODE, check_formula, check_symbolic, check_shapes)


def check_activation(
    fn: Any,
    reference: Callable[..., Any] | None = None,
    *,
    dtypes: Iterable[str] = samples.DTYPES,
    modes: Iterable[str] = evaluation.MODES,
    thorough: bool = False,
) -> None:
    """Run the contract of keras_acts on an elementwise activation, your own or one of ours.

    Accuracy of value, first and second derivative over all half-precision numbers, 60,000 float32 inputs and every
    binade of float64; NaN, infinities, kinks, symbolic tensors and shapes.

    Args:
        fn: a callable, a name or spec string, or an elementwise layer, which counts with the weights that it has; its
            shapes and its file are for `check_layer`.
        reference: the same function in mpmath, `reference(x, **params)`, written from the paper. Without it a formula
            made by `define` is judged by its text. Of others only the float64 values at moderate x are held to the
            formula of the declaration, if there is one; all else is judged by the activation's own float64 result,
            which finds loss of accuracy, and what is NaN or infinite at a finite x.
        dtypes: of "float16", "bfloat16", "float32", "float64".
        modes: of "eager", "graph", "xla".
        thorough: whether to take a million float32 inputs.

    Raises:
        AssertionError: with all findings, a line each.
        TypeError: if `fn` is a layer that does not act element by element.
        ValueError: for an unknown dtype or mode, or none at all.

    Example:
        >>> from mpmath import mp
        >>> keras_acts.testing.check_activation("lisht", lambda x: x * mp.tanh(x), dtypes=["float64"], modes=["graph"])
    """
    sample = samples.thorough if thorough else samples.sample
    dtypes, modes = _all_of("dtypes", dtypes, samples.DTYPES), _all_of("modes", modes, evaluation.MODES)
    is_layer = isinstance(fn, keras.Layer)
    findings = []
    for function in of_layer.functions_of(fn) if is_layer else [fn]:
        tested = subject(function, reference, dtypes=dtypes, modes=modes, sample=sample)
        checks = CHECKS_BY_MODE if is_layer else CHECKS
        findings += [f"{check.__name__}: {finding}" for check in checks for finding in check(tested)]
    if findings:
        places = "1 place" if len(findings) == 1 else f"{len(findings)} places"
        raise AssertionError(f"{fn!r} breaks the contract in {places}:\n" + "\n".join(findings))


def _all_of(name: str, given: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """What is given, as far as there is any and all of it is known: a check of nothing would find nothing."""
    given = [given] if isinstance(given, str) else list(given)
    if not given or not set(given) <= set(known):
        raise ValueError(f"`{name}` must hold some of {', '.join(map(repr, known))}. Received: {name}={given!r}")
    return tuple(given)
