"""Small models for `keras_acts.check`: sick ones, each with the rule that must find it, and sound ones that look alike.

Each function takes a generator of random numbers, from which widths, depths and data are drawn, and returns the model
and, where the fault is in what it does to them, inputs and targets.
"""

import keras
import numpy as np
from keras import layers as L  # noqa: N812
from keras import ops

import keras_acts

SICK = {}  # by name: the rules of which one must find it, and the function
SOUND = {}


def sick(*rules):
    def register(make):
        SICK[make.__name__] = (rules, make)
        return make

    return register


def sound(make):
    SOUND[make.__name__] = make
    return make


def net(shape, *stack, loss=None, optimizer="adam"):
    model = keras.Sequential([keras.Input(shape), *stack])
    if loss is not None:
        model.compile(optimizer, loss, jit_compile=False)
    return model


def functional(inputs, outputs, loss=None):
    model = keras.Model(inputs, outputs)
    if loss is not None:
        model.compile("adam", loss, jit_compile=False)
    return model


def rows(rng, n, count=128):
    return rng.normal(size=(count, n)).astype("float32")


def width(rng):
    return int(rng.integers(12, 40))


# ---- The last activation and the loss ------------------------------------------------------------------------------


@sick("softmax_over_one_value")
def one_softmax_unit(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "softmax"), loss="binary_crossentropy"),)


@sick("classes_and_units")
def one_sigmoid_unit_for_classes(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "sigmoid"), loss="sparse_categorical_crossentropy"),)


@sick("classes_and_units")
def sigmoids_for_classes(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(4, "sigmoid"), loss="categorical_crossentropy"),)


@sick("logits_or_probabilities")
def linear_into_probabilities(rng):
    loss = ["binary_crossentropy", keras.losses.BinaryFocalCrossentropy(), "sparse_categorical_crossentropy"]
    chosen = loss[rng.integers(3)]
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(3), loss=chosen),)


@sick("logits_or_probabilities")
def tanh_into_probabilities(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1), L.Activation("tanh"), loss="binary_crossentropy"),)


@sick("logits_or_probabilities")
def sigmoid_taken_for_logits(rng):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return (net((8,), L.Dense(width(rng), "gelu"), L.Dense(1), L.Activation("sigmoid"), loss=loss),)


@sick("logits_or_probabilities")
def relu_taken_for_logits(rng):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return (net((8,), L.Dense(width(rng), "gelu"), L.Dense(5, "relu"), loss=loss),)


@sick("logits_or_probabilities")
def operation_softmax_taken_for_logits(rng):
    x = keras.Input((8,))
    y = ops.softmax(L.Dense(3)(L.Dense(width(rng), "relu")(x)))
    return (functional(x, y, keras.losses.CategoricalCrossentropy(from_logits=True)),)


@sick("out_of_the_loss")
def hinge_on_sigmoid(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "sigmoid"), loss="squared_hinge"),)


@sick("out_of_the_loss")
def poisson_on_numbers(rng):
    return (
        net((8,), L.Dense(width(rng), "relu"), L.Dense(1, ["tanh", "linear", "elu"][rng.integers(3)]), loss="poisson"),
    )


@sick("logits_or_probabilities")
def divergence_of_softplus(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(5, "softplus"), loss="kl_divergence"),)


@sick("logits_or_probabilities")
def second_output_of_a_dict(rng):
    x = keras.Input((8,))
    h = L.Dense(width(rng), "relu")(x)
    outputs = [L.Dense(1, name="a")(h), L.Dense(3, "relu", name="b")(h)]
    return (functional(x, outputs, {"a": "mse", "b": "categorical_crossentropy"}),)


@sick("half_precision_output")
def half_precision(rng):
    hidden = L.Dense(width(rng), "relu", dtype="mixed_float16")
    return (net((8,), hidden, L.Dense(4, "softmax", dtype="mixed_float16"), loss="sparse_categorical_crossentropy"),)


@sound
def logits(rng):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(4), loss=loss), rows(rng, 8), rng.integers(0, 4, 128)


@sound
def soft_capped_logits(rng):
    x = keras.Input((8,))
    z = 30.0 * ops.tanh(L.Dense(4)(L.Dense(width(rng), "gelu")(x)) / 30.0)
    return (functional(x, L.Softmax()(z), "sparse_categorical_crossentropy"),)


@sound
def soft_capped_from_logits(rng):
    x = keras.Input((8,))
    z = L.Rescaling(20.0)(L.Activation("tanh")(L.Rescaling(0.05)(L.Dense(4)(L.Dense(width(rng), "gelu")(x)))))
    return (functional(x, z, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),)


@sound
def temperature(rng):
    stack = L.Dense(width(rng), "relu"), L.Dense(4), L.Rescaling(0.5), L.Softmax()
    return net((8,), *stack, loss="sparse_categorical_crossentropy"), rows(rng, 8), rng.integers(0, 4, 128)


@sound
def log_softmax_from_logits(rng):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(4, "log_softmax"), loss=loss),)


@sound
def scaled_tanh_regression(rng):
    x = rows(rng, 8)
    y = (2.0 * np.tanh(x[:, :2])).astype("float32")
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(2, "tanh"), L.Rescaling(2.0), loss="mse"), x, y


@sound
def poisson_with_exponential(rng):
    last = ["softplus", "exponential"][rng.integers(2)]
    y = rng.poisson(2.0, (128, 1)).astype("float32")
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1, last), loss="poisson"), rows(rng, 8), y


@sound
def two_heads(rng):
    x = keras.Input((8,))
    h = L.Dense(width(rng), "relu")(x)
    outputs = [L.Dense(3, "softmax", name="policy")(h), L.Dense(1, name="value")(h)]
    y = [rng.integers(0, 3, 128), rows(rng, 1)]
    return functional(x, outputs, ["sparse_categorical_crossentropy", "mse"]), rows(rng, 8), y


@sound
def own_loss(rng):
    def loss(y, z):
        return ops.mean(ops.square(y - ops.sigmoid(z)))

    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "relu"), loss=loss), rows(rng, 8), rows(rng, 1)


# ---- Activations in a row, missing, softmax inside -----------------------------------------------------------------


@sick("two_activations")
def relu_then_another(rng):
    second = [L.LeakyReLU(), L.ELU(), L.PReLU(), L.Activation("sigmoid")][rng.integers(4)]
    return (net((8,), L.Dense(width(rng), "relu"), L.Dropout(0.1), second, L.Dense(1), loss="mse"),)


@sick("two_activations")
def tanh_twice(rng):
    return (net((8,), L.Dense(width(rng), "tanh"), L.Activation("tanh"), L.Dense(1), loss="mse"),)


@sick("softmax_of_activation")
def softmax_of_relu(rng):
    stack = L.Dense(width(rng), "relu"), L.Dense(4, ["relu", "tanh", "softmax"][rng.integers(3)]), L.Softmax()
    return (net((8,), *stack, loss="sparse_categorical_crossentropy"),)


@sick("hidden_softmax")
def softmax_inside(rng):
    hidden = L.Dense(width(rng), "softmax")
    return (net((8,), hidden, L.Dense(4, "softmax"), loss="sparse_categorical_crossentropy"),)


@sick("softmax_over_one_value")
def attention_over_one_value(rng):
    x = keras.Input((10, 4))
    weights = L.Activation("softmax")(L.Dense(1)(L.Dense(width(rng), "tanh")(x)))
    return (functional(x, L.Dense(1)(ops.sum(weights * x, axis=1)), "mse"),)


@sick("linear_in_a_row")
def linear_layers(rng):
    n = width(rng)
    return (net((8,), L.Dense(n), L.Dropout(0.2), L.Dense(n, "linear"), L.Dense(1), loss="mse"),)


@sick("linear_in_a_row")
def linear_convolutions_and_dense(rng):
    stack = L.Conv2D(width(rng), 3), L.BatchNormalization(), L.Flatten(), L.Dense(4, "softmax")
    return (net((6, 6, 3), *stack, loss="sparse_categorical_crossentropy"),)


@sick("linear_in_a_row")
def linear_in_a_nested_model(rng):
    inner = net((8,), L.Dense(width(rng)))
    return (net((8,), inner, L.Dense(4, "relu"), L.Dense(1), loss="mse"),)


@sound
def low_rank_pair(rng):
    return (net((32,), L.Dense(4, use_bias=False), L.Dense(32, "relu"), L.Dense(1), loss="mse"),)


@sound
def linear_bottleneck(rng):
    x = rows(rng, 12)
    return net((12,), L.Dense(3), L.Dense(12), loss="mse"), x, x


@sound
def factored_kernels(rng):
    n = width(rng)
    stack = L.Conv2D(n, (1, 3)), L.Conv2D(n, (3, 1), activation="relu"), L.DepthwiseConv2D(3), L.Conv2D(n, 1)
    return (net((9, 9, 3), *stack, L.ReLU(), L.GlobalMaxPooling2D(), L.Dense(1), loss="mse"),)


@sound
def embedding_for_two(rng):
    x = keras.Input((8,))
    embedding = L.Dense(width(rng), name="embedding")(L.Dense(width(rng), "relu")(x))
    return (functional(x, [embedding, L.Dense(4, "softmax")(embedding)]),)


@sound
def gelu_by_hand(rng):
    x = keras.Input((8,))
    z = L.Dense(width(rng))(x)
    mish = L.Multiply()([z, L.Activation("tanh")(L.Activation("softplus")(z))])
    return (functional(x, L.Dense(1)(mish), "mse"),)


@sound
def squared_relu(rng):
    x = keras.Input((8,))
    return (functional(x, L.Dense(1)(ops.square(ops.relu(L.Dense(width(rng))(x)))), "mse"),)


@sound
def residual_twice_relu(rng):
    x = keras.Input((16,))
    h = L.Dense(16, "relu")(x)
    h = L.ReLU()(L.Add()([h, L.Dense(16)(L.Dense(16, "relu")(h))]))
    return (functional(x, L.Dense(1)(h), "mse"),)


@sound
def attention(rng):
    x = keras.Input((10, 4))
    scores = L.Dense(1)(L.Dense(width(rng), "tanh")(x))
    pooled = L.Dot(axes=1)([L.Softmax(axis=1)(scores), x])
    return (functional(x, L.Dense(1)(L.Flatten()(pooled)), "mse"),)


@sound
def graph_attention(rng):
    x = keras.Input((10, 4))
    scores = ops.squeeze(L.LeakyReLU()(L.Dense(1)(x)), -1)
    weights = ops.expand_dims(ops.softmax(scores), -1)
    return (functional(x, L.Dense(1)(ops.sum(weights * x, axis=1)), "mse"),)


@sound
def experts(rng):
    x = keras.Input((8,))
    gate = L.Dense(4, "softmax")(x)
    experts = ops.stack([L.Dense(6, "gelu")(x) for _ in range(4)], axis=1)
    return (functional(x, L.Dense(1)(ops.sum(experts * ops.expand_dims(gate, -1), 1)), "mse"),)


@sound
def transformer(rng):
    x = keras.Input((12,), dtype="int32")
    h = L.Embedding(30, 16)(x)
    for _ in range(2):
        h = L.LayerNormalization()(h + L.MultiHeadAttention(2, 8)(h, h))
        h = L.LayerNormalization()(h + L.Dropout(0.1)(L.Dense(16)(L.Dense(32, "gelu")(h))))
    return (functional(x, L.Dense(3, "softmax")(L.GlobalAveragePooling1D()(h)), "sparse_categorical_crossentropy"),)


# ---- Dropout, normalization, shared layers -------------------------------------------------------------------------


@sick("dropout_on_predictions")
def dropout_at_the_end(rng):
    stack = L.Dense(width(rng), "relu"), L.Dense(4, "softmax"), L.Dropout(0.3)
    return (net((8,), *stack, loss="sparse_categorical_crossentropy"),)


@sick("dropout_before_batchnorm")
def dropout_then_batchnorm(rng):
    stack = L.Dense(width(rng), "relu"), L.Dropout(0.5), L.BatchNormalization(), L.Dense(1)
    return (net((8,), *stack, loss="mse"),)


@sick("selu_neighbours")
def selu_with_dropout(rng):
    selu = L.Dense(width(rng), "selu", kernel_initializer="lecun_normal")
    beside = [L.Dropout(0.2), L.BatchNormalization()][rng.integers(2)]
    return (net((8,), selu, beside, L.Dense(1), loss="mse"),)


@sick("alpha_dropout_without_selu")
def alpha_dropout_with_gelu(rng):
    return (net((8,), L.Dense(width(rng), "gelu"), L.AlphaDropout(0.2), L.Dense(1), loss="mse"),)


@sick("heavy_dropout")
def share_to_keep(rng):
    rate = rng.uniform(0.8, 0.99)
    return (net((8,), L.Dense(width(rng), "relu"), L.Dropout(rate), L.Dense(1), loss="mse"),)


@sick("not_adapted")
def normalization_forgotten(rng):
    return (net((8,), L.Normalization(), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse"),)


@sick("normalization_of_one_value")
def layer_norm_of_one_unit(rng):
    stack = L.Dense(width(rng), "relu"), L.Dense(1), L.LayerNormalization()
    return (net((8,), *stack, loss="mse"),)


@sick("batchnorm_momentum")
def momentum_of_torch(rng):
    stack = L.Dense(width(rng)), L.BatchNormalization(momentum=0.1), L.ReLU(), L.Dense(1)
    return (net((8,), *stack, loss="mse"),)


@sick("slope_per_element")
def slopes_of_a_map(rng):
    return (net((6, 6, 3), L.Conv2D(width(rng), 3), L.PReLU(), L.GlobalMaxPooling2D(), L.Dense(1), loss="mse"),)


@sick("shared_between_layers")
def one_prelu_for_two(rng):
    n, prelu = width(rng), L.PReLU()
    return (net((8,), L.Dense(n), prelu, L.Dense(n), prelu, L.Dense(1), loss="mse"),)


@sick("shared_between_layers")
def one_batchnorm_for_two(rng):
    n, norm = width(rng), L.BatchNormalization()
    return (net((8,), L.Dense(n), norm, L.ReLU(), L.Dense(n), norm, L.ReLU(), L.Dense(1), loss="mse"),)


@sound
def selu_as_published(rng):
    n = width(rng)
    stack = [[L.Dense(n, **keras_acts.paired("selu")), L.AlphaDropout(0.1)] for _ in range(4)]
    return (net((n,), *[each for block in stack for each in block], L.Dense(1), loss="mse"),)


@sound
def dropout_of_another_branch(rng):
    x = keras.Input((32,))
    one = L.Dense(32, "selu", kernel_initializer="lecun_normal")(x)
    other = L.Dropout(0.3)(L.Dense(32, "relu")(x))
    return (functional(x, L.Dense(1)(L.Concatenate()([one, other])), "mse"),)


@sound
def batchnorm_then_dropout(rng):
    n = width(rng)
    stack = L.Dense(n, use_bias=False), L.BatchNormalization(), L.ReLU(), L.Dropout(0.5), L.Dense(1)
    return (net((8,), *stack, loss="mse"), rows(rng, 8), rows(rng, 1))


@sound
def shared_slopes(rng):
    stack = L.Conv2D(8, 3), L.PReLU(shared_axes=[1, 2]), L.GlobalAveragePooling2D(), L.Dense(8), L.PReLU(), L.Dense(1)
    return (net((6, 6, 3), *stack, loss="mse"),)


@sound
def siamese(rng):
    branch = net((8,), L.Dense(width(rng)), L.PReLU(), L.Dense(4))
    a, b = keras.Input((8,)), keras.Input((8,))
    difference = ops.abs(branch(a) - branch(b))
    y = (rng.random((128, 1)) > 0.5).astype("float32")
    return functional([a, b], L.Dense(1, "sigmoid")(difference), "binary_crossentropy"), [rows(rng, 8), rows(rng, 8)], y


# ---- Initializers, weights, recurrence, steps, files ---------------------------------------------------------------


@sick("selu_initializer")
def selu_with_another_initializer(rng):
    kernel = ["he_normal", "he_uniform", keras.initializers.RandomNormal(stddev=0.05)][rng.integers(3)]
    return (net((24,), L.Dense(24, "selu", kernel_initializer=kernel), L.Dense(1), loss="mse"),)


@sick("initializer_scale")
def normal_of_deviation_1(rng):
    n = int(rng.integers(48, 96))
    kernel = keras.initializers.RandomNormal(stddev=1.0)
    return (
        net((n,), L.Dense(n, ["relu", "tanh"][rng.integers(2)], kernel_initializer=kernel), L.Dense(1), loss="mse"),
    )


@sick("constant_kernel")
def kernels_of_ones(rng):
    kernel = ["ones", "zeros", keras.initializers.Constant(0.1)][rng.integers(3)]
    n = width(rng)
    return (net((8,), L.Dense(n, "relu", kernel_initializer=kernel), L.Dense(n, "relu"), L.Dense(1), loss="mse"),)


@sick("weights_run_away")
def weights_of_nan(rng):
    model = net((8,), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse")
    model.layers[0].kernel.assign(np.full(model.layers[0].kernel.shape, [np.nan, 1e4][rng.integers(2)]))
    return (model,)


@sick("learning_rate")
def steep_or_uphill(rng):
    optimizer = keras.optimizers.Adam([-1e-3, 0.0, 1.0, 10.0][rng.integers(4)])
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse", optimizer=optimizer),)


@sick("unbounded_in_recurrence")
def relu_in_recurrence(rng):
    cell = [L.LSTM, L.GRU, L.SimpleRNN][rng.integers(3)]
    return (net((30, 4), cell(width(rng), activation="relu"), L.Dense(1), loss="mse"),)


@sick("step_behind_weights")
def hard_step(rng):
    step = keras_acts.define("where(x > 0, 1, 0)") if rng.integers(2) else ops.sign
    return (net((8,), L.Dense(width(rng), step), L.Dense(1), loss="mse"),)


@sick("not_finite_near_0")
def root(rng):
    return (
        net((8,), L.Dense(width(rng), lambda x: ops.where(x > 0.0, ops.power(x, 0.5), 0.0)), L.Dense(1), loss="mse"),
    )


@sick("saving")
def own_function(rng):
    def squashed(x):
        return ops.tanh(x) * 1.2

    return (net((8,), L.Dense(width(rng), squashed), L.Dense(1), loss="mse"),)


@sick("saving")
def own_function_called_relu(rng):
    def relu(x):
        return ops.maximum(x, 0.1 * x)

    return (net((8,), L.Dense(width(rng), relu), L.Dense(1), loss="mse"),)


@sound
def zero_last_layers(rng):
    x = keras.Input((32,))
    h = x
    for _ in range(3):
        h = h + L.Dense(32, kernel_initializer="zeros")(L.Dense(32, "relu")(h))
    return functional(x, L.Dense(3, kernel_initializer="zeros")(h), "mse"), rows(rng, 32), rows(rng, 3)


@sound
def identity_rnn(rng):
    rnn = L.SimpleRNN(width(rng), activation="relu", recurrent_initializer="identity")
    return (net((30, 4), rnn, L.Dense(1), loss="mse"),)


@sound
def step_with_surrogate(rng):
    step = keras_acts.get("step(surrogate='atan')")
    return (net((8,), L.Dense(width(rng), step), L.Dense(1), loss="mse"), rows(rng, 8), rows(rng, 1))


@sound
def adadelta_of_1(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse", optimizer=keras.optimizers.Adadelta(1.0)),)


@sound
def sines(rng):
    hidden = [L.Dense(24, **keras_acts.paired("sin(w0=30.0)")) for _ in range(3)]
    first = L.Dense(24, "sin(w0=30.0)", kernel_initializer=keras_acts.initializers.Siren(w0=30.0, first_layer=True))
    return (net((2,), first, *hidden, L.Dense(1), loss="mse"),)


# ---- On data -----------------------------------------------------------------------------------------------------


@sick("signal_over_depth", "gradient_over_depth")
def deep_sigmoids(rng):
    hidden = [L.Dense(24, "sigmoid") for _ in range(rng.integers(8, 14))]
    return (net((24,), *hidden, L.Dense(1), loss="mse"),)


@sick("signal_over_depth")
def deep_gelu(rng):
    return (net((24,), *[L.Dense(24, "gelu") for _ in range(rng.integers(20, 30))], L.Dense(1), loss="mse"),)


@sick("signal_over_depth")
def exploding(rng):
    kernel = keras.initializers.VarianceScaling(8.0)
    hidden = [L.Dense(24, "relu", kernel_initializer=kernel) for _ in range(20)]
    return (net((24,), *hidden, L.Dense(1), loss="mse"),)


@sick("dead_units", "constant_output", "no_gradient")
def dead_outputs(rng):
    bias = keras.initializers.Constant(-100.0)
    last = L.Dense(2, "relu", bias_initializer=bias)
    return net((8,), L.Dense(width(rng), "tanh"), last, loss="mse"), rows(rng, 8)


@sick("dead_units")
def dead_hidden_layer(rng):
    hidden = L.Dense(width(rng), "relu", bias_initializer=keras.initializers.Constant(-3.0))
    return net((8,), hidden, L.Dense(1), loss="mse"), 0.3 * rows(rng, 8)


@sick("saturated_units", "input_scale")
def raw_features(rng):
    x = rng.uniform(0.0, 1000.0, (128, 6)).astype("float32")
    return net((6,), L.Dense(width(rng), "tanh"), L.Dense(1), loss="mse"), x


@sick("input_scale")
def scaled_twice(rng):
    x = rng.uniform(0.0, 1.0, (64, 6, 6, 3)).astype("float32")
    return net(
        (6, 6, 3), L.Rescaling(1 / 255), L.Conv2D(8, 3, activation="relu"), L.Flatten(), L.Dense(1), loss="mse"
    ), x


@sick("first_not_finite")
def overflow(rng):
    def softplus(x):
        return ops.log(1.0 + ops.exp(x))

    return net((6,), L.Dense(width(rng), softplus), L.Dense(1), loss="mse"), 1e3 * rows(rng, 6)


@sick("input_not_finite")
def missing_values(rng):
    x = rows(rng, 6)
    x[rng.integers(128), 2] = [np.nan, np.inf][rng.integers(2)]
    return net((6,), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse"), x


@sick("stale_statistics")
def statistics_of_other_data(rng):
    model = net((6,), L.Dense(width(rng)), L.BatchNormalization(), L.ReLU(), L.Dense(1), loss="mse")
    model.layers[1].moving_mean.assign(np.full(model.layers[1].moving_mean.shape, 5.0))
    return model, rows(rng, 6)


@sound
def adapted(rng):
    x = rng.uniform(100.0, 1000.0, (128, 6)).astype("float32")
    normalization = L.Normalization()
    normalization.adapt(x)
    return net((6,), normalization, L.Dense(width(rng), "tanh"), L.Dense(1), loss="mse"), x, rows(rng, 1)


@sound
def batchnorm_first(rng):
    x = rng.uniform(100.0, 1000.0, (128, 6)).astype("float32")
    return net((6,), L.BatchNormalization(), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse"), x, rows(rng, 1)


@sound
def pixels(rng):
    x = rng.integers(0, 256, (64, 8, 8, 3)).astype("float32")
    stack = L.Rescaling(1 / 255), L.Conv2D(16, 3, activation="relu"), L.MaxPool2D(), L.Flatten(), L.Dense(4, "softmax")
    return net((8, 8, 3), *stack, loss="sparse_categorical_crossentropy"), x, rng.integers(0, 4, 64)


@sound
def deep_residual_batchnorm(rng):
    x = keras.Input((24,))
    h = x
    for _ in range(12):
        h = L.ReLU()(L.Add()([h, L.BatchNormalization()(L.Dense(24, kernel_initializer="he_normal")(h))]))
    return functional(x, L.Dense(1)(h), "mse"), rows(rng, 24), rows(rng, 1)


@sound
def rare_events(rng):
    last = L.Dense(1, "sigmoid", bias_initializer=keras.initializers.Constant(-6.0))
    y = (rng.random((128, 1)) > 0.95).astype("float32")
    return net((8,), L.Dense(width(rng), "relu"), last, loss="binary_crossentropy"), rows(rng, 8), y


@sound
def squeeze_and_excite(rng):
    x = keras.Input((8, 8, 3))
    h = L.Conv2D(16, 3, activation="relu")(x)
    gate = L.Conv2D(16, 1, activation="sigmoid")(
        L.Conv2D(4, 1, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(h))
    )
    h = L.GlobalMaxPooling2D()(L.Multiply()([h, gate]))
    data = rng.uniform(size=(64, 8, 8, 3)).astype("float32")
    return functional(x, L.Dense(2, "softmax")(h), "sparse_categorical_crossentropy"), data, rng.integers(0, 2, 64)


# ---- Targets -------------------------------------------------------------------------------------------------------


@sick("out_of_reach")
def negative_targets_under_relu(rng):
    last = ["relu", "softplus", "sigmoid", "tanh"][rng.integers(4)]
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1, last), loss="mse"), rows(rng, 8), 3.0 * rows(rng, 1)


@sick("out_of_reach")
def lstm_as_the_output(rng):
    x = rng.normal(size=(64, 6, 3)).astype("float32")
    return net((6, 3), L.LSTM(2), loss="mse"), x, 10.0 * rows(rng, 2, 64)


@sick("out_of_the_loss")
def signs_for_crossentropy(rng):
    y = np.sign(rows(rng, 1))
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "sigmoid"), loss="binary_crossentropy"), rows(rng, 8), y


@sick("labels")
def labels_from_1(rng):
    y = rng.integers(1, 5, 128)
    stack = L.Dense(width(rng), "relu"), L.Dense(4, "softmax")
    return net((8,), *stack, loss="sparse_categorical_crossentropy"), rows(rng, 8), y


@sick("rows_of_probabilities")
def labels_together_under_softmax(rng):
    y = (rng.random((128, 5)) > 0.5).astype("float32")
    loss = ["categorical_crossentropy", "binary_crossentropy"][rng.integers(2)]
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(5, "softmax"), loss=loss), rows(rng, 8), y


@sound
def soft_labels(rng):
    y = rng.dirichlet(np.ones(4), 128).astype("float32")
    return (
        net((8,), L.Dense(width(rng), "relu"), L.Dense(4, "softmax"), loss="categorical_crossentropy"),
        rows(rng, 8),
        y,
    )


@sound
def ignored_labels(rng):
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    y = rng.integers(-1, 4, 128)
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(4, "softmax"), loss=loss), rows(rng, 8), y


@sound
def tanh_targets(rng):
    x = rows(rng, 8)
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(2, "tanh"), loss="mse"), x, np.tanh(x[:, :2])


# ---- More of the same ----------------------------------------------------------------------------------------------


@sick("whole_is_linear")
def residual_without_activations(rng):
    x = keras.Input((16,))
    h = x
    for _ in range(4):
        h = L.Add()([h, L.Dense(16)(h)])
    return (functional(x, L.Dense(3, "softmax")(h), "sparse_categorical_crossentropy"),)


@sick("initializer_scale")
def weights_of_one_sign(rng):
    kernel = keras.initializers.RandomUniform(0.0, 0.2)
    return (net((32,), L.Dense(32, "relu", kernel_initializer=kernel), L.Dense(1), loss="mse"),)


@sick("batchnorm_axis")
def batchnorm_over_rows(rng):
    stack = L.Conv2D(width(rng), 3), L.BatchNormalization(axis=1), L.ReLU(), L.GlobalMaxPooling2D(), L.Dense(1)
    return (net((8, 8, 3), *stack, loss="mse"),)


@sick("long_simple_rnn")
def simple_rnn_over_many_steps(rng):
    return (net((int(rng.integers(80, 200)), 2), L.SimpleRNN(width(rng)), L.Dense(1), loss="mse"),)


@sick("shapes")
def targets_that_are_broadcast(rng):
    model = net((8,), L.Dense(width(rng), "relu"), L.Dense(3, "sigmoid"), loss="binary_crossentropy")
    return model, rows(rng, 8), (rng.random((128, 1)) > 0.5).astype("float32")


@sick("shapes")
def a_sequence_for_one_number(rng):
    model = net((6, 3), L.LSTM(width(rng), return_sequences=True), L.Dense(1), loss="mse")
    return model, rng.normal(size=(64, 6, 3)).astype("float32"), rows(rng, 1, 64)


@sick("far_from_outputs")
def prices(rng):
    y = 1e5 * (3.0 + rows(rng, 1))
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1), loss="mse"), rows(rng, 8), y


@sick("wrong_builtin")
def sparsemax_of_keras(rng):
    return (net((8,), L.Dense(width(rng), "relu"), L.Dense(4, keras.activations.sparsemax), loss="mse"),)


@sick("first_not_finite")
def norm_of_nothing(rng):
    x = keras.Input((6,))
    h = L.Dense(width(rng), "relu")(x)
    return functional(x, L.Dense(1)(h / ops.norm(h, axis=-1, keepdims=True)), "mse"), np.zeros((32, 6), "float32")


@sound
def ensemble(rng):
    x = keras.Input((8,))
    members = [L.Dense(4, "softmax")(L.Dense(width(rng), "relu")(x)) for _ in range(3)]
    y = rng.integers(0, 4, 128)
    return functional(x, L.Average()(members), "sparse_categorical_crossentropy"), rows(rng, 8), y


@sound
def softmax_of_a_map(rng):
    stack = L.Conv2D(8, 3, activation="relu"), L.Conv2D(4, 1, activation="softmax"), L.GlobalAveragePooling2D()
    return (net((8, 8, 3), *stack, loss="sparse_categorical_crossentropy"),)


@sound
def inputs_by_name(rng):
    b, a = keras.Input((4,), name="b"), keras.Input((6,), name="a")
    h = L.Dense(width(rng), "relu")(L.Concatenate()([b, a]))
    return functional([b, a], L.Dense(1)(h), "mse"), {"a": rows(rng, 6), "b": rows(rng, 4)}, rows(rng, 1)


@sound
def masked_scores(rng):
    x = keras.Input((6, 4))
    scores = ops.squeeze(L.Dense(1)(x), -1)
    scores = ops.where(ops.arange(6) < 4, scores, -1e9)
    pooled = ops.sum(ops.expand_dims(ops.softmax(scores), -1) * x, axis=1)
    return functional(x, L.Dense(1)(pooled), "mse"), rng.normal(size=(64, 6, 4)).astype("float32"), rows(rng, 1, 64)


@sound
def shallow_sigmoids(rng):
    hidden = [L.Dense(width(rng), "sigmoid") for _ in range(2)]
    return net((8,), *hidden, L.Dense(3, "softmax"), loss="sparse_categorical_crossentropy"), rows(rng, 8)


@sound
def logistic_regression(rng):
    y = (rng.random((128, 1)) > 0.5).astype("float32")
    return net((8,), L.Dense(1, "sigmoid", kernel_initializer="zeros"), loss="binary_crossentropy"), rows(rng, 8), y


@sound
def monotonic(rng):
    kernel = {"kernel_constraint": "non_neg", "kernel_initializer": keras.initializers.RandomUniform(0.0, 0.2)}
    return (net((16,), L.Dense(16, "relu", **kernel), L.Dense(1, **kernel), loss="mse"),)


@sound
def factorization_with_biases(rng):
    user, item = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    u, v = (L.Flatten()(L.Embedding(20, 8)(each)) for each in (user, item))
    bias = L.Flatten()(L.Embedding(20, 1, embeddings_initializer="zeros")(user))
    return (functional([user, item], L.Add()([L.Dot(axes=1)([u, v]), bias]), "mse"),)


# ---- Sound, whatever it looks like -----------------------------------------------------------------------------------


@sound
def adapters_beside_a_frozen_layer(rng):
    """LoRA: B starts at 0, A and B are linear, the sum is added to a frozen kernel."""
    x = keras.Input((24,))
    frozen = L.Dense(24, trainable=False)(x)
    low = L.Dense(24, use_bias=False, kernel_initializer="zeros")(L.Dense(4, use_bias=False)(x))
    h = L.ReLU()(L.Add()([frozen, L.Rescaling(2.0)(low)]))
    return functional(x, L.Dense(1)(h), "mse"), rows(rng, 24), rows(rng, 1)


@sound
def autoencoder_with_linear_code(rng):
    n = width(rng)
    code = L.Dense(4, name="code")
    stack = L.Dense(n, "relu"), code, L.Dense(n, "relu"), L.Dense(16)
    x = rows(rng, 16)
    return net((16,), *stack, loss="mse"), x, x


@sound
def variational_autoencoder(rng):
    x = keras.Input((16,))
    h = L.Dense(width(rng), "relu")(x)
    mean, log_variance = L.Dense(4)(h), L.Dense(4)(h)
    sampled = L.Lambda(
        lambda both: both[0] + ops.exp(0.5 * both[1]) * keras.random.normal(ops.shape(both[0])), output_shape=(4,)
    )([mean, log_variance])
    y = L.Dense(16, "sigmoid")(L.Dense(width(rng), "relu")(sampled))
    data = rng.random((128, 16)).astype("float32")
    return functional(x, y, "binary_crossentropy"), data, data


@sound
def variational_with_linear_decoder(rng):
    x = keras.Input((16,))
    h = L.Dense(width(rng), "tanh")(x)
    mean, log_variance = L.Dense(4)(h), L.Dense(4)(h)
    noise = keras.Input((4,))
    z = mean + ops.exp(0.5 * log_variance) * noise
    y = L.Dense(16)(z)
    return (functional([x, noise], [y, mean, log_variance]),)


@sound
def tanh_output_with_targets_in_reach(rng):
    y = np.clip(rows(rng, 3), -1.0, 1.0)
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(3, "tanh"), loss="mse"), rows(rng, 8), y


@sound
def labels_that_are_on_together(rng):
    y = (rng.random((128, 6)) > 0.7).astype("float32")
    return net((8,), L.Dense(width(rng), "gelu"), L.Dense(6, "sigmoid"), loss="binary_crossentropy"), rows(rng, 8), y


@sound
def ordinal(rng):
    """CORAL-like: one score, thresholds as biases, cumulative sigmoids."""
    x = keras.Input((8,))
    score = L.Dense(1, use_bias=False)(L.Dense(width(rng), "relu")(x))
    logits = L.Dense(4, kernel_initializer="ones", trainable=False)(score)
    label = rng.integers(0, 5, (128, 1))
    y = (label > np.arange(4)).astype("float32")
    return functional(x, L.Activation("sigmoid")(logits), "binary_crossentropy"), rows(rng, 8), y


@sound
def siamese_with_cosine(rng):
    encoder = net((8,), L.Dense(width(rng), "relu"), L.BatchNormalization(), L.Dense(8), L.UnitNormalization())
    a, b = keras.Input((8,)), keras.Input((8,))
    y = (rng.random((128, 1)) > 0.5).astype("float32")
    cosine = L.Dot(axes=-1)([encoder(a), encoder(b)])
    return functional([a, b], L.Dense(1, "sigmoid")(cosine), "binary_crossentropy"), [rows(rng, 8), rows(rng, 8)], y


@sound
def u_net(rng):
    x = keras.Input((16, 16, 3))
    one = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    two = L.Conv2D(16, 3, padding="same", activation="relu")(L.MaxPooling2D()(one))
    up = L.Conv2DTranspose(8, 2, strides=2)(L.Conv2D(16, 3, padding="same", activation="relu")(two))
    h = L.Conv2D(8, 3, padding="same", activation="relu")(L.Concatenate()([one, up]))
    data = rng.random((16, 16, 16, 3)).astype("float32")
    y = (data[..., :1] > 0.5).astype("float32")
    return functional(x, L.Conv2D(1, 1, activation="sigmoid")(h), "binary_crossentropy"), data, y


@sound
def pre_norm_encoder(rng):
    x = keras.Input((12,), dtype="int32")
    h = L.Embedding(30, 16)(x)
    for _ in range(4):
        n = L.LayerNormalization()(h)
        h = h + L.MultiHeadAttention(2, 8, dropout=0.1)(n, n)
        n = L.LayerNormalization()(h)
        h = h + L.Dropout(0.1)(L.Dense(16)(L.Dense(64, "gelu")(n)))
    h = L.LayerNormalization()(h)[:, 0]
    y = rng.integers(0, 3, 64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return functional(x, L.Dense(3)(h), loss), rng.integers(0, 30, (64, 12)).astype("int32"), y


@sound
def gated_linear_units(rng):
    x = keras.Input((12,))
    n = L.LayerNormalization()(L.Dense(16)(x))
    h = L.Dense(16)(ops.silu(L.Dense(32, use_bias=False)(n)) * L.Dense(32, use_bias=False)(n))
    return functional(x, L.Dense(1)(L.LayerNormalization()(h)), "mse"), rows(rng, 12), rows(rng, 1)


@sound
def sequences_to_sequences(rng):
    source, target = keras.Input((7,), dtype="int32"), keras.Input((5,), dtype="int32")
    _, state = L.GRU(16, return_state=True)(L.Embedding(20, 8, mask_zero=True)(source))
    decoded = L.GRU(16, return_sequences=True)(L.Embedding(20, 8)(target), initial_state=state)
    ids = rng.integers(1, 20, (64, 7)).astype("int32"), rng.integers(1, 20, (64, 5)).astype("int32")
    y = L.Dense(20, "softmax")(decoded)
    return functional([source, target], y, "sparse_categorical_crossentropy"), [*ids], rng.integers(0, 20, (64, 5))


@sound
def policy(rng):
    def reinforce(action_and_return, probabilities):
        taken = ops.one_hot(ops.cast(action_and_return[:, 0], "int32"), 3)
        return -ops.mean(action_and_return[:, 1] * ops.log(ops.sum(taken * probabilities, -1) + 1e-8))

    y = np.stack([rng.integers(0, 3, 128), rng.normal(size=128)], 1).astype("float32")
    model = net((8,), L.Dense(width(rng), "tanh"), L.Dense(width(rng), "tanh"), L.Dense(3, "softmax"), loss=reinforce)
    return model, rows(rng, 8), y


@sound
def critic(rng):
    def wasserstein(sign, score):
        return ops.mean(sign * score)

    stack = L.Conv2D(16, 3, strides=2, padding="same"), L.LeakyReLU(0.2), L.Conv2D(32, 3, strides=2, padding="same")
    stack += L.LeakyReLU(0.2), L.Dropout(0.3), L.Flatten(), L.Dense(1)
    optimizer = keras.optimizers.RMSprop(5e-5)
    x = rng.uniform(-1.0, 1.0, (64, 16, 16, 3)).astype("float32")
    y = np.sign(rng.normal(size=(64, 1))).astype("float32")
    return net((16, 16, 3), *stack, loss=wasserstein, optimizer=optimizer), x, y


@sound
def generator(rng):
    stack = [L.Dense(4 * 4 * 16, use_bias=False), L.BatchNormalization(), L.LeakyReLU(), L.Reshape((4, 4, 16))]
    stack += [L.Conv2DTranspose(8, 4, strides=2, padding="same", use_bias=False), L.BatchNormalization(), L.LeakyReLU()]
    stack += [L.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")]
    return net((16,), *stack), rows(rng, 16)


@sound
def dueling_values(rng):
    x = keras.Input((8,))
    h = L.Dense(width(rng), "relu")(x)
    value, advantage = L.Dense(1)(L.Dense(16, "relu")(h)), L.Dense(4)(L.Dense(16, "relu")(h))
    q = value + advantage - ops.mean(advantage, axis=-1, keepdims=True)
    return functional(x, q, "huber"), rows(rng, 8), rows(rng, 4)


@sound
def mixture_density(rng):
    x = keras.Input((4,))
    h = L.Dense(width(rng), "tanh")(x)
    weights, means, scales = L.Dense(3, "softmax")(h), L.Dense(3)(h), L.Dense(3, "softplus")(h)
    return (
        functional(x, L.Concatenate()([weights, means, scales]), lambda y, p: ops.mean(ops.square(y - p))),
        rows(rng, 4),
        rows(rng, 9),
    )


@sound
def linear_probe(rng):
    backbone = net((16,), L.Dense(width(rng), "relu"), L.Dense(16))
    backbone.trainable = False
    y = rng.integers(0, 5, 128)
    return net((16,), backbone, L.Dense(5, "softmax"), loss="sparse_categorical_crossentropy"), rows(rng, 16), y


@sound
def quantile_heads(rng):
    def pinball(y, q):
        e = y - q
        return ops.mean(ops.maximum(0.9 * e, -0.1 * e))

    return net((8,), L.Dense(width(rng), "elu"), L.Dense(3), loss=pinball), rows(rng, 8), rows(rng, 1)


@sound
def time_distributed_tagger(rng):
    stack = (
        L.Embedding(40, 12, mask_zero=True),
        L.Bidirectional(L.LSTM(8, return_sequences=True)),
        L.Dropout(0.3),
        L.TimeDistributed(L.Dense(5, "softmax")),
    )
    ids = rng.integers(1, 40, (64, 9)).astype("int32")
    model = keras.Sequential([keras.Input((9,), dtype="int32"), *stack])
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    return model, ids, rng.integers(0, 5, (64, 9))


@sound
def positive_regression(rng):
    y = np.abs(rows(rng, 1))
    return net((8,), L.Dense(width(rng), "relu"), L.Dense(1, "softplus"), loss="mae"), rows(rng, 8), y


@sound
def unit_interval_regression(rng):
    y = rng.random((128, 2)).astype("float32")
    return net((8,), L.Dense(width(rng), "silu"), L.Dense(2, "sigmoid"), loss="mse"), rows(rng, 8), y


@sound
def mixer(rng):
    x = keras.Input((8, 12))
    h = x
    for _ in range(2):
        n = L.Permute((2, 1))(L.LayerNormalization()(h))
        h = h + L.Permute((2, 1))(L.Dense(8)(L.Dense(16, "gelu")(n)))
        h = h + L.Dense(12)(L.Dense(24, "gelu")(L.LayerNormalization()(h)))
    y = rng.integers(0, 4, 64)
    return (
        functional(x, L.Dense(4, "softmax")(L.GlobalAveragePooling1D()(h)), "sparse_categorical_crossentropy"),
        rng.normal(size=(64, 8, 12)).astype("float32"),
        y,
    )


@sound
def trained_classifier(rng):
    y = rng.integers(0, 3, 128)
    x = (3.0 * np.eye(8)[y] + rng.normal(size=(128, 8))).astype("float32")
    model = net(
        (8,),
        L.Dense(width(rng), "relu"),
        L.BatchNormalization(),
        L.Dense(width(rng), "tanh"),
        L.Dense(3, "softmax"),
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.01),
    )
    model.fit(x, y, epochs=40, verbose=0)
    return model, x, y


@sound
def wide_and_deep(rng):
    wide, deep = keras.Input((20,)), keras.Input((6,))
    h = L.Dense(width(rng), "relu")(L.Dense(width(rng), "relu")(deep))
    y = L.Dense(1, "sigmoid")(L.Concatenate()([wide, h]))
    labels = (rng.random((128, 1)) > 0.5).astype("float32")
    return (
        functional([wide, deep], y, "binary_crossentropy"),
        [(rng.random((128, 20)) > 0.9).astype("float32"), rows(rng, 6)],
        labels,
    )


@sound
def tied_autoencoder(rng):
    class Tied(L.Layer):
        def __init__(self, source, **kw):
            super().__init__(**kw)
            self.source = source

        def call(self, h):
            return h @ ops.transpose(self.source.kernel)

    x = keras.Input((16,))
    encoder = L.Dense(4)
    data = rows(rng, 16)
    return functional(x, Tied(encoder)(encoder(x)), "mse"), data, data
