"""GroupSort: the orders of the libraries that have it, and the permutation that it is."""

import keras
import numpy as np
import pytest
from backends import assert_same, gradients, values

from keras_acts import layers

X = np.float32([[-2.0, 0.5, 3.0, 1.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GroupSort(2)", [-2.0, 0.5, 1.0, 3.0]),
        ("deel:GroupSort(2)", [-2.0, 0.5, 1.0, 3.0]),
        ("deel:GroupSort2", [-2.0, 0.5, 1.0, 3.0]),
        ("deel:FullSort", [-2.0, 0.5, 1.0, 3.0]),
        ("soc:MaxMin", [3.0, 1.0, -2.0, 0.5]),
        ("deel:MaxMin", [0.0, 0.5, 3.0, 1.0, 2.0, 0.0, 0.0, 0.0]),
        ("GroupSort(descending=True)", [3.0, 1.0, 0.5, -2.0]),
        ("GroupSort(1)", [-2.0, 0.5, 3.0, 1.0]),
    ],
)
def test_orders(text, expected):
    assert_same(layers.get(text)(X), [expected])


@pytest.mark.parametrize("seed", range(4))
def test_drawn_groups_are_sorted_along_any_axis(seed):
    generator = np.random.default_rng(seed)
    size, groups = int(generator.integers(1, 6)), int(generator.integers(1, 5))
    axis, strided, descending = int(generator.integers(1, 4)), bool(seed % 2), bool(generator.integers(2))
    shape = [2, 3, 4, 5]
    shape[axis] = size * groups
    x = generator.integers(-3, 3, shape).astype("float32")  # with equal ones among them
    grouping = "strided" if strided else "consecutive"
    y = np.moveaxis(values(layers.GroupSort(size, grouping, descending, axis=axis)(x)), axis, -1)
    x = np.moveaxis(x, axis, -1)
    for group in range(groups):
        place = slice(group, None, groups) if strided else slice(group * size, (group + 1) * size)
        right = np.sort(x[..., place], axis=-1)
        assert_same(y[..., place], right[..., ::-1] if descending else right)


@pytest.mark.parametrize("size", [2, 3, None])
def test_the_gradient_is_a_permutation_also_of_equal_entries(size):
    x = keras.Variable(np.float32([[1.0, 1.0, 1.0, 0.0, 0.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]))
    upstream = np.arange(1.0, 13.0, dtype="float32").reshape(2, 6)
    layer = layers.GroupSort(size)
    (gradient,) = gradients(lambda: keras.ops.sum(keras.ops.multiply(layer(x.value), upstream)), [x])
    assert_same(np.sort(gradient, axis=-1), upstream)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"group_size": 3}, r"`group_size` of GroupSort must divide .* Received: group_size=3 for 4 channels"),
        ({"group_size": 0}, "`group_size` of GroupSort must be an integer >= 1. Received: group_size=0"),
        ({"grouping": "neighbours"}, "`grouping` of GroupSort must be one of 'consecutive', 'strided'"),
        ({"axis": 2}, "must be an axis after the batch axis"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.GroupSort(**arguments)(X)
