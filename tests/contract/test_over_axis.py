"""The contract of activations over an axis: rows against the oracle, Jacobians against its differences."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from mpmath import mp
from reference import REFERENCES

import keras_acts
from keras_acts.core import resolve
from keras_acts.testing import evaluation, samples

OVER_AXIS = keras_acts.names(trait="over_axis")

# Other parameters than the defaults, where another branch of the code runs.
VARIANTS = [
    "entmax(alpha=1.001)",
    "entmax(alpha=1.1)",
    "entmax(alpha=1.25)",
    "entmax(alpha=1.9)",
    "entmax(alpha=2.0)",
    "entmax(alpha=2.5)",
    "entmax(alpha=4.0)",
    "gaussian_topk(sparsity=0.0)",
    "gaussian_topk(sparsity=0.25)",
    "gaussian_topk(sparsity=0.75)",
    "kwta(k=2)",
    "softpick(epsilon=0.5)",
    "topk_relu(k=3)",
]
SPECS = [*OVER_AXIS, *VARIANTS]


def bound(spec, axis):
    declaration, params = resolve.declaration_of(resolve.get(spec))
    return keras_acts.get(declaration.name, **{**params, "axis": axis})


def oracle(spec):
    declaration, params = resolve.declaration_of(resolve.get(spec))
    return lambda row: REFERENCES[declaration.name](row, **params)


def rows(dtype):
    generator = np.random.default_rng(7)
    found = [generator.normal(0.0, scale, 5) for scale in (0.1, 1.0, 10.0, 100.0) for _ in range(6)]
    found += [[1e4, -1e4, 0.0, 1.0, 2.0], [3.0, 3.0, 3.0, 3.0, 3.0], [300.0, 299.5, 1.0, 0.0, -5.0]]
    return np.stack(found).astype(samples.numpy_dtype(dtype))


@functools.cache
def exact(spec, dtype):
    """For each row: value and Jacobian; the Jacobian is None where the row is at a kink."""
    return [_exact_row(oracle(spec), row) for row in rows(dtype).astype(np.float64)]


def _exact_row(reference, row):
    with mp.workdps(60):
        x = [mp.mpf(float(v)) for v in row]
        value = np.array(reference(x), dtype=object)
        h = mp.mpf(10) ** -25
        columns = []
        smooth = True
        for j in range(len(x)):
            up, down = ([*x[:j], x[j] + step, *x[j + 1 :]] for step in (h, -h))
            above, below = np.array(reference(up), dtype=object), np.array(reference(down), dtype=object)
            columns.append((above - below) / (2 * h))
            smooth = smooth and max(abs(above - 2 * value + below)) < h / 1000
        jacobian = np.stack(columns, axis=1).astype(np.float64) if smooth else None
        return value.astype(np.float64), jacobian


def with_jacobian(fn, mode):
    def value_and_jacobian(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = fn(x[:, :, None])[:, :, 0]  # the axis is the middle one
        return value, tape.batch_jacobian(value, x)

    if mode == "eager":
        return value_and_jacobian
    return tf.function(value_and_jacobian, jit_compile=mode == "xla", autograph=False)


@pytest.mark.parametrize("mode", evaluation.MODES)
@pytest.mark.parametrize("dtype", samples.DTYPES)
@pytest.mark.parametrize("spec", SPECS)
def test_value_and_jacobian(spec, dtype, mode):
    """Relative errors, in units of eps (1 + max |x|), which rounding the input alone can cause."""
    x = rows(dtype)
    value, jacobian = (r.numpy().astype(np.float64) for r in with_jacobian(bound(spec, 1), mode)(tf.constant(x)))
    # Where a threshold or a logarithm is subtracted, an output near 0 is a difference of numbers that are not. So is
    # any entry of a Jacobian.
    difference = spec == "log_softmax" or "sparse" in keras_acts.info(spec.partition("(")[0]).traits
    eps, tiny = float(samples.finfo(dtype).eps), float(samples.finfo(dtype).tiny)
    allowed = (0.6 if dtype in ("float16", "bfloat16") else 4.0) * eps
    smooth_rows = 0
    for row, got, got_jacobian, (right, right_jacobian) in zip(
        x.astype(np.float64), value, jacobian, exact(spec, dtype), strict=True
    ):
        scale = 1.0 + np.abs(row).max()
        assert np.all(np.abs(got - right) <= allowed * scale * (np.abs(right) + difference) + tiny), row
        if right_jacobian is not None:
            smooth_rows += 1
            error = np.abs(got_jacobian - right_jacobian)
            assert np.all(error <= allowed * scale * (np.abs(right_jacobian) + 1.0) + tiny), row
        else:
            assert np.all(np.isfinite(got_jacobian)), row
    assert smooth_rows > 20


@pytest.mark.parametrize("spec", SPECS)
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


@pytest.mark.parametrize("spec", SPECS)
def test_every_axis_is_the_last_one_moved(spec):
    x = np.random.default_rng(3).normal(0.0, 5.0, (4, 7, 3)).astype(np.float32)
    for axis in (0, 1, 2, -1, -2, -3):
        moved = np.asarray(bound(spec, -1)(np.moveaxis(x, axis, -1)))
        np.testing.assert_allclose(bound(spec, axis)(x), np.moveaxis(moved, -1, axis), rtol=1e-6, atol=1e-7)


def _sums_to_one(spec):
    with mp.workdps(30):
        row = oracle(spec)([mp.mpf(v) for v in (2, -1, 0, 3)])
        return abs(mp.fsum(mp.exp(v) if spec == "log_softmax" else v for v in row) - 1) < mp.mpf(10) ** -20


SHARES = [spec for spec in SPECS if _sums_to_one(spec)]


@pytest.mark.parametrize("mode", evaluation.MODES)
@pytest.mark.parametrize("spec", ["solu", *(spec for spec in SHARES if spec != "log_softmax")])
def test_huge_entries_give_finite_results(spec, mode):
    x = tf.constant([[3e38, -3e38, 0, 1, 2], [3e38, 3e38, -3e38, 0, 1], [-3e38, -3.1e38, -3.2e38, -3e38, -3.3e38]])
    for result in with_jacobian(bound(spec, 1), mode)(x):
        assert np.all(np.isfinite(result))


def test_what_sums_to_one():
    assert {"softmax", "softmin", "softmax2d", "log_softmax", "sparsemax", "entmax15", "hardmax"} < set(SHARES)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spec", SHARES)
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


@pytest.mark.parametrize("spec", SPECS)
def test_on_a_symbolic_tensor(spec):
    import keras

    x = np.random.default_rng(5).normal(size=(2, 5, 3)).astype(np.float32)
    symbolic = keras.Input((5, 3))
    output = bound(spec, 1)(symbolic)
    assert output.shape == (None, 5, 3)
    np.testing.assert_array_equal(keras.Model(symbolic, output)(x), bound(spec, 1)(x))
    with pytest.raises(ValueError, match=r"`axis` of '\w+' must be in \[-3, 3\)"):
        bound(spec, 3)(symbolic)


@pytest.mark.parametrize("mode", evaluation.MODES)
@pytest.mark.parametrize("spec", SPECS)
def test_nan_in_a_row_stays_in_that_row(spec, mode):
    x = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0], [-np.inf, -np.inf, np.nan]], np.float32)
    value, jacobian = (result.numpy() for result in with_jacobian(bound(spec, 1), mode)(tf.constant(x)))
    assert np.isnan(value[0]).any()
    assert np.isnan(value[2]).any()
    assert np.isfinite(value[1]).all()
    assert np.isfinite(jacobian[1]).all()
