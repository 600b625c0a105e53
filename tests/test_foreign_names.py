"""Whoever ports a model finds each name under `framework:name`, with the defaults and the values that it has there.

`data/foreign_names.csv` is written from the frameworks' own documents (torch's modules and torch.nn.functional, the
operators of ONNX, jax.nn, tf.nn, TF Addons, ACT2FN of transformers, timm, BigVGAN; of others from their code at the
commit that is named), not from the declarations under test. A row is one call of one or several names, and its value in
numpy; "refused" where the framework itself refuses it, or means by it what cannot be had here; "random" where it draws.
Installed frameworks judge the rows, too.
"""

import csv
import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_acts
from keras_acts import layers
from keras_acts.core import resolve, spec
from keras_acts.layers.layer_registry import function_or_layer

LIST = Path(__file__).with_name("data") / "foreign_names.csv"
ROWS = list(csv.DictReader(LIST.read_text("utf-8").splitlines()))
# Kinks and thresholds of the rows, their neighbours, and other numbers; the channels are the last axis.
KNOWN = [-9.0, -3.0, -2.5, -2.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 6.0, 9.0, 21.0]
X = np.concatenate([KNOWN, np.random.default_rng(0).normal(size=30)]).astype("float32").reshape(2, 4, 6)


def softmax(x, axis):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


def sparsemax(x, axis):
    """The threshold by bisection: 1 is what stays above it."""
    low, high = x.max(axis, keepdims=True) - 1, x.max(axis, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        is_low = np.maximum(x - middle, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return np.maximum(x - low, 0)


NUMPY = {
    "np": np,
    "erf": np.vectorize(math.erf),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "softmax": softmax,
    "sparsemax": sparsemax,
    "hardmax": lambda x, axis: np.moveaxis(np.eye(x.shape[axis])[x.argmax(axis)], -1, axis),
}


def calls(row):
    """`torch:elu(0.3)` of each name of the row."""
    behind = f"({row['arguments']})" if row["arguments"] else ""
    return [f"{row['framework']}:{name}{behind}" for name in row["names"].split()]


def value_of(text):
    ours = function_or_layer(text)
    # A layer for so many channels as torch counts, along axis 1, gets them where Keras has them, along the last.
    axis = 1 if getattr(ours, "expected_channels", None) == X.shape[1] else -1
    value = keras.ops.convert_to_numpy(ours(keras.ops.convert_to_tensor(np.moveaxis(X, axis, -1))))
    return np.moveaxis(value, -1, axis) if axis == 1 else value


def assert_same(text, expected):
    np.testing.assert_allclose(value_of(text), expected, rtol=3e-6, atol=1e-6, err_msg=text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(calls(row)))
def test_a_kept_name_has_the_defaults_and_values_of_its_framework(row):
    for text in calls(row):
        if row["value"] == "refused":
            with pytest.raises(
                (TypeError, ValueError),
                match=r"these are understood|must be one of 'none', 'tanh'|an order that GroupSort",
            ):
                function_or_layer(text)
        elif row["value"] == "random":
            assert value_of(text).shape == X.shape
        else:
            assert_same(text, eval(row["value"], {**NUMPY, "x": X.astype("float64")}))


@pytest.mark.parametrize("framework", ["torch", "onnx", "bigvgan"])
def test_every_alias_of_the_frameworks_that_are_ported_from_most_is_kept(framework):
    records = [*resolve.activations.current().values(), *resolve.layers.current().values()]
    aliases = {alias.name for record in records for alias in record.aliases.get(framework, ())}
    kept = {name.removesuffix("_") for row in ROWS if row["framework"] == framework for name in row["names"].split()}
    assert aliases - {"SwiGLU"} == kept  # the operator SwiGLU takes two inputs; test_other_frameworks.py has its layer


@pytest.mark.parametrize("value", ["0.3", "1", "None", "'x'"])
def test_a_place_for_inplace_takes_nothing_else(value):
    only = [row["names"].split() for row in ROWS if row["framework"] == "torch" and row["arguments"] == "True"]
    names = {name for names in only for name in names if name.lower() != "gelu"}
    assert len(names) >= 14
    for name in names:
        with pytest.raises(TypeError, match=r"`inplace` must be True or False"):
            keras_acts.get(f"torch:{name}({value})")
        with pytest.raises(TypeError, match=r"too many positional arguments"):
            keras_acts.get(f"torch:{name}(True, True)")


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("F.gelu", "torch:GELU"),
        ("torch.nn.functional.hardtanh(-2, 2)", "torch:Hardtanh"),
        ("torch:F.relu6", "torch:ReLU6"),
    ],
)
def test_a_path_to_a_function_of_torch_is_told_its_name_here(written, right):
    with pytest.raises(ValueError, match=f"Did you mean '{right}'"):
        keras_acts.get(written)


def test_defaults_of_onnx_are_the_functions_themselves():
    assert keras_acts.get("onnx:Selu") is keras_acts.activations.selu
    assert keras_acts.get("onnx:HardSigmoid") is keras_acts.activations.hard_sigmoid_legacy


def test_weights_of_bigvgan_are_frequencies_or_their_logarithms():
    frequencies, heights = np.array([0.5, 1.0, 3.0]), np.array([2.0, 0.0, 0.25])
    x = np.random.default_rng(1).normal(size=(5, 3))
    for scale, weights in ((True, np.log), (False, np.asarray)):
        snake = layers.get(f"bigvgan:Snake(3, alpha_logscale={scale})", dtype="float64")
        snake.build(x.shape)
        snake.set_weights([weights(frequencies)])
        np.testing.assert_allclose(snake(x), x + np.sin(frequencies * x) ** 2 / frequencies, rtol=1e-12)
        beta = layers.get(f"bigvgan:SnakeBeta(3, alpha_logscale={scale})", dtype="float64")
        beta.build(x.shape)
        own = np.maximum(heights, 1e-9)
        beta.set_weights([weights(frequencies), np.log(own) if scale else heights])
        np.testing.assert_allclose(beta(x), x + np.sin(frequencies * x) ** 2 / own, rtol=1e-7)
        assert all(type(layer).from_config(layer.get_config()).log_scale is scale for layer in (snake, beta))
    assert not layers.get("bigvgan:Snake(3, alpha_trainable=False)").trainable


def test_thresholds_of_jump_relu_learn_from_inputs_near_them_only():
    layer = layers.JumpReLU(threshold_initializer=0.5, bandwidth=0.2)
    x = np.array([[0.3, 0.45, 0.55, 0.7], [-1.0, 0.5, 0.58, 0.41]], "float32")
    layer.build(x.shape)
    layer.set_weights([np.array([0.5, 0.5, 0.5, 0.45], "float32")])
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = layer(variable)
        total = tf.reduce_sum(y)
    thresholds = np.array([0.5, 0.5, 0.5, 0.45])
    np.testing.assert_array_equal(y, np.where(x > thresholds, x, 0))
    of_x, of_threshold = tape.gradient(total, [variable, layer.threshold.value])
    np.testing.assert_array_equal(of_x, x > thresholds)
    # arXiv:2407.14435, equation 11: -theta / epsilon K((z - theta) / epsilon), with a rectangle K of width 1.
    expected = -thresholds / 0.2 * np.sum(np.abs((x - thresholds) / 0.2) < 0.5, axis=0)
    np.testing.assert_allclose(of_threshold, expected, rtol=1e-6)


# ---- The frameworks themselves ---------------------------------------------------------------------------------------


def in_torch(name, args, kwargs):
    torch = pytest.importorskip("torch")
    x = torch.tensor(X)
    if hasattr(torch.nn, name):
        y = getattr(torch.nn, name)(*args, **kwargs).eval()(x)
    elif name == "prelu":
        y = torch.nn.functional.prelu(x, torch.tensor([*args, *kwargs.values()] or [0.25]))
    else:
        y = getattr(torch.nn.functional, name)(x, *args, **kwargs)
    return y.detach().numpy()


def in_jax(name, args, kwargs):
    return getattr(pytest.importorskip("jax.nn"), name)(X, *args, **kwargs)


def in_tensorflow(name, args, kwargs):
    return getattr(tf.math if name == "log_sigmoid" else tf.nn, name)(X, *args, **kwargs)


def in_onnx(name, args, kwargs):
    onnx, reference = pytest.importorskip("onnx"), pytest.importorskip("onnx.reference")
    given = {**dict(zip(("alpha", "beta"), args, strict=False)), **kwargs}
    tensors = {key: np.float32(given.pop(key)) for key in ("slope", "min", "max") if key in given}
    if name == "PRelu":
        tensors.setdefault("slope", np.float32(0.25))  # which must be given there; ours is a weight with a start
    node = onnx.helper.make_node(name, ["x", *tensors], ["y"], **given)
    inputs = [onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, None) for key in ("x", *tensors)]
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "one", inputs, [output]))
    return reference.ReferenceEvaluator(model).run(None, {"x": X, **tensors})[0]


THERE = {"torch": in_torch, "jax": in_jax, "tf": in_tensorflow, "onnx": in_onnx}


@pytest.mark.slow
@pytest.mark.second_oracle
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["framework"] in THERE], ids=lambda row: " ".join(calls(row))
)
def test_the_framework_itself_says_the_same(row):
    if row["value"] in ("refused", "random"):
        pytest.skip("there is no value to compare")
    for name, text in zip(row["names"].split(), calls(row), strict=True):
        _, args, kwargs = spec.parse(f"f({row['arguments']})")
        assert_same(text, np.asarray(THERE[row["framework"]](name, args, kwargs)))


@pytest.mark.slow
@pytest.mark.second_oracle
def test_the_list_has_every_activation_of_torch():
    torch = pytest.importorskip("torch")
    kept = {name for row in ROWS if row["framework"] == "torch" for name in row["names"].split()}
    assert set(torch.nn.modules.activation.__all__) - {"MultiheadAttention"} <= kept
    # The page "Non-linear activation functions" of torch.nn.functional, less what has weights for norms.
    page = """threshold threshold_ relu relu_ hardtanh hardtanh_ hardswish relu6 elu elu_ selu celu leaky_relu
        leaky_relu_ prelu rrelu rrelu_ glu gelu logsigmoid hardshrink tanhshrink softsign softplus softmin softmax
        softshrink gumbel_softmax log_softmax tanh sigmoid hardsigmoid silu mish"""
    assert set(page.split()) <= kept
    assert all(hasattr(torch.nn.functional, name) for name in page.split())
