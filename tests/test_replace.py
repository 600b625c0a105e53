"""`replace`: drawn models, each against the same one built by hand with the other activations."""

import functools
import json
import random
import warnings

import keras
import numpy as np
import pytest
from backends import LOADED_BY_OLD_KERAS, values
from keras import layers

import keras_acts
from keras_acts.core import places
from keras_acts.inspection import activations_of, replacing

pytestmark = pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)

X = np.float32(np.random.default_rng(0).normal(size=(3, 5, 4)))
NAMES = ("relu", "tanh", "gelu", "elu(alpha=0.5)", "snake", "leaky_relu")
OTHERS = ("mish", "softsign", "celu(alpha=2.0)", "silu", "snake(frequency=2.0)", "hard_tanh", "selu")


class Block(keras.layers.Layer):
    """A user's own: activations in an attribute, in a layer of a list, in a Sequential and as a layer."""

    def __init__(self, activation, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width, self.bend = width, keras.activations.get(activation)
        self.steps = [layers.Dense(width, activation=activation), layers.Activation(activation)]
        self.inner = keras.Sequential([layers.Dense(width), layers.Activation(activation)])

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return self.bend(self.inner(x))

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.bend), "width": self.width}


def own(x):
    return keras.ops.sin(x) + x


PIECES = {
    "fused": lambda x, act: layers.Dense(4, activation=act)(x),
    "alone": lambda x, act: layers.Activation(act)(x),
    "branches": lambda x, act: layers.add([layers.Dense(4, activation=act)(x), layers.Activation("tanh")(x)]),
    "shared": lambda x, act: (lambda dense: dense(dense(x)))(layers.Dense(4, activation=act)),
    "shared with a nested one": lambda x, act: _shared_inside(layers.Dense(4, activation=act), x),
    "nested": lambda x, act: keras.Sequential([layers.Dense(4), layers.Activation(act), layers.Dense(4)])(x),
    "deeper": lambda x, act: _functional(act)(x),
    "wrapped": lambda x, act: layers.TimeDistributed(layers.Dense(4, activation=act))(x),
    "wrapped alone": lambda x, act: layers.TimeDistributed(layers.Activation(act))(x),
    "recurrent": lambda x, act: layers.GRU(4, activation=act, return_sequences=True)(x),
    "both ways": lambda x, act: layers.Bidirectional(layers.SimpleRNN(2, activation=act, return_sequences=True))(x),
    "attention": lambda x, act: layers.Dense(4, activation=act)(layers.MultiHeadAttention(2, 2)(x, x)),
    "block": lambda x, act: Block(act)(x),
    "normalized": lambda x, act: layers.Activation(act)(layers.BatchNormalization()(layers.Dropout(0.1)(x))),
    "function": lambda x, act: layers.Dense(4, activation=own)(layers.Activation(act)(x)),
}


def _shared_inside(dense, x):
    return keras.Sequential([dense, layers.Activation("tanh")])(dense(x))


def _functional(act):
    inputs = keras.Input((5, 4))
    nested = keras.Sequential([layers.Dense(4, activation=act)])
    return keras.Model(inputs, layers.add([nested(inputs), inputs]))


def built(seed, changes=None, without=()):
    """A drawn model, with the activations that `changes` gives in place of those that it would have."""
    draw = random.Random(seed)
    inputs = x = keras.Input((5, 4))
    kinds = draw.sample(sorted(PIECES.keys() - {*without}), 4)
    for kind in kinds:
        name = draw.choice(NAMES)
        x = PIECES[kind](x, (changes or {}).get(name, name))
    return keras.Model(inputs, x), kinds


def drawn_changes(seed):
    draw = random.Random(-seed)
    return {old: draw.choice(OTHERS) for old in draw.sample(NAMES, 3) if old != "tanh"}


def randomize(model, seed=0):
    numbers = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(
            np.abs(numbers.normal(size=weight.shape))
            if "variance" in weight.path
            else numbers.normal(size=weight.shape)
        )


def state(model):
    flags = [(layer.trainable, layer.built) for _, layer in places.layers_of(model) if isinstance(layer, keras.Layer)]
    weights = [values(weight).tobytes() for weight in model.variables]
    return json.dumps(model.get_config(), default=repr), flags, weights, values(model(X, training=False)).tobytes()


def check_functions(seed):
    """Of a drawn model: what `replace` gives is what is built so by hand, and the model is as it was."""
    model, kinds = built(seed)
    randomize(model)
    numbers = random.Random(seed)
    for layer in model.layers:
        layer.trainable = numbers.random() < 0.7
    has = {place.name for place in activations_of(model)}
    changes = {old: new for old, new in drawn_changes(seed).items() if keras_acts.get(old).__name__ in has}
    if not changes:
        return
    by_hand, _ = built(seed, changes)
    by_hand.set_weights(model.get_weights())
    before = state(model)
    with warnings.catch_warnings(record=True):  # of Dropout beside selu
        new = keras_acts.replace(model, changes)
    assert state(model) == before, kinds
    np.testing.assert_array_equal(
        values(new(X, training=False)), values(by_hand(X, training=False)), err_msg=str(kinds)
    )
    assert [layer.trainable for layer in new.layers[1:]] == [layer.trainable for layer in model.layers[1:]], kinds
    assert [layer.name for layer in new.layers] == [layer.name for layer in model.layers], kinds
    assert not {id(weight) for weight in new.variables} & {id(weight) for weight in model.variables}
    assert [p.name for p in activations_of(new)] == [p.name for p in activations_of(by_hand)], kinds


@pytest.mark.parametrize("seed", range(3))
def test_other_functions_in_drawn_models(seed):
    check_functions(seed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:replace leaves to you. selu wants")  # in a model that was drawn with Dropout
@pytest.mark.parametrize("seed", range(3, 30))
def test_other_functions_in_more_drawn_models(seed):
    check_functions(seed)


def check_layers(seed):
    """PReLU in place of relu is leaky_relu with its first slope; and back it is that function."""
    model, kinds = built(seed, dict.fromkeys(NAMES, "relu"), without=["block"])
    randomize(model)
    slope = "leaky_relu(negative_slope=0.25)"
    by_hand, _ = built(seed, dict.fromkeys(NAMES, slope), without=["block"])
    by_hand.set_weights(model.get_weights())
    expected = values(by_hand(X, training=False))
    learned, done = keras_acts.replace(model, {"relu": "PReLU"}, report=True)
    assert not any(each.problem for each in done.replacements), kinds
    assert len(done.replacements) == sum(place.name == "relu" for place in activations_of(model))
    assert len(learned.weights) == len(model.weights) + len(done.replacements), kinds
    close = functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5, err_msg=str(kinds))
    close(values(learned(X, training=False)), expected)
    back = keras_acts.replace(learned, {"PReLU": slope})
    assert len(back.weights) == len(model.weights), kinds
    close(values(back(X, training=False)), expected)


@pytest.mark.parametrize("seed", range(2))
def test_layers_and_back(seed):
    check_layers(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_more_layers_and_back(seed):
    check_layers(seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "mutant", "check"),
    [
        ("_put", lambda self, layer, new, attribute, is_node: None, check_functions),
        ("_is_rewired", lambda self, part: False, lambda seed: test_a_layer_where_it_cannot_be_built_is_named()),
        ("of", lambda self, layer: self._made(layer), check_functions),  # nothing is shared any more
        ("_becomes_layer", lambda self, layer, attribute: False, check_layers),
    ],
)
def test_the_checks_bite(monkeypatch, method, mutant, check):
    monkeypatch.setattr(replacing._Copying, method, mutant)
    assert any(map(functools.partial(_fails, check), range(20)))


def _fails(check, seed):
    try:
        check(seed)
    except (AssertionError, ValueError, TypeError):
        return True
    return False


def small(*stack, shape=(5, 4)):
    return keras.Sequential([keras.Input(shape), *stack])


def test_layers_and_operations_that_stand_for_functions():
    inputs = x = keras.Input((4,))
    x = layers.ReLU(name="a")(x)
    x = layers.ReLU(6.0, name="b")(x)
    x = layers.LeakyReLU(negative_slope=0.1, name="c")(x)
    x = layers.ReLU(negative_slope=0.1, name="d")(x)
    x = layers.ELU(alpha=0.5, name="e")(x)
    x = keras.ops.relu(x)
    x = keras_acts.get("elu(alpha=0.5)")(x)
    model = keras.Model(inputs, keras.ops.silu(x))
    slope = "leaky_relu(negative_slope=0.1)"
    names = ["relu", "relu6", slope, slope, "elu(alpha=0.5)", "relu", "elu(alpha=0.5)", "silu"]
    assert [place.name for place in activations_of(model)] == names
    changes = {"relu": "tanh", "leaky_relu": "softsign", "elu(alpha=0.5)": "elu(alpha=0.25)", "swish": None}
    new = keras_acts.replace(model, changes)
    quarter = "elu(alpha=0.25)"
    found = ["tanh", "relu6", "softsign", "softsign", quarter, "tanh", quarter, "linear"]
    assert [place.name for place in activations_of(new)] == found
    assert [layer.name for layer in new.layers][1:6] == list("abcde")


def test_where():
    model = small(*(layers.Dense(4, activation="relu", name=name) for name in ("one", "two", "three")))

    def changed(where):
        return [p.path for p in activations_of(keras_acts.replace(model, {"relu": "mish"}, where)) if p.name == "mish"]

    assert changed("two") == changed(lambda place: place.path == "two") == ["two"]
    assert changed("t.*") == changed(["two", "three"]) == ["two", "three"]
    assert changed(layers.Dense) == changed(None) == ["one", "two", "three"]
    with pytest.raises(ValueError, match="`where` must fit an activation of the model: one: activation=relu"):
        changed("four")
    with pytest.raises(TypeError, match=r"`where` must be a name, path .* Received: 3"):
        changed(3)


@keras.saving.register_keras_serializable("test_replace")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(4, activation="relu")
        self.act = layers.ReLU()
        self.out = layers.Dense(2)

    def call(self, x):
        return self.out(keras.ops.relu(self.act(self.hidden(x))) + 1.0)


def test_a_subclassed_model():
    model = Subclassed()
    model(X)
    before = values(model(X))
    with pytest.warns(UserWarning, match="Subclassed calls relu in its own code, which stays"):
        new = keras_acts.replace(model, {"relu": "tanh"})
    assert type(new) is Subclassed
    hidden = np.tanh(np.tanh(X @ values(model.hidden.kernel) + values(model.hidden.bias)))
    expected = (np.maximum(hidden, 0.0) + 1.0) @ values(model.out.kernel) + values(model.out.bias)
    np.testing.assert_allclose(values(new(X)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(values(model(X)), before)


def test_what_does_not_come_back_from_its_config_is_named():
    class Odd(keras.layers.Layer):
        def __init__(self, width):
            super().__init__(name="odd")
            self.inner = layers.Dense(width(), activation="relu")

        def call(self, x):
            return self.inner(x)

    with pytest.raises(
        ValueError, match=r"get_config of Odd return every argument .* Received: 'odd', which fails with"
    ):
        keras_acts.replace(small(Odd(lambda: 4)), {"relu": "mish"})


def test_a_layer_where_it_cannot_be_built_is_named():
    model = small(Block("relu", name="block"))
    with pytest.warns(UserWarning, match=r"block.bend stays relu: PReLU cannot be built there"):
        new = keras_acts.replace(model, {"relu": "PReLU"})
    names = sorted(place.name for place in activations_of(new))
    assert names == ["PReLU", "PReLU", "PReLU", "linear", "relu"]


def test_the_table_and_what_is_left():
    model = small(layers.Dense(4, activation="relu", name="hidden"), layers.Dropout(0.5, name="drop"))
    new, done = keras_acts.replace(model, {"relu": "selu"}, report=True)
    assert [str(each) for each in done.replacements] == ["hidden.activation: relu -> selu"]
    assert done.left == ["selu wants keras_acts.layers.AlphaDropout, and these stay Dropout: drop"]
    assert "hidden   activation   relu     selu" in str(done)
    assert "keras_acts.paired('selu')" in str(done)
    back = small(layers.Dense(4, activation="selu"), keras_acts.layers.AlphaDropout(0.5, name="drop"))
    assert keras_acts.replace(back, {"selu": "relu"}, report=True)[1].left == [
        "AlphaDropout goes with selu alone, and stays: drop"
    ]
    assert new.layers[1].rate == 0.5


def test_a_compiled_model_is_compiled_alike():
    model = small(layers.Dense(4, activation="relu"), layers.Flatten(), layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"], run_eagerly=True)
    model.fit(X, np.zeros((3, 1)), verbose=0)
    before = [values(each) for each in model.optimizer.variables]
    predictions = model.predict(X, verbose=0)
    same = keras_acts.replace(model, {"relu": keras.activations.relu})
    np.testing.assert_array_equal(same.predict(X, verbose=0), predictions)
    assert same.get_compile_config() == model.get_compile_config()
    assert same.optimizer is not model.optimizer
    same.fit(X, np.zeros((3, 1)), verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), predictions)
    for one, other in zip(before, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, values(other))
    model.compile("sgd", lambda y, p: keras.ops.mean(y - p))
    with pytest.warns(UserWarning, match="the model is not compiled"):
        assert not keras_acts.replace(model, {"relu": "mish"}).compiled


def test_a_model_that_is_not_built():
    model = keras.Sequential([layers.Dense(4, activation="relu"), layers.ReLU()])
    new = keras_acts.replace(model, {"relu": "mish"})
    assert not new.built
    assert [place.name for place in activations_of(new)] == ["mish", "mish"]
    assert new(X).shape == (3, 5, 4)


def test_each_place_gets_a_layer_of_its_own_that_saves(tmp_path):
    model = small(layers.Dense(4, activation="relu"), layers.ReLU(), layers.Dense(4, activation="relu"))
    new = keras_acts.replace(model, {"relu": keras_acts.layers.PReLU(0.1)})
    found = [place.layer for place in activations_of(new) if place.name == "PReLU"]
    assert len({id(layer.alpha) for layer in found}) == 3
    new.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(values(loaded(X)), values(new(X)))


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"relu": "mihs"}, ValueError, "Did you mean 'mish'"),
        ({"rleu": "mish"}, ValueError, "Unknown activation"),
        ({"snake": "mish"}, ValueError, "must name an activation of the model, which has: relu. Received: {'snake'"),
        ({}, TypeError, "must be a mapping from old to new"),
        ("mish", TypeError, "must be a mapping from old to new"),
        ({"relu": 3}, ValueError, "Received: 3"),
        ({3: "relu"}, TypeError, "must be a name, a function or a layer. Received: 3"),
        ({"relu": "glu"}, ValueError, "is not an activation function but a layer"),
        ({"relu": keras_acts.layers.CReLU}, TypeError, "must keep the shape of its input. Received: <CReLU"),
    ],
)
def test_bad_changes(changes, error, text):
    with pytest.raises(error) as raised:
        keras_acts.replace(small(layers.Dense(4, activation="relu")), changes)
    assert text in str(raised.value)


def test_bad_models():
    with pytest.raises(TypeError, match=r"`model` must be a keras.Model. Received: 'relu' of type str"):
        keras_acts.replace("relu", {"relu": "mish"})
    with pytest.raises(ValueError, match="which has: no activation that can be seen"):
        keras_acts.replace(small(layers.Flatten()), {"relu": "mish"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "old"),
    [
        ("ResNet50", {"classes": 10}, "relu"),
        ("MobileNetV3Small", {"classes": 10, "include_preprocessing": False}, "hard_silu"),
        ("EfficientNetV2B0", {"classes": 10, "include_preprocessing": False}, "silu"),
        ("ConvNeXtTiny", {"classes": 10, "include_preprocessing": False}, "gelu"),
    ],
)
def test_architectures_of_keras(name, options, old):
    """The config, with the name exchanged in its text, gives the same."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), **options)
    x = np.float32(np.random.default_rng(0).normal(size=(2, 64, 64, 3)))
    text = json.dumps(model.get_config())
    by_hand = type(model).from_config(json.loads(text.replace(f'"activation": "{old}"', '"activation": "mish"')))
    by_hand.set_weights(model.get_weights())
    before = values(model(x, training=False))
    new = keras_acts.replace(model, {old: "mish"})
    changed = [place for place in activations_of(new) if place.name == "mish"]
    assert len(changed) == text.count(f'"activation": "{old}"') > 5
    np.testing.assert_array_equal(values(new(x, training=False)), values(by_hand(x, training=False)))
    np.testing.assert_array_equal(values(model(x, training=False)), before)
    assert [layer.name for layer in new.layers] == [layer.name for layer in model.layers]
