"""Strings, saving, layers, pairing, initializers on Keras' JAX and torch backends: a few cases of each quick test."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHOSEN = ["test_strings.py", "test_saving.py", "test_paired.py", "test_initializers.py", "layers/test_looking_up.py"]
LEFT_OUT = "slow or nightly or tensorflow or float64"

pytestmark = [pytest.mark.slow, pytest.mark.second_oracle]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_quick_tests(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    options = ["-q", "-p", "no:cacheprovider", "--tb=short", "--cases=1", "-m", f"not ({LEFT_OUT})"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(TESTS / file) for file in CHOSEN)],
        cwd=TESTS.parent,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
