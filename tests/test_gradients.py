"""Values and derivatives up to any order, as every measure and check takes them."""

import json

import fresh_process
import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.analysis import derivatives, elementwise

X = np.array([-1.5, 0.25, 2.0])
EXACT = [np.sin(3.0 * X), 3.0 * np.cos(3.0 * X), -9.0 * np.sin(3.0 * X), -27.0 * np.cos(3.0 * X)]


def test_four_orders_of_a_sine():
    found = elementwise.evaluate(lambda x: keras.ops.sin(3.0 * x), X, orders=3)
    np.testing.assert_allclose(found, EXACT, rtol=1e-13)


def test_dtype_and_shape_are_those_of_the_input():
    x = keras.ops.ones((2, 3), dtype="float16")
    for result in derivatives(keras_acts.activations.gelu, x, orders=2):
        assert (result.shape, keras.backend.standardize_dtype(result.dtype)) == ((2, 3), "float16")


def test_inside_of_a_compiled_function():
    import tensorflow as tf

    compiled = tf.function(lambda x: derivatives(keras_acts.activations.mish, x, orders=2), jit_compile=True)
    eager = derivatives(keras_acts.activations.mish, tf.constant(X), orders=2)
    np.testing.assert_allclose(compiled(tf.constant(X)), eager, rtol=1e-13)


def test_a_constant_has_the_derivative_0():
    assert [part.tolist() for part in elementwise.evaluate(keras.ops.ones_like, X, orders=2)] == [
        [1.0] * 3,
        *[[0.0] * 3] * 2,
    ]


def test_numpy_functions_have_a_value_only():
    np.testing.assert_array_equal(elementwise.evaluate(np.tanh, X), [np.tanh(X)])
    with pytest.raises(TypeError, match=r"written with keras\.ops or TensorFlow\. Received: <ufunc 'tanh'>"):
        elementwise.evaluate(np.tanh, X, orders=1)


def test_a_backend_without_derivatives(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(
        NotImplementedError, match=r"need the tensorflow, jax, torch backend .* Received: backend 'openvino'"
    ):
        derivatives(keras.ops.sin, X)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    pytest.importorskip(backend)
    printed = fresh_process.run(
        """
        import json, keras
        from keras_acts.analysis import elementwise
        # Arithmetic alone: Keras' own sine is that of float32 on JAX.
        functions = (lambda x: x * x * x * x, lambda x: 2.0 * x, keras.ops.ones_like)
        found = [elementwise.evaluate(function, [-1.5, 0.25, 2.0], orders=3) for function in functions]
        print(json.dumps([[part.tolist() for part in parts] for parts in found]))
        """,
        tmp_path,
        KERAS_BACKEND=backend,
    )
    power, line, constant = json.loads(printed.splitlines()[-1])
    np.testing.assert_allclose(power, [X**4, 4.0 * X**3, 12.0 * X**2, 24.0 * X], rtol=1e-15)
    np.testing.assert_array_equal(line, [2.0 * X, [2.0] * 3, [0.0] * 3, [0.0] * 3])
    np.testing.assert_array_equal(constant, [[1.0] * 3, *[[0.0] * 3] * 3])
