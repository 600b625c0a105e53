"""Activations at legal parameters drawn at random, judged by mpmath where it is hard: zeros, extrema, beside kinks."""

import functools
import zlib

import numpy as np
from reference import REFERENCES, SURROGATES
from subjects import ELEMENTWISE

import keras_acts
from keras_acts.testing import contract, evaluation, oracle, samples

WITH_PARAMETERS = [name for name in ELEMENTWISE if keras_acts.info(name).params]
PARTS = 33  # into which an interval with a change of sign is divided at once
ZEROS = 4  # of each order


def generator_of(name):
    """A fixed seed for each activation."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def parameters(name, generator, decades):
    """Legal parameters: of either sign, in a range without ends up to 10**decades and down to its inverse."""
    while True:
        found = {}
        for key, param in keras_acts.info(name).params.items():
            if not param.applies(found):
                continue
            if param.kind is bool:
                found[key] = bool(generator.integers(2))
            elif param.kind is str:
                found[key] = str(generator.choice(param.choices))
            elif not param.optional or generator.integers(2):
                number = _number(param, generator, decades)
                found[key] = max(round(number), 1) if param.kind is int else number
        try:
            return keras_acts.info(name).bind((), found)
        except ValueError:
            continue  # that go together no further, such as a smallest and a largest output


def _number(param, generator, decades):
    if param.low is not None and param.high is not None:
        return generator.uniform(param.low, param.high)
    size = 10.0 ** generator.uniform(-decades, decades)
    if param.low is not None:
        return param.low + size
    return param.high - size if param.high is not None else size * generator.choice([-1.0, 1.0])


def drawn_subject(name, generator, decades):
    """An activation at parameters drawn, with its oracle."""
    activation = keras_acts.get(name, **parameters(name, generator, decades))
    return contract.subject(activation, REFERENCES[name], SURROGATES.get(name))


def inputs(tested, dtype, generator, size):
    """About `size` numbers: usual ones, at the scales of the parameters, from all binades, zeros and beside kinks."""
    everywhere = generator.choice(_sample(dtype), size // 6).astype(np.float64)
    sizes = [abs(value) for value in tested.params.values() if isinstance(value, float) and value]
    scales = np.array([1.0, *sizes, *(1.0 / s for s in sizes), *(s * t for s in sizes for t in sizes)])
    multiples = [
        3.0 * generator.normal(size=size),
        10.0 ** generator.uniform(-4.0, 2.5, size) * generator.choice([-1.0, 1.0], size),
        generator.uniform(80.0, 110.0, size) * generator.choice([-1.0, 1.0], size),  # where exponentials vanish
    ]
    by_scale = generator.choice(scales, size) * np.choose(generator.integers(3, size=size), multiples)
    usual = 3.0 * generator.normal(size=size // 3)
    zeros = _zeros(tested, np.concatenate([by_scale, everywhere]))
    zeros = np.outer(zeros, [1.0, 1.0 + 2.0**-18, 1.0 - 2.0**-10]).ravel()
    with np.errstate(over="ignore", under="ignore"):
        x = np.concatenate([everywhere, usual, by_scale[: size // 3], zeros]).astype(dtype)
    kinks = np.asarray(tested.kinks, np.float64).astype(dtype)
    x = np.concatenate([x, *(np.nextafter(kinks, np.asarray(to, dtype)) for to in (-np.inf, np.inf))])
    size_of = np.abs(x.astype(np.float64))
    return x[np.isfinite(x) & ~np.isin(x, kinks) & ((size_of >= float(samples.finfo(dtype).tiny)) | (size_of == 0.0))]


@functools.cache
def _sample(dtype):
    return samples.sample(dtype)


def _zeros(tested, x):
    """Some zeros of the function and of its derivatives, between the numbers given and in [-12, 12]."""
    derivatives = evaluation.Evaluator(tested.fn)
    grid = np.unique(np.concatenate([x[np.abs(x) < 1e12], np.linspace(-12.0, 12.0, 200)]))
    signs = np.sign(derivatives(grid, "eager"))
    starts = [(order, i) for order in range(3) for i in _some(np.flatnonzero(signs[order, :-1] * signs[order, 1:] < 0))]
    if not starts:
        return np.zeros(0)
    orders, at = np.array(starts).T
    low, high = grid[at], grid[at + 1]
    rows = np.arange(len(at))
    for _ in range(8):
        inside = np.linspace(low, high, PARTS, axis=1)
        signs = np.sign(derivatives(inside.ravel(), "eager")).reshape(3, *inside.shape)[orders, rows]
        first = np.maximum(np.argmax(signs != signs[:, :1], axis=1), 1)
        low, high = inside[rows, first - 1], inside[rows, first]
    return high


def _some(indices):
    return indices[:: 1 + len(indices) // ZEROS]


def findings(tested, x, mode="graph"):
    """What is wrong with value and derivatives, by mpmath at these very numbers."""
    dtype = x.dtype.name
    wide = x.astype(np.float64)
    exact = oracle.derivatives(tested.reference, wide, tested.surrogate)
    got = evaluation.Evaluator(tested.fn)(x, mode)
    found = []
    for order, name in enumerate(contract.ORDER_NAMES):
        k = tested.k_error(got[order], exact, order, wide, contract.limit(dtype, order))
        worst = int(np.argmax(k))
        if not k[worst] <= contract.limit(dtype, order):
            found.append(
                f"{name} at {dict(tested.params)} in {dtype}, x = {float(x[worst])!r}: K = {k[worst]:.3g}, "
                f"got {float(got[order, worst])!r}, right {float(exact.head[order, worst])!r}"
            )
    return found
