"""The page for those who come from another framework is what its command writes, and what it says to write is right."""

import re

import keras
import numpy as np
import pytest
import test_foreign_names as foreign

from keras_acts import layers
from keras_acts.core import resolve
from keras_acts.core.registry import Alias
from keras_acts.layers.layer_registry import function_or_layer

migration = pytest.importorskip("tools.migration", reason="the tools are in the repository, not in the wheel")

ROWS = [(framework, row) for framework in migration.FRAMEWORKS for row in migration.rows(framework)]
RANDOM = {"gumbel_softmax", "SReLU"}  # in what they compute, or in where they start
KEPT = {
    (row["framework"], name): row["value"]
    for row in foreign.ROWS
    if not row["arguments"] and row["value"] not in ("refused", "random")
    for name in row["names"].split()
}


def written(here):
    """What the second column makes."""
    made = eval(here, {"layers": layers})  # our own text: this is what the test is about
    return keras.activations.get(made) if isinstance(made, str) else made


def test_the_page_is_what_the_command_writes():
    assert migration.PAGE.read_text(encoding="utf-8") == migration.page(), "run: python -m tools.migration"


@pytest.mark.parametrize(("framework", "row"), ROWS, ids=[f"{framework}:{row.names[0]}" for framework, row in ROWS])
def test_what_is_to_be_written_has_the_defaults_of_there(framework, row):
    if "..." in row.here or RANDOM & {*row.names}:
        return
    x = keras.ops.convert_to_tensor(foreign.X)
    got = np.asarray(written(row.here)(x))
    for name in row.names:
        theirs = function_or_layer(f"{framework}:{name}", **({"dim": -1} if "`dim` must" in row.same else {}))
        np.testing.assert_allclose(got, theirs(x), rtol=3e-6, atol=1e-6)  # Keras' own functions are among ours
        expected = KEPT.get((framework, name))
        if expected is not None and name != "Softmax2d":  # whose axes are in another order there
            names = {**foreign.NUMPY, "x": foreign.X.astype("float64")}
            np.testing.assert_allclose(got, eval(expected, names), rtol=3e-6, atol=1e-6)


def test_every_kept_name_is_on_the_page():
    told = {(framework, name) for framework, row in ROWS for name in row.names}
    kept = {(framework, name.removesuffix("_")) for framework, name in KEPT if framework in migration.FRAMEWORKS}
    assert kept <= told
    assert len(kept) > 100


@pytest.mark.parametrize(("framework", "row"), ROWS, ids=[f"{framework}:{row.names[0]}" for framework, row in ROWS])
def test_the_third_column_says_yes_exactly_where_our_plain_name_is_enough(framework, row):
    is_plain = re.fullmatch(r'"(keras_acts>)?\w+"|layers\.\w+\(\)', row.here) is not None
    assert "must be given" in row.same or "another function" in row.same or (row.same == "yes") == is_plain


def test_another_default_there_is_seen(monkeypatch):
    """The mutant: the page follows the record."""
    before = migration.rows("torch")
    record = resolve.info("elu")
    monkeypatch.setattr(record, "aliases", {**record.aliases, "torch": (Alias("ELU(alpha=0.5)", names=["alpha"]),)})
    changed = [row for row in migration.rows("torch") if row not in before]
    assert changed == [(("ELU",), '"elu(alpha=0.5)"', "no: `alpha` is 0.5 there, 1.0 here")]
