"""Problems as readers bring them, whole: few of a class, a series in time, columns of words, a Transformer."""

import keras
import numpy as np
import pytest

import keras_acts

pytestmark = pytest.mark.slow
QUICK = {"seeds": 3, "epochs": 8, "engine": "here", "learning_rates": [1e-3, 1e-2, 1e-1]}


def test_few_of_a_class(tmp_path):
    random = np.random.default_rng(0)
    y = (random.uniform(size=1500) < 0.06).astype(int)
    np.savez(tmp_path / "rare.npz", x=random.normal(size=(1500, 8)) + 1.2 * y[:, np.newaxis], y=y)
    data = str(tmp_path / "rare.npz")
    found = keras_acts.compare(["relu", "gelu"], data=data, model="mlp(width=16)", metric="AUC", **QUICK)
    (task,) = found.tasks
    assert task.facts == "test auc; 2 classes, the largest with 94.3 % of the test rows"
    assert all(row.mean > 0.9 for row in found.table())
    assert "auc" in found.verdict()


def series():
    """The next value of a noisy sine of varying speed, from 16 values before."""
    random = np.random.default_rng(1)
    values = 50.0 + 20.0 * np.sin(np.cumsum(random.uniform(0.1, 0.5, 700))) + random.normal(size=700)
    windows = np.lib.stride_tricks.sliding_window_view(values, 17)
    return windows[:, :16, np.newaxis], windows[:, 16]


def recurrent(activation, input_shape, outputs):
    layers = [keras.layers.Conv1D(8, 3, **activation.paired()), activation.layer(), keras.layers.GRU(8)]
    return keras.Sequential([keras.Input(input_shape), *layers, keras.layers.Dense(outputs)])


def test_a_series_in_time(tmp_path):
    found = keras_acts.compare(["relu", "snake"], data=series, model=recurrent, metric="mae", output=tmp_path, **QUICK)
    (task,) = found.tasks
    assert (task.metric_name, task.higher_is_better) == ("mean_absolute_error", False)
    assert all(row.mean < 0.4 for row in found.table())  # of targets with deviation 1


def test_columns_of_words(tmp_path):
    random = np.random.default_rng(2)
    colours, sizes = random.choice(["red", "green", "blue"], 600), random.uniform(1.0, 3.0, 600)
    bought = (colours == "red") ^ (sizes > 2.0)
    lines = [
        f"{colour},{size:.3f},{'yes' if each else 'no'}"
        for colour, size, each in zip(colours, sizes, bought, strict=True)
    ]
    (tmp_path / "shop.csv").write_text("colour,size,bought\n" + "\n".join(lines))
    data = f"{tmp_path / 'shop.csv'}(target='bought')"
    settings = QUICK | {"epochs": 30}
    found = keras_acts.compare(["relu", "tanh"], data=data, model="mlp(width=16)", **settings)
    assert all(row.mean > 0.9 for row in found.table())


class Encoder(keras.Model):
    """A Transformer block over the rows of an image, as users write it."""

    def __init__(self, activation, outputs):
        super().__init__()
        self.embed, self.places = keras.layers.Dense(16), keras.layers.Embedding(8, 16)
        self.attend = keras.layers.MultiHeadAttention(2, 8)
        self.first, self.second = keras.layers.LayerNormalization(), keras.layers.LayerNormalization()
        self.up, self.activation = keras.layers.Dense(32, **activation.paired()), activation.layer()
        self.down, self.head = keras.layers.Dense(16), keras.layers.Dense(outputs)

    def call(self, images):
        x = self.embed(keras.ops.squeeze(images, -1)) + self.places(keras.ops.arange(8))
        x = self.first(x + self.attend(x, x))
        x = self.second(x + self.down(self.activation(self.up(x))))
        return self.head(keras.ops.mean(x, axis=1))


def transformer(activation, outputs):
    return Encoder(activation, outputs)


def test_a_transformer(tmp_path):
    settings = QUICK | {"learning_rates": [1e-2], "seeds": 2, "epochs": 20}
    found = keras_acts.compare(["relu", "gelu"], data="digits", model=transformer, **settings)
    assert all(row.mean > 0.85 for row in found.table())
    found.to_html(tmp_path / "page.html")
