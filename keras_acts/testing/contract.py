"""The checks that every activation must pass, and `check_activation`, which runs them on one.

Each check takes a `Subject` and returns a list of findings, empty if all is well.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts import notation
from keras_acts.analysis import elementwise, gradients
from keras_acts.core.derivatives import HALF_DTYPES
from keras_acts.testing import evaluation, of_layer, oracle, samples
from keras_acts.testing.findings import Findings, raise_if_any
from keras_acts.testing.subject import Subject, subject

ORDER_NAMES = ("value", "first derivative", "second derivative")
FORMULA_POINTS = 48


def limit(dtype: str, order: int) -> float:
    """The largest K that the contract allows."""
    if order == 2:
        return 16.0
    return 0.6 if dtype in HALF_DTYPES else 4.0


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


def measure(subject: Subject, fn: Callable[[Any], Any] | None = None, orders: int = 2) -> Iterator[Measurement]:
    """The worst K per dtype, mode and order: float64 judged by the oracle, the others by the float64 so judged.

    With `fn`, another implementation is measured against the truth about the subject.
    """
    evaluate = subject.evaluate if fn is None else functools.partial(evaluation.Evaluator(fn), orders=orders)
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
                # Processors may read a subnormal input as 0; what happens at 0 is checked with it or with the kinks.
                as_at_zero = (got[order] == at_zero[order]) | (np.isnan(got[order]) & np.isnan(at_zero[order]))
                k = np.zeros(len(x))
                judged = np.flatnonzero(~(subnormal & as_at_zero))
                k[judged] = subject.k_error(
                    got[order][judged], exact.at(judged), order, wide[judged], limit(dtype, order)
                )
                worst = int(np.argmax(k))
                yield Measurement(dtype, mode, order, float(k[worst]), float(x[worst]))


def check_accuracy(subject: Subject) -> Findings:
    """Value and first derivative within K <= 4 (half precision 0.6), second derivative within 16."""
    return [
        f"{found} > {limit(found.dtype, found.order)}"
        for found in measure(subject)
        if not found.k <= limit(found.dtype, found.order)
    ]


def check_nan(subject: Subject) -> Findings:
    """NaN in gives NaN out."""
    return [
        f"value at NaN in {dtype}, {mode} is {value}"
        for dtype in subject.dtypes
        for mode, (value, *_) in subject.at(np.nan, dtype).items()
        if not np.all(np.isnan(value))
    ]


def check_finite(subject: Subject) -> Findings:
    """What is no finite number at a finite input is named: it may be a mistake.

    A reference says where the function is undefined or overflows. `check_accuracy` compares to it; what is left are NaN
    at simple numbers and kinks, of which no sample holds many, and where functions are made of parts.
    """
    findings = []
    for dtype in subject.dtypes:
        x = np.append(samples.simple(dtype), np.asarray(subject.kinks, dtype))
        if subject.reference is None:
            x = np.append(x, subject.sample(dtype, subject.kinks))
        x = x[np.argsort(np.abs(x), kind="stable")]
        for mode in subject.modes_in(dtype):
            for order, results in enumerate(subject.evaluate(x, mode)[:3].astype(np.float64)):
                bad = list(np.flatnonzero(~np.isfinite(results)))
                if subject.reference is not None:
                    bad = [i for i in bad if np.isnan(results[i]) and oracle.is_finite(subject.reference, float(x[i]))]
                if bad:
                    findings.append(
                        f"{ORDER_NAMES[order]} in {dtype}, {mode} is {results[bad[0]]} at x = {float(x[bad[0]])!r}, "
                        f"the first of {len(bad)} such inputs. If that is right, give a `reference` that says so"
                    )
    return findings


def check_limits(subject: Subject) -> Findings:
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
    tiny = float(samples.finfo(dtype).tiny)
    vanishes = (got == 0.0) & (abs(limit) <= tiny)
    return vanishes | (np.abs(got - limit) <= 4 * float(samples.finfo(dtype).eps) * max(abs(limit), tiny))


def check_kinks(subject: Subject) -> Findings:
    """At a kink the derivative is one fixed element of the subdifferential, the same in every mode."""
    findings = []
    for kink in subject.kinks:
        gap = 1e-9 * max(1.0, abs(kink))
        sides = subject.evaluate(np.array([kink - gap, kink + gap]), "eager")[1]
        for dtype in subject.dtypes:
            if float(np.asarray(kink, dtype)) != kink:
                continue  # this dtype has no such number
            largest = float(samples.finfo(dtype).max)
            slopes = {mode: np.clip(got[1], -largest, largest) for mode, got in subject.at(kink, dtype).items()}
            low, high = np.clip([sides.min(), sides.max()], -largest, largest)
            slack = (4 * float(samples.finfo(dtype).eps) + 1e-6) * max(1.0, -low, high)
            where = f"derivative at the kink {kink} in {dtype}"
            for mode, derivative in slopes.items():
                if not np.all((derivative >= low - slack) & (derivative <= high + slack)):
                    findings.append(f"{where}, {mode} is {derivative[0]}, not between {sides}")
            if slopes and np.ptp(np.concatenate(list(slopes.values()))) > slack:
                findings.append(f"{where} differs between modes: {slopes}")
    return findings


def check_formula(subject: Subject) -> Findings:
    """The formula that users read is the function that is computed: value and derivatives within the bounds.

    Of a surrogate gradient both formulas: that of the value, and that of what stands in place of the derivative.
    """
    if subject.formula is None:
        return []
    x = subject.sample("float64", subject.kinks)
    # Without 0, where a quotient may have its limit, and subnormals, which processors may read as 0; within the
    # exponents whose exponential mpmath can take once more.
    x = x[(np.abs(x) < 20.0) & (np.abs(x) >= np.finfo(np.float64).tiny)]
    x = np.random.default_rng(5).choice(x, min(FORMULA_POINTS, len(x)), replace=False)
    try:
        formula, text = notation.reference(subject.formula), subject.surrogate_formula
        surrogate = None if text is None else functools.partial(notation.reference(text), **subject.params)
    except notation.FormulaError as error:
        return [f"the formula cannot be read: {error}"]
    exact = oracle.derivatives(functools.partial(formula, **subject.params), x, surrogate)
    got = subject.evaluate(x, "graph")
    findings = []
    for order in range(3):
        k = subject.k_error(got[order], exact, order, x, limit("float64", order))
        if not np.all(k <= limit("float64", order)):
            worst = int(np.argmax(k))
            findings.append(
                f"{ORDER_NAMES[order]} at x = {float(x[worst])!r} is {float(got[order, worst])!r}, by the formula "
                f"{float(exact.head[order, worst])!r}"
            )
    return findings


def check_derivatives(subject: Subject) -> Findings:
    """Without a reference: each derivative is the slope of the order below it, by difference quotients in float64.

    But for the first one of a surrogate gradient, which is another function, held to its formula.

    On two short ways around each x, so that no chance makes a finding. Where rounding, by terms near 1 too, bends,
    jumps or short waves leave a doubt, nothing is said.
    """
    if subject.reference is not None:
        return []  # to which `check_accuracy` compares
    x = subject.sample("float64", subject.kinks)
    x = x[(np.abs(x) > 1e-9) & (np.abs(x) < 1e12)]
    # No powers of 2, as the period of a wave may be one; and no longer at larger x, as waves stay as short.
    step = np.minimum(np.abs(x), 1.0) * np.array([[0.0037], [0.00029]])
    points = x + step * np.arange(-2, 3)[:, None, None]
    orders = subject.evaluate(points.ravel(), "graph")[:3].reshape(3, *points.shape)
    findings = []
    for order, (below, claimed) in enumerate(itertools.pairwise(orders), 1):
        if order == 1 and subject.surrogate is not None:
            continue
        with np.errstate(all="ignore"):  # what overflows says nothing
            slope, size = (below[4] - below[0]) / (4.0 * step), np.abs(claimed).max(axis=0)
            mean, coarse = np.tensordot([[1, 4, 2, 4, 1], [2, 0, 8, 0, 2]], claimed, 1) / 12.0  # by Simpson's rule
            rough = np.abs(np.diff(below, 3, axis=0)).max(axis=0) + 1e-15 * (1.0 + np.abs(below).max(axis=0))
            doubt = 1e-4 * size + 4.0 * np.abs(mean - coarse) + 4.0 * rough / step
            clear = (np.abs(slope - mean) > doubt) & (np.ptp(claimed, axis=0) <= 0.1 * size)
        wrong = np.flatnonzero(clear.all(axis=0))
        if len(wrong):
            i = wrong[np.argmin(np.abs(np.abs(x[wrong]) - 1.0))]
            findings.append(
                f"{ORDER_NAMES[order]} at x = {float(x[i])!r} in float64 is {claimed[2, 1, i]:.6g}, by the "
                f"{ORDER_NAMES[order - 1]} around it {slope[1, i]:.6g}; {len(wrong)} such inputs"
            )
    return findings


def check_elementwise(subject: Subject) -> Findings:
    """It takes a float tensor, keeps its shape, acts on each element alone: without that no other check makes sense."""
    try:
        if elementwise.is_elementwise(subject.fn):
            subject.evaluate(np.ones(1), "graph")  # by which all else is judged
            return []
        received = "one whose output for an element changes with the others, or from call to call"
    except Exception as error:
        received = _summary(error)
    return [
        "Expected a function of one float tensor, made of keras.ops or TensorFlow, that keeps the shape and acts on "
        f"each element alone. Received: {received}. As a layer, others can be tested by keras_acts.testing.check_layer"
    ]


def _summary(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).strip().partition(2 * chr(10))[0].split())}"


def check_symbolic(subject: Subject) -> Findings:
    """On a KerasTensor, shape and dtype are kept and the recorded graph computes the same value and derivative."""
    findings = []
    for dtype in subject.dtypes:
        x = tf.constant(np.linspace(-3.0, 3.0, 24).reshape(4, 6).astype(dtype))
        symbolic = keras.Input((6,), dtype=dtype)
        output = subject.fn(symbolic)
        if tuple(output.shape) != (None, 6) or output.dtype != dtype:
            findings.append(f"symbolic output in {dtype} has shape {output.shape} and dtype {output.dtype}")
        model = keras.Model(symbolic, output)
        in_model, alone = (gradients.derivatives(function, x) for function in (model, subject.fn))
        for order, (found, own) in enumerate(zip(in_model, alone, strict=True)):
            if not np.array_equal(tf.cast(found, "float64"), tf.cast(own, "float64"), equal_nan=True):
                findings.append(f"{ORDER_NAMES[order]} in a Functional model differs in {dtype}")
    return findings


def check_shapes(subject: Subject) -> Findings:
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
CHECKS_OF_LAYERS = (*CHECKS_BY_MODE, check_derivatives)
CHECKS = (check_elementwise, *CHECKS_OF_LAYERS, check_formula, check_symbolic, check_shapes)


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
            which finds loss of accuracy, what is NaN or infinite at a finite x, and derivatives that are not those of
            the value, by difference quotients, where both are smooth. A surrogate gradient is judged by the formula of
            its surrogate.
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
    findings: Findings = []
    for function in of_layer.functions_of(fn) if is_layer else [fn]:
        tested = subject(function, reference, dtypes=dtypes, modes=modes, sample=sample)
        findings += _findings(CHECKS_OF_LAYERS if is_layer else CHECKS, tested)
    raise_if_any(findings, fn)


def _findings(checks: Iterable[Callable[[Subject], Findings]], subject: Subject) -> Iterator[str]:
    for check in checks:
        try:
            found = check(subject)
        except Exception as error:  # must not hide what others find
            found = [f"stopped by {_summary(error)}"]
        yield from (f"{check.__name__}: {finding}" for finding in found)
        if check is check_elementwise and found:
            return  # the others presume it


def _all_of(name: str, given: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """What is given, as far as there is any and all of it is known: a check of nothing would find nothing."""
    given = [given] if isinstance(given, str) else list(given)
    if not given or not set(given) <= set(known):
        raise ValueError(f"`{name}` must hold some of {', '.join(map(repr, known))}. Received: {name}={given!r}")
    return tuple(given)
