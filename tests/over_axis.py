"""Activations over an axis: the rows that they are tested on, and what the oracle says about those."""

import numpy as np
from mpmath import mp
from reference import REFERENCES

import keras_acts
from keras_acts.core import resolve

DIGITS = 60  # for numbers near 1; three more for each power of 10 that a row is away from that
STEP = 25  # of the differences: 10^-25, for numbers from 1 on


def bound(spec, axis):
    """The activation over another axis."""
    declaration, params = resolve.declaration_of(resolve.get(spec))
    return keras_acts.get(declaration.name, **{**params, "axis": axis})


def oracle(spec):
    """The reference of the activation: a list of numbers to a list of numbers."""
    declaration, params = resolve.declaration_of(resolve.get(spec))
    return lambda row: REFERENCES[declaration.name](row, **params)


def rows(dtype):
    generator = np.random.default_rng(7)
    found = [generator.normal(0.0, scale, 5) for scale in (0.1, 1.0, 10.0, 100.0) for _ in range(6)]
    found += [[1e4, -1e4, 0.0, 1.0, 2.0], [3.0, 3.0, 3.0, 3.0, 3.0], [300.0, 299.5, 1.0, 0.0, -5.0]]
    # Of every size that the dtype holds, also with equal and almost equal entries.
    for size in (1e-4, 2e4) if dtype == "float16" else (1e-30, 1e-10, 1e10, 1e30, 1e38):
        found += [size * np.clip(generator.normal(0.0, 1.0, 5), -3.0, 3.0), size * np.array([1, 1, 0.99, -1, 0])]
    return np.stack(found).astype(dtype)


def judged(spec, dtype):
    """For each row what `judged_row` gives."""
    judgements = (judged_row(oracle(spec), row) for row in rows(dtype).astype(np.float64))
    return tuple(map(np.stack, zip(*judgements, strict=True)))


def judged_row(reference, row):
    """The value, its conditioning, the Jacobian, and its conditioning.

    Conditioning of y is |y| + sum_j |x_j dy/dx_j|: the error that rounding each number of the row can cause, in units
    of eps. At a kink it is that of the steeper side for the value, and the Jacobian and its own are NaN.
    """
    size = np.abs(row).max()
    digits = DIGITS + 3 * int(np.abs(np.log10(np.abs(row[row != 0.0]))).max())
    with mp.workdps(digits + int(min(size, 1000.0))):  # exp(-size) has digits, too
        x = [mp.mpf(float(v)) for v in row]
        h = mp.mpf(10) ** -STEP * min(size, 1.0)

        def moved(x, j, step):
            return np.array(reference([*x[:j], x[j] + step, *x[j + 1 :]]), dtype=object)

        def sides(x):
            """Differences to both sides, of each output for each entry."""
            value = np.array(reference(x), dtype=object)
            above, below = (np.stack([moved(x, j, s) for j in range(len(x))], axis=1) for s in (h, -h))
            return value, (above - value[:, None]) / h, (value[:, None] - below) / h

        noise = mp.mpf(10) ** (STEP + 5 - mp.dps)
        value, right, left = sides(x)
        jacobian = (right + left) / 2
        weights = np.array([abs(v) for v in x], dtype=object)
        conditioning = abs(value) + (np.maximum(abs(right), abs(left)) * weights).sum(axis=1)
        smooth = np.all(abs(right - left) <= np.maximum(abs(jacobian).max(axis=0), noise) / 1000)
        of_jacobian = abs(jacobian)
        for j in np.flatnonzero(row) if smooth else ():
            small = h / size  # a relative change
            _, right, left = sides([*x[:j], x[j] * (1 + small), *x[j + 1 :]])
            of_jacobian = of_jacobian + abs((right + left) / 2 - jacobian) / small
        found = [array.astype(np.float64) for array in (value, conditioning, jacobian, of_jacobian)]
        return found if smooth else [*found[:2], *(np.full_like(array, np.nan) for array in found[2:])]
