"""Activations over an axis: the rows that they are tested on, and what the oracle says about those."""

import numpy as np
from mpmath import mp
from reference import REFERENCES

import keras_acts
from keras_acts.core import resolve

DIGITS = 60
STEP = 25  # of the differences: 10^-25


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
    return np.stack(found).astype(dtype)


def judged(spec, dtype):
    """Value and Jacobian at each row; the Jacobian is NaN where the row is at a kink."""
    values, jacobians = zip(*(judged_row(oracle(spec), row) for row in rows(dtype).astype(np.float64)), strict=True)
    return np.stack(values), np.stack(jacobians)


def judged_row(reference, row):
    with mp.workdps(DIGITS):
        x = [mp.mpf(float(v)) for v in row]
        value = np.array(reference(x), dtype=object)
        h = mp.mpf(10) ** -STEP
        columns = []
        smooth = True
        for j in range(len(x)):
            up, down = ([*x[:j], x[j] + step, *x[j + 1 :]] for step in (h, -h))
            above, below = np.array(reference(up), dtype=object), np.array(reference(down), dtype=object)
            columns.append((above - below) / (2 * h))
            smooth = smooth and max(abs(above - 2 * value + below)) < h / 1000
        jacobian = np.stack(columns, axis=1).astype(np.float64)
        return value.astype(np.float64), jacobian if smooth else np.full_like(jacobian, np.nan)
