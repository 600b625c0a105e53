"""Files that earlier versions wrote load for ever after, and mean what they meant (`python -m tools.kept_files`)."""

from pathlib import Path

import fresh_process
import keras
import numpy as np
import pytest

import keras_acts

FOLDER = Path(__file__).parent / "data" / "files"
FILES = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".keras", ".h5"))
# A last bit may differ between versions of TensorFlow and between processors.
TOLERANCE = {"rtol": 2e-5, "atol": 2e-5}


@pytest.mark.filterwarnings("ignore:No training configuration found")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_kept_file_loads_and_computes_what_it_did(path):
    kept = np.load(path.with_suffix(".npz"))
    model = keras.models.load_model(path, safe_mode=True)
    np.testing.assert_allclose(model(kept["x"]), kept["y"], **TOLERANCE)


def test_no_function_or_layer_of_the_first_version_is_gone():
    first = FOLDER / "0.1.0"
    layers = {path.stem for path in (first / "layers").iterdir()}
    functions = {layer.name for layer in keras.models.load_model(first / "functions.keras").layers}
    assert len(layers & set(keras_acts.layers.names())) == 42
    assert len(functions & set(keras_acts.names())) == 118


@pytest.mark.slow
def test_kept_files_load_in_a_process_that_imports_nothing_else(tmp_path):
    fresh_process.run(
        f"""
        import pathlib
        import keras, numpy as np
        import keras_acts

        for path in sorted(pathlib.Path({str(FOLDER)!r}).rglob("*.keras")):
            kept = np.load(path.with_suffix(".npz"))
            np.testing.assert_allclose(keras.models.load_model(path)(kept["x"]), kept["y"], **{TOLERANCE!r})
        """,
        tmp_path,
    )


def test_the_folder_stays_small():
    sizes = sum(path.stat().st_size for path in (FOLDER / "0.1.0").rglob("*") if path.is_file())
    assert sizes <= 1_000_000
