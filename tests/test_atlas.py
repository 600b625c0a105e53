"""The atlas' data are those of the library, its code runs, and the catalogue is made of the same records."""

import base64
import json
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import keras_acts
from keras_acts import Trait, cli
from keras_acts.atlas import entries, page, stops
from keras_acts.core import resolve

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # for the folder tools/, which is not installed
from tools import catalogue, measured  # noqa: E402

NAMES = keras_acts.names()
RNG = np.random.default_rng(11)
DRAWN = sorted(RNG.choice([name for name in NAMES if Trait.OVER_AXIS not in keras_acts.info(name).traits], 3))


def unpacked(stop):
    return np.frombuffer(base64.b64decode(stop["y"]), "<f4")


def all_stops(entry):
    return [
        *([entry["plain"]] if "y" in entry["plain"] else []),
        *(s for each in entry["sliders"] for s in each["stops"]),
    ]


def made(code):
    """The activation of the layer that a piece of code makes."""
    names = {"keras": keras}
    exec(f"layer = {code}", names)  # our own text: this is what the test is about
    return names["layer"].activation


@pytest.mark.parametrize("name", [*DRAWN, "gelu", "step"])
def test_curves_are_the_functions_of_the_code_that_is_shown(name):
    entry = entries.entry(name)
    x = np.linspace(-entry["axis"]["end"], entry["axis"]["end"], entries.POINTS)
    shown = all_stops(entry)
    assert len({stop["code"] for stop in shown}) >= len(shown) - len(entry["sliders"])  # those of the defaults
    for stop in [shown[0], shown[-1]]:
        function = made(stop["code"])
        assert resolve.declaration_of(function)[0].name == name  # ours, not one of Keras
        curve = keras_acts.plots.evaluate(function, x)
        values = np.stack(curve[1:])
        np.testing.assert_allclose(
            unpacked(stop).reshape(3, -1), np.where(np.abs(values) < 1e30, values, np.nan), rtol=1e-6
        )


@pytest.mark.parametrize("name", ["sparsemax", "softmin"])
def test_bars_are_the_outputs_for_a_row(name):
    entry = entries.entry(name)
    assert next(each["name"] for each in entry["sliders"]) == "input times"
    for stop in [entry["plain"], *entry["sliders"][0]["stops"]]:
        row = stop.get("scale", 1.0) * np.array(entry["axis"]["row"])
        function = made(stop["code"])
        np.testing.assert_allclose(unpacked(stop), keras.ops.convert_to_numpy(function(row[None]))[0], atol=1e-6)
        assert unpacked(stop).sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_sliders_stop_at_about_nine_legal_values_and_the_default(name):
    record = keras_acts.info(name)
    for param in record.params.values():
        values = [given[param.name] for given in stops.stops(record, param)]
        assert values == list(dict.fromkeys(values))
        assert 2 <= len(values) <= 11
        assert param.default in values
        if param.kind in (int, float):
            numbers = [value for value in values if value is not None]
            assert numbers == sorted(numbers)
            assert len(numbers) >= 5


def test_a_function_of_ones_own_is_shown_and_an_unknown_one_is_an_error():
    own = keras_acts.activation(name="own", formula="x * a", traits={"smooth"})(lambda x: 2.0 * x)
    assert keras_acts.get("own") is own
    assert '"name": "own"' in keras_acts.atlas.render(["own"])
    with pytest.raises(ValueError, match="Did you mean 'gelu'"):
        keras_acts.atlas.render(["geluu"])


def test_markup_in_texts_of_others_is_no_markup_of_the_page():
    @keras_acts.activation(formula="x", traits={"smooth"})
    def evil(x):
        """</script><script>alert(1)</script><img src=x onerror=alert(1)>"""
        return x

    text = keras_acts.atlas.render(["evil"])
    assert "alert" in text
    assert "<script>alert" not in text
    assert "<img" not in text


def test_measured_numbers_are_those_of_the_benchmarks():
    kept = json.loads(measured.KEPT.read_text(encoding="utf-8"))
    assert kept == measured.measured(), "python -m tools.measured"
    assert set(kept) <= set(NAMES)


def test_the_catalogue_has_every_activation_and_is_of_today():
    text = catalogue.PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| !\[(\w+)\]", text, flags=re.MULTILINE)) == NAMES, "python -m tools.catalogue"
    assert sorted(each.stem for each in catalogue.CURVES.glob("*.svg")) == NAMES
    for record in map(keras_acts.info, [*DRAWN, "softmax"]):
        assert catalogue.row(record) in text, "python -m tools.catalogue"
        assert catalogue.svg(record) == (catalogue.CURVES / f"{record.name}.svg").read_text(encoding="utf-8")


def test_the_command_writes_the_page_or_says_why_not(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "render", lambda progress: f"of {len([*progress(NAMES)])}")
    result = CliRunner().invoke(cli.app, ["atlas", "--output", str(tmp_path / "a.html")])
    assert (result.exit_code, (tmp_path / "a.html").read_text()) == (0, f"of {len(NAMES)}")
    assert f"{len(NAMES)} activations" in result.stdout
    result = CliRunner().invoke(cli.app, ["atlas", "--output", str(tmp_path / "no" / "a.html")])
    assert result.exit_code == 2
    assert "`output` must be a file that can be written. Received:" in result.stderr
