"""Where a layer with weights may stand: as a layer, and as `activation=` where that loses nothing."""

import gc
import warnings
import zlib

import keras
import numpy as np
import pytest
from backends import LOADED_BY_OLD_KERAS, assert_close, assert_same
from layers.examples import ONE_EACH

from keras_acts import layers

X = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
HOSTS = {
    "Dense": lambda act: keras.layers.Dense(5, activation=act),
    "Conv1D": lambda act: keras.layers.Conv1D(5, 2, activation=act),
    "Conv2DTranspose": lambda act: keras.Sequential(
        [keras.layers.Reshape((2, 2, 5)), keras.layers.Conv2DTranspose(5, 2, activation=act)]
    ),
    "Activation": lambda act: keras.layers.Activation(act),
    "SimpleRNN": lambda act: keras.layers.SimpleRNN(5, activation=act),
    "LSTM": lambda act: keras.layers.LSTM(5, activation=act),
    "GRU": lambda act: keras.layers.GRU(5, recurrent_activation=act),
    "Bidirectional": lambda act: keras.layers.Bidirectional(keras.layers.LSTM(5, activation=act)),
    "TimeDistributed": lambda act: keras.layers.TimeDistributed(keras.layers.Dense(5, activation=act)),
}


def _model(host, act):
    return keras.Sequential([keras.Input((4, 5)), HOSTS[host](act)])


@pytest.mark.parametrize("host", sorted(set(HOSTS) - {"Activation"}))
def test_weights_for_each_channel_cannot_appear_inside_another_layer(host):
    with pytest.raises(ValueError, match=r"PReLU has weights per channel, which cannot be created while it is the"):
        HOSTS[host](layers.PReLU())
    with pytest.raises(ValueError, match="LearnableAffine has weights per channel"):
        HOSTS[host](layers.LearnableAffine(layers.PReLU()))


class Holder(keras.layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


class HolderThatBuilds(Holder):
    def build(self, shape):
        self.inner.build(shape)


class Net(keras.Model):
    def __init__(self, inner):
        super().__init__()
        self.steps = {"all": [inner]}

    def call(self, inputs):
        return self.steps["all"][0](inputs)


def _functional(inner):
    inputs = keras.Input((5,))
    return keras.Model(inputs, inner(inputs))


CONTAINERS = {
    "Sequential": lambda inner: keras.Sequential([inner]),
    "Sequential of an activation layer": lambda inner: keras.Sequential([keras.layers.Activation(inner)]),
    "Sequential in a Sequential": lambda inner: keras.Sequential([keras.Sequential([inner])]),
    "layer": Holder,
    "layer that builds": HolderThatBuilds,
    "model": Net,
    "TimeDistributed": keras.layers.TimeDistributed,
    "Activation": keras.layers.Activation,
}


@pytest.mark.parametrize("host", ["Dense", "LSTM", "Activation"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_weights_cannot_appear_in_a_container_inside_another_layer(container, host):
    refused = pytest.raises(
        ValueError, match=r" with PReLU in it is not built, and its weights cannot be created while"
    )
    with refused:
        HOSTS[host](CONTAINERS[container](layers.PReLU()))
    if container != "TimeDistributed":
        HOSTS[host](CONTAINERS[container](layers.RReLU()))(X)  # without weights Keras' own behaviour stays
        HOSTS[host](CONTAINERS[container](keras.layers.LeakyReLU()))(X)


@pytest.mark.parametrize("host", ["Dense", "LSTM"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.Sequential([keras.Input((5,)), layers.PReLU()]),
        lambda: _functional(layers.PReLU()),
        lambda: keras.Sequential([layers.Swish()]),
        lambda: Holder(layers.Swish()),
        lambda: Net(layers.Swish()),
    ],
    ids=["Sequential", "Functional", "Swish in a Sequential", "Swish in a layer", "Swish in a model"],
)
def test_weights_of_a_container_that_exist_before_are_counted_and_loaded(make, host, tmp_path):
    trained, fresh = (
        keras.Sequential([keras.Input((5,) if host == "Dense" else (4, 5)), HOSTS[host](make())]) for _ in "ab"
    )
    x = X[:, 0] if host == "Dense" else X
    counted = trained.count_params()
    trained(x)
    assert trained.count_params() == counted
    for weight in trained.trainable_weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + 0.3)
    trained.save_weights(tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    assert_same(fresh(x), trained(x))


def test_one_container_with_weights_in_two_layers_is_refused():
    shared, stateless = (keras.Sequential([inner]) for inner in (layers.Swish(), layers.RReLU()))
    hosts = [keras.layers.Dense(5, activation=act) for act in (shared, stateless, stateless)]
    with pytest.raises(ValueError, match=r"'sequential.*' is used as `activation` and in a second place"):
        keras.layers.Dense(5, activation=shared)
    del hosts
    twice = keras.Sequential([layers.Swish()])
    with pytest.raises(ValueError, match=r"'lstm_cell.*' takes it for two arguments"):
        keras.layers.LSTM(5, activation=twice, recurrent_activation=twice)


def _weights_and_shape(layer, shape):
    layer.build((None, *shape))
    return len(layer.weights), layer.compute_output_shape((None, *shape))


@pytest.mark.parametrize("example", ONE_EACH, ids=str)
def test_as_activation_each_layer_is_refused_when_the_model_is_built_or_loses_nothing(example, tmp_path):
    """A layer that has fewer weights before it is built, or another shape after it, may stand in none of Keras'."""
    shape = example.shape if example.name == "FReLU" else (5,) if example.name == "PReLU" else (6,)
    before = len(example.layer().weights)
    safe = _weights_and_shape(example.layer(), shape) == (before, (None, *shape))
    # A drawn host for each: over all layers all of them come.
    host = sorted(HOSTS)[zlib.crc32(example.name.encode()) % len(HOSTS)]
    changes = example.layer().compute_output_shape((None, *shape)) != (None, *shape)
    if not safe and (host != "Activation" or changes):
        with pytest.raises(
            ValueError, match=f"{example.name} (has weights per channel|changes the number of channels)"
        ):
            HOSTS[host](example.layer())
    elif safe:
        trained, fresh = _model(host, example.layer()), _model(host, example.layer())
        for weight in trained.trainable_weights:
            weight.assign(keras.ops.convert_to_numpy(weight) + 0.1)
        trained.save_weights(tmp_path / "m.weights.h5")
        fresh.load_weights(tmp_path / "m.weights.h5")
        assert_same(fresh(X), trained(X))


@pytest.mark.parametrize("name", ["FReLU", "DynamicReLU", "MetaACON"])
def test_layers_with_layers_inside_that_are_built_before_keep_their_weights(name, tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")

    def model():
        act = layers.get(name)
        act.build((None, 4, 4, 8))
        return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(8, 3, activation=act)])

    trained, fresh = model(), model()
    for weight in trained.trainable_weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + 0.1)
    trained.save_weights(tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    assert_same(fresh(x), trained(x))
    trained.save(tmp_path / "m.keras")
    assert_same(keras.models.load_model(tmp_path / "m.keras")(x), trained(x))


def test_an_activation_layer_takes_ours_as_it_takes_keras_own(tmp_path):
    def trained(act):
        keras.utils.set_random_seed(0)
        host = keras.layers.Activation(act)
        model = keras.Sequential([keras.Input((4, 5)), keras.layers.Dense(5), host, keras.layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=True)
        for _ in range(3):
            model.train_on_batch(X, np.ones((3, 4, 1)))
        return model

    ours, theirs = trained(layers.get("keras:PReLU")), trained(keras.layers.PReLU())
    assert ours.count_params() == theirs.count_params()
    assert_close(ours.layers[1].weights[0], theirs.layers[1].weights[0], rtol=1e-5, atol=1e-7)
    ours.save(tmp_path / "m.keras")
    assert_same(keras.models.load_model(tmp_path / "m.keras")(X), ours(X))


@pytest.mark.parametrize("make", [lambda **k: layers.PReLU(**k), lambda **k: layers.RReLU(**k)], ids=["PReLU", "RReLU"])
def test_as_activation_a_layer_gives_the_dtype_of_its_host(make):
    act = make(dtype="float32")
    act.build((None, 5))
    host = keras.layers.Dense(5, activation=act, dtype="mixed_float16")
    assert keras.backend.standardize_dtype(host(X).dtype) == host(keras.Input((4, 5))).dtype == "float16"


def _trained_alphas(model):
    for variable in layers.learnable_parameters(model):
        variable.assign(keras.ops.convert_to_numpy(variable) + 0.3)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("ready", ["scalar", "built"])
def test_weights_that_exist_before_are_counted_saved_and_loaded(host, ready, tmp_path):
    def model():
        act = layers.PReLU(shared_axes="all") if ready == "scalar" else layers.PReLU()
        act.build((None, 5))
        return keras.Sequential([keras.Input((4, 5)), HOSTS[host](act)])

    trained = model()
    counted = trained.count_params()
    _trained_alphas(trained)
    expected = trained(X)
    assert trained.count_params() == counted
    trained.save_weights(tmp_path / "m.weights.h5")
    fresh = model()
    fresh.load_weights(tmp_path / "m.weights.h5")  # never called before
    assert_same(fresh(X), expected)
    trained.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_same(loaded(X), expected)


def test_one_instance_in_two_layers_is_refused():
    act = layers.Swish()
    first = keras.layers.Dense(5, activation=act)
    with pytest.raises(
        ValueError, match=r"'swish.*' is used as `activation` and in a second place: 'dense.*' and 'den"
    ):
        keras.layers.Dense(5, activation=act)
    first(X)


@pytest.mark.parametrize("make", [layers.GLU, layers.LearnableAffine, layers.CReLU], ids=lambda cls: cls.__name__)
def test_one_instance_inside_two_of_our_layers_is_refused(make):
    act = layers.Swish()
    first = make(act)
    with pytest.raises(ValueError, match=r"'swish.*' is used as `activation` and in a second place"):
        make(act)
    del first


def test_one_instance_for_two_arguments_is_refused():
    act = layers.Swish()
    with pytest.raises(ValueError, match=r"'lstm_cell.*' takes it for two arguments"):
        keras.layers.LSTM(5, activation=act, recurrent_activation=act)(X)


def test_one_instance_as_activation_and_as_layer_is_refused():
    act = layers.Swish()
    act(keras.Input((4, 5)))
    with pytest.raises(ValueError, match=r"the model itself and 'dense.*' call it"):
        keras.layers.Dense(5, activation=act)
    act = layers.Swish()
    host = keras.layers.Dense(5, activation=act)
    with pytest.raises(ValueError, match=r"'dense.*' and the model itself call it"):
        act(host(keras.Input((4, 5))))


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
def test_one_layer_called_twice_shares_its_weights_and_reloads(tmp_path):
    act = layers.PReLU()
    inputs = keras.Input((4, 5))
    model = keras.Model(inputs, act(keras.layers.Dense(5)(act(inputs))))
    _trained_alphas(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.count_params() == model.count_params() == 35
    assert_same(loaded(X), model(X))


def test_the_same_host_may_call_again_and_another_one_after_it_is_gone():
    act = layers.Swish()
    host = keras.layers.Dense(5, activation=act)
    assert_same(host(X), host(X))
    act(X)  # to look at values
    del host
    gc.collect()
    keras.layers.Dense(5, activation=act)(X)


def test_a_dense_layer_that_is_not_quantized_for_its_activation_says_so():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation=layers.Swish(), name="host")])
    model(X[:, 0, :4])
    with warnings.catch_warnings(record=True) as caught:  # Keras itself warns of the InputLayer
        warnings.simplefilter("always")
        model.quantize("int8")
    told = [str(warning.message) for warning in caught]
    assert any(text.startswith("'host' is not quantized, because its activation is the layer 'swish") for text in told)


def test_layers_that_users_write_may_hold_one():
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense, self.activation = keras.layers.Dense(5), layers.PReLU()

        def call(self, inputs):
            return self.activation(self.dense(inputs))

    assert keras.Sequential([keras.Input((4, 5)), Block()]).count_params() == 35


@pytest.mark.parametrize("name", layers.names())
def test_the_registered_name_of_a_layer_is_no_activation(name):
    with pytest.raises(
        ValueError, match=rf"is not an activation function but a layer, .* keras_acts\.layers\.{name}\("
    ):
        keras.layers.Dense(4, activation=layers.info(name).registered_name)


def test_what_is_no_activation_at_all_is_named():
    with pytest.raises(ValueError, match=r"is not an activation but the initializer Siren: .* kernel_initializer"):
        keras.layers.Dense(4, activation="keras_acts>initializers.Siren")
    with pytest.raises(ValueError, match="is not an activation but the constraint AtLeast"):
        keras.activations.get("keras_acts>layers.AtLeast")


# ---- Sizes and bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shared_axes", "shape"),
    [
        (None, (3,)),
        ([1, 2], (1, 1, 3)),
        ([2], (5, 1, 3)),
        ([-1], (5, 4, 1)),
        ([], (5, 4, 3)),
        ([1, 2, 3], (1, 1, 1)),
        ("all", ()),
    ],
)
def test_shared_axes(shared_axes, shape):
    layer = layers.PReLU(shared_axes=shared_axes)
    layer.build((None, 5, 4, 3))
    assert layer.alpha.shape == shape


def test_channels_first():
    layer = layers.PReLU(shared_axes=[2, 3], alpha_initializer="random_normal")
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype("float32")
    y = layer(x)
    alpha = layer.get_weights()[0].reshape(1, 3, 1, 1)
    assert_close(y, np.where(x > 0, x, alpha * x), rtol=1e-6)


UNKNOWN_CHANNELS = "PReLU has one weight for each index of axis 2, whose size is unknown"
UNKNOWN_HEIGHT = r"of axis 1, .* shared_axes=\[1\] or shared_axes='all'. Received: input_shape=\(None, None, 3\)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.PReLU().build((None, 5, None)), UNKNOWN_CHANNELS),
        (lambda: layers.PReLU(shared_axes=[]).build((None, None, 3)), UNKNOWN_HEIGHT),
        (lambda: layers.PReLU().build((None,)), "needs an input with a channel axis after the batch axis"),
        (lambda: layers.PReLU(shared_axes=[3]).build((None, 5, 3)), r"must be axes after .* shared_axes=\[3\]"),
        (lambda: layers.PReLU(shared_axes=[0]), r"`shared_axes` of PReLU must be .* Received: shared_axes=\[0\]"),
        (lambda: layers.PReLU(shared_axes="both"), "Received: shared_axes='both'"),
        (lambda: layers.PReLU(float("nan")), "An initial value must be a finite number. Received: nan"),
        (lambda: layers.APL(pieces=0), "`pieces` of APL must be an integer >= 1. Received: pieces=0"),
        (lambda: layers.FReLU().build((None, 5, 3)), r"FReLU needs images .* Received: input_shape=\(None, 5, 3\)"),
        (lambda: layers.DynamicReLU().build((None, None)), "DynamicReLU needs a known number of channels"),
        (lambda: layers.DynamicReLU(reduction=0), "`reduction` of DynamicReLU must be an integer >= 1"),
        (lambda: layers.MetaACON(reduction=1.5), "`reduction` of MetaACON must be an integer >= 1"),
        (lambda: layers.XIELU(alpha_n=0.2), "`beta` of 'xielu' must be smaller than `alpha_n`"),
        (lambda: layers.Sine(w0=0.0), "`w0` of 'sin' must be a finite number > 0"),
        (lambda: layers.PolyNorm(epsilon=0.0), "`epsilon` of PolyNorm must be a finite number > 0"),
        (lambda: layers.Rational("softmax"), "must be the name or spec string of an elementwise activation"),
        (lambda: layers.Rational("gelu", degrees=(5,)), "`degrees` of Rational must be two integers"),
        (lambda: layers.Rational("gelu", reach=0.0), "`reach` of Rational must be a finite number > 0"),
        (lambda: layers.Rational("gleu"), "Did you mean .*'gelu'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
