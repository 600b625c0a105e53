"""The data of an experiment, split by seed."""

from dataclasses import dataclass

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class Part:
    """Some of the images: x of shape (n, 8, 8, 1) in [0, 1], y one-hot, and the rows of the data set they are."""

    x: np.ndarray
    y: np.ndarray
    index: np.ndarray


@dataclass(frozen=True)
class Split:
    """Training data, validation data (for curves and choices) and test data (used once, at the end)."""

    train: Part
    validation: Part
    test: Part


def digits(seed: int) -> Split:
    """scikit-learn's bundled digits: 1797 images of 8 x 8 pixels in 10 classes, no download.

    Args:
        seed: chooses the split, the same one for every activation. All three parts hold the classes in equal shares.

    Returns:
        60 % training, 20 % validation and 20 % test data.

    Example:
        >>> len(digits(0).train.x), len(digits(0).validation.x), len(digits(0).test.x)
        (1077, 360, 360)
    """
    bunch = load_digits()
    x = (bunch.images / 16.0).astype("float32")[..., np.newaxis]
    y = keras.utils.to_categorical(bunch.target).astype("float32")

    rest, test = train_test_split(np.arange(len(x)), test_size=TEST_SHARE, stratify=bunch.target, random_state=seed)
    train, validation = train_test_split(
        rest, test_size=VALIDATION_SHARE / (1.0 - TEST_SHARE), stratify=bunch.target[rest], random_state=seed
    )
    return Split(*(Part(x[rows], y[rows], rows) for rows in (train, validation, test)))
