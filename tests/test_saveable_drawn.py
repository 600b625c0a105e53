"""`check_saveable` on drawn models: nothing lost is missed, nothing that comes back is named."""

import contextlib
import json
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import saveable_models as models

import keras_acts
from keras_acts.inspection import saveable

LOST = {name: lost for name, (_, lost) in models.WHOLE.items()}
MAKE = {name: make for name, (make, _) in models.WHOLE.items()}
for host, around in models.HOSTS.items():
    for activation, value in (models.GOOD | models.BAD).items():
        LOST[f"{host}: {activation}"] = activation in models.BAD
        MAKE[f"{host}: {activation}"] = lambda around=around, value=value: around(value)


def drawn(seed, each):
    """Of each host some with an activation that comes back and some with one that does not."""
    choose = random.Random(seed)
    pick = [(choose.sample(list(models.GOOD), each), choose.sample(list(models.BAD), each)) for _ in models.HOSTS]
    return [
        f"{host}: {activation}"
        for i, (host, (good, bad)) in enumerate(zip(models.HOSTS, pick, strict=True))
        for activation in (good + bad if each > 1 else (good, bad)[(i + seed) % 2])
    ]


PER_CHANGE = random.Random(1).sample([*models.WHOLE, *drawn(1, each=1)], 10)
LARGE = sorted({*models.WHOLE, *drawn(1, each=1), *drawn(2, each=2)} - {*PER_CHANGE})


def made(name):
    keras.utils.set_random_seed(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, about lambdas
        return MAKE[name]()


@pytest.mark.parametrize("name", PER_CHANGE)
def test_what_is_lost_is_found_and_nothing_else(name):
    assert bool(keras_acts.check_saveable(made(name)[0])) == LOST[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_what_is_lost_is_found_and_nothing_else_in_a_large_sample(name):
    test_what_is_lost_is_found_and_nothing_else(name)


@pytest.mark.parametrize(
    ("blinded", "missed"),
    [
        ("_outputs", "private number"),
        ("_alike", "Net given snake"),
        ("_culprits", "Lambda of a lambda"),
        ("_differences", "string for each call, unbuilt"),
    ],
)
def test_each_comparison_is_needed(blinded, missed, monkeypatch):
    assert keras_acts.check_saveable(made(missed)[0])
    blind = {"_outputs": lambda *_: [np.zeros(1)] * 2, "_alike": lambda *_: True}.get(blinded, lambda *_: [])
    monkeypatch.setattr(saveable, blinded, blind)
    if blinded == "_alike":
        monkeypatch.setattr(saveable, "_outputs", lambda *_: [np.zeros(1)] * 2)
    assert not keras_acts.check_saveable(made(missed)[0])


# ---- The truth, from plain Keras in another process -----------------------------------------------------------------


def outputs(model, x):
    return [
        keras.ops.convert_to_numpy(keras.ops.cast(y, "float64")) for y in keras.tree.flatten(model(x, training=False))
    ]


def unregistered_classes():
    return {
        cls.__name__: cls
        for cls in vars(models).values()
        if isinstance(cls, type)
        and issubclass(cls, keras.Layer)
        and cls.__module__ == models.__name__
        and cls is not models.PlainUnregistered  # given as an activation in one of the models
        and keras.saving.get_registered_object(keras.saving.get_registered_name(cls)) is None
    }


def lost_after_loading(folder, index, name):
    """Run in another process: whether the file does not give what the model gave."""
    x = made(name)[1]
    classes = unregistered_classes()
    if name == "plain unregistered layer":
        classes["PlainUnregistered"] = models.PlainUnregistered
    try:
        model = keras.models.load_model(f"{folder}/{index}.keras", custom_objects=classes, compile=False)
        got = outputs(model, x)
        kept = np.load(f"{folder}/{index}.npz")
        weights = [kept[f"weight{i}"] for i in range(int(kept["weights"]))]
        if weights:
            model.set_weights(weights)
            got = outputs(model, x)
        return any(np.abs(y - kept[f"output{i}"]).max() > 1e-5 for i, y in enumerate(got))
    except Exception:
        return True


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(PER_CHANGE, id="per change", marks=pytest.mark.slow),
        pytest.param(LARGE, id="large", marks=pytest.mark.nightly),
    ],
)
def test_the_truth_is_what_another_process_loads(names, tmp_path):
    for index, name in enumerate(names):
        model, x = made(name)
        model.compiled = False  # Keras cannot save the loss of one of them
        with warnings.catch_warnings(), contextlib.suppress(Exception):  # what cannot be saved is lost
            warnings.simplefilter("ignore")
            model.save(tmp_path / f"{index}.keras")
        kept = {} if model.built else {"late": True}
        kept |= {f"output{i}": y for i, y in enumerate(outputs(model, x))}
        weights = model.get_weights() if kept.pop("late", False) else []
        np.savez(
            tmp_path / f"{index}.npz", weights=len(weights), **kept, **{f"weight{i}": w for i, w in enumerate(weights)}
        )
    code = (
        "import json, sys; import test_saveable_drawn as drawn; folder, names = json.load(sys.stdin); "
        "print(json.dumps({n: drawn.lost_after_loading(folder, i, n) for i, n in enumerate(names)}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([str(tmp_path), names]),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert json.loads(run.stdout.splitlines()[-1]) == {name: LOST[name] for name in names}
