"""`to_portable`: a model of Keras alone with the same predictions, which loads where keras_acts is not installed."""

import json
import random

import fresh_process
import keras
import numpy as np
import pytest
from backends import KERAS
from keras import layers
from layers.examples import EXAMPLES

import keras_acts
from keras_acts.carrying import samples

NAMES = keras_acts.names()


def sequential(*parts, shape=(8,), dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *parts])


def each_alone(names):
    """Each activation as an output of its own."""
    inputs = keras.Input((8,))
    return keras.Model(inputs, [layers.Activation(keras_acts.get(name))(inputs) for name in names])


def of_layers(examples):
    return [with_other_weights(sequential(example.layer(), shape=example.shape)) for example in examples]


def with_other_weights(model):
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def shared_and_nested():
    first, second = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    shared = layers.Dense(4, activation="snake")
    joined = keras_acts.activations.mish(shared(first) + shared(second))
    inner = sequential(layers.Dense(3, activation="smish"), keras_acts.layers.PReLU(), shape=(4,))
    return keras.Model([first, second], {"a": inner(joined), "b": inner(shared(first))})


def with_unusual_parts():
    with_paired = keras_acts.paired("mish")
    with_paired["kernel_initializer"] = keras_acts.initializers.ActivationScaling("mish")
    return sequential(
        layers.Embedding(11, 4),
        layers.Dense(4, **with_paired),
        layers.TimeDistributed(layers.Dense(4, activation="elu(alpha=0.5)")),
        layers.Conv1D(4, 2, activation="formula: x * sigmoid(1.2 * x)"),
        layers.Dense(4, activation=keras_acts.layers.PReLU(shared_axes="all")),
        layers.LSTM(4),
        layers.Dense(4, activation=keras_acts.get("identity")),
        layers.Dense(3, activation="gelu"),
        shape=(6,),
        dtype="int32",
    )


def in_half_precision():
    return sequential(
        layers.Dense(4, activation="snake", dtype="mixed_float16"),
        keras_acts.layers.PReLU(dtype="mixed_float16"),
        layers.Dense(2, activation="mish"),
    )


def difference(model, portable, seed=7):
    inputs = samples.drawn(model, seed=seed)
    pairs = zip(*(keras.tree.flatten(each(inputs, training=False)) for each in (model, portable)), strict=True)
    sizes = [(np.asarray(a, "float64"), np.asarray(b, "float64")) for a, b in pairs]
    return max(np.max(np.abs(a - b) / (1e-5 * np.abs(a) + 1e-6)) for a, b in sizes)


def mentions_ours(model):
    return "keras_acts" in json.dumps(model.get_config(), default=str) + model.to_json()


MODELS = {
    "shared and nested": shared_and_nested,
    "unusual parts": with_unusual_parts,
    "half precision": in_half_precision,
    "some activations": lambda: each_alone(random.Random(1).sample(NAMES, 6)),
    "gated": lambda: sequential(keras_acts.layers.GatedDense(4), keras_acts.layers.MaxoutDense(3)),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_same_predictions_by_operations_of_keras(name):
    model = with_other_weights(MODELS[name]())
    config, weights = model.to_json(), model.get_weights()
    portable = keras_acts.to_portable(model)
    assert difference(model, portable) <= (1e3 if name == "half precision" else 1.0)
    assert mentions_ours(model)
    assert not mentions_ours(portable)
    assert model.to_json() == config
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("example", random.Random(2).sample(EXAMPLES, 6), ids=str)
def test_layers_become_operations(example):
    (model,) = of_layers([example])
    portable = keras_acts.to_portable(model)
    assert difference(model, portable) <= 1.0
    assert not mentions_ours(portable)
    assert [layer.name for layer in portable.layers][: len(model.layers)] == [layer.name for layer in model.layers]


def test_weights_of_keras_layers_stay_weights():
    portable = keras_acts.to_portable(sequential(layers.Dense(4, activation="snake"), keras_acts.layers.PReLU()))
    assert [weight.shape for weight in portable.trainable_weights] == [(8, 4), (4,)]


def test_training_it_leaves_the_model_alone():
    model = sequential(layers.Dense(4, activation="snake"), keras_acts.layers.GatedDense(2))
    before = model.get_weights()
    portable = keras_acts.to_portable(model)
    portable.compile("sgd", "mse")
    portable.fit(np.ones((4, 8), "float32"), np.ones((4, 2), "float32"), verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
@pytest.mark.skipif(KERAS < (3, 10), reason="a constant tensor in a file is read by Keras 3.10 or newer")
def test_it_loads_where_keras_acts_is_not_installed(tmp_path):
    """Every activation, every example of a layer, and the models above, in one process without keras_acts."""
    models = [each_alone(NAMES), *of_layers(EXAMPLES), *(with_other_weights(make()) for make in MODELS.values())]
    for number, model in enumerate(models):
        inputs = samples.drawn(model, seed=9)
        keras_acts.to_portable(model).save(tmp_path / f"{number}.keras")
        arrays = keras.tree.flatten(inputs), keras.tree.flatten(model(inputs, training=False))
        for kind, found in zip(("in", "out"), arrays, strict=True):
            np.savez(tmp_path / f"{number}-{kind}.npz", *[np.asarray(each, each.dtype.name) for each in found])
    code = f"""
        import keras
        import numpy as np

        for number in range({len(models)}):
            model = keras.models.load_model(f"{{number}}.keras")
            inputs = list(np.load(f"{{number}}-in.npz").values())
            outputs = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
            for got, expected in zip(outputs, np.load(f"{{number}}-out.npz").values(), strict=True):
                exact = 1e-2 if expected.dtype == "float16" or {len(models) - 3} == number else 1e-5
                np.testing.assert_allclose(np.asarray(got, "float64"), expected, rtol=exact, atol=exact / 10)
        print("all", len(inputs) and number + 1)
    """
    said = fresh_process.run(code, tmp_path, before=fresh_process.WITHOUT_KERAS_ACTS)
    assert said.split("\n")[-2] == f"all {len(models)}"


class OwnCall(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activation="snake")

    def call(self, x):
        return self.dense(x)


def called(model):
    model(np.zeros((2, 4), "float32"))
    return model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: keras.Sequential([layers.Dense(3, activation="snake")]), "must be built first"),
        (lambda: called(OwnCall()), "of a class with a `call` of its own, OwnCall"),
        (
            lambda: sequential(layers.LSTM(3, activation="snake", name="memory"), shape=(4, 2)),
            r"'memory' \(LSTM\), which holds 'snake'",
        ),
        (
            lambda: sequential(
                layers.Bidirectional(layers.GRU(2, activation="mish_2" if False else "smish"), name="both"),
                shape=(4, 2),
            ),
            r"'both' \(Bidirectional\), which holds 'smish'",
        ),
        (
            lambda: sequential(
                layers.Embedding(5, 4, mask_zero=True), layers.Dense(3, activation="snake", name="in_mask"), shape=(4,)
            ),
            r"'in_mask' \(Dense\), which a mask passes",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:[\\s\\S]*mask attached to it:UserWarning")
def test_what_cannot_be_is_named(make, said):
    with pytest.raises(ValueError, match=said):
        keras_acts.to_portable(make())


def test_all_that_stands_in_the_way_is_named_at_once():
    parts = [layers.GRU(3, activation=name, return_sequences=True, name=name) for name in ("snake", "smish")]
    with pytest.raises(ValueError, match=r"'snake' \(GRU\).*'smish' \(GRU\)"):
        keras_acts.to_portable(sequential(*parts, shape=(4, 2)))


@pytest.mark.parametrize("given", ["model.keras", None, keras_acts.layers.PReLU])
def test_what_is_no_model_is_refused(given):
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model. Received: "):
        keras_acts.to_portable(given)
