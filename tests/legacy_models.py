"""Files as Keras 2 wrote them, of drawn layers: the JSON and HDF5 of its documents, written here without any Keras.

With each goes what the model computes, in numpy in float64.
"""

import json
import math

import h5py
import numpy as np

SIZE = 6  # of the input and of each layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sparsemax(x):
    ordered = np.sort(x, -1)[:, ::-1]
    sums = np.cumsum(ordered, -1) - 1
    size = np.sum(ordered * np.arange(1, x.shape[-1] + 1) > sums, -1)
    threshold = np.take_along_axis(sums, size[:, None] - 1, -1) / size[:, None]
    return np.maximum(x - threshold, 0)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_exact(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def below(x, left):
    """x where it is positive, else `left` of it."""
    return np.where(x > 0, x, left(np.minimum(x, 0)))


# By the string in the file, what Keras 2 or TF Addons computed.
STRINGS = {
    "Addons>gelu": gelu_tanh,
    "Addons>hardshrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "Addons>lisht": lambda x: x * np.tanh(x),
    "Addons>mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "Addons>rrelu": lambda x: below(x, lambda n: (1 / 8 + 1 / 3) / 2 * n),
    "Addons>snake": lambda x: x + np.sin(x) ** 2,
    "Addons>softshrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "Addons>sparsemax": sparsemax,
    "Addons>tanhshrink": lambda x: x - np.tanh(x),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "elu": lambda x: below(x, np.expm1),
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
}


def _rules(*weights):
    return {f"{weight}_{rule}": None for weight in weights for rule in ("regularizer", "constraint")}


def _start(rng):
    return {"class_name": "Constant", "config": {"value": float(rng.normal())}}


def _none(rng):
    return {}


# By class: its config with drawn values, the weights by name, and the value.
LAYERS = {
    "Addons>GELU": (
        lambda r: {"approximate": bool(r.integers(2))},
        _none,
        lambda x, c, w: (gelu_tanh if c["approximate"] else gelu_exact)(x),
    ),
    "Addons>Maxout": (
        lambda r: {"num_units": int(r.choice([1, 2, 3, 6])), "axis": -1},
        _none,
        lambda x, c, w: x.reshape(len(x), -1, c["num_units"]).max(1),
    ),
    "Addons>Snake": (
        lambda r: {"frequency_initializer": _start(r)},
        lambda r: {"Variable": r.uniform(0.2, 3.0)},
        lambda x, c, w: x + np.sin(w["Variable"] * x) ** 2 / w["Variable"],
    ),
    "Addons>Sparsemax": (lambda r: {"axis": -1}, _none, lambda x, c, w: sparsemax(x)),
    "Addons>TLU": (
        lambda r: {"tau_initializer": _start(r), "affine": False, **_rules("tau")},
        lambda r: {"tau": r.normal(size=SIZE)},
        lambda x, c, w: np.maximum(x, w["tau"]),
    ),
    "ELU": (
        lambda r: {"alpha": float(r.uniform(0.1, 2.0))},
        _none,
        lambda x, c, w: below(x, lambda n: c["alpha"] * np.expm1(n)),
    ),
    "LeakyReLU": (
        lambda r: {"alpha": float(r.uniform(0.0, 0.5))},
        _none,
        lambda x, c, w: below(x, lambda n: c["alpha"] * n),
    ),
    "PELU": (
        lambda r: {
            "alpha_initializer": _start(r),
            "beta_initializer": _start(r),
            "shared_axes": None,
            **_rules("alpha", "beta"),
        },
        lambda r: {"alpha": r.uniform(0.5, 2, size=SIZE), "beta": r.uniform(0.5, 2, size=SIZE)},
        lambda x, c, w: np.where(
            x > 0, w["alpha"] / w["beta"] * x, w["alpha"] * np.expm1(np.minimum(x, 0) / w["beta"])
        ),
    ),
    "PReLU": (
        lambda r: {"alpha_initializer": _start(r), "shared_axes": None, **_rules("alpha")},
        lambda r: {"alpha": r.normal(size=SIZE)},
        lambda x, c, w: below(x, lambda n: w["alpha"] * n),
    ),
    "ReLU": (
        lambda r: {"max_value": float(r.uniform(1, 3)), "negative_slope": float(r.uniform(0, 0.3)), "threshold": 0.25},
        _none,
        lambda x, c, w: np.where(x >= 0.25, np.minimum(x, c["max_value"]), c["negative_slope"] * (x - 0.25)),
    ),
    "SReLU": (
        lambda r: {
            **{f"{name}_initializer": _start(r) for name in ("t_left", "a_left", "t_right", "a_right")},
            "shared_axes": None,
            **_rules("t_left", "a_left", "t_right", "a_right"),
        },
        lambda r: {name: r.normal(size=SIZE) for name in ("t_left", "a_left", "t_right", "a_right")},
        lambda x, c, w: _srelu(x, **w),
    ),
    "SineReLU": (
        lambda r: {"epsilon": float(r.uniform(0.001, 0.01))},
        _none,
        lambda x, c, w: np.maximum(x, c["epsilon"] * (np.sin(x) - np.cos(x))),
    ),
    "Swish": (
        lambda r: {"beta": float(r.uniform(0.5, 3)), "trainable": bool(r.integers(2))},
        lambda r: {"scaling_factor": r.uniform(0.5, 3)},
        lambda x, c, w: x * sigmoid((w["scaling_factor"] if c["trainable"] else c["beta"]) * x),
    ),
    "ThresholdedReLU": (
        lambda r: {"theta": float(r.uniform(0, 1))},
        _none,
        lambda x, c, w: np.where(x > c["theta"], x, 0),
    ),
}


def _srelu(x, t_left, a_left, t_right, a_right):
    right = t_left + np.abs(t_right)
    return np.where(x < t_left, t_left + a_left * (x - t_left), np.where(x > right, right + a_right * (x - right), x))


class Written:
    """A Sequential in the words of one version of Keras 2, to which layers are added.

    Attributes:
        layers: their configs.
        weights: by layer, its weights by name.
        value: what the layers so far make of `x`.
    """

    def __init__(self, version, seed):
        self.version, self.rng = version, np.random.default_rng(seed)
        self.layers, self.weights = [], {}
        self.x = self.rng.normal(scale=2.0, size=(5, SIZE)).astype("float32")
        self.value = self.x.astype("float64")

    def add(self, class_name, config, weights, value):
        """A layer, in a new place."""
        weights = {key: np.float32(each) for key, each in weights.items()}
        name = f"{class_name.rpartition('>')[2].lower()}_{len(self.layers)}"
        config = {"name": name, "trainable": True, "dtype": "float32"} | config
        if not self.layers:
            config["batch_input_shape"] = [None, SIZE]
        described = {"class_name": class_name, "config": config}
        if self.version >= "2.13":  # as .h5 and .json of later versions tell classes apart
            package, _, bare = class_name.rpartition(">")
            described |= {
                "class_name": bare,
                "registered_name": class_name if package else None,
                "module": "keras.layers",
            }
        self.layers.append(described)
        self.weights[name] = weights
        self.value = value(self.value, config, {key: np.float64(each) for key, each in weights.items()})

    def dense(self, activation="linear"):
        """A Dense with drawn weights, and one of STRINGS."""
        shape = self.value.shape[-1], SIZE
        start = {"class_name": "GlorotUniform", "config": {"seed": None}}
        config = {"units": SIZE, "activation": activation, "use_bias": True, "kernel_initializer": start}
        config |= {"bias_initializer": {"class_name": "Zeros", "config": {}}, **_rules("kernel", "bias", "activity")}
        del config["activity_constraint"]
        weights = {"kernel": self.rng.normal(scale=0.6, size=shape), "bias": self.rng.normal(size=SIZE)}
        self.add("Dense", config, weights, lambda x, c, w: STRINGS[activation](x @ w["kernel"] + w["bias"]))

    def drawn(self, class_name):
        """One of LAYERS."""
        config, weights, value = LAYERS[class_name]
        self.add(class_name, config(self.rng), weights(self.rng), value)

    def architecture(self):
        """The text of `model.to_json()`."""
        config = {"name": "sequential_1", "layers": self.layers}
        return json.dumps(
            {"class_name": "Sequential", "config": config, "keras_version": self.version, "backend": "tensorflow"}
        )

    def save(self, path, with_architecture=True):
        """The file of `model.save(path)`, or of `model.save_weights(path)`."""
        with h5py.File(path, "w") as file:
            if with_architecture:
                file.attrs["model_config"] = self.architecture()
                file.attrs["keras_version"] = self.version
            group = file.create_group("model_weights") if with_architecture else file
            group.attrs["layer_names"] = [name.encode() for name in self.weights]
            for layer, weights in self.weights.items():
                inside = group.create_group(layer)
                inside.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in weights]
                for name, value in weights.items():
                    inside[f"{layer}/{name}:0"] = value
        return path
