"""Runs code in a new Python process: another user, on another day, perhaps without keras_acts."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

WITHOUT_KERAS_ACTS = """
    import sys

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "keras_acts":
                raise ImportError("keras_acts is not installed here")

    sys.meta_path.insert(0, Blocker())
"""

# NumPy 2 against TensorFlow's variables whenever Keras saves one, as in pyproject.toml.
KNOWN_WARNING = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"


def run(code: str, folder: Path, *, before: str = "", **environment: str) -> str:
    """What the code prints. It runs in `folder`, with these environment variables on top; warnings are errors."""
    program = textwrap.dedent(before) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", KNOWN_WARNING, "-c", program],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done.stdout
