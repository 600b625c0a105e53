"""The fitted polynomials are what the script makes of their definitions, to the last bit."""

import importlib.util
import json
import sys
from pathlib import Path

from keras_acts.core.numerics import polynomials

SCRIPT = Path(__file__).parents[1] / "tools" / "fit_series.py"


def _script():
    """The script as a module. By path: the repository itself may not be importable where the tests run on a wheel."""
    spec = importlib.util.spec_from_file_location("fit_series", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_script_regenerates_every_coefficient():
    committed = json.loads(Path(polynomials.__file__).with_name("coefficients.json").read_text())
    assert _script().tables() == committed


def test_polynomials_are_right_to_the_last_bit():
    script = _script()
    for name, fit in script.FITS.items():
        for dtype, table in polynomials._COEFFICIENTS[name].items():
            if dtype != "meaning":
                assert script.largest_error(fit, table, points=50) < script.EPSILON[dtype], (name, dtype)
