"""Layers from strings, classes and configs; and what is said where a layer's name stands for an activation."""

import inspect

import keras
import numpy as np
import pytest
from backends import values

import keras_acts
from keras_acts import layers
from keras_acts.core.params import constructor_arguments
from keras_acts.layers import glu_presets


def test_a_string_makes_a_new_layer_each_time():
    first, second = layers.get("PReLU(shared_axes=[1, 2])"), layers.get("PReLU(shared_axes=[1, 2])")
    assert first is not second
    assert isinstance(first, layers.PReLU)
    assert first.shared_axes == [1, 2]


def test_arguments_win_over_the_string():
    layer = layers.get("PReLU(alpha_initializer=0.1)", alpha_initializer=0.3, name="mine", dtype="float16")
    assert layer.name == "mine"
    assert layer.compute_dtype == "float16"
    assert values(layer(keras.ops.ones((1, 1), "float16") * -1.0))[0, 0] == np.float16(-0.3)


def test_classes_layers_and_configs():
    assert isinstance(layers.get(layers.Snake), layers.Snake)
    assert isinstance(layers.get(keras.layers.ReLU, max_value=6.0), keras.layers.ReLU)
    layer = layers.Snake()
    assert layers.get(layer) is layer
    again = layers.get(keras.saving.serialize_keras_object(layer))
    assert again is not layer
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("alias", "name", "settings"),
    [
        ("torch:PReLU", "PReLU", {"shared_axes": "all"}),
        ("keras:PReLU", "PReLU", {"shared_axes": []}),
        ("tfa:TLU", "TLU", {"shared_axes": []}),
        ("tfa:Snake", "Snake", {"shared_axes": "all"}),
        ("timm:StarReLU", "StarReLU", {}),
        ("hf:xielu", "XIELU", {}),
        ("keras_contrib:SReLU", "SReLU", {"shared_axes": []}),
        ("keras_contrib:PELU", "PELU", {"shared_axes": []}),
        ("hf:SnakeBeta", "SnakeBeta", {}),
    ],
)
def test_names_of_other_frameworks(alias, name, settings):
    layer = layers.get(alias)
    assert type(layer).__name__ == name
    for setting, value in settings.items():
        assert getattr(layer, setting) == value


@pytest.mark.parametrize("name", layers.names())
def test_every_alias_makes_its_layer(name):
    declaration = layers.info(name)
    required = {"dim_in": 3, "dim_out": 4, "activation": "relu", "groups": 2, "rate": 0.1}  # there
    for framework, aliases in declaration.aliases.items():
        for alias in aliases:
            given = {key: value for key, value in required.items() if key in alias.signature.parameters}
            assert type(layers.get(f"{framework}:{alias.partition('(')[0]}", **given)) is declaration.cls


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.get("PRelu"), ValueError, r"Unknown layer\. Did you mean 'PReLU'\? .* Received: 'PRelu'"),
        (lambda: layers.get("snake_beta"), ValueError, "Did you mean 'SnakeBeta'"),
        (lambda: layers.get("torch:prelu"), ValueError, "Did you mean 'torch:PReLU'"),
        (lambda: layers.get("mish"), ValueError, r"is an activation .* Use keras.layers.Activation\('mish'\)"),
        (lambda: layers.get("xyz"), ValueError, r"Unknown layer\. `keras_acts.layers.names\(\)` lists all\."),
        (lambda: layers.get("PReLU(slope=1)"), TypeError, "has no argument `slope`; it takes `alpha_initializer`"),
        (lambda: layers.get("PReLU("), ValueError, "must be a name, or a name with literal parameters"),
        (lambda: layers.get(3), ValueError, "must be a name, a spec string, .* Received: 3 of type int"),
        (lambda: layers.get(layers.Snake(), name="x"), TypeError, "A layer that exists takes no arguments"),
        (lambda: layers.info("prelu"), ValueError, "Did you mean 'PReLU'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ["prelu", "PReLU", "dynamic_relu", "FReLU", "MetaACON"])
def test_a_layer_as_activation_string_is_named(name):
    layer = next(known for known in layers.names() if known.lower() == name.lower().replace("_", ""))
    message = rf"'{name}' is not an activation function but a layer, .* keras_acts\.layers\.{layer}\(\)"
    for call in (lambda: keras.layers.Dense(4, activation=name), lambda: keras_acts.get(name)):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("name", ["glu", "GLU", "Maxout", "crelu", "SwiGLU", "swiglu_oai", "gumbel_softmax", "RReLU"])
def test_a_layer_without_weights_is_named_too(name):
    layer = next(known for known in layers.names() if known.lower() == name.lower().replace("_", ""))
    message = rf"'{name}' is not an activation function but a layer, .* keras_acts\.layers\.{layer}\(\)"
    for call in (
        lambda: keras.layers.Dense(4, activation=name),
        lambda: keras.layers.Activation(name),
        lambda: keras_acts.get(name),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    "name",
    [
        "torch:GLU",
        "torch:RReLU",
        "torch:PReLU",
        "torch:FeatureAlphaDropout",
        "tfa:Maxout",
        "tfa:rrelu",
        "tf:crelu",
        "paddle:swiglu",
        "vllm:SwigluOAIAndMul",
        "keras_contrib:SReLU",
    ],
)
def test_a_layer_of_another_framework_is_named_with_its_defaults(name):
    message = rf"'{name}' is not an activation function but a layer, .* keras_acts\.layers\.get\('{name}'\)"
    for call in (lambda: keras.layers.Dense(4, activation=name), lambda: keras_acts.get(name)):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    ("name", "activation"), [("Snake", "snake"), ("Swish", "silu' or 'swish_beta"), ("StarReLU", "star_relu")]
)
def test_where_both_exist_both_are_named(name, activation):
    message = rf"Did you mean '{activation}'\? With weights, it is a layer: keras_acts\.layers\.{name}\(\)\."
    with pytest.raises(ValueError, match=message):
        keras_acts.get(name)


@pytest.mark.parametrize("name", layers.names())
def test_every_layer_is_documented(name):
    record = layers.info(name)
    own = record.cls.__doc__
    assert record.summary.endswith(".")
    for part in ("f(x)", "Example:", ">>> "):
        assert part in own
    # The presets of GLU have their arguments and shapes from the base class, to which they point.
    text = own + (glu_presets.PresetGLU.__doc__ if "are those of `PresetGLU`" in own else "")
    for part in ("Input shape:", "Output shape:"):
        assert part in text
    for argument in set(constructor_arguments(record.cls)) - {"kwargs"}:
        assert f"\n    {argument}: " in inspect.cleandoc(text)


def test_the_registered_name_is_none_that_a_user_would_take():
    """Keras takes a class of the user's own, saved unregistered, for any key that ends in its bare name."""
    for name in layers.names():
        assert layers.info(name).registered_name == f"keras_acts>layers.{name}"
        assert keras.saving.get_registered_name(layers.info(name).cls) == f"keras_acts>layers.{name}"
    ours = [key for key in keras.saving.get_custom_objects() if key.startswith("keras_acts>")]
    assert not [key for key in ours if key.partition(">")[2] in layers.names()]


# ---- Configs and lists of weights -----------------------------------------------------------------------------------

HOLDING = {
    "GLU": lambda f: layers.GLU(f),
    "GLU, up": lambda f: layers.GLU(up_activation=f),
    "CReLU": lambda f: layers.CReLU(f),
    "LearnableAffine": lambda f: layers.LearnableAffine(f),
}


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "silu"])
@pytest.mark.parametrize("make", HOLDING.values(), ids=HOLDING)
def test_a_function_of_keras_stays_that_of_keras(make, name):
    theirs, ours = getattr(keras.activations, name), keras_acts.get(name)
    for function in (theirs, ours):
        layer = make(function)
        for again in (
            type(layer).from_config(layer.get_config()),
            keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)),
        ):
            assert function in (again.activation, getattr(again, "up_activation", None))


def test_an_own_function_does_not_come_back_as_ours_of_the_same_name():
    def gaussian(x):
        return x

    config = layers.GLU(gaussian).get_config()
    with pytest.raises(TypeError, match="Could not locate function 'gaussian'"):
        layers.GLU.from_config(config)
    with keras.saving.custom_object_scope({"gaussian": gaussian}):
        assert layers.GLU.from_config(config).activation is gaussian


def test_weights_that_bend_curves_are_listed_whoever_made_the_layer():
    class Own(keras.layers.PReLU):
        pass

    parts = [layers.Snake(), keras.layers.PReLU(), Own(), keras.layers.LeakyReLU(), layers.GLU(keras.layers.PReLU())]
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6), *parts, keras.layers.BatchNormalization()])
    found = {id(weight) for weight in layers.learnable_parameters(model)}
    bending = [parts[0].frequency, parts[1].alpha, parts[2].alpha, parts[4].activation.alpha]
    assert found == {id(weight) for weight in bending}
