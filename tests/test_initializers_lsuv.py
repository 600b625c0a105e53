"""Layer-sequential unit variance on the architectures that users have."""

import re
import warnings

import fresh_process
import keras
import numpy as np
import pytest
from keras import layers

import keras_acts
from keras_acts import initializers

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(64, 8, 8, 3)).astype("float32") * 5.0
ROWS = RNG.normal(size=(200, 6)).astype("float32") - 2.0


def convolutional():
    """Branches, pooling, normalisation, dropout, a separable and a depthwise convolution, and a shared layer."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv")(inputs)
    branch = layers.SeparableConv2D(8, 3, padding="same", activation="mish", name="separable")(x)
    x = layers.BatchNormalization()(layers.Add()([x, branch]))
    x = layers.DepthwiseConv2D(3, activation="gelu", name="depthwise")(x)
    x = layers.Dropout(0.5)(layers.Flatten()(layers.MaxPooling2D()(x)))
    x = layers.Dense(16, activation="tanh", name="hidden")(x)
    shared = layers.Dense(16, activation="relu", name="shared")
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="logits")(shared(shared(x))))


def sequential():
    hidden = [layers.Dense(16, activation="silu", kernel_initializer="glorot_uniform") for _ in range(10)]
    return keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(2)])


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu", name="a"), layers.Dense(8, "relu", name="b")])
    return keras.Sequential([keras.Input((6,)), inner, layers.Dense(8, activation=layers.PReLU(), name="c")])


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        # Declared in another order than used.
        self.last = layers.Dense(3, name="last")
        self.first = layers.Dense(8, "relu", name="first")

    def call(self, x):
        return self.last(self.first(x))


def subclassed():
    model = Subclassed()
    model(ROWS)
    return model


def pre_activation_variances(model, x, names):
    """Not as `lsuv` measures: from the layers' own kernels and inputs."""
    found = {}
    for name in names:
        layer = model.get_layer(name)
        linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
        features = np.asarray(keras.Model(model.input, layer.input)(x))
        linear.build(features.shape)
        linear.set_weights(layer.get_weights())
        z = np.asarray(linear(features), "float64")
        found[name] = float(z.reshape(-1, z.shape[-1]).var(axis=0).mean())
    return found


def test_functional_with_branches():
    model = convolutional()
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    before = {layer.name: layer.get_weights() for layer in model.layers}
    variances = initializers.lsuv(model, IMAGES, tolerance=0.01)
    assert list(variances) == ["conv", "separable", "depthwise", "hidden", "shared", "logits"]
    assert all(abs(variance - 1.0) <= 0.01 for variance in variances.values())
    measured = pre_activation_variances(model, IMAGES, ["conv", "separable", "depthwise", "hidden", "logits"])
    for name, variance in measured.items():
        assert variance == pytest.approx(variances[name], rel=1e-3)
    # Nothing but kernels has changed.
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            for old, new in zip(before[layer.name], layer.get_weights(), strict=True):
                np.testing.assert_array_equal(old, new)


def test_kernels_are_orthogonal_up_to_scale():
    model = sequential()
    initializers.lsuv(model, ROWS)
    kernel = np.asarray(model.layers[3].kernel)
    product = kernel.T @ kernel
    np.testing.assert_allclose(product / product[0, 0], np.eye(16), atol=1e-5)


def test_given_kernels_are_only_scaled():
    model = sequential()
    before = [np.asarray(layer.kernel) for layer in model.layers]
    variances = initializers.lsuv(model, ROWS, orthogonal=False)
    assert all(abs(variance - 1.0) <= 0.1 for variance in variances.values())
    for old, layer in zip(before, model.layers, strict=True):
        ratio = np.asarray(layer.kernel) / old
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "names"), [(nested, ["a", "b", "c"]), (subclassed, ["first", "last"])], ids=["nested", "subclassed"]
)
def test_nested_and_subclassed_models_in_order_of_use(make, names):
    model = make()
    variances = initializers.lsuv(model, ROWS)
    assert [path.rpartition("/")[2] for path in variances] == names
    assert all(abs(variance - 1.0) <= 0.1 for variance in variances.values())
    model(ROWS)  # still whole


def warnings_of(model, x, **arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = initializers.lsuv(model, x, **arguments)
    return found, " ".join(str(each.message) for each in caught if str(each.message).startswith("lsuv"))


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize("dead", [0, 1, 5, 15, 16])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_units_that_never_fire_are_named_and_spoil_nothing(kind, dead, orthogonal):
    """Biases of trained units do not count as variance; a dead layer behind which all is constant is refused."""
    rng = np.random.default_rng(dead)
    if kind == "dense":
        first = layers.Dense(16, "relu", name="first")
        inputs, second, x = keras.Input((6,)), layers.Dense(16, "tanh", name="second"), ROWS
    else:
        first = layers.Conv2D(16, 3, activation="relu", name="first")
        inputs, second, x = keras.Input((8, 8, 3)), layers.Conv2D(16, 3, name="second"), IMAGES
    model = keras.Model(inputs, second(first(inputs)))
    which = np.sort(rng.permutation(16)[:dead])
    bias = rng.uniform(4.0, 9.0, size=16)
    bias[which] = -1e3
    first.bias.assign(bias)
    if dead == 16:
        before = model.get_weights()
        with pytest.raises(ValueError, match=r"The pre-activations of '[^']*second' must vary"):
            initializers.lsuv(model, x, orthogonal=orthogonal)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        return
    found, said = warnings_of(model, x, orthogonal=orthogonal)
    measured = pre_activation_variances(model, x, ["first", "second"])
    for path, variance in found.items():
        assert variance == pytest.approx(1.0, abs=0.1)
        assert measured[path.rpartition("/")[2]] == pytest.approx(variance, rel=1e-3)
    of_first = re.search(r"(\d+) of 16 units of '[^']*first' never fire on `x`: ([\d, ]+)", said)
    assert (int(of_first[1]) if of_first else 0) == dead
    if dead:
        assert [int(index) for index in of_first[2].split(",") if index.strip()] == which[:8].tolist()


def test_a_constant_unit_is_no_variance():
    """A unit without weights: the others are scaled to 1, not beyond."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh", name="only")])
    kernel = np.random.default_rng(0).normal(size=(6, 8)) * 5.0
    kernel[:, 2] = 0.0
    model.layers[0].kernel.assign(kernel)
    found, said = warnings_of(model, ROWS, orthogonal=False)
    z = ROWS @ np.asarray(model.layers[0].kernel)
    assert (
        z[:, np.arange(8) != 2].var(axis=0).mean()
        == pytest.approx(*found.values(), rel=1e-3)
        == pytest.approx(1, abs=0.1)
    )
    assert re.search("1 of 8 units of '[^']*only' never fire on `x`: 2", said)


def left_alone():
    lora = layers.Dense(8, "relu", name="lora")
    frozen = layers.Dense(8, "relu", name="frozen", trainable=False)
    gate = keras_acts.layers.DynamicReLU(reduction=2, name="gate")
    meta = keras_acts.layers.MetaACON(reduction=2, name="meta")
    free = layers.Dense(8, "relu", name="free")
    model = keras.Sequential([keras.Input((6,)), free, lora, frozen, gate, meta, layers.Dense(3, name="last")])
    lora.enable_lora(2)
    return model


def test_what_is_frozen_adapted_or_inside_of_an_activation_is_left_alone_and_named():
    keras.utils.set_random_seed(0)
    model = left_alone()
    before = {variable.path: np.asarray(variable) for variable in model.weights}
    found, said = warnings_of(model, ROWS)
    assert [path.rpartition("/")[2] for path in found] == ["free", "last"]
    changed = {path for path, old in before.items() if (old != np.asarray(variable_of(model, path))).any()}
    assert {path.split("/")[-2] for path in changed} == {"free", "last"}
    assert "lora' is left alone (LoRA)" in said
    assert "frozen' is left alone (frozen)" in said
    assert said.count("(inside of an activation layer)") >= 2


def variable_of(model, path):
    return next(variable for variable in model.weights if variable.path == path)


class PartlyUsed(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = layers.Dense(8, "relu", name="first"), layers.Dense(3, name="last")
        self.unused = layers.Dense(4, "relu", name="unused")
        self.in_training = layers.Dense(6, "relu", name="in_training")
        for layer in (self.unused, self.in_training):
            layer.build((None, 6))

    def call(self, x, training=False):
        return self.last(self.first(self.in_training(x) if training else x))


@pytest.mark.parametrize("orthogonal", [True, False])
def test_what_the_model_does_not_call_is_left_alone_and_named(orthogonal):
    model = PartlyUsed()
    model(ROWS)
    before = {layer: np.asarray(layer.kernel) for layer in (model.unused, model.in_training)}
    found, said = warnings_of(model, ROWS, orthogonal=orthogonal)
    assert [path.rpartition("/")[2] for path in found] == ["first", "last"]
    for layer, kernel in before.items():
        np.testing.assert_array_equal(layer.kernel, kernel)
        assert f"{layer.name}' is left alone (not called in inference)" in said


@pytest.mark.parametrize("orthogonal", [True, False])
def test_kernel_constraints_hold_and_what_they_cost_is_named(orthogonal):
    bounded = layers.Dense(16, "relu", kernel_constraint=keras.constraints.MaxNorm(0.3), name="bounded")
    positive = layers.Dense(16, "tanh", kernel_constraint="non_neg", name="positive")
    separable = layers.SeparableConv2D(
        4, 3, activation="relu", depthwise_constraint="non_neg", pointwise_constraint="non_neg", name="separable"
    )
    parts = [separable, layers.Flatten(), bounded, positive]
    model = keras.Sequential([keras.Input((8, 8, 3)), *parts])
    found, said = warnings_of(model, IMAGES, orthogonal=orthogonal)
    assert np.linalg.norm(bounded.kernel, axis=0).max() <= 0.3 * (1.0 + 1e-6)
    changed = [positive.kernel, separable.pointwise_kernel, *([separable.depthwise_kernel] if orthogonal else [])]
    assert min(np.min(kernel) for kernel in changed) >= 0.0
    by_name = {path.rpartition("/")[2]: variance for path, variance in found.items()}
    assert abs(by_name["separable"] - 1.0) <= 0.1
    assert abs(by_name["positive"] - 1.0) <= 0.1
    assert by_name["bounded"] < 0.9
    assert "bounded' ends with variance 0." in said


def test_a_layer_that_has_no_activation_keeps_none():
    class Optional(layers.Dense):
        def __init__(self, units, **arguments):
            super().__init__(units, **arguments)
            self.activation = None

        def call(self, x):
            x = keras.ops.matmul(x, self.kernel)
            return x if self.activation is None else self.activation(x)

    model = keras.Sequential([keras.Input((6,)), Optional(4, name="optional"), layers.Dense(3, name="last")])
    assert len(initializers.lsuv(model, ROWS)) == 2
    assert model.layers[0].activation is None


ON_TORCH = """
    made = [
        keras.layers.Dense(16, activation=keras_acts.layers.Swish()),
        keras.layers.Dense(16, activation=keras.layers.LeakyReLU(0.1)),
        keras.layers.Dense(16, activation="tanh"),
        keras_acts.layers.GatedDense(16),
        keras_acts.layers.MaxoutDense(16),
    ]
    activations = [layer.activation for layer in made]
    model = keras.Sequential([keras.Input((8,)), *made, keras.layers.Dense(3)])
    x = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
    names, children = [variable.path for variable in model.weights], [*map(str, model.modules())]
    found = keras_acts.initializers.lsuv(model, x)
    assert len(found) == 6 and all(abs(each - 1.0) <= 0.1 for each in found.values()), found
    assert all(layer.activation is activation for layer, activation in zip(made, activations))
    assert [variable.path for variable in model.weights] == names and [*map(str, model.modules())] == children
    z = keras.ops.convert_to_numpy(keras.ops.matmul(x, made[0].kernel))  # not as lsuv measures
    assert abs(z.var(axis=0).mean() - 1.0) <= 0.1
"""


@pytest.mark.slow
@pytest.mark.second_oracle
def test_layers_as_activations_on_torch(tmp_path):
    pytest.importorskip("torch")
    before = "import keras, keras_acts, numpy as np"
    fresh_process.run(ON_TORCH, tmp_path, before=before, KERAS_BACKEND="torch")


def test_a_frozen_model_is_left_alone():
    model = sequential()
    model.trainable = False
    before = model.get_weights()
    found, said = warnings_of(model, ROWS)
    assert found == {}
    assert said.count("is left alone (frozen)") == 11
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_layer_that_cannot_settle_ends_no_worse_and_is_named():
    """It is called on its own output, which its bias makes far larger than any kernel can."""
    inputs = keras.Input((6,))
    shared = layers.Dense(6, activation=lambda z: 1e3 * z * z, name="shared")
    model = keras.Model(inputs, shared(shared(inputs)))

    def off():
        z = ROWS @ np.asarray(shared.kernel)
        again = (1e3 * z * z) @ np.asarray(shared.kernel)
        return abs(np.log(np.concatenate([z, again]).var(axis=0).mean()))

    before = off()
    found, said = warnings_of(model, ROWS, orthogonal=False, max_iterations=2)
    assert off() <= before
    assert abs(np.log(found["shared"])) == pytest.approx(off(), abs=0.01)
    assert "'shared' ends with variance" in said


def test_attention_is_scaled_by_unit():
    inputs = keras.Input((4, 6))
    attention = layers.MultiHeadAttention(2, 5, name="attention")
    model = keras.Model(inputs, attention(inputs, inputs))
    for dense in (attention.query_dense, attention.key_dense):
        dense.bias.assign(np.linspace(-20.0, 20.0, 10).reshape(2, 5))
    found, said = warnings_of(model, RNG.normal(size=(64, 4, 6)).astype("float32"))
    assert len(found) == 4
    assert all(abs(variance - 1.0) <= 0.1 for variance in found.values())
    assert not said


def test_reproducible():
    first, second = sequential(), sequential()
    initializers.lsuv(first, ROWS, seed=4)
    initializers.lsuv(second, ROWS, seed=4)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def fails_late():
    """Good until the last layer, whose input is constant."""
    inputs = keras.Input((6,))
    x = layers.Dense(4, "relu")(inputs)
    return keras.Model(inputs, layers.Dense(2)(keras.ops.zeros_like(x)))


@pytest.mark.parametrize(
    ("make", "x", "arguments", "message"),
    [
        (fails_late, ROWS, {}, "must vary over the samples and be finite.* Received: variance=0.0"),
        (sequential, ROWS * np.nan, {}, "`x` of lsuv must be finite. Received: NaN or infinite values"),
        (sequential, ROWS[:1], {}, "`x` of lsuv must hold at least 2 samples. Received: shape=\\(1, 6\\)"),
        (sequential, ROWS[:, :5], {}, "incompatible|expected"),
        (
            sequential,
            ROWS,
            {"tolerance": 0.0},
            "`tolerance` of lsuv must be a finite number > 0. Received: tolerance=0.0",
        ),
        (sequential, ROWS, {"max_iterations": 0}, "`max_iterations` of lsuv must be an integer >= 1"),
        (
            lambda: keras.Sequential([keras.Input((6, 1)), layers.LSTM(3)]),
            ROWS[..., None],
            {},
            "`model` of lsuv must have a layer with a kernel and an activation",
        ),
    ],
    ids=["constant", "nan", "one sample", "shape", "tolerance", "iterations", "no kernel"],
)
def test_bad_input_changes_nothing(make, x, arguments, message):
    model = make()
    before = model.get_weights()
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    with pytest.raises(ValueError, match=message):
        initializers.lsuv(model, x, **arguments)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations


@pytest.mark.parametrize("model", [None, layers.Dense(3), keras.Sequential([layers.Dense(3)])])
def test_no_built_model(model):
    with pytest.raises(ValueError, match="`model` of lsuv must be a built"):
        initializers.lsuv(model, ROWS)
