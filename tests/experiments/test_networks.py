"""The networks are what they say, with what belongs to their activation."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.experiments.task import networks


def own_network(activation, input_shape, outputs, width=8):
    """A network of a user's own, which ends in a softmax."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(width, activation=activation(), **activation.paired()),
            keras.layers.Dense(outputs, activation="softmax"),
        ]
    )


def not_a_network(activation):
    return activation()


def in_files(initializer):
    """Which class a file names: on older Keras ours stand for Keras' own, where attention needs to be told apart."""
    config = keras.saving.serialize_keras_object(initializer)
    return config["module"], config["class_name"]


@pytest.mark.parametrize("model", ["mlp(dropout=0.25)", "cnn"])
@pytest.mark.parametrize(
    ("activation", "initializer", "dropout"),
    [
        ("selu", keras.initializers.LecunNormal, keras_acts.layers.AlphaDropout),
        ("torch:SELU", keras.initializers.LecunNormal, keras_acts.layers.AlphaDropout),
        ("relu", keras.initializers.HeNormal, keras.layers.Dropout),
        ("leaky_relu(negative_slope=0.1)", keras.initializers.VarianceScaling, keras.layers.Dropout),
        ("PReLU", keras.initializers.VarianceScaling, keras.layers.Dropout),
    ],
)
def test_networks_have_what_belongs_to_their_activation(model, activation, initializer, dropout):
    network, activations = networks.builder(model, activation, (8, 8, 1), 10)()
    *hidden, output = [layer for layer in network.layers if hasattr(layer, "kernel_initializer")]
    assert hidden
    for layer in hidden:
        assert in_files(layer.kernel_initializer) == in_files(initializer())
    # Equal draws in two layers would make them copies of each other.
    assert len({id(layer.kernel_initializer) for layer in hidden}) == len(hidden) == len(activations)
    assert type(output.kernel_initializer) is keras.initializers.GlorotUniform
    dropouts = [layer for layer in network.layers if "Dropout" in type(layer).__name__]
    assert {type(layer) for layer in dropouts} == {dropout}


@pytest.mark.parametrize("activation", ["selu", "PReLU"])
def test_without_pairing_all_have_keras_defaults(activation):
    network, _ = networks.builder("cnn", activation, (8, 8, 1), 10, pairing=False)()
    kernels = [layer for layer in network.layers if hasattr(layer, "kernel_initializer")]
    assert {type(layer.kernel_initializer) for layer in kernels} == {keras.initializers.GlorotUniform}
    dropouts = [layer for layer in network.layers if "Dropout" in type(layer).__name__]
    assert {type(layer) for layer in dropouts} == {keras.layers.Dropout}


def test_an_activation_with_weights_has_its_own_in_each_place():
    network, activations = networks.builder("mlp(depth=3)", "PReLU", (4,), 2)()
    assert len({id(layer) for layer in activations}) == 3
    assert all(layer in network.layers for layer in activations)


def test_cnn_is_the_one_of_the_text():
    network, _ = networks.builder("cnn", "relu", (8, 8, 1), 10)()
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [(32, (3, 3)), (64, (3, 3))]
    assert [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)] == [128, 10]
    assert [layer.rate for layer in network.layers if "Dropout" in type(layer).__name__] == [0.25, 0.5]
    assert network.output_shape == (None, 10)


def test_mlp_takes_width_and_depth():
    network, _ = networks.builder("mlp(width=5, depth=4)", "relu", (8, 8, 1), 10)()
    assert [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)] == [5, 5, 5, 5, 10]


@pytest.mark.parametrize(("activation", "random_biases"), [("gelu", True), ("sigmoid", False), ("selu", False)])
def test_deep_networks_start_at_the_critical_point_where_there_is_one(activation, random_biases):
    network, _ = networks.builder("deep_mlp", activation, (4,), 2)()
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dense))
    assert sum(isinstance(layer, keras.layers.Dense) for layer in network.layers) == 31
    assert isinstance(first.bias_initializer, keras.initializers.RandomNormal) == random_biases


def test_siren_has_the_first_layer_of_the_paper():
    network, _ = networks.builder("siren(width=256)", "sin(w0=30.0)", (2,), 1)()
    first, second, *_ = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    for layer, limit in ((first, 1.0 / 2.0), (second, (6.0 / 256.0) ** 0.5 / 30.0)):
        largest = float(abs(keras.ops.convert_to_numpy(layer.kernel)).max())
        assert 0.97 * limit < largest <= np.float32(limit)


def test_a_network_of_the_users_own():
    network, activations = networks.builder(f"{__name__}:own_network(width=7)", "gelu", (3,), 2)()
    dense = network.layers[1]
    assert dense.units == 7
    assert activations == (keras_acts.activations.gelu,)
    assert in_files(dense.kernel_initializer) == in_files(keras.initializers.VarianceScaling())


@pytest.mark.parametrize(
    ("model", "activation", "message"),
    [
        ("mpl", "relu", "Unknown network. Did you mean 'mlp'?"),
        ("mlp(wdth=3)", "relu", "has no option `wdth`. Did you mean 'width'?"),
        ("mlp(width=0)", "relu", "`width` of 'mlp(width=0)' must be an integer >= 1. Received: width=0"),
        ("mlp(64)", "relu", "Options are given by name"),
        ("cnn", "relu", "'cnn' needs images of shape (height, width, channels). Received: samples of shape (3,)"),
        ("mlp", "rellu", "Unknown activation. Did you mean 'relu'"),
        (f"{__name__}:not_a_network", "relu", "must return a keras.Model"),
        (f"{__name__}:no_such_function", "relu", "must be named 'package.module:function'"),
    ],
)
def test_what_cannot_be_built_is_refused(model, activation, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        networks.builder(model, activation, (3,), 2)()
    assert message in str(error.value)


def ignores(activation, input_shape, outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(4, "tanh"), keras.layers.Dense(outputs)])


def by_name(activation, input_shape, outputs):
    hidden = keras.layers.Dense(4, activation=activation.text)
    return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(outputs)])


KEPT = []


def always_the_same(activation, input_shape, outputs):
    if not KEPT:
        hidden = keras.layers.Dense(4, activation=activation())
        KEPT.append(keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(outputs)]))
    activation()
    return KEPT[0]


def test_a_builder_that_ignores_the_activation_is_noticed():
    with pytest.raises(
        ValueError, match=r"must use its activation: .* or all activations would train the same network"
    ):
        networks.builder(f"{__name__}:ignores", "gelu", (2,), 2)()
    assert networks.builder(f"{__name__}:by_name", "gelu", (2,), 2)().model.layers[0].activation.__name__ == "gelu"


def test_a_builder_that_returns_the_same_model_is_noticed():
    build = networks.builder(f"{__name__}:always_the_same", "gelu", (2,), 2)
    build()
    with pytest.raises(ValueError, match="returned the same model twice"):
        build()
