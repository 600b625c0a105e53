"""`export`: write a model for a runtime, run the file there, and compare."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts import _extras
from keras_acts.carrying import converter, int8_tables, samples
from keras_acts.core import form, keras_bridge, resolve, spec, string_table
from keras_acts.core.params import Trait, choice, finite_number

__all__ = ["FORMATS", "Exported", "export"]

# By format: the suffix of its files, and what converts and runs them.
FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "onnx": (".onnx", ("tf2onnx", "onnxruntime")),
    "litert": (".tflite", ("ai_edge_litert",)),
    "saved_model": ("", ()),
}
QUANTIZE = ("dynamic", "int8")
_ROUNDING = 8.0  # times what rounding the inputs otherwise changes, a file may be off


@dataclass(frozen=True)
class Exported:
    """A file that was written, run in its runtime and compared with the model.

    Attributes:
        path: the file or folder.
        format: "onnx", "litert" or "saved_model".
        runtime: what it was run in.
        differences: for each output the largest difference from the model's, as a share of its largest value.
        notes: what is otherwise than in the model.
    """

    path: Path
    format: str
    runtime: str
    differences: dict[str, float]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        differences = ", ".join(f"{name} {difference:.1e}" for name, difference in self.differences.items())
        lines = [f"{self.path}: runs in {self.runtime}; largest difference from the model: {differences}", *self.notes]
        return "\n  ".join(lines)


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    quantize: str | None = None,
    representative: Any = None,
    overwrite: bool = False,
    tolerance: float | None = None,
    timeout: float = 600.0,
) -> Exported:
    """Write a model for a runtime, run the file there, and compare what it gives with the model.

    Exporters write files that no runtime loads, or that compute something else, without a word. So each file is run,
    on typical inputs and, unless it is quantized, on inputs 30 times as large, and is gone if it is off by more than
    the tolerance. Activations are traced in the portable form, of operations that every runtime knows; so are the
    smooth built-in ones of Keras, such as gelu and softplus, which do not all export. Conversion and run take place in
    a process of their own. A SavedModel keeps the model as it is, with its gradients.

    In int8, each elementwise activation outside of loops becomes a table of its 256 values. The model stays as it is.

    Args:
        model: a built model, of whatever class. Needs TensorFlow as the backend.
        path: the file, or, for a SavedModel, the folder to write.
        format: "onnx", "litert" or "saved_model"; by default as the suffix says: .onnx, .tflite, or none.
        quantize: for LiteRT, "dynamic" for weights of 8 bits, "int8" for weights and activations; None for neither.
        representative: typical inputs, an array or the structure of them that the model takes, as many as are
            representative: int8 takes its ranges from them. By default drawn from the normal distribution, for all but
            int8.
        overwrite: True to replace an existing file or folder.
        tolerance: largest difference of an output, as a share of its largest value, beside what rounding the inputs
            causes; by default 1e-4, for half and mixed precision 0.01, for "dynamic" 0.05, and for "int8" 0.1.
        timeout: seconds that conversion and run may take.

    Returns:
        What was written, with the largest difference of each output. Printed, it is a sentence.

    Raises:
        ValueError: for a model that is not built, an unknown format, inputs that do not fit, or a difference above the
            tolerance.
        FileExistsError: if there is something at the path.
        OSError: if it cannot be written.
        RuntimeError: if the converter or the runtime fails or takes too long. Nothing is left at the path.
        ModuleNotFoundError: if a package is missing, with the extra that brings it.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="snake")])
        >>> print(keras_acts.export(model, "model.onnx"))  # doctest: +SKIP
        model.onnx: runs in onnxruntime 1.32.0; largest difference from the model: output_0 4.1e-08
    """
    path = Path(path)
    if tolerance is not None:
        tolerance = finite_number("tolerance", tolerance, "export", low=0.0)
    timeout = finite_number("timeout", timeout, "export", low=0.0, exclusive=True)
    format = _checked(model, path, format, quantize, representative, overwrite)
    _warn_of_wrong_ones(model)
    typical = samples.drawn(model) if representative is None else samples.checked(model, representative)
    tries = [typical] if quantize else [typical, samples.wide(typical)]
    notes: list[str] = []
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            made = Path(folder) / path.name
            source = made if format == "saved_model" else Path(folder) / "saved_model"
            endpoint = Endpoint(model, typical, 1 if has_fixed_batch(model, format, notes) else None)
            with exportable(model, format, notes):
                endpoint.write(source, format, quantize)
            job = {
                "saved_model": str(source),
                "path": str(made),
                "format": format,
                "quantize": quantize,
                "representative": endpoint.rows(typical) if quantize == "int8" else [],
                "inputs": tries if made == source else [each for inputs in tries for each in endpoint.batches(inputs)],
            }
            result = _in_own_process(job, Path(folder), timeout, format)
            got = _joined([endpoint.by_name(outputs) for outputs in result["outputs"]], len(tries))
            differences = _differences(endpoint, tries, got, _tolerance(model, quantize, tolerance), path)
            if overwrite and path.is_dir():
                shutil.rmtree(path)
            elif overwrite and made.is_dir():
                path.unlink(missing_ok=True)
            os.replace(made, path)
    except OSError as error:
        if isinstance(error, FileExistsError | FileNotFoundError) and error.filename is None:
            raise
        raise OSError(error.errno, f"{error.strerror or error}; nothing is left at the path", str(path)) from error
    return Exported(path, format, result["runtime"], differences, tuple(notes))


def _checked(
    model: Any, path: Path, format: str | None, quantize: str | None, representative: Any, overwrite: bool
) -> str:
    """The format, once all arguments are known to fit together."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "`export` needs TensorFlow as the backend: save the model, and load and export it in a process with "
            f"KERAS_BACKEND=tensorflow. Received: KERAS_BACKEND={keras.backend.backend()}"
        )
    samples.require_built(model)
    if format is None:
        found = [name for name, (suffix, _) in FORMATS.items() if suffix == path.suffix.lower()]
        if not found:
            raise ValueError(
                f"`path` must end in .onnx or .tflite, or have no suffix: a SavedModel is a folder. Received: '{path}'"
            )
        format = found[0]
    choice("format", format, "export", tuple(FORMATS))
    suffix, packages = FORMATS[format]
    if suffix and path.suffix.lower() != suffix:
        raise ValueError(f"`path` of format={format!r} must end in {suffix}. Received: '{path}'")
    if quantize is not None:
        choice("quantize", quantize, "export", QUANTIZE)
        if format != "litert":
            raise ValueError(f"`quantize` is for format='litert'. Received: quantize={quantize!r}, format={format!r}")
        if quantize == "int8" and representative is None:
            raise ValueError(
                "quantize='int8' takes its ranges from typical inputs: give some hundred of them in `representative`. "
                "Received: representative=None"
            )
    if path.exists() and not overwrite:
        raise FileExistsError(f"There is something at '{path}' already. Replace it by overwrite=True.")
    if path.is_dir() and (path.is_symlink() or not (path / "saved_model.pb").exists()):
        raise FileExistsError(f"The folder '{path}' is no SavedModel, and is not replaced. Choose another path.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder of `path` does not exist. Received: '{path}'")
    with _extras.named():
        for package in packages:
            import_module(package)
    return format


def has_fixed_batch(model: keras.Model, format: str, notes: list[str]) -> bool:
    recurrent = [layer.name for layer in _layers_of(model) if isinstance(layer, keras.layers.RNN)]
    if format != "litert" or not recurrent:
        return False
    notes.append(f"takes one sample at a time, as LiteRT's loops ({', '.join(recurrent)}) know no other batches")
    return True


def _layers_of(model: keras.Model) -> list[keras.Layer]:
    return [model, *keras_bridge.sublayers(model, recursive=True)]


def _built_ins(model: keras.Model) -> Iterator[tuple[keras.Layer, str, Any]]:
    """The built-in activations of Keras that layers hold, with the attribute."""
    for layer in _layers_of(model):
        for attribute, value in list(vars(layer).items()):
            name = str(getattr(value, "__name__", "")) if callable(value) else ""
            if name and getattr(keras.activations, name, None) is value:
                yield layer, attribute, value


def _warn_of_wrong_ones(model: keras.Model) -> None:
    for layer, _, value in _built_ins(model):
        if value.__name__ in string_table.WRONG:
            warnings.warn(
                f"'{layer.name}' has Keras' own {value.__name__}, which {string_table.WRONG[value.__name__]}; the file "
                f"computes the same. Ours is activation='keras_acts>{value.__name__}'.",
                stacklevel=3,
            )


def _is_replaced(name: str) -> bool:
    """Whether a built-in is computed by ours: not one of lines alone, nor one that is a kernel everywhere."""
    record = resolve.find(name)
    needless = {Trait.OVER_AXIS, Trait.PIECEWISE_LINEAR}
    return record is not None and name not in string_table.KEPT_BY_ALL and not record.traits & needless


@contextmanager
def exportable(model: keras.Model, format: str, notes: list[str]) -> Iterator[None]:
    """Inside, the smooth built-in activations that a model holds are ours, and what is mixed precision is float32.

    A SavedModel keeps both.
    """
    if format == "saved_model":
        yield
        return
    functions = [each for each in _built_ins(model) if _is_replaced(each[-1].__name__)]
    policies = [(layer, layer.dtype_policy) for layer in _layers_of(model)]
    policies = [(layer, policy) for layer, policy in policies if policy.name.startswith("mixed_")]
    if policies:
        notes.append("computes in float32 what is in mixed precision, for which the runtimes have no operations")
    if functions:
        names = ", ".join(sorted({value.__name__ for *_, value in functions}))
        notes.append(f"computes Keras' {names} by the forms of keras_acts, which every runtime knows")
    try:
        for layer, attribute, value in functions:
            setattr(layer, attribute, resolve.info(value.__name__).function)
        for layer, _ in policies:
            layer.dtype_policy = "float32"
        yield
    finally:
        for layer, attribute, value in functions:
            setattr(layer, attribute, value)
        for layer, policy in policies:
            layer.dtype_policy = policy


class Endpoint:
    """A model as a function of named arrays, to named arrays.

    Args:
        model: the model.
        typical: inputs in its structure.
        batch: the batch size to fix, or None.
    """

    def __init__(self, model: keras.Model, typical: Any, batch: int | None) -> None:
        self._model, self._structure, self._batch = model, typical, batch
        declared = samples.declared_inputs(model)
        arrays = keras.tree.flatten(typical)
        tensors = arrays if declared is None else keras.tree.flatten(declared)
        self._sizes = [(batch, *tensor.shape[1:]) for tensor in tensors]
        self._dtypes = [keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors]
        self._names = [spec.slug(getattr(tensor, "name", "") or f"input_{i}") for i, tensor in enumerate(tensors)]

    def batches(self, inputs: Any) -> list[dict[str, np.ndarray]]:
        """The inputs by name, in batches that the file takes."""
        return self.rows(inputs) if self._batch else [self._named(inputs)]

    def rows(self, inputs: Any) -> list[dict[str, np.ndarray]]:
        """The inputs by name, one sample at a time."""
        count = len(keras.tree.flatten(inputs)[0])
        return [self._named(samples.rows(inputs, i, i + 1)) for i in range(count)]

    def _named(self, inputs: Any) -> dict[str, np.ndarray]:
        return dict(zip(self._names, keras.tree.flatten(inputs), strict=True))

    def call(self, *tensors: Any) -> dict[str, Any]:
        """What the model predicts, by name."""
        return self.by_name(self._model(keras.tree.pack_sequence_as(self._structure, list(tensors)), training=False))

    def by_name(self, outputs: Any) -> dict[str, Any]:
        """Outputs in whatever structure, by name."""
        if isinstance(outputs, dict):
            return {spec.slug(name): value for name, value in outputs.items()}
        flat = keras.tree.flatten(outputs)
        names = [spec.slug(name) for name in getattr(self._model, "output_names", ())]
        if len(set(names)) != len(flat):
            names = [f"output_{i}" for i in range(len(flat))]
        return dict(zip(names, flat, strict=True))

    def predicted(self, inputs: Any) -> dict[str, np.ndarray]:
        """What the model predicts, as float64 arrays."""
        outputs = self.call(*map(keras.ops.convert_to_tensor, keras.tree.flatten(inputs)))
        return {name: np.asarray(keras.ops.convert_to_numpy(value), "float64") for name, value in outputs.items()}

    def write(self, folder: Path, format: str, quantize: str | None) -> None:
        """Trace it into a SavedModel: as it is, or in the portable form."""
        if format == "saved_model":
            self._model.export(str(folder), format="tf_saved_model", verbose=False)
            return
        import tensorflow as tf

        tables = None
        if quantize == "int8":
            tables = int8_tables.Tables(int8_tables.ranges(self.call, keras.tree.flatten(self._structure)))

        def served(*tensors: Any) -> dict[str, Any]:
            with form.portable() if tables is None else tables.tracing():
                return self.call(*tensors)

        specs = zip(self._sizes, self._dtypes, self._names, strict=True)
        archive = keras.export.ExportArchive()
        archive.track(self._model)
        archive.add_endpoint("serve", served, [tf.TensorSpec(*each) for each in specs])
        archive.write_out(str(folder), verbose=False)


def _in_own_process(job: dict[str, Any], folder: Path, timeout: float, format: str) -> dict[str, Any]:
    """What `converter.py` makes of the job.

    Raises:
        RuntimeError: if it fails, dies or takes too long, with the last of what it said.
    """
    file = folder / "job.pickle"
    file.write_bytes(pickle.dumps(job))
    command = [sys.executable, converter.__file__, str(file)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"Converting to {format} and running the file took longer than timeout={timeout:g} seconds."
        ) from None
    result = file.with_suffix(".result")
    if done.returncode or not result.exists():
        how = f"died of signal {-done.returncode}" if done.returncode < 0 else "failed"
        said = "\n".join(done.stdout.decode(errors="replace").strip().split("\n")[-8:])
        raise RuntimeError(f"Converting to {format} and running the file {how}. It said last:\n{said}")
    return pickle.loads(result.read_bytes())


def _joined(outputs: list[dict[str, np.ndarray]], parts: int) -> list[dict[str, np.ndarray]]:
    """The outputs of all batches, joined for each of the parts they came from."""
    size = len(outputs) // parts
    groups = [outputs[i * size : (i + 1) * size] for i in range(parts)]
    return [{name: np.concatenate([batch[name] for batch in group]) for name in group[0]} for group in groups]


def _tolerance(model: keras.Model, quantize: str | None, given: float | None) -> float:
    if given is not None:
        return given
    is_half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in _layers_of(model))
    return {"int8": 0.1, "dynamic": 0.05}.get(str(quantize), 1e-2 if is_half else 1e-4)


def _differences(
    endpoint: Endpoint, tries: list[Any], got: list[dict[str, np.ndarray]], tolerance: float, path: Path
) -> dict[str, float]:
    """The largest difference of each output.

    Raises:
        ValueError: if one is above the tolerance and what rounding the inputs causes.
    """
    found: dict[str, float] = {}
    for inputs, computed in zip(tries, got, strict=True):
        expected, otherwise = endpoint.predicted(inputs), endpoint.predicted(samples.perturbed(inputs))
        for name, values in expected.items():
            finite = np.isfinite(values)
            size = np.max(np.abs(values[finite]), initial=0.0) or 1.0
            allowed = tolerance + _ROUNDING * _largest(otherwise[name], values, finite) / size
            difference = _largest(computed[name].astype("float64"), values, finite) / size
            if not difference <= allowed:
                where = "typical inputs" if inputs is tries[0] else f"inputs {samples.WIDE:g} times as large"
                raise ValueError(
                    f"What was exported to '{path}' is off by {difference:.2g} of the largest value in output '{name}' "
                    f"for {where}, where {allowed:.2g} is allowed; it is removed. `tolerance` sets the limit."
                )
            found[name] = max(found.get(name, 0.0), float(difference))
    return found


def _largest(values: np.ndarray, expected: np.ndarray, finite: np.ndarray) -> float:
    """The largest difference; infinite where one of the two is not finite and the other is."""
    if values.shape != expected.shape or not np.array_equal(np.isfinite(values), finite):
        return float("inf")
    return float(np.max(np.abs(values[finite] - expected[finite]), initial=0.0))
