"""The contract of activations over an axis: rows against the oracle, Jacobians against its differences."""

import functools
import itertools

import keras
import numpy as np
import pytest
import stored_oracle
import tensorflow as tf
from mpmath import mp
from over_axis import bound, oracle, rows
from subjects import OVER_AXIS, OVER_AXIS_VARIANTS, name_of
from subjects import OVER_AXIS_SPECS as SPECS

from keras_acts.testing import evaluation, samples

# Rows that the oracle cannot judge; they are computed together with the others.
HUGE = [[3e38, -3e38, 0, 1, 2], [3e38, 3e38, -3e38, 0, 1], [-3e38, -3.1e38, -3.2e38, -3e38, -3.3e38]]
WITH_NAN = [[1.0, np.nan, 2.0, 0.0, -1.0], [1.0, 2.0, 3.0, 4.0, 5.0], [-np.inf, -np.inf, np.nan, -np.inf, -np.inf]]


def per_change(*chosen):
    """All dtypes and modes, of which those not chosen are nightly: they differ in conversions only."""
    return [
        pytest.param(*case, marks=[] if case in chosen else pytest.mark.nightly)
        for case in itertools.product(samples.DTYPES, evaluation.MODES)
    ]


MODES = ["graph", *(pytest.param(mode, marks=pytest.mark.nightly) for mode in ("eager", "xla"))]
# Pytest runs all tests of one activation in a row, so that each is compiled once.
of_each = functools.partial(pytest.mark.parametrize, "spec", scope="module")
AT_DEFAULTS = [pytest.param(spec, marks=[pytest.mark.nightly] * ("(" in spec)) for spec in SPECS]


@functools.lru_cache(maxsize=12)
def computed(spec, dtype, mode):
    """Value and Jacobian at the rows; in float32 also at those of infinite and undefined numbers."""
    x = rows(dtype)
    if dtype == "float32":
        x = np.concatenate([x, np.float32(HUGE), np.float32(WITH_NAN)])
    return tuple(result.numpy().astype(np.float64) for result in with_jacobian(bound(spec, 1), mode)(tf.constant(x)))


def with_jacobian(fn, mode):
    def value_and_jacobian(x):
        length = x.shape[1]
        # A copy of each row for each output, whose gradient is a row of the Jacobian.
        copies = tf.repeat(x, length, axis=0)
        with tf.GradientTape() as tape:
            tape.watch(copies)
            value = fn(copies[:, :, None])[:, :, 0]  # the axis is the middle one
        one_output = tf.tile(tf.eye(length, dtype=x.dtype), [x.shape[0], 1])
        jacobian = tape.gradient(value, copies, output_gradients=one_output, unconnected_gradients="zero")
        return value[::length], tf.reshape(jacobian, (-1, length, length))

    if mode == "eager":
        return value_and_jacobian
    return tf.function(value_and_jacobian, jit_compile=mode == "xla", autograph=False)


@pytest.mark.parametrize(
    ("dtype", "mode"), per_change(("float16", "graph"), ("float32", "graph"), ("float64", "graph"), ("float32", "xla"))
)
@of_each(OVER_AXIS)
def test_value_and_jacobian(spec, dtype, mode):
    """Errors in units of what rounding the input alone can cause, by each of its numbers."""
    x = rows(dtype).astype(np.float64)
    value, jacobian = (result[: len(x)] for result in computed(spec, dtype, mode))
    # The logarithm of a share near 1 is a difference of numbers that are not near 0. So are entries of Jacobians, apart
    # from those that are computed without cancellation.
    of_value, of_jacobian = spec == "log_softmax", name_of(spec) not in ("softmax_one", "softpick", "squash")
    # What is left of an entry above a threshold made of the whole row: a difference of numbers as large as the row's.
    of_size = name_of(spec) == "gaussian_topk"
    eps, tiny = float(samples.finfo(dtype).eps), float(samples.finfo(dtype).tiny)
    allowed = (0.6 if dtype in ("float16", "bfloat16") else 4.0) * eps
    smooth_rows = 0
    for row, got, got_jacobian, right, conditioning, right_jacobian, jacobian_conditioning in zip(
        x, value, jacobian, *stored_oracle.judged_rows(spec, dtype), strict=True
    ):
        assert np.all(
            np.abs(got - right) <= allowed * (conditioning + of_value + of_size * np.abs(row).max()) + tiny
        ), row
        if np.isfinite(right_jacobian).all():
            smooth_rows += 1
            # What is beyond the largest number of the dtype is infinite there.
            beyond = np.abs(right_jacobian) > float(samples.finfo(dtype).max)
            right_jacobian = np.where(beyond, np.copysign(np.inf, right_jacobian), right_jacobian)
            with np.errstate(invalid="ignore"):
                error = np.where(got_jacobian == right_jacobian, 0.0, np.abs(got_jacobian - right_jacobian))
            assert np.all(error <= allowed * (jacobian_conditioning + of_jacobian) + tiny), row
        else:
            assert np.all(np.isfinite(got_jacobian)), row
    assert smooth_rows > 20


@pytest.mark.parametrize(("dtype", "mode"), per_change(("float32", "graph"), ("float64", "graph")))
@of_each(OVER_AXIS_VARIANTS)
def test_value_and_jacobian_at_other_parameters(spec, dtype, mode):
    test_value_and_jacobian(spec, dtype, mode)


@of_each(AT_DEFAULTS)
def test_second_derivative_against_differences_of_the_first(spec):
    generator = np.random.default_rng(11)
    x, direction, upstream = generator.normal(0.0, 1.0, (3, 40, 5))

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(bound(spec, -1)(x) * upstream)
        return tape.gradient(loss, x)

    point = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        along = tf.reduce_sum(gradient(point) * direction)
    second = tape.gradient(along, point, unconnected_gradients="zero").numpy()  # the Hessian is symmetric
    step = 1e-6
    differences = (gradient(point + step * direction) - gradient(point - step * direction)).numpy() / (2 * step)
    np.testing.assert_allclose(second, differences, rtol=1e-5, atol=1e-6)


@of_each(AT_DEFAULTS)
def test_every_axis_is_the_last_one_moved(spec):
    x = np.random.default_rng(3).normal(0.0, 5.0, (4, 7, 3)).astype(np.float32)
    for axis in (0, 1, 2, -1, -2, -3):
        moved = np.asarray(bound(spec, -1)(np.moveaxis(x, axis, -1)))
        np.testing.assert_allclose(bound(spec, axis)(x), np.moveaxis(moved, -1, axis), rtol=1e-6, atol=1e-7)


def _sums_to_one(spec):
    with mp.workdps(30):
        row = oracle(spec)([mp.mpf(v) for v in (2, -1, 0, 3, 1, -2, 4, 0, 1)])  # more than one group of simnorm
        return abs(mp.fsum(mp.exp(v) if spec == "log_softmax" else v for v in row) - 1) < mp.mpf(10) ** -20


SHARES = [spec for spec in SPECS if _sums_to_one(spec)]


@pytest.mark.parametrize("mode", MODES)
@of_each(["solu", *(spec for spec in SHARES if spec != "log_softmax")])
def test_huge_entries_give_finite_results(spec, mode):
    for result in computed(spec, "float32", mode):
        assert np.all(np.isfinite(result[-6:-3]))


def test_what_sums_to_one():
    assert {"softmax", "softmin", "softmax2d", "log_softmax", "sparsemax", "entmax15", "hardmax"} < set(SHARES)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.nightly)])
@of_each([spec for spec in AT_DEFAULTS if spec.values[0] in SHARES])
def test_rows_sum_to_one(spec, dtype):
    generator = np.random.default_rng(3)
    eps = float(samples.finfo(dtype).eps)
    for length in (2, 7, 1000):
        for size in (0.01, 1.0, 50.0):
            x = generator.normal(0.0, size, (5, length)).astype(dtype)
            shares = np.asarray(bound(spec, -1)(x)).astype(np.float64)
            slack = 8
            if spec == "log_softmax":
                shares, slack = np.exp(shares), 8 + 2 * np.abs(shares).max()
            np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=slack * eps)


@of_each(SPECS)
def test_on_a_symbolic_tensor(spec):
    x = np.random.default_rng(5).normal(size=(2, 5, 3)).astype(np.float32)
    symbolic = keras.Input((5, 3))
    output = bound(spec, 1)(symbolic)
    assert output.shape == (None, 5, 3)
    np.testing.assert_array_equal(keras.Model(symbolic, output)(x), bound(spec, 1)(x))
    with pytest.raises(ValueError, match=r"`axis` of '\w+' must be in \[-3, 3\)"):
        bound(spec, 3)(symbolic)


@pytest.mark.parametrize("mode", MODES)
@of_each(SPECS)
def test_nan_in_a_row_stays_in_that_row(spec, mode):
    value, jacobian = (result[-3:] for result in computed(spec, "float32", mode))
    assert np.isnan(value[0]).any()
    assert np.isnan(value[2]).any()
    assert np.isfinite(value[1]).all()
    assert np.isfinite(jacobian[1]).all()
