"""Layers from strings, classes and configs; and what is said where a layer's name stands for an activation."""

import functools
import inspect
import re

import keras
import numpy as np
import pytest
from backends import values

import keras_acts
from keras_acts import layers
from keras_acts.core import resolve
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
    required |= {"in_features": 3, "out_features": 4, "in_channels": 3}
    for framework, aliases in declaration.aliases.items():
        for alias in aliases:
            if framework == "lnets":
                continue  # refused, whatever its argument
            given = {key: value for key, value in required.items() if key in alias.signature.parameters}
            assert type(layers.get(f"{framework}:{alias.partition('(')[0]}", **given)) is declaration.cls


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.get("PRelu"), ValueError, r"Unknown layer\. Did you mean 'PReLU'\? .* Received: 'PRelu'"),
        (lambda: layers.get("snake_beta"), ValueError, "Did you mean 'SnakeBeta'"),
        (lambda: layers.get("torch:Prelu"), ValueError, "Did you mean 'torch:PReLU'"),
        (lambda: layers.get("mish"), ValueError, r"is an activation .* Use keras.layers.Activation\('mish'\)"),
        (lambda: layers.get("LeakyReLU"), ValueError, r"Unknown layer\. Did you mean keras\.layers\.LeakyReLU\(\)\?"),
        (lambda: layers.info("dense"), ValueError, r"Unknown layer\. Did you mean keras\.layers\.Dense\(\)\?"),
        (lambda: layers.get("xyz"), ValueError, r"Unknown layer\. `keras_acts.layers.names\(\)` lists all\."),
        (lambda: layers.get("PReLU(slope=1)"), TypeError, "has no argument `slope`; it takes `alpha_initializer`"),
        (lambda: layers.get("PReLU("), ValueError, "must be a name, or a name with literal parameters"),
        (lambda: layers.get(3), ValueError, "must be a name, a spec string, .* Received: 3 of type int"),
        (lambda: layers.get(layers.Snake(), name="x"), TypeError, "A layer that exists takes no arguments"),
        (lambda: layers.info("prelu"), ValueError, "Did you mean 'PReLU'"),
        (
            lambda: layers.get("lnets:MaxMin(4)"),
            ValueError,
            "maxima of all groups and then their minima, an order that",
        ),
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


# ---- What is misspelt, or called so elsewhere ------------------------------------------------------------------------

ARGUMENTS = {
    (name, argument)
    for name in layers.names()
    for aliases in layers.info(name).aliases.values()
    for alias in aliases
    for argument in alias.signature.parameters
    if argument not in constructor_arguments(layers.info(name).cls) and (name, argument) != ("GatedDense", "activation")
}


@pytest.mark.parametrize(("name", "argument"), sorted(ARGUMENTS))
def test_an_argument_of_another_framework_is_explained(name, argument):
    """By what our docstring says of it, or by the string that takes it as that framework means it."""
    given = {each: GIVEN[each] for each in constructor_arguments(layers.info(name).cls) if each in GIVEN}
    for call in (layers.info(name).cls, functools.partial(layers.get, name)):
        with pytest.raises(TypeError, match=rf"'{name}' has no argument `{argument}`; it takes `") as found:
            call(**given, **{argument: 2})
        hint = str(found.value).partition("; it takes ")[2].partition(" Received: ")[0]
        foreign = re.search(r"keras_acts\.layers\.get\('([\w:]+)', ", hint)
        if foreign is None:
            assert f"`{argument}" in hint
        else:
            record, alias = resolve.layers.find_foreign(foreign[1])
            assert record.name == name
            assert argument in alias.signature.parameters


GIVEN = {"units": 4, "rate": 0.1}


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: layers.PReLU(alpha=0.3), r"Did you mean `alpha_initializer`\?"),
        (lambda: layers.get("PReLU(alpha=0.3)"), r"Did you mean `alpha_initializer`\?"),
        (lambda: layers.Swish(beta=2.0), r"Did you mean `beta_initializer`\?"),
        (lambda: layers.Snake(shared_axis=[1]), r"Did you mean `shared_axes`\?"),
        (lambda: layers.Maxout(num_units=2), r"it takes `pieces`, .*`num_units` is the number n of outputs"),
        (lambda: layers.Maxout(peices=2), r"Did you mean `pieces`\?"),
        (lambda: layers.MaxoutDense(4, num_units=2), r"it takes `units`, `pieces`, .* Did you mean `units`\?"),
    ],
)
def test_an_argument_that_does_not_exist_gets_a_hint(call, hint):
    for kind in (TypeError, ValueError):  # of Python, and of Keras
        with pytest.raises(kind, match=hint):
            call()


def test_what_keras_refuses_for_another_reason_is_said_by_keras():
    with pytest.raises(ValueError, match="`name` must be a string"):
        layers.PReLU(name=3)


def swapped(name, generator):
    """The name with two neighbours swapped."""
    pairs = [place for place in range(len(name) - 1) if name[place] != name[place + 1]]
    place = int(generator.choice(pairs))
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


@pytest.mark.parametrize(
    "module", [keras_acts.activations, layers, keras_acts.initializers, keras_acts.authoring], ids=lambda m: m.__name__
)
def test_a_misspelt_attribute_names_the_one_that_was_meant(module):
    generator = np.random.default_rng(11)
    known = keras_acts.names() if module is keras_acts.activations else module.__all__
    missed = []
    for name in known:
        for typo in {swapped(name, generator), name.upper(), name.replace("_", "")} - {*dir(module), *known}:
            with pytest.raises(AttributeError, match=rf"module '{module.__name__}' has no attribute '{typo}'") as found:
                getattr(module, typo)
            told = (
                str(found.value).partition("Did you mean")[2].lower().replace("_", "")
            )  # which of `statistics` and `Statistics`, no one can tell
            missed += [typo] if name.lower().replace("_", "") not in told else []
    assert len(missed) <= 0.03 * 3 * len(known), missed  # a swap in a short name may be nearer to another


THEIRS = {
    module: [name for name in dir(theirs) if name[0].isupper()]
    for module, theirs in ((layers, keras.layers), (keras_acts.initializers, keras.initializers))
}


@pytest.mark.parametrize("module", THEIRS, ids=lambda m: m.__name__)
def test_an_attribute_that_keras_has_is_pointed_at(module):
    place = module.__name__.replace("keras_acts", "keras")
    for name in set(THEIRS[module]) - set(dir(module)):
        with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\. Did you mean (?i:{place}\.{name})\?"):
            getattr(module, name)


@pytest.mark.parametrize(
    ("module", "name", "meant"),
    [
        (layers, "mish", "keras_acts.activations.mish"),
        (layers, "Hardswish", "keras_acts.activations.hard_silu"),
        (layers, "LeakyReLu", "keras.layers.LeakyReLU"),
        (layers, "LeakyRLU", "keras.layers.LeakyReLU"),
        (layers, "learnable_paramters", "keras_acts.layers.learnable_parameters"),
        (keras_acts.activations, "PReLU", "keras_acts.layers.PReLU"),
        (keras_acts.activations, "gelu_new", "keras_acts.activations.gelu_tanh"),
        (keras_acts.activations, "seralize", "keras_acts.activations.serialize"),
        (keras_acts.initializers, "Sirn", "keras_acts.initializers.Siren"),
        (keras_acts.initializers, "get", "keras.initializers.get"),
        (keras_acts.authoring, "compare", "keras_acts.compare"),
        (keras_acts.authoring, "FormulaEror", "keras_acts.authoring.FormulaError"),
    ],
)
def test_an_attribute_of_another_module_is_pointed_at(module, name, meant):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\. Did you mean {meant}(\?| or )"):
        getattr(module, name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mish", "keras_acts.activations.mish"),
        ("Siren", "keras_acts.initializers.Siren"),
        ("accuracy", "keras_acts.authoring.accuracy"),
        ("PReLU", "keras_acts.layers.PReLU"),
        ("Prelu", "keras_acts.layers.PReLU"),
        ("paird", "keras_acts.paired"),
        ("experiment", "keras_acts.experiments"),
        ("Activations", "keras_acts.activations"),
    ],
)
def test_an_attribute_that_is_elsewhere_is_pointed_at(name, meant):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\. Did you mean {meant}\?"):
        getattr(keras_acts, name)
    assert not hasattr(keras_acts, "__wrapped__")
