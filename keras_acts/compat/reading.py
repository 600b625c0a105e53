"""What a file of Keras 2 holds: the architecture as a dict, and where its weights are. Nothing in it is run.

The kind of a file is told by its content, not by its name: HDF5, the zip archive of `.keras`, or JSON.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

__all__ = ["Architecture", "architecture", "opened", "weights_file"]

LARGEST_CONFIG = 64 * 2**20  # bytes: that of the largest networks of keras.applications is below one


@dataclass(frozen=True)
class Architecture:
    """The config of a model, as Keras 2 wrote it, and the version that did."""

    config: dict[str, Any]
    keras_version: tuple[int, int]
    has_weights: bool  # in the same file


def architecture(path: Path) -> Architecture:
    """The architecture in a `.h5`, `.keras` or `.json` file of Keras 2.

    Raises:
        ValueError: if there is none, with what the file is instead.
        OSError: if it cannot be read.
    """
    if path.is_dir():
        raise ValueError(
            "`path` must be a .h5, .keras or .json file of Keras 2. A folder is a SavedModel, which predicts as it is: "
            f"keras.layers.TFSMLayer(path, call_endpoint='serving_default'). Received: path={str(path)!r}"
        )
    with open(path, "rb"):  # the system's own words for what is not there or not readable
        pass
    if zipfile.is_zipfile(path):
        return _of_archive(path)
    return _of_hdf5(path) if h5py.is_hdf5(path) else _of_json(path)


def _of_archive(path: Path) -> Architecture:
    with zipfile.ZipFile(path) as archive:
        missing = {"config.json", "metadata.json", "model.weights.h5"} - set(archive.namelist())
        if missing:
            raise ValueError(
                f"`path` must be a model saved by Keras. This archive lacks {', '.join(sorted(missing))}. "
                f"Received: path={str(path)!r}"
            )
        parts = {}
        for name in ("config.json", "metadata.json"):
            if archive.getinfo(name).file_size > LARGEST_CONFIG:
                raise _too_large(archive.getinfo(name).file_size, path)
            try:
                parts[name] = archive.read(name)
            except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:  # damaged, or encrypted
                raise _damaged(path, error) from None
    version = _parsed(parts["metadata.json"], path).get("keras_version")
    return Architecture(_parsed(parts["config.json"], path), _major_minor(version, path), True)


def _of_hdf5(path: Path) -> Architecture:
    with opened(path, path) as file:
        text = file.attrs.get("model_config")
        if text is None:
            what = "holds weights alone" if _is_weights(file) else "is no model of Keras"
            raise ValueError(
                f"`path` must be a model saved as a whole, or its architecture as .json. This HDF5 file {what}. Of "
                "weights, give the architecture: load_legacy('model.json', weights=...). "
                f"Received: path={str(path)!r}"
            )
        return Architecture(_parsed(text, path), _major_minor(file.attrs.get("keras_version"), path), True)


def _is_weights(file: h5py.File) -> bool:
    return "layer_names" in file.attrs or "layer_names0" in file.attrs or "layers" in file


def _of_json(path: Path) -> Architecture:
    if path.stat().st_size > LARGEST_CONFIG:
        raise _too_large(path.stat().st_size, path)
    config = _parsed(path.read_bytes(), path)
    return Architecture(config, _major_minor(config.get("keras_version"), path), False)


def _too_large(size: int, path: Path) -> ValueError:
    return ValueError(
        f"An architecture must be at most {LARGEST_CONFIG} bytes. Received: {size} bytes in path={str(path)!r}"
    )


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"The file is damaged or incomplete: {error}. Copy it again. Received: path={str(path)!r}")


def _parsed(text: str | bytes, path: Path) -> dict[str, Any]:
    """JSON with an object at its top."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            "`path` must be a .h5 or .keras file of Keras 2, or the .json of `model.to_json()`. This file is none of "
            f"them, or damaged. Received: path={str(path)!r}"
        )
    return found


def _major_minor(version: Any, path: Path) -> tuple[int, int]:
    """(2, 2) of "2.2.4-tf"."""
    text = version.decode() if isinstance(version, bytes) else str(version)
    try:
        major, minor = (int(part) for part in text.split(".")[:2])
    except ValueError:
        raise ValueError(
            f"A file of Keras names the version that wrote it. Received: keras_version={version!r} in "
            f"path={str(path)!r}"
        ) from None
    if major == 2:
        return major, minor
    remedy = "keras.models.load_model reads it" if major > 2 else "load and save it with Keras 2.2 first"
    raise ValueError(
        f"`path` must be a file that Keras 2 wrote. This one is of Keras {text}: {remedy}. Received: path={str(path)!r}"
    )


@contextmanager
def opened(path: Path, received: Path) -> Iterator[h5py.File]:
    """An HDF5 file; what h5py says of a damaged one becomes a ValueError that names the file of the user."""
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _damaged(received, error) from None
    with file:
        yield file


@contextmanager
def weights_file(path: Path) -> Iterator[Path]:
    """The HDF5 file of the weights, under a name that ends in .weights.h5, by which Keras knows the newer layout.

    It is a copy, which is deleted afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / "model.weights.h5"
        if not zipfile.is_zipfile(path):
            shutil.copyfile(path, named)
        else:
            with zipfile.ZipFile(path) as archive:
                try:
                    with archive.open("model.weights.h5") as part, open(named, "wb") as target:
                        shutil.copyfileobj(part, target)
                except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
                    raise _damaged(path, error) from None
        yield named
