"""The data of a comparison: kept apart, scaled by what may be known, and refused with a reason."""

import keras
import numpy as np
import pytest

from keras_acts.experiments.task import data, datasets


@pytest.fixture(scope="module")
def split():
    return data.load("digits", 3)


def parts_of(split):
    return [split.train, split.validation, split.test]


def numbers(seed=0):
    """A function of a user's own."""
    random = np.random.default_rng(seed)
    return random.normal(size=(60, 3)), random.integers(0, 2, 60)


# ---- Splits ----------------------------------------------------------------------------------------------------------


def test_test_validation_and_training_data_are_disjoint_and_complete(split):
    rows = np.concatenate([part.index for part in parts_of(split)])
    assert sorted(rows) == list(range(1797))
    assert [len(part.x) for part in parts_of(split)] == [1077, 360, 360]
    images = [{image.tobytes() for image in part.x} for part in parts_of(split)]
    assert not images[2] & (images[0] | images[1])


def test_every_part_has_all_classes_in_equal_shares(split):
    whole = np.bincount(np.concatenate([part.y for part in parts_of(split)])) / 1797
    for part in parts_of(split):
        assert part.x.shape[1:] == (8, 8, 1)
        assert (part.x.dtype, part.y.dtype) == (np.float32, np.int32)
        assert (part.x.min(), part.x.max()) == (0.0, 1.0)
        np.testing.assert_allclose(np.bincount(part.y) / len(part.y), whole, atol=0.004)


def test_the_seed_chooses_the_split(split):
    np.testing.assert_array_equal(data.load("digits", 3).test.index, split.test.index)
    assert not np.array_equal(data.load("digits", 4).test.index, split.test.index)


@pytest.mark.parametrize(
    ("name", "samples", "features", "classes"),
    [("wine", 178, 13, 3), ("breast_cancer", 569, 30, 2), ("iris", 150, 4, 3), ("diabetes", 442, 10, None)],
)
def test_tables_are_scaled_by_the_training_data_alone(name, samples, features, classes):
    split = data.load(name, 1)
    assert sum(len(part.x) for part in parts_of(split)) == samples
    assert (split.train.x.shape[1], split.classes) == (features, classes)
    np.testing.assert_allclose(split.train.x.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(split.train.x.std(axis=0), 1.0, atol=1e-5)
    assert abs(split.test.x.mean(axis=0)).max() > 1e-3  # scaled by other data than its own
    if classes is None:
        assert (split.train.y.shape[1], split.outputs) == (1, 1)
        assert split.train.y.std() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", ["circles", "moons", "spirals"])
def test_made_data_are_new_for_each_seed(name):
    first, again, other = (data.load(f"{name}(samples=200)", seed) for seed in (0, 0, 1))
    assert first.train.x.shape == (120, 2)
    assert first.classes == 2
    np.testing.assert_array_equal(first.test.x, again.test.x)
    assert not np.isin(first.test.x, other.test.x).any()


def test_spirals_need_more_than_a_line():
    split = data.load("spirals(samples=2000, noise=0.0)", 0)
    x = np.concatenate([part.x for part in parts_of(split)])
    y = np.concatenate([part.y for part in parts_of(split)])
    radius = np.hypot(*x.T)
    # Taking the spiral back by its own angle leaves the two arms half a turn apart.
    turned = np.exp(1j * (np.arctan2(x[:, 1], x[:, 0]) - 3.0 * np.pi * radius))
    np.testing.assert_allclose(turned.real, np.where(y == 0, 1.0, -1.0), atol=1e-4)


def test_periodic_data_are_tested_beyond_the_training_data():
    split = data.load("periodic", 0)
    x, y = split.train.x * 15.0, split.train.y
    assert len(x) == 64
    np.testing.assert_allclose(y, np.sin(x), atol=1e-4)
    assert (abs(split.train.x).min() > 5.0 / 15.0, abs(split.train.x).max() < 1.0) == (True, True)
    assert abs(split.test.x).min() > 1.0
    assert abs(split.test.x).max() == pytest.approx(3.5)


def test_image_is_scikit_learns_picture():
    split = data.load("image(size=16)", 0)
    assert split.train.x.shape == (256, 2)
    assert (split.train.x.min(), split.train.x.max()) == (-1.0, 1.0)
    assert split.classes is None
    corner = datasets.image(size=427).y[0, 0]  # one pixel each: the picture has 427 rows, 640 columns
    from sklearn.datasets import load_sample_image

    assert corner == pytest.approx(load_sample_image("china.jpg")[0, 106].mean() / 127.5 - 1.0, abs=1e-6)


def test_mnist_keeps_its_test_data(monkeypatch):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (count, 28, 28), dtype=np.uint8) for count in (100, 20)]
    labels = [np.tile(np.arange(10), count) for count in (10, 2)]
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: ((images[0], labels[0]), (images[1], labels[1])))
    data.source.cache_clear()
    split = data.load("mnist", 0)
    data.source.cache_clear()
    assert [len(part.x) for part in parts_of(split)] == [80, 20, 20]
    np.testing.assert_array_equal(split.test.x[..., 0], images[1].astype("float32") / 255.0)


def test_without_a_network_mnist_says_what_to_do(monkeypatch):
    def fail():
        raise Exception("URL fetch failure on https://example.org: None")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    data.source.cache_clear()
    with pytest.raises(ConnectionError, match=r"'mnist' is downloaded once .* use the bundled 'digits'"):
        data.load("mnist", 0)


# ---- Own data --------------------------------------------------------------------------------------------------------


def csv_file(folder, *lines):
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_csv_with_named_classes(tmp_path):
    path = csv_file(tmp_path, "kind,a,b", *(f"{'cat' if i % 3 else 'ant'},{i},{i * i}" for i in range(30)))
    split = data.load(f"{path}(target='kind')", 0)
    assert split.classes == 2
    assert split.train.x.shape == (18, 2)
    everything = np.concatenate([part.y for part in parts_of(split)])
    order = np.argsort(np.concatenate([part.index for part in parts_of(split)]))
    np.testing.assert_array_equal(everything[order], [1 if i % 3 else 0 for i in range(30)])


def test_csv_with_amounts_is_regression(tmp_path):
    split = data.load(csv_file(tmp_path, "a,b,price", *(f"{i},{-i},{i / 7}" for i in range(30))), 0)
    assert split.classes is None
    assert split.train.y.shape == (18, 1)


def test_npz(tmp_path):
    x, y = numbers()
    np.savez(tmp_path / "arrays.npz", x=x, y=y)
    split = data.load(str(tmp_path / "arrays.npz"), 0)
    assert (split.classes, split.train.x.shape) == (2, (36, 3))


def test_a_function_of_the_users_own():
    split = data.load(f"{__name__}:numbers(seed=5)", 0)
    everything = np.concatenate([part.index for part in parts_of(split)])
    assert sorted(everything) == list(range(60))
    np.testing.assert_array_equal(split.test.y, numbers(5)[1][split.test.index])


CLASSES = [f"{i},{i},{i % 2}" for i in range(20)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b,y", *CLASSES, "1,red,0"], "Column `b` holds both: text in sample 21. Received: 'red'"),
        (["a,b,y", *(f"w{i},1,{i % 2}" for i in range(30))], "up to 20. Encode column `a` yourself"),
        (["a,b,y", *CLASSES, "1,,0"], "Received: nothing usable in sample 21, column `b`"),
        (["a,b,y", *CLASSES, "1,nan,0"], "Received: nothing usable in sample 21, column `b`"),
        (["a,b,y", *CLASSES, "1,NA,0"], "Received: nothing usable in sample 21, column `b`"),
        (["a,b,y", *CLASSES, "1,2,"], "Received: nothing usable in sample 21, column `y`"),
        (["a,b,y", *CLASSES, "1,2"], "must have 3 values. Received: 2 for sample 21"),
        (["1,2,3", *CLASSES], "must name the columns. Received: 1,2,3"),
        (["a,b,y"], "one line for each sample. Received: 3 columns and 0 samples"),
        ([""], "must have a line of column names"),
        (["a,b,y", *(f"{i},{i},{i}" for i in range(20))], "at least 3 samples of a class. Received: 20 classes in 20"),
        (["a,b,y", *(f"{i},{i},7" for i in range(20))], "at least 2 classes. Received: [7.0]"),
        (["a,b,y", *CLASSES, "1,2,2"], "The data cannot be split"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(tmp_path, lines, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        data.load(csv_file(tmp_path, *lines), 0)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("(target='prise')", "has no column `prise`. Did you mean 'price'?"),
        ("(targte='price')", "has no option `targte`. Did you mean 'target'?"),
        ("(task='clasification')", "must be one of 'classification', 'regression'. Received: task='clasification'"),
        ("(task='classification')", "classification needs one class for each sample"),
    ],
)
def test_wrong_options_of_a_file(tmp_path, options, message):
    path = csv_file(tmp_path, "a,price", *(f"{i},{i / 7}" for i in range(30)))
    with pytest.raises(ValueError) as error:  # noqa: PT011
        data.load(path + options, 0)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.zeros(3)}, "must hold the arrays 'x' and 'y'"),
        ({"x": np.zeros((5, 2)), "y": np.zeros(4)}, "x of shape (5, 2) and y of shape (4,)"),
        ({"x": np.full((9, 2), np.nan), "y": np.arange(9) % 2}, "18 missing or infinite values, the first at index"),
        ({"x": np.zeros((9, 2)), "y": np.array([None] * 9)}, "plain arrays, no Python objects"),
        ({"x": np.zeros((9, 2)), "y": np.eye(9)[:, :3] + 0.5}, None),  # several targets: regression
    ],
)
def test_wrong_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "wrong.npz", **arrays)
    if message is None:
        assert data.load(str(tmp_path / "wrong.npz"), 0).outputs == 3
        return
    with pytest.raises(ValueError) as error:  # noqa: PT011
        data.load(str(tmp_path / "wrong.npz"), 0)
    assert message in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    for name in ("no.csv", "no.npz"):
        with pytest.raises(OSError, match="cannot be read"):
            data.load(str(tmp_path / name), 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digts", "Unknown data set. Did you mean 'digits'?"),
        ("circles(nois=0.1)", "has no option `nois`. Did you mean 'noise'?"),
        ("circles(100)", "Options are given by name"),
        ("no_such_module:data", "must be named 'package.module:function'"),
    ],
)
def test_unknown_data(name, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        data.load(name, 0)
    assert message in str(error.value)


# ---- What people bring ----------------------------------------------------------------------------------------------


def test_a_series_is_scaled_with_and_without_an_axis_for_its_channel(tmp_path):
    """Values around 1000: unscaled, no network learns anything."""
    generator = np.random.default_rng(0)
    x, y = 1000.0 + 50.0 * generator.normal(size=(60, 24)), 1e4 * generator.normal(size=60)
    for name, shaped in (("flat", x), ("series", x[:, :, np.newaxis])):
        np.savez(tmp_path / f"{name}.npz", x=shaped, y=y)
        split = data.load(str(tmp_path / f"{name}.npz"), 0)
        assert abs(split.train.x.mean()) < 1e-5
        assert abs(split.train.x.std() - 1.0) < 1e-3
        assert abs(split.train.y.std() - 1.0) < 1e-3
        assert split.by_seed == "rows"


def test_one_hot_targets_are_classes(tmp_path):
    classes = np.arange(60) % 3
    np.savez(tmp_path / "hot.npz", x=np.random.default_rng(0).normal(size=(60, 2)), y=np.eye(3)[classes])
    split = data.load(str(tmp_path / "hot.npz"), 0)
    assert split.classes == 3
    np.testing.assert_array_equal(split.test.y, classes[split.test.index])


def test_parentheses_in_the_name_of_a_file(tmp_path):
    path = tmp_path / "table (1).csv"
    path.write_text("a,kind\n" + "\n".join(f"{i},{'xy'[i % 2]}" for i in range(30)), encoding="utf-8")
    assert data.load(str(path), 0).classes == data.load(f"{path}(target='kind')", 0).classes == 2
    with pytest.raises(ValueError, match="Options are given by name"):
        data.load(f"{path}('kind')", 0)


def test_other_separators(tmp_path):
    lines = ["a;b;kind", *(f"{i};{i};{'xy'[i % 2]}" for i in range(30))]
    path = csv_file(tmp_path, *lines)
    assert data.load(f"{path}(sep=';')", 0).train.x.shape == (18, 2)
    with pytest.raises(ValueError, match=r"Received: 1 columns and 30 samples\. With sep=';' there would be more"):
        data.load(path, 0)
    with pytest.raises(ValueError, match=r"must be one character, such as ';'\. Received: sep='::'"):
        data.load(f"{path}(sep='::')", 0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,kind", *(f"{i},{'NA' if i == 7 else 'xy'[i % 2]}" for i in range(30))], "sample 8, column `kind`"),
        (["a,a,kind", *(f"{i},{i},{i % 2}" for i in range(30))], "Received: `a` twice"),
        (["kind,a,kind", *(f"{i},{i},{i % 2}" for i in range(30))], "Received: `kind` twice"),
        (["a,age", *(f"{i},{i % 40}" for i in range(300))], "Received: 40 values in 300 samples"),
    ],
)
def test_what_may_be_meant_otherwise_is_asked(tmp_path, lines, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        data.load(csv_file(tmp_path, *lines), 0)
    assert message in str(error.value)


def test_many_integers_are_classes_or_amounts_where_it_is_said(tmp_path):
    path = csv_file(tmp_path, "a,age", *(f"{i},{i % 40}" for i in range(400)))
    assert data.load(f"{path}(task='regression')", 0).classes is None
    assert data.load(f"{path}(task='classification')", 0).classes == 40


@pytest.mark.parametrize("size", [0, 100])
def test_empty_and_truncated_archives_are_named(tmp_path, size):
    np.savez(tmp_path / "whole.npz", x=np.zeros((60, 2)), y=np.arange(60) % 2)
    (tmp_path / "part.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:size])
    with pytest.raises(ValueError, match=r"part\.npz must be an archive of np\.savez, whole"):
        data.load(str(tmp_path / "part.npz"), 0)
