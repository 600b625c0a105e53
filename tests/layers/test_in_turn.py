"""Gated units in TensorFlow's graphs, a quarter of the channels after the other: the same numbers in less memory."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_acts import layers
from keras_acts.layers import in_turn

UNITS = {
    "SwiGLU": {},
    "GEGLU": {},
    "SwiGLUOAI": {"interleaved": False},
    "SiTUGLU": {},
    "GLU": {"interleaved": True, "activation": "tanh", "up_activation": "sin"},
}


def value_and_derivatives(call, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = call(x)
        gradient = inner.gradient(y, x, y * 0.5)
    return y, gradient, outer.gradient(gradient, x, gradient)


QUICK = ("SwiGLU", "GLU")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in UNITS]
)
def test_the_numbers_are_those_of_eager_mode(name):
    layer = layers.get(name, **UNITS[name])
    x = tf.constant(np.random.default_rng(0).normal(size=(3, 5, 4 * in_turn.SMALL)) * 4.0, tf.float32)
    expected = value_and_derivatives(layer, x)
    graph = tf.function(lambda x: value_and_derivatives(layer, x), input_signature=[tf.TensorSpec([None, None, 1024])])
    assert "Split" in {operation.type for operation in graph.get_concrete_function().graph.get_operations()}
    for got, want in zip(graph(x), expected, strict=True):
        np.testing.assert_allclose(got, want, atol=2e-6 * np.max(np.abs(want)), rtol=0.0)


@pytest.mark.parametrize("activation", ["variable", "PReLU"])
def test_activations_with_weights_still_learn(activation):
    scale = tf.Variable(2.0)
    inside = layers.PReLU() if activation == "PReLU" else lambda x: scale * keras.ops.tanh(x)
    layer = layers.GLU(inside)
    layer.build((None, 4 * in_turn.SMALL))
    weight = inside.alpha.value if activation == "PReLU" else scale

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            y = layer(x)
        return tape.gradient(y, weight)

    assert np.all(np.asarray(gradient(-tf.ones((2, 4 * in_turn.SMALL)))) != 0.0)


@pytest.mark.nightly
def test_peak_memory_is_that_of_two_dense_layers_and_a_product():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gated_memory", "SwiGLU", "--rows", "4096"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert float(re.search(r"ratio ([\d.]+)", done.stdout)[1]) <= 1.1
