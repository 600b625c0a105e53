"""The bundled data sets: what is in scikit-learn, what can be made, and what keras.datasets downloads once."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn import datasets as bundled

Rows = np.ndarray


@dataclass(frozen=True)
class Source:
    """All samples, before they are split.

    `classes` is None for targets that are numbers. `scale` asks for mean 0 and variance 1 of each feature (images have
    their range instead). `parts` are the rows of training, validation and test data where the data set fixes them; None
    in the middle lets the seed take validation data out of the training data.
    """

    x: np.ndarray
    y: np.ndarray
    classes: int | None
    scale: bool = False
    parts: tuple[Rows, Rows | None, Rows] | None = None


def digits() -> Source:
    """1797 images of 8 x 8 pixels in 10 classes, bundled with scikit-learn."""
    bunch = bundled.load_digits()
    return Source((bunch.images / 16.0).astype("float32")[..., np.newaxis], bunch.target, classes=10)


def diabetes() -> Source:
    """Regression: 442 patients, 10 measurements, progression of the disease."""
    x, y = bundled.load_diabetes(return_X_y=True)
    return Source(x, y[:, np.newaxis], classes=None, scale=True)


def circles(samples: int = 1000, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Source:
    """Two concentric circles."""
    x, y = bundled.make_circles(samples, noise=noise, factor=factor, random_state=seed)
    return Source(x.astype("float32"), y, classes=2)


def moons(samples: int = 1000, noise: float = 0.1, seed: int = 0) -> Source:
    """Two interleaved half circles."""
    x, y = bundled.make_moons(samples, noise=noise, random_state=seed)
    return Source(x.astype("float32"), y, classes=2)


def spirals(samples: int = 1000, noise: float = 0.02, turns: float = 1.5, seed: int = 0) -> Source:
    """Two interleaved spirals in [-1, 1]^2."""
    random = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    radius = np.sqrt(random.uniform(0.0, 1.0, samples))
    angle = 2.0 * np.pi * turns * radius + np.pi * y
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + random.normal(0.0, noise, (samples, 2))
    return Source(x.astype("float32"), y, classes=2)


def periodic(samples: int = 64) -> Source:
    """Regression: sin(x), learned at 5 < |x| < 15, tested at 15 < |x| < 52.5. x is divided by 15.

    The task of the snake paper (arXiv:2006.08195): only a network that has learned the period can do it. Validation
    data lie between the training points.
    """

    def at(distance: np.ndarray) -> np.ndarray:
        return np.concatenate([-distance[::-1], distance])

    half = max(samples // 2, 1)
    step = 10.0 / half
    train = at(5.0 + step * (np.arange(half) + 0.5))
    validation = at(5.0 + step * np.arange(1, half))
    test = at(np.linspace(15.0, 52.5, 301)[1:])
    x = np.concatenate([train, validation, test])[:, np.newaxis]
    ends = np.cumsum([len(train), len(validation), len(test)])
    parts = np.arange(ends[0]), np.arange(ends[0], ends[1]), np.arange(ends[1], ends[2])
    return Source((x / 15.0).astype("float32"), np.sin(x).astype("float32"), classes=None, parts=parts)


def image(size: int = 64) -> Source:
    """Fitting a picture: coordinates in [-1, 1]^2 to grey values in [-1, 1], scikit-learn's bundled "china.jpg".

    The task of the SIREN paper (arXiv:2006.09661). It asks how well a network can represent a signal, so that the same
    pixels are training, validation and test data.
    """
    picture = bundled.load_sample_image("china.jpg").mean(axis=-1)
    side = min(picture.shape)
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    square = picture[top : top + side, left : left + side]
    cells = list(itertools.pairwise(np.linspace(0, side, size + 1).astype(int)))
    grey = np.array([[square[a:b, c:d].mean() for c, d in cells] for a, b in cells])
    axis = np.linspace(-1.0, 1.0, size)
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = np.arange(size * size)
    y = (grey / 127.5 - 1.0).reshape(-1, 1)
    return Source(x.astype("float32"), y.astype("float32"), classes=None, parts=(rows, rows, rows))


def _table(name: str) -> Source:
    x, y = getattr(bundled, f"load_{name}")(return_X_y=True)
    return Source(x, y, classes=len(np.unique(y)), scale=True)


def _downloaded(name: str) -> Source:
    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a plain Exception where there is no network
        raise ConnectionError(
            f"'{name}' is downloaded once by keras.datasets, and that failed. Connect to the network, copy the file "
            f"into ~/.keras/datasets, or use the bundled 'digits'. Received: {type(error).__name__}: {error}"
        ) from error
    x = np.concatenate([train[0], test[0]]).astype("float32") / 255.0
    y = np.concatenate([train[1], test[1]]).reshape(-1)
    rows = np.arange(len(x))
    parts = rows[: len(train[0])], None, rows[len(train[0]) :]
    return Source(x[..., np.newaxis] if x.ndim == 3 else x, y, classes=10, parts=parts)


# Tables of scikit-learn: 178 wines with 13 measurements of 3 growers; 569 tumours with 30 measurements in 2 classes;
# 150 flowers with 4 measurements of 3 species. Images of keras.datasets, in 10 classes: 70,000 handwritten digits and
# as many clothes, of 28 x 28 pixels; 60,000 of 32 x 32 pixels in colour.
SOURCES: dict[str, Callable[..., Any]] = {
    "digits": digits,
    **{name: functools.partial(_table, name) for name in ("wine", "breast_cancer", "iris")},
    **{each.__name__: each for each in (diabetes, image, circles, moons, spirals, periodic)},
    **{name: functools.partial(_downloaded, name) for name in ("mnist", "fashion_mnist", "cifar10")},
}
MADE_BY_SEED = frozenset({"circles", "moons", "spirals"})
