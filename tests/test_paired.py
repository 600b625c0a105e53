"""`**keras_acts.paired(...)` in every kind of Keras layer, in files, and as strings; initializers as objects."""

import copy
import math
import pickle
import random

import fresh_process
import keras
import numpy as np
import pytest
from backends import LOADED_BY_OLD_KERAS, values
from keras import layers

import keras_acts
from keras_acts import initializers

RNG = np.random.default_rng(0)

# Layer, its input shape, arguments, and where the initializers of `paired(layer=...)` must have arrived.
LAYERS = [
    ("dense", layers.Dense, (5,), {"units": 4}),
    ("dense", layers.EinsumDense, (6, 3), {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}),
    ("dense", layers.Conv1D, (6, 3), {"filters": 4, "kernel_size": 3}),
    ("dense", layers.Conv2D, (6, 6, 3), {"filters": 4, "kernel_size": 3}),
    ("conv_transpose", layers.Conv2DTranspose, (6, 6, 3), {"filters": 4, "kernel_size": 3}),
    ("depthwise", layers.DepthwiseConv1D, (6, 3), {"kernel_size": 3}),
    ("depthwise", layers.DepthwiseConv2D, (6, 6, 3), {"kernel_size": 3, "depth_multiplier": 2}),
    ("separable", layers.SeparableConv1D, (6, 3), {"filters": 4, "kernel_size": 3}),
    ("separable", layers.SeparableConv2D, (6, 6, 3), {"filters": 4, "kernel_size": 3}),
    ("simple_rnn", layers.SimpleRNN, (6, 3), {"units": 4}),
    ("lstm", layers.LSTM, (6, 3), {"units": 4}),
    ("gru", layers.GRU, (6, 3), {"units": 4}),
    ("conv_lstm", layers.ConvLSTM1D, (6, 5, 3), {"filters": 4, "kernel_size": 3}),
]
IDS = [cls.__name__ for _, cls, _, _ in LAYERS]


@pytest.mark.parametrize(("kind", "cls", "shape", "arguments"), LAYERS, ids=IDS)
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_layers_take_it_and_files_keep_it(kind, cls, shape, arguments, extension, tmp_path):
    kwargs = keras_acts.paired("snake", layer=kind)
    model = keras.Sequential([keras.Input(shape), cls(**arguments, **kwargs)])
    path = tmp_path / f"model.{extension}"
    model.save(path)
    loaded = keras.models.load_model(path)
    x = RNG.normal(size=(2, *shape)).astype("float32")
    np.testing.assert_array_equal(values(loaded(x)), values(model(x)))
    for name in kwargs.keys() - {"activation"}:
        before, after = getattr(model.layers[0], name), getattr(loaded.layers[0], name)
        assert type(after) is type(before) is type(kwargs[name])
        assert without_seed(after) == without_seed(before)


def named_in_files(initializer):
    config = keras.saving.serialize_keras_object(initializer)
    return f"{config['module']}.{config['class_name']}"


def without_seed(initializer):
    return {name: value for name, value in initializer.get_config().items() if name != "seed"}


class Block(keras.Layer):
    """Without `build`: Keras makes its weights after a run, when no layer is asking for them any more."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def call(self, x):
        return self.second(self.first(x, x))


def attention(cls, features, **arguments):
    if cls is layers.MultiHeadAttention:
        return layers.MultiHeadAttention(8, features, **arguments)
    return layers.GroupQueryAttention(features, 8, 4, **arguments)


@pytest.mark.parametrize("built", ["by a layer", "by running"])
@pytest.mark.parametrize("features", [16, 96], ids=["narrow heads", "wide heads"])
@pytest.mark.parametrize("activation", ["gelu", "selu"])
@pytest.mark.parametrize("cls", [layers.MultiHeadAttention, layers.GroupQueryAttention])
def test_attention_has_the_gain_before_the_heads_only(cls, activation, features, built):
    keras.utils.set_random_seed(0)
    kwargs = keras_acts.paired(activation, layer="multi_head_attention")
    assert set(kwargs) == {"kernel_initializer", "bias_initializer"}
    layer = attention(cls, features, **kwargs)
    projection = layers.EinsumDense("abc,cde->abde", (None, 8, 96), **keras_acts.paired(activation))
    x = keras.Input((4, 64))
    if built == "by running":
        Block(layer, projection)(x)
    else:
        projection(layer(x, x))
    gain = initializers.gain(activation)
    kernels = {v.path.split("/")[-2]: values(v) for v in layer.trainable_variables if v.name == "kernel"}
    assert set(kernels) == {"query", "key", "value", "attention_output"}
    for name, kernel in {**kernels, "projection": values(projection.kernel)}.items():
        fan_in = math.prod(kernel.shape[:2]) if name == "attention_output" else kernel.shape[0]
        expected = 1.0 if name == "attention_output" else gain**2
        assert kernel.var() * fan_in == pytest.approx(expected, rel=0.08), name
    assert np.abs(kernels["query"][:, :4] - kernels["key"][:, :4]).max() > 0.01  # they do not start as copies


@pytest.mark.parametrize("seed", range(6))
def test_einsum_dense_keeps_the_variance_of_each_unit(seed):
    """A kernel of up to four axes in a drawn order: inputs, outputs, and one that both have."""
    rng = np.random.default_rng(seed)
    sums, outputs = "pq"[: rng.integers(1, 3)], "vw"[: rng.integers(1, 3)]
    shared = "s" * rng.integers(0, 2)
    kernel = "".join(rng.permutation(list(sums + outputs + shared)))
    sizes = {"b": 40, "t": 7, "p": int(rng.integers(20, 60)), "q": 9, "v": 8, "w": int(rng.integers(20, 60)), "s": 5}
    equation = f"bt{shared}{sums},{kernel}->bt{shared}{outputs}"
    keras.utils.set_random_seed(seed)
    shape = (sizes["t"], *(sizes[axis] for axis in shared + outputs))
    for kwargs in (
        {**keras_acts.paired("silu"), "activation": None},
        {"kernel_initializer": initializers.ActivationScaling("silu")},
    ):
        layer = layers.EinsumDense(equation, shape, **kwargs)
        found = variance_after(layer, tuple(sizes[axis] for axis in f"bt{shared}{sums}"))
        assert found == pytest.approx(initializers.gain("silu") ** 2, rel=0.15), equation


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("selu", keras.initializers.LecunNormal),
        ("identity", keras.initializers.LecunNormal),
        (None, keras.initializers.LecunNormal),
        ("linear", keras.initializers.LecunNormal),
        (initializers.standardize("elu"), keras.initializers.LecunNormal),
        ("relu", keras.initializers.HeNormal),
        (keras.activations.relu, keras.initializers.HeNormal),
        (keras_acts.activations.abs, keras.initializers.LecunNormal),
    ],
)
def test_initializers_that_have_a_name(activation, expected):
    kwargs = keras_acts.paired(activation)
    assert named_in_files(kwargs["kernel_initializer"]) == f"keras.initializers.{expected.__name__}"
    assert type(kwargs["bias_initializer"]) is keras.initializers.Zeros
    assert kwargs["activation"] is activation
    deep = keras_acts.paired(activation, deep=True)
    assert named_in_files(deep["kernel_initializer"]) == f"keras.initializers.{expected.__name__}"
    assert type(deep["bias_initializer"]) is keras.initializers.Zeros


@pytest.mark.parametrize("activation", ["gelu", "tanh", "elu(alpha=0.5)", "softplus", lambda x: keras.ops.sin(3.0 * x)])
def test_others_have_the_scale_of_their_gain(activation):
    kernel = keras_acts.paired(activation)["kernel_initializer"]
    assert named_in_files(kernel) == "keras.initializers.VarianceScaling"
    assert (kernel.mode, kernel.distribution) == ("fan_in", "truncated_normal")
    assert kernel.scale == pytest.approx(initializers.gain(activation) ** 2, rel=1e-15)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_deep_takes_the_critical_point(name):
    kwargs = keras_acts.paired(name, deep=True)
    critical = initializers.statistics(name).critical
    assert named_in_files(kwargs["kernel_initializer"]) == "keras.initializers.VarianceScaling"
    assert kwargs["kernel_initializer"].scale == critical.weight_variance
    assert type(kwargs["bias_initializer"]) is keras.initializers.RandomNormal
    assert kwargs["bias_initializer"].stddev == pytest.approx(math.sqrt(critical.bias_variance), rel=1e-15)


def test_deep_tanh_is_at_the_edge_of_chaos():
    kernel = keras_acts.paired("tanh", deep=True)["kernel_initializer"]
    assert named_in_files(kernel) == "keras.initializers.LecunNormal"


def test_siren_weights_are_those_of_the_paper():
    kernel = keras_acts.paired("sin(w0=30.0)")["kernel_initializer"]
    assert named_in_files(kernel) == "keras.initializers.VarianceScaling"
    drawn = values(kernel((256, 300)))
    limit = math.sqrt(6.0 / 256.0) / 30.0
    assert limit * 0.99 < np.abs(drawn).max() <= limit * (1.0 + 1e-6)
    as_layer = keras_acts.paired(keras_acts.layers.Sine(30.0))["kernel_initializer"]
    assert (as_layer.scale, as_layer.distribution) == (kernel.scale, kernel.distribution)
    own = values(initializers.Siren(w0=30.0, seed=1)((256, 300)))
    assert limit * 0.99 < np.abs(own).max() <= limit * (1.0 + 1e-6)
    first = values(initializers.Siren(w0=30.0, first_layer=True, seed=1)((2, 3000)))
    assert 0.5 * 0.99 < np.abs(first).max() <= 0.5 * (1.0 + 1e-6)
    convolution = values(initializers.Siren(w0=1.0, seed=1)((3, 3, 6, 100)))
    assert np.abs(convolution).max() == pytest.approx(math.sqrt(6.0 / 54.0), rel=0.01)


@pytest.mark.parametrize("cls", [layers.Dense, layers.MultiHeadAttention])
def test_one_dict_for_many_layers_gives_different_weights(cls):
    kwargs = keras_acts.paired("gelu", deep=True, layer="dense" if cls is layers.Dense else "multi_head_attention")

    def weights():
        if cls is layers.Dense:
            layer = layers.Dense(16, **kwargs)
            layer.build((None, 16))
        else:
            layer = layers.MultiHeadAttention(2, 8, **kwargs)
            x = keras.Input((4, 16))
            layer(x, x)
        return [values(v) for v in layer.trainable_variables]

    for first, second in zip(weights(), weights(), strict=True):
        assert np.abs(first - second).max() > 0.01


def test_reproducible_by_keras_seed():
    def kernel():
        keras.utils.set_random_seed(3)
        layer = layers.Dense(4, **keras_acts.paired("mish"))
        layer.build((None, 4))
        return values(layer.kernel)

    np.testing.assert_array_equal(kernel(), kernel())


@pytest.mark.tensorflow
def test_under_mirrored_strategy():
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    kwargs = keras_acts.paired("gelu", deep=True)
    with strategy.scope():
        model = keras.Sequential([keras.Input((4,)), layers.Dense(4, **kwargs), layers.Dense(4, **kwargs)])
    first, second = (values(layer.kernel) for layer in model.layers)
    assert np.abs(first - second).max() > 0.01


def variance_after(layer, shape):
    """The variance of what a layer with linear activation makes of normal inputs with second moment 1."""
    x = RNG.normal(size=shape).astype("float32")
    return float(values(layer(x)).var())


@pytest.mark.parametrize(
    ("kind", "cls", "arguments", "shape"),
    [
        ("dense", layers.Dense, {"units": 400}, (50, 300)),
        ("dense", layers.Conv2D, {"filters": 200, "kernel_size": 3}, (4, 12, 12, 40)),
        ("conv_transpose", layers.Conv2DTranspose, {"filters": 200, "kernel_size": 3}, (4, 12, 12, 40)),
        ("depthwise", layers.DepthwiseConv2D, {"kernel_size": 3}, (4, 12, 12, 400)),
        ("depthwise", layers.DepthwiseConv2D, {"kernel_size": 3, "depth_multiplier": 3}, (4, 12, 12, 200)),
        ("depthwise", layers.DepthwiseConv1D, {"kernel_size": 5}, (4, 40, 600)),
        ("separable", layers.SeparableConv2D, {"filters": 200, "kernel_size": 3}, (4, 12, 12, 200)),
    ],
    ids=["Dense", "Conv2D", "Conv2DTranspose", "Depthwise", "Depthwise x 3", "Depthwise1D", "Separable"],
)
def test_variance_is_gain_squared(kind, cls, arguments, shape):
    """For inputs of second moment 1. The outputs of the activation have 1 / gain^2, so the next variance is 1."""
    keras.utils.set_random_seed(1)
    kwargs = {**keras_acts.paired("silu", layer=kind), "activation": None}
    if kind == "conv_transpose":  # only in the interior does an output see all its inputs
        layer = layers.Conv2DTranspose(**arguments, **kwargs)
        x = RNG.normal(size=shape).astype("float32")
        found = float(values(layer(x))[:, 2:-2, 2:-2].var())
    else:
        found = variance_after(cls(**arguments, **kwargs), shape)
    assert found == pytest.approx(initializers.gain("silu") ** 2, rel=0.1)


def test_threshold_is_a_function_that_layers_can_call():
    """Keras' own of that name needs two more arguments."""
    layer = layers.Dense(4, **keras_acts.paired("threshold"))
    x = RNG.normal(size=(5, 3)).astype("float32")
    found = values(layer(x))
    np.testing.assert_allclose(found, np.maximum(x @ values(layer.kernel), 0.0), atol=1e-6)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "selu", "tanh"])
def test_what_follows_an_embedding_has_the_variance_of_the_fixed_point(activation, deep):
    keras.utils.set_random_seed(0)
    kwargs = keras_acts.paired(activation, deep=deep, layer="embedding")
    assert set(kwargs) == {"embeddings_initializer"}
    embedding = layers.Embedding(200, 300, **kwargs)
    dense = layers.Dense(400, **{**keras_acts.paired(activation, deep=deep), "activation": None})
    found = float(values(dense(embedding(np.arange(200)))).var())
    critical = initializers.statistics(activation).critical if deep and activation != "selu" else None
    expected = critical.variance if critical else 1.0
    if critical and not critical.variance:  # smaller is as good
        expected = critical.weight_variance * initializers.gain(activation) ** -2
    assert found == pytest.approx(expected, rel=0.1)


def test_simple_rnn_keeps_the_variance_over_time():
    keras.utils.set_random_seed(0)
    units = 512
    layer = layers.SimpleRNN(units, return_sequences=True, **keras_acts.paired("tanh", layer="simple_rnn"))
    inputs = np.tanh(RNG.normal(size=(8, 30, units))).astype("float32")  # of a layer below
    states = values(layer(inputs))
    expected = 1.0 / initializers.gain("tanh") ** 2
    assert np.square(states[:, 10:]).mean() == pytest.approx(expected, rel=0.05)


class Scaled(keras.Layer):
    """A layer that says what it shall count as."""

    def initial_activation(self):
        return keras_acts.get("leaky_relu(negative_slope=0.25)")


@pytest.mark.parametrize(
    ("layer", "scale"),
    [
        (layers.LeakyReLU(negative_slope=0.25), 2.0 / (1.0 + 0.25**2)),
        (layers.PReLU(alpha_initializer=keras.initializers.Constant(0.5), shared_axes=[1, 2]), 2.0 / (1.0 + 0.5**2)),
        (keras_acts.layers.PReLU(0.125), 2.0 / (1.0 + 0.125**2)),
        (keras_acts.layers.PReLU(0.125, shared_axes="all"), 2.0 / (1.0 + 0.125**2)),
        (layers.Activation("mish"), 1.4868475812732081**2),
        (Scaled(), 2.0 / (1.0 + 0.25**2)),
    ],
    ids=["LeakyReLU", "Keras PReLU", "PReLU", "PReLU, shared", "Activation", "hook"],
)
def test_layers_count_with_their_initial_weights(layer, scale):
    kwargs = keras_acts.paired(layer)
    assert set(kwargs) == {"kernel_initializer", "bias_initializer"}
    assert kwargs["kernel_initializer"].scale == pytest.approx(scale, rel=1e-12)
    assert not layer.weights or layer.built
    deep = keras_acts.paired(layer, deep=True)["kernel_initializer"]
    if not isinstance(layer, layers.Activation):  # scale-free: the critical point is the same
        assert deep.scale == pytest.approx(scale, rel=1e-12)


@pytest.mark.float64
@pytest.mark.parametrize("degrees", [(5, 4), (3, 2)])
def test_coefficients_that_all_channels_share_are_no_random_start(degrees):
    layer = keras_acts.layers.Rational("gelu", degrees=degrees, dtype="float64")
    expected = initializers.gain(lambda x: layer(x[:, None])[:, 0])
    assert initializers.gain(layer) == pytest.approx(expected, rel=1e-6)


def acon_second_moment():
    """E f(z)^2 of f(z) = d z sigmoid(d z) + p2 z, d = p1 - p2, over normal z, p1, p2, where E p2 given d is -d / 2."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(80)
    shares = shares / shares.sum()
    u = math.sqrt(2.0) * np.outer(nodes, nodes)
    gate = 1.0 / (1.0 + np.exp(-u))
    return 1.0 - shares @ (u * u * gate * (1.0 - gate)) @ shares


RANDOM_STARTS = {
    "ACONC": (keras_acts.layers.ACONC, acon_second_moment),
    "PReLU, normal": (lambda: layers.PReLU("random_normal"), lambda: 0.5 * (1.0 + 0.05**2)),
    "PReLU, uniform": (lambda: layers.PReLU(keras.initializers.RandomUniform(-1.0, 1.0)), lambda: 0.5 * (4.0 / 3.0)),
    "PReLU, shared": (
        lambda: keras_acts.layers.PReLU(keras.initializers.RandomNormal(0.5, 1.0), shared_axes="all"),
        lambda: 0.5 * (1.0 + 1.25),
    ),
    "Snake": (
        lambda: keras_acts.layers.Snake(keras.initializers.RandomUniform(0.5, 2.0)),
        lambda: np.mean([initializers.gain(f"snake(frequency={f})") ** -2 for f in 0.5 + 1.5 * GRID]),
    ),
}
GRID = (np.arange(20) + 0.5) / 20.0


@pytest.mark.parametrize("name", RANDOM_STARTS)
def test_layers_with_a_random_start_count_with_their_expectation(name):
    """Not with one draw: other seeds and processes give the same weights, and the seeds of users are left alone."""
    make, second_moment = RANDOM_STARTS[name]
    found = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        layer = make()
        before = random.getstate()
        found.append(initializers.gain(layer))
        assert random.getstate() == before
    assert found[0] == found[1] == pytest.approx(second_moment() ** -0.5, rel=3e-3)
    assert keras_acts.paired(layer)["kernel_initializer"].scale == pytest.approx(found[0] ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (layers.Softmax(), ValueError, "A layer must act element by element .* Received: <Softmax"),
        (layers.LayerNormalization(), ValueError, "A layer must act element by element"),
        (layers.Reshape((1, 2)), ValueError, "A layer must act element by element"),
        (layers.Conv2D(3, 3), TypeError, "must keep the shape of a batch of rows.* Received: <Conv2D"),
    ],
)
def test_layers_that_are_no_activations(layer, error, message):
    with pytest.raises(error, match=message):
        keras_acts.paired(layer)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("gelu", False, "lsmt"), ValueError, "`layer` of paired must be one of 'dense', .* Received: layer='lsmt'"),
        (("softmax",), ValueError, "kernel_initializer='lecun_normal'. Received: 'softmax'"),
        (("gellu",), ValueError, "Did you mean 'gelu'"),
        (
            ("sigmoid", True),
            ValueError,
            "needs an activation with a critical point.* Received: 'sigmoid' with deep=True",
        ),
        ((keras.ops.log,), ValueError, "must be finite at all points"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        keras_acts.paired(*arguments)


# ---- Strings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "config"),
    [
        ("keras_acts>selu", "LecunNormal", {}),
        ("keras_acts>relu", "HeNormal", {}),
        ("keras_acts>leaky_relu(negative_slope=1.0)", "LecunNormal", {}),
        ("keras_acts>torch:LeakyReLU", "VarianceScaling", {"scale": 2.0 / 1.0001}),
        ("keras_acts>gelu", "VarianceScaling", {"scale": 2.351715614073373}),
        ("keras_acts>Siren", "Siren", {"w0": 30.0, "first_layer": False}),
        ("keras_acts>initializers.Siren", "Siren", {"w0": 30.0, "first_layer": False}),
        ("keras_acts>Siren(w0=15.0, first_layer=True)", "Siren", {"w0": 15.0, "first_layer": True}),
        ("keras_acts>DepthwiseVarianceScaling(2.0)", "DepthwiseVarianceScaling", {"scale": 2.0}),
    ],
)
def test_strings(text, expected, config, tmp_path):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="selu", kernel_initializer=text)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for initializer in (model.layers[0].kernel_initializer, loaded.layers[0].kernel_initializer):
        assert type(initializer).__name__ == expected
        found = initializer.get_config()
        assert {name: found[name] for name in config} == pytest.approx(config)
    assert layers.Conv2D(3, 3, kernel_initializer=text).kernel_initializer is not None
    assert type(keras.initializers.get(text)).__name__ == expected


def test_strings_of_other_packages():
    @keras_acts.activation(formula="2x", package="my_package")
    def doubled(x):
        """Twice."""
        return 2.0 * x

    assert layers.Dense(3, kernel_initializer="my_package>doubled").kernel_initializer.scale == pytest.approx(0.25)

    @keras.saving.register_keras_serializable(package="my_package", name="Mine")
    class Mine(keras.initializers.Zeros):
        pass

    assert type(layers.Dense(3, kernel_initializer="my_package>Mine").kernel_initializer) is Mine


def test_strings_of_keras_are_left_alone():
    assert type(layers.Dense(3).kernel_initializer) is keras.initializers.GlorotUniform
    assert type(keras.initializers.get("he_normal")) is keras.initializers.HeNormal
    for text in ("selu", "other>selu", "nonsense"):
        with pytest.raises(ValueError, match="Could not interpret initializer identifier"):
            layers.Dense(3, kernel_initializer=text)


def test_strings_go_with_uninstall():
    assert layers.Dense(3, activation="keras_acts>snake").activation is keras_acts.activations.snake
    keras_acts.uninstall()
    with pytest.raises(ValueError, match="Could not interpret initializer identifier: keras_acts>selu"):
        layers.Dense(3, kernel_initializer="keras_acts>selu")
    keras_acts.install()
    assert isinstance(keras.initializers.get("keras_acts>selu"), keras.initializers.LecunNormal)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keras_acts>sellu", "Did you mean .*'selu'"),
        ("keras_acts>softmax", "couples the elements along an axis"),
        ("keras_acts>elu(alpha=-1.0)", "`alpha` of 'elu' must be a finite number >= 0. Received: alpha=-1.0"),
        ("keras_acts>Siren(w0=0)", "`w0` of Siren must be a finite number > 0. Received: w0=0"),
    ],
)
def test_bad_strings(text, message):
    with pytest.raises(ValueError, match=message):
        layers.Dense(3, kernel_initializer=text)


@pytest.mark.slow
def test_files_load_where_keras_acts_is_absent(tmp_path):
    names = ("relu", "selu", "tanh", "gelu", "silu", "mish", "elu")
    hidden = [layers.Dense(8, **keras_acts.paired(name, deep=deep)) for name in names for deep in (False, True)]
    model = keras.Sequential([keras.Input((4,)), *hidden])
    of_kind = [cls(**arguments, **keras_acts.paired("gelu", layer=kind)) for kind, cls, _, arguments in LAYERS]
    inputs = [keras.Input(shape) for _, _, shape, _ in LAYERS]
    x = keras.Input((5, 6))
    attended = attention(layers.MultiHeadAttention, 4, **keras_acts.paired("relu", layer="multi_head_attention"))(x, x)
    outputs = [layer(each) for layer, each in zip(of_kind, inputs, strict=True)]
    kinds = keras.Model([*inputs, x], [*outputs, attended])
    model.save(tmp_path / "model.keras")
    kinds.save(tmp_path / "kinds.keras")
    x = RNG.normal(size=(2, 4)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", values(model(x)))
    fresh_process.run(
        """
        import keras, numpy as np
        model = keras.models.load_model("model.keras")
        np.testing.assert_allclose(model(np.load("x.npy")), np.load("y.npy"), rtol=1e-5, atol=1e-6)
        keras.models.load_model("kinds.keras")
        """,
        tmp_path,
        before=fresh_process.WITHOUT_KERAS_ACTS,
    )


@pytest.mark.parametrize("kind", ["depthwise", "multi_head_attention"])
def test_what_files_call_by_a_name_of_keras_is_pickled_and_copied(kind):
    (initializer, *_) = keras_acts.paired("gelu", layer=kind).values() if kind != "depthwise" else [
        keras_acts.paired("gelu", layer=kind)["depthwise_initializer"]]  # fmt: skip
    for again in (pickle.loads(pickle.dumps(initializer)), copy.deepcopy(initializer)):
        assert type(again) is type(initializer)
        assert without_seed(again) == without_seed(initializer)


# ---- Initializers as objects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 300.0), ("fan_out", 500.0), ("fan_avg", 400.0)])
def test_activation_scaling_has_the_right_deviation(mode, fan, distribution):
    kernel = initializers.ActivationScaling("mish", mode=mode, distribution=distribution, seed=0)((300, 500))
    gain = 1.4868475812732081
    assert float(values(kernel).std()) == pytest.approx(gain / math.sqrt(fan), rel=0.01)
    assert keras.backend.standardize_dtype(kernel.dtype) == "float32"


def test_activation_scaling_takes_any_gain():
    scale = initializers.ActivationScaling("tanh", convention="torch").scale
    assert scale == pytest.approx(25.0 / 9.0, rel=1e-15)


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", pytest.param("float64", marks=pytest.mark.float64)]
)
@pytest.mark.parametrize(
    "initializer",
    [
        initializers.ActivationScaling("gelu", seed=1),
        initializers.DepthwiseVarianceScaling(seed=1),
        initializers.Siren(seed=1),
    ],
    ids=lambda initializer: type(initializer).__name__,
)
def test_dtypes(initializer, dtype):
    assert keras.backend.standardize_dtype(initializer((3, 3, 4, 2), dtype=dtype).dtype) == dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: initializers.ActivationScaling("elu(alpha=0.5)", "fan_avg", "uniform", "backward", seed=seed),
        lambda seed: initializers.ActivationScaling(initializers.standardize("gelu"), seed=seed),
        lambda seed: initializers.ActivationScaling(keras.activations.gelu, seed=seed),
        lambda seed: initializers.ActivationScaling(layers.PReLU("ones", name="prelu"), seed=seed),
        lambda seed: initializers.ActivationScaling("torch:LeakyReLU", seed=seed),
        lambda seed: initializers.DepthwiseVarianceScaling(3.0, "uniform", seed=seed),
        lambda seed: initializers.Siren(7, True, seed=seed),
    ],
)
def test_configs_and_seeds(make):
    for seed in (5, None):
        initializer = make(seed)
        config = keras.saving.serialize_keras_object(initializer)
        again = keras.saving.deserialize_keras_object(config)
        assert type(again) is type(initializer)
        assert again.get_config() == initializer.get_config()
        first, second = values(initializer((3, 4, 5))), values(initializer((3, 4, 5)))
        np.testing.assert_array_equal(first, second)  # as Keras' own do
        if seed is not None:
            np.testing.assert_array_equal(values(again((3, 4, 5))), first)
        assert type(initializer.clone()) is type(initializer)
    generated = make(keras.random.SeedGenerator(1))
    assert np.abs(values(generated((3, 4, 5))) - values(generated((3, 4, 5)))).max() > 0.0


def test_activation_scaling_counts_the_inputs_of_einsum_layers():
    layer = layers.EinsumDense(
        "ab,bcd->acd", (4, 100), kernel_initializer=initializers.ActivationScaling("gelu", seed=0)
    )
    layer.build((None, 200))
    assert values(layer.kernel).std() * math.sqrt(200.0) == pytest.approx(initializers.gain("gelu"), rel=0.02)


@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_objects_in_files(extension, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(
                4,
                activation=initializers.standardize("elu(alpha=0.5)"),
                kernel_initializer=initializers.ActivationScaling("elu(alpha=0.5)", seed=3),
            ),
            layers.Dense(4, activation=initializers.standardize("tanh"), kernel_initializer=initializers.Siren(seed=2)),
        ]
    )
    path = tmp_path / f"model.{extension}"
    model.save(path)
    loaded = keras.models.load_model(path)
    x = RNG.normal(size=(2, 5)).astype("float32")
    np.testing.assert_array_equal(values(loaded(x)), values(model(x)))
    for before, after in zip(model.layers, loaded.layers, strict=True):
        assert after.activation == before.activation
        assert after.kernel_initializer.get_config() == before.kernel_initializer.get_config()


def test_standardize_takes_no_layer():
    with pytest.raises(TypeError, match=r"standardize needs a function.* Received: <PReLU"):
        initializers.standardize(layers.PReLU())


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
def test_standardized_activation_rounds_once_and_is_symbolic():
    gelu = initializers.standardize("gelu")
    x = np.linspace(-4.0, 4.0, 1001).astype("float16")
    got = values(gelu(keras.ops.convert_to_tensor(x)))
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got, values(gelu(x.astype("float32"))).astype("float16"))
    exact = gelu.scale * values(keras_acts.get("gelu")(x.astype("float64"))) + gelu.shift
    np.testing.assert_allclose(got, exact, rtol=2.0**-11, atol=1e-6)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, gelu(inputs))
    assert keras.Model.from_config(model.get_config())(np.ones((1, 3))).shape == (1, 3)
    assert gelu == initializers.standardize("gelu") != initializers.standardize("silu")
    assert len({gelu, initializers.standardize("gelu")}) == 1


@pytest.mark.parametrize(
    "initializer",
    [initializers.ActivationScaling("gelu"), initializers.DepthwiseVarianceScaling(), initializers.Siren()],
    ids=lambda initializer: type(initializer).__name__,
)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (3, 3, 0, 4), (5,), ()])
def test_no_kernel(initializer, shape):
    with pytest.raises(ValueError, match="must get the shape of a kernel: at least 2 axes, none of size 0"):
        initializer(shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: initializers.ActivationScaling("gelu", mode="fan"),
            "`mode` of ActivationScaling must be one of 'fan_in'.*mode='fan'",
        ),
        (
            lambda: initializers.ActivationScaling("gelu", distribution="normal"),
            "`distribution` of ActivationScaling must be one of",
        ),
        (lambda: initializers.ActivationScaling("gelu", convention="he"), "`convention` of gain must be one of"),
        (
            lambda: initializers.DepthwiseVarianceScaling(distribution="x"),
            "`distribution` of DepthwiseVarianceScaling must be one of",
        ),
        (lambda: initializers.DepthwiseVarianceScaling(-1.0), "scale"),
        (lambda: initializers.Siren(0.0), "`w0` of Siren must be a finite number > 0. Received: w0=0.0"),
        (lambda: initializers.Siren("30"), "`w0` of Siren"),
        (lambda: initializers.Siren(True), "`w0` of Siren"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
