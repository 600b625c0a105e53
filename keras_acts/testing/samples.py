"""Inputs of the contract: every half-precision number, and every binade of the wider dtypes."""

import functools
import itertools
from collections.abc import Sequence

import ml_dtypes  # which lets NumPy know bfloat16 by its name
import numpy as np

DTYPES = ("float16", "bfloat16", "float32", "float64")


def finfo(dtype: str) -> np.finfo:
    """Limits of a dtype, bfloat16 included."""
    return ml_dtypes.finfo(dtype)


def sample(dtype: str, kinks: Sequence[float] = (), per_binade: int = 50, dense: int = 20_000) -> np.ndarray:
    """Finite inputs of a dtype: all of them for half precision, 60,000 for float32, 2000 for float64.

    The wider samples hold numbers from every binade, a dense part where activations bend, and the neighbours of each
    kink. Kinks themselves are left out: there the derivative is a convention, checked apart.

    Args:
        dtype: one of `DTYPES`.
        kinks: where the derivative jumps.
        per_binade: how many of each binade, in float32.
        dense: size of the dense part, in float32.
    """
    if dtype in ("float16", "bfloat16"):
        x = np.arange(65536, dtype=np.uint16).view(dtype)
    elif dtype == "float32":
        x = _spread(dtype, per_binade, dense, kinks)
    else:
        x = _spread(dtype, 1, 1000, kinks)
    with np.errstate(invalid="ignore"):  # signalling NaNs are among the half-precision bit patterns
        x = x[np.isfinite(x)]
    return x[~np.isin(x.astype(np.float64), np.asarray(kinks, np.float64).astype(x.dtype).astype(np.float64))]


def simple(dtype: str) -> np.ndarray:
    """Numbers that people write: integers, halves, eighths and decimals of both signs, and 0."""
    positive = np.concatenate([np.arange(1001) / parts for parts in (1, 2, 8, 10, 100, 1000)])
    return np.unique([-positive, positive]).astype(dtype)


thorough = functools.partial(sample, per_binade=900, dense=2**18)  # a million inputs for float32


def _spread(dtype: str, per_binade: int, dense: int, kinks: Sequence[float]) -> np.ndarray:
    generator = np.random.default_rng(20190823)  # a fixed seed: a failure must be the same for everyone
    info = np.finfo(dtype)
    exponents = np.arange(info.minexp - 2, info.maxexp)
    if dtype == "float64":  # every binade where something happens, every 32nd beyond
        exponents = exponents[(np.abs(exponents) < 40) | (exponents % 32 == 0)]
    exponents = np.repeat(exponents, per_binade)
    mantissas = generator.uniform(1.0, 2.0, 2 * exponents.size)
    signs = np.repeat([-1.0, 1.0], exponents.size)
    with np.errstate(over="ignore", under="ignore"):
        binades = np.ldexp(mantissas.astype(dtype), np.concatenate([exponents, exponents])) * signs.astype(dtype)
    bends = generator.uniform(-8.0, 8.0, dense)
    tails = generator.uniform(-110.0, 110.0, dense // 2)
    far_tails = generator.uniform(-760.0, 760.0, dense // 4)
    near_kinks = [kink + step for kink in kinks for step in generator.normal(0.0, 1e-3, 40)]
    parts = [binades, bends, tails, far_tails, near_kinks, [0.0]]
    x = np.concatenate([np.asarray(part).astype(dtype) for part in parts])
    for kink, direction in itertools.product(kinks, (-np.inf, np.inf)):
        neighbour = np.asarray(kink, dtype)
        for _ in range(4):
            neighbour = np.nextafter(neighbour, np.asarray(direction, dtype))
            x = np.append(x, neighbour)
    return x
