"""Expectations under a normal distribution, by composite Gauss-Legendre quadrature in float64.

Panel edges lie on the kinks of the function, and panels are halved until both levels agree. Gauss-Hermite would be the
wrong rule here: it is blind to kinks (relative error 5.6e-3 for softsign with 20 nodes).
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from keras_acts.core import params

__all__ = ["Integrand", "expectation", "gauss_rule"]

# The density of the normal distribution is 0 in float64 beyond 38.6 standard deviations.
REACH = 38.0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)

# Of the integral of |g|, per panel. With 16 nodes of rounding errors nothing smaller can be told from 0.
TOLERANCE = 1e-15
# A jump in g costs one halving per bit; beyond this the panel has no floats left inside.
MAX_HALVINGS = 60
# Only noise, such as that of float32 arithmetic inside of g, keeps so many panels from converging.
MAX_PANELS = 2048
MAX_NOISE = 1e-5

Integrand = Callable[[np.ndarray], np.ndarray]


def expectation(
    integrand: Integrand, mean: float = 0.0, std: float = 1.0, kinks: Iterable[float] = (), what: str = "the integrand"
) -> np.ndarray:
    """E g(x) for x ~ N(mean, std^2), to about 14 digits of E |g(x)|.

    Args:
        integrand: maps a float64 array of n points to an array of shape (..., n): several functions at once.
        mean: mean of x, a finite number.
        std: standard deviation of x, a finite number > 0.
        kinks: points x where a derivative of g jumps. Without them such points are found by halving, at some cost.
        what: what the integrand is called in error messages.

    Returns:
        Float64 array of shape (...).

    Raises:
        ValueError: if mean or std are no such numbers, the integrand is NaN or infinite somewhere, its expectation is
            infinite, or noise in the integrand leaves fewer than 5 digits.

    Example:
        >>> round(float(expectation(np.abs, kinks=[0.0]) / math.sqrt(2.0 / math.pi)), 14)
        1.0
    """
    mean = params.finite_number("mean", mean, "expectation")
    std = params.finite_number("std", std, "expectation", low=0.0, exclusive=True)

    def weighted(z: np.ndarray) -> np.ndarray:
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        with np.errstate(all="ignore"):  # told below, with the place
            product = np.asarray(integrand(mean + std * z), dtype="float64") * density
        bad = ~np.isfinite(product).reshape(-1, len(z)).all(axis=0)
        if bad.any():
            raise ValueError(
                f"{what} must be finite at all points that x ~ N({mean:g}, {std:g}^2) can reach. "
                f"Received: NaN or infinity at x={mean + std * z[bad][0]:g}"
            )
        return product

    def integrals(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of g and of |g| over each panel, of shape (..., panels)."""
        centre, radius = 0.5 * (low + high), 0.5 * (high - low)
        values = weighted((centre[:, None] + radius[:, None] * NODES).ravel())
        values = values.reshape(*values.shape[:-1], len(low), len(NODES)) * WEIGHTS
        return values.sum(axis=-1) * radius, np.abs(values).sum(axis=-1) * radius

    inner = np.clip([(kink - mean) / std for kink in kinks], -REACH, REACH)
    edges = np.unique([*np.linspace(-REACH, REACH, 2 * int(REACH) + 1), *inner])
    low, high = edges[:-1], edges[1:]
    whole, sizes = integrals(low, high)
    size = sizes.sum(axis=-1)
    if np.any(sizes[..., [0, -1]].sum(axis=-1) > 1e-9 * size):
        raise ValueError(
            f"{what} must have a finite expectation under N({mean:g}, {std:g}^2), with nothing left beyond {REACH:g} "
            "standard deviations. Received: one that grows too fast"
        )
    total = np.zeros_like(size)
    for halving in range(MAX_HALVINGS + 1):
        middle = 0.5 * (low + high)
        halves, _ = integrals(np.concatenate([low, middle]), np.concatenate([middle, high]))
        left, right = halves[..., : len(low)], halves[..., len(low) :]
        error = np.abs(left + right - whole)
        open_panels = (error > TOLERANCE * size[..., None]).reshape(-1, len(low)).any(axis=0)
        if halving == MAX_HALVINGS or open_panels.sum() > MAX_PANELS:
            if np.any(error[..., open_panels].sum(axis=-1) > MAX_NOISE * size):
                raise ValueError(
                    f"{what} must be smooth between a moderate number of points. Received: one whose integral does not "
                    f"settle with {len(low)} panels"
                )
            open_panels[:] = False
        total = total + (left + right)[..., ~open_panels].sum(axis=-1)
        if not open_panels.any():
            break
        low, middle, high = low[open_panels], middle[open_panels], high[open_panels]
        whole = np.concatenate([left[..., open_panels], right[..., open_panels]], axis=-1)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    return total


def gauss_rule(sample: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and shares that have the first 2 nodes - 1 moments of a sample. Of one with fewer values, all of them."""
    nodes = min(nodes, len(np.unique(sample)))
    mean, std = sample.mean(), sample.std() or 1.0
    z = (sample - mean) / std
    powers = np.vander(z, nodes, increasing=True)
    # In the basis of orthonormal polynomials, multiplying by z is a matrix with the points as eigenvalues.
    basis = np.linalg.inv(np.linalg.cholesky(powers.T @ powers / len(z)))
    points, vectors = np.linalg.eigh(basis @ (powers.T * z) @ powers @ basis.T / len(z))
    return mean + std * points, np.square(vectors[0])
