"""Write keras_acts/core/numerics/coefficients.json, the polynomials that the primitives evaluate.

    python -m tools.fit_series

fits every polynomial anew with 50 digits, writes the file, and prints the largest relative error of each polynomial,
in exact arithmetic and in units of the last place of its dtype. Coefficients are float64 for both dtypes; they are
rounded to the dtype of the tensor that they meet. Needs mpmath.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mpf

OUTPUT = Path(__file__).parents[1] / "keras_acts" / "core" / "numerics" / "coefficients.json"
EPSILON = {"float64": mpf(2) ** -52, "float32": mpf(2) ** -23}
mpmath.mp.dps = 50


@dataclass(frozen=True)
class Fit:
    """A function of the polynomial's own variable, and the polynomial that stands for it.

    Attributes:
        meaning: what the function is in terms of x, and which variable of x is raised to powers.
        function: its value at the variable. The ends of the interval are never asked for.
        interval: the variable's range.
        degrees: the polynomial's degree for each dtype.
        nodes: None for the polynomial through degree + 1 Chebyshev nodes; else the number of Chebyshev nodes by which
            the coefficients of the Chebyshev series are computed, of which the first degree + 1 are kept.
    """

    meaning: str
    function: Callable[[mpf], mpf]
    interval: tuple[mpf, mpf]
    degrees: dict[str, int]
    nodes: int | None = None


def _of_square(function: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    """The function of x as a function of x^2."""
    return lambda square: function(mpmath.sqrt(square))


def _normal_tail(u: mpf) -> mpf:
    t = 4 * (1 + u) / (1 - u)
    return (t + 4) * mpmath.exp(t * t / 2) * mpmath.erfc(t / mpmath.sqrt(2)) / 2


def _arctan_gate_tail(y: mpf) -> mpf:
    t = mpmath.sqrt(1 / y - 1)
    return (mpmath.atan(1 / t) / (t * y) - 1) / y


FITS: dict[str, Fit] = {
    "normal_tail": Fit(
        "(t + 4) exp(t^2 / 2) Phi(-t) for t >= 0, in powers of (t - 4) / (t + 4)",
        _normal_tail,
        (mpf(-1), mpf(1)),
        {"float64": 24, "float32": 11},
        nodes=100,
    ),
    "erf_quotient": Fit(
        "erf(z) / z for 0 <= z <= 1, in powers of z^2",
        _of_square(lambda z: mpmath.erf(z) / z),
        (mpf(0), mpf(1)),
        {"float64": 12, "float32": 7},
    ),
    "tanh_quotient": Fit(
        "tanh(z) / z for 0 <= z <= 1, in powers of z^2",
        _of_square(lambda z: mpmath.tanh(z) / z),
        (mpf(0), mpf(1)),
        {"float64": 16, "float32": 8},
    ),
    "tanh_shrink_quotient": Fit(
        "(x - tanh(x)) / x^3 for 0 <= x <= 1, in powers of x^2",
        _of_square(lambda x: (x - mpmath.tanh(x)) / x**3),
        (mpf(0), mpf(1)),
        {"float64": 15, "float32": 7},
    ),
    "log1p_quotient": Fit(
        "log(1 + e) / e for 0 <= e <= 1, in powers of e",
        lambda e: mpmath.log1p(e) / e,
        (mpf(0), mpf(1)),
        {"float64": 21, "float32": 10},
    ),
    "log_two_minus_quotient": Fit(
        "log(2 - exp(-z)) / z for 0 <= z <= 1, in powers of 2 z - 1",
        lambda v: mpmath.log(2 - mpmath.exp(-(v + 1) / 2)) / ((v + 1) / 2),
        (mpf(-1), mpf(1)),
        {"float64": 24, "float32": 12},
    ),
    "artanh_rest": Fit(
        "(2 artanh(s / 2) - s) / s^3 for 0 <= s <= 2/3, in powers of s^2",
        _of_square(lambda s: (2 * mpmath.atanh(s / 2) - s) / s**3),
        (mpf(0), mpf(4) / 9),
        {"float64": 9, "float32": 4},
    ),
    "expm1_rest": Fit(
        "(exp(z) - 1 - z) / z^2 for -0.35 <= z <= 0.36, in powers of z",
        lambda z: (mpmath.expm1(z) - z) / z**2,
        (mpf(-0.35), mpf(0.36)),  # no node at 0
        {"float64": 10, "float32": 5},
    ),
    "arctan_rest": Fit(
        "(arctan(t) - t) / t^3 for 0 <= t <= 1, in powers of t^2",
        _of_square(lambda t: (mpmath.atan(t) - t) / t**3),
        (mpf(0), mpf(1)),
        {"float64": 20, "float32": 9},
    ),
    "arctan_gate_tail": Fit(
        "(arctan(1 / t) / (t y) - 1) / y for y = 1 / (1 + t^2) and t >= 1, in powers of y",
        _arctan_gate_tail,
        (mpf(0), mpf(1) / 2),
        {"float64": 22, "float32": 11},
    ),
    "sine_rest": Fit(
        "(sin(r) - r) / r^3 for 0 <= r <= pi / 2 and a little beyond, in powers of r^2",
        _of_square(lambda r: (mpmath.sin(r) - r) / r**3),
        (mpf(0), mpf("1.0001") * mpmath.pi**2 / 4),
        {"float32": 4},
    ),
}


def coefficients(fit: Fit, degree: int) -> list[float]:
    """The polynomial's coefficients, from the constant upwards."""
    low, high = fit.interval
    total = fit.nodes or degree + 1
    angles = [mpmath.pi * (k + mpf(0.5)) / total for k in range(total)]
    values = [fit.function((low + high) / 2 + (high - low) / 2 * mpmath.cos(angle)) for angle in angles]
    result = [mpf(0)] * (degree + 1)
    basis, before = [mpf(1)], [mpf(0)]  # the Chebyshev polynomials T_j and T_(j-1), in powers of the variable
    slope, offset = 2 / (high - low), -(low + high) / (high - low)
    for j in range(degree + 1):
        weight = mpf(2 if j else 1) / total
        size = weight * mpmath.fsum(value * mpmath.cos(j * angle) for value, angle in zip(values, angles, strict=True))
        for k, number in enumerate(basis):
            result[k] += size * number
        basis, before = _next_chebyshev(basis, before, slope, offset, 2 if j else 1), basis
    return [float(number) for number in result]


def _next_chebyshev(basis: Sequence[mpf], before: Sequence[mpf], slope: mpf, offset: mpf, factor: int) -> list[mpf]:
    """T_(j+1) = factor u T_j - T_(j-1) with u = slope x + offset; the factor is 1 for T_1 and 2 from then on."""
    raised = [factor * offset * number for number in basis] + [mpf(0)]
    for k, number in enumerate(basis):
        raised[k + 1] += factor * slope * number
    if factor == 2:
        for k, number in enumerate(before):
            raised[k] -= number
    return raised


def largest_error(fit: Fit, polynomial: Sequence[float], points: int = 400) -> mpf:
    """The largest relative error of the polynomial, computed exactly, on its interval."""
    low, high = fit.interval
    variables = [low + (high - low) * (k + mpf(0.5)) / points for k in range(points)]
    values = (mpmath.fsum(number * v**power for power, number in enumerate(polynomial)) for v in variables)
    return max(abs(value / fit.function(v) - 1) for value, v in zip(values, variables, strict=True))


def tables() -> dict[str, dict[str, Any]]:
    """What the file holds."""
    return {
        name: {"meaning": fit.meaning} | {dtype: coefficients(fit, degree) for dtype, degree in fit.degrees.items()}
        for name, fit in FITS.items()
    }


def main() -> None:
    """Write the file and print how near each polynomial is."""
    written = tables()
    OUTPUT.write_text(json.dumps(written, indent=1) + "\n")
    for name, fit in FITS.items():
        for dtype in fit.degrees:
            error = largest_error(fit, written[name][dtype]) / EPSILON[dtype]
            print(f"{name:24}{dtype}  {mpmath.nstr(error, 3)} units in the last place")


if __name__ == "__main__":
    main()
