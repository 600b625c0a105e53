"""The public contract, on every registered activation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from mpmath import mp
from reference import REFERENCES

import keras_acts
from keras_acts.testing import contract, evaluation, samples

ELEMENTWISE = [name for name in keras_acts.names() if "over_axis" not in keras_acts.info(name).traits]

# Other parameters than the defaults, where another branch of the code runs.
VARIANTS = [
    "celu(alpha=0.5)",
    "elu(alpha=2.5)",
    "gelu(approximate=True)",
    "hard_shrink(threshold=0.25)",
    "hard_tanh(min_val=-2.0, max_val=0.5)",
    "leaky_relu(negative_slope=0.0)",
    "leaky_relu(negative_slope=1.5)",
    "relu(max_value=2.0)",
    "relu(negative_slope=0.25, max_value=3.0, threshold=1.0)",
    "snake(frequency=0.5)",
    "snake(frequency=8.0)",
    "soft_shrink(threshold=0.25)",
    "softplus(beta=3.0)",
    "softplus(beta=0.125, threshold=20.0)",
    "squareplus(b=0.25)",
    "swish_beta(beta=-2.5)",
    "swish_beta(beta=0.0)",
]


@pytest.mark.parametrize("activation", [*ELEMENTWISE, *VARIANTS])
def test_contract(activation):
    keras_acts.testing.check_activation(activation, REFERENCES[activation.partition("(")[0]])


def test_every_activation_has_an_oracle_and_every_oracle_an_activation():
    assert sorted(REFERENCES) == keras_acts.names()


KERAS_TABLE = {
    name: getattr(keras.activations, name)
    for name in ELEMENTWISE
    if name in keras_acts.info(name).aliases.get("keras", ()) and hasattr(keras.activations, name)
}


@pytest.mark.parametrize("name", sorted(KERAS_TABLE))
def test_never_less_accurate_than_keras(name):
    """Value and first derivative: K at most that of the built-in, or 1 where the built-in is better than that."""
    ours = contract.subject(name, REFERENCES[name], dtypes=("float32",), modes=("graph",))
    x = samples.sample("float32", ours.kinks)
    x = x[np.abs(x) < 1e4]
    exact = ours.own_float64(x.astype(np.float64))
    worst = {}
    for owner, fn in (("keras", KERAS_TABLE[name]), ("ours", ours.fn)):
        got = evaluation.evaluate(fn, x, "graph", orders=1)
        worst[owner] = [
            np.max(contract.metric.k_error(got[order], exact[order], exact[order + 1], x.astype(np.float64), "float32"))
            for order in (0, 1)
        ]
    assert worst["ours"][0] <= max(1.0, worst["keras"][0])
    assert worst["ours"][1] <= max(1.0, worst["keras"][1])


# Activations over an axis: rows against the oracle, the Jacobian against its differences at high precision.

OVER_AXIS = [name for name in keras_acts.names() if "over_axis" in keras_acts.info(name).traits]


def _rows():
    generator = np.random.default_rng(7)
    rows = [generator.normal(0.0, scale, 5) for scale in (0.1, 1.0, 10.0, 100.0) for _ in range(6)]
    rows += [
        np.array(row) for row in ([1e4, -1e4, 0.0, 1.0, 2.0], [3.0, 3.0, 3.0, 3.0, 3.0], [300.0, 299.5, 1.0, 0.0, -5.0])
    ]
    return np.stack(rows)


@pytest.mark.parametrize("mode", evaluation.MODES)
@pytest.mark.parametrize("dtype", samples.DTYPES)
@pytest.mark.parametrize("name", OVER_AXIS)
def test_over_an_axis(name, dtype, mode):
    """Error relative to eps (1 + max |x|), which rounding the input alone can cause; the axis is the middle one."""
    x = _rows().astype(samples.numpy_dtype(dtype))
    fn = keras_acts.get(name, axis=1)

    def value_and_jacobian(rows):
        with tf.GradientTape() as tape:
            tape.watch(rows)
            value = fn(rows[:, :, None])[:, :, 0]
        return value, tape.batch_jacobian(value, rows)

    if mode != "eager":
        value_and_jacobian = tf.function(value_and_jacobian, jit_compile=mode == "xla", autograph=False)
    value, jacobian = (result.numpy().astype(np.float64) for result in value_and_jacobian(tf.constant(x)))

    eps = float(samples.finfo(dtype).eps)
    allowed = (1.0 if dtype in ("float16", "bfloat16") else 4.0) * eps
    for row, got, got_jacobian in zip(x.astype(np.float64), value, jacobian, strict=True):
        with mp.workdps(60):
            exact_x = [mp.mpf(float(v)) for v in row]
            exact = np.array(REFERENCES[name](exact_x), dtype=object)
            h = mp.mpf(10) ** -25
            columns = []
            for j in range(len(row)):
                up, down = list(exact_x), list(exact_x)
                up[j] += h
                down[j] -= h
                columns.append((np.array(REFERENCES[name](up)) - np.array(REFERENCES[name](down))) / (2 * h))
            exact_jacobian = np.stack(columns, axis=1).astype(np.float64)
            scale = 1.0 + np.abs(row).max()
            tiny = float(samples.finfo(dtype).tiny)
            size = np.abs(exact.astype(np.float64)) if name != "log_softmax" else 1.0
            floor = 1.0 if name == "sparsemax" else 0.0  # differences of the inputs themselves
            assert np.all(np.abs((got - exact).astype(np.float64)) <= allowed * scale * (size + floor) + tiny)
            assert np.all(np.abs(got_jacobian - exact_jacobian) <= 4 * eps * scale + tiny)


@pytest.mark.parametrize("name", OVER_AXIS)
def test_rows_sum_to_one(name):
    x = np.random.default_rng(3).normal(0.0, 5.0, (4, 7, 3)).astype(np.float32)
    for axis in (0, 1, 2, -1, -3):
        probabilities = np.asarray(keras_acts.get(name, axis=axis)(x))
        if name.startswith("log"):
            probabilities = np.exp(probabilities)
        np.testing.assert_allclose(probabilities.sum(axis=axis), 1.0, rtol=2e-6)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_nan_in_a_row_stays_in_that_row(name):
    x = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]], np.float32)
    result = np.asarray(keras_acts.get(name)(x))
    assert np.isnan(result[0]).any()
    assert np.isfinite(result[1]).all()


def test_torch_is_a_second_oracle():
    torch = pytest.importorskip("torch", reason="torch is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("torch", ()):
            ours = np.asarray(keras_acts.get(f"torch:{alias.partition('(')[0]}")(x))
            theirs = getattr(torch.nn, alias.partition("(")[0])()(torch.tensor(x)).numpy()
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14, err_msg=name)


def test_jax_is_a_second_oracle():
    jax = pytest.importorskip("jax", reason="jax is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241).astype(np.float32)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("jax", ()):
            function = getattr(jax.nn, alias.partition("(")[0])
            ours = np.asarray(keras_acts.get(f"jax:{alias.partition('(')[0]}")(x))
            np.testing.assert_allclose(ours, np.asarray(function(x)), rtol=2e-5, atol=2e-6, err_msg=name)
