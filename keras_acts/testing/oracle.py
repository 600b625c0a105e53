"""The judge: value, derivatives and limits of an mpmath function at exact inputs, at high precision."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mpmath import mp

from keras_acts.testing.metric import Exact

ORDERS = 4  # value and three derivatives; the third only sets the scale of the second

_STEP_BITS = 60  # step h = min(|x|, 1) 2^-60: the error of a central difference is then some 2^-120 of the next terms
_PARAMETER_BITS = 40  # step 2^-40 p: more than an ulp of float64, and the 106 bits of an `Exact` leave 66
_BITS = (320, 640, 1600, 3200, 6400)  # working precisions: the next one where too few digits are left
_AGREEMENT_BITS = 64
_SMOOTH_BITS = 30  # a third difference so much smaller than the others: else the reference waves within a step
_NEGLIGIBLE_BITS = 1100  # far below the smallest normal number of float64: as good as zero

# What a result depends on besides reference and inputs, for those who keep results. The version counts other changes.
PRECISION = {"version": 1, "step": _STEP_BITS, "bits": _BITS, "agreement": _AGREEMENT_BITS}


Function = Callable[[Any], Any]


def derivatives(reference: Function, x: np.ndarray, surrogate: Function | None = None) -> Exact:
    """Value, first, second and third derivative of `reference` at each x, by central differences.

    All are NaN where the reference is. No x may be a kink, or nearer to one than 2^-59 of min(|x|, 1). A surrogate
    stands in place of the first derivative, and its own derivatives in place of the others.

    Raises:
        ArithmeticError: if the reference gives no steady result, however many digits it is given.
    """
    if surrogate is not None:
        value, gradient = derivatives(reference, x), derivatives(surrogate, x)
        pairs = ((value.head, gradient.head), (value.tail, gradient.tail))
        joined_head, joined_tail = (np.concatenate([first[:1], others[:-1]]) for first, others in pairs)
        return Exact(joined_head, joined_tail, slope=value.head[1])
    heads, tails = np.empty((2, ORDERS, len(x)))
    for i, value in enumerate(x):
        for order, right in enumerate(_at(reference, float(value))):
            head = float(right)
            heads[order, i] = head
            tails[order, i] = float(right - head) if np.isfinite(head) else 0.0
    return Exact(heads, tails)


def is_finite(reference: Callable[[Any], Any], x: float) -> bool:
    """Whether the reference is a finite number at x."""
    with mp.workprec(_BITS[0]):
        return bool(mp.isfinite(reference(mp.mpf(x))))


def by_parameters(
    reference: Callable[..., Any],
    params: Mapping[str, float],
    x: np.ndarray,
    surrogate: Callable[..., Any] | None = None,
) -> np.ndarray:
    """The sum over the parameters p of |p df/dp|, of |p df'/dp| and so on, at each x, of shape (ORDERS, len(x)).

    The smaller of the one-sided differences, as a kink that moves with p may lie beside x.
    """

    def at(given: Mapping[str, Any]) -> Exact:
        backward = surrogate and functools.partial(surrogate, **given)
        return derivatives(functools.partial(reference, **given), x, backward)

    here = at(params)
    total = np.zeros_like(here.head)
    for name, value in params.items():
        sides = []
        for sign in (-1, 1):
            with mp.workprec(200):
                moved = mp.mpf(value) * (1 + mp.ldexp(sign, -_PARAMETER_BITS))
            there = at({**params, name: moved})
            with np.errstate(invalid="ignore"):  # inf - inf, where all overflows
                change = np.abs((there.head - here.head) + (there.tail - here.tail))
            sides.append(np.ldexp(np.nan_to_num(change, posinf=0.0), _PARAMETER_BITS))
        total += np.minimum(*sides)
    return total


def limits(reference: Function, surrogate: Function | None = None) -> np.ndarray:
    """What value and derivative, or its surrogate, tend to at -inf and at inf: numbers or infinities, of shape (2, 2).

    NaN where the reference is not defined on that side.
    """
    found = np.empty((2, 2))
    with mp.workprec(9000):
        for side, sign in enumerate((-1, 1)):
            points = [sign * mp.mpf(2) ** power for power in (500, 1000, 2000)]
            values = [reference(point) for point in points]
            slopes = [(reference(2 * point) - value) / point for point, value in zip(points, values, strict=True)]
            found[side] = float(_limit(values)), float(_limit(slopes))
    if surrogate is not None:
        found[:, 1] = limits(surrogate)[:, 0]
    return found


def _limit(at: Sequence[Any]) -> Any:
    """The limit of a function, given its values at x, x^2 and x^4 for some huge x."""
    if abs(at[2]) < abs(at[1]) * 0.75:
        return mp.zero
    # The steps of a power, of log x and of log(log x), which are equal but for rounding, do not get smaller; those of
    # their reciprocals are halved at least.
    first, second = at[1] - at[0], at[2] - at[1]
    grows = abs(second) > abs(first) * 0.9 and abs(second) > abs(at[2]) * mp.mpf(2) ** -100  # else: rounding errors
    return mp.inf * mp.sign(second) if grows else at[2]


def _at(reference: Callable[[Any], Any], x: float) -> list[Any]:
    step_bits = _STEP_BITS
    for bits in _BITS:
        found, error = _differences(reference, x, bits, step_bits)
        if mp.isnan(found[0]):
            return [mp.nan] * ORDERS
        while _is_settled(found, error, x) and _waves(found, error, mp.ldexp(min(abs(x), 1.0), -step_bits)):
            step_bits *= 3
            found, error = _differences(reference, x, bits, step_bits)
        if _is_settled(found, error, x):
            return found
    raise ArithmeticError(f"The reference gives no steady derivatives at x = {x!r}, not even with {_BITS[-1]} bits.")


def _is_settled(found: list[Any], error: list[Any], x: float) -> bool:
    scale = [abs(order) for order in found]
    error[3], scale[3] = abs(x) * error[3], abs(x) * scale[3] + scale[2]  # the third counts as part of that scale only
    negligible = mp.ldexp(1, -_NEGLIGIBLE_BITS)
    return all(e <= mp.ldexp(s, -_AGREEMENT_BITS) + negligible for e, s in zip(error, scale, strict=True))


def _waves(found: list[Any], error: list[Any], h: Any) -> bool:
    """Whether the reference turns within a step, as sin(x^2) does at large x: differences are no derivatives then."""
    first, second, third = (abs(order) * h**power for power, order in enumerate(found[1:], 1))
    known = third > mp.ldexp(error[3] * h**3, _SMOOTH_BITS)
    return known and third > mp.ldexp(max(first, second), -_SMOOTH_BITS)


def _differences(reference: Callable[[Any], Any], x: float, bits: int, step_bits: int) -> tuple[list[Any], list[Any]]:
    """Value and derivatives, and how far off each may be."""
    exponent = int(np.frexp(x)[1]) if x else 0
    size = min(abs(x), 1.0) or 1.0
    # Differences of order 3 lose 3 log2(1 / h) bits, and x + h itself needs log2(|x| / h).
    bits += max(-3 * exponent, exponent, 0)
    with mp.workprec(bits):
        point = mp.mpf(x)
        h = mp.ldexp(mp.mpf(size), -step_bits)
        f = [reference(point + k * h) for k in (-2, -1, 0, 1, 2)]
        found = [
            f[2],
            (f[3] - f[1]) / (2 * h),
            (f[3] - 2 * f[2] + f[1]) / h**2,
            (f[4] - 2 * f[3] + 2 * f[1] - f[0]) / (2 * h**3),
        ]
        rounding = 4 * mp.eps * max(abs(value) or mp.one for value in f)  # an exact 0 may be a difference of ones
    # Where the reference itself cancels, noise looks like a small number. Only another precision tells them apart.
    with mp.workprec(bits + _AGREEMENT_BITS):
        noise = mp.ldexp(abs(reference(mp.mpf(x)) - f[2]), 10)  # that of the other four points may be larger
    return found, [max(rounding, noise) / h**order for order in range(ORDERS)]
