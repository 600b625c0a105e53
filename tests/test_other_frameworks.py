"""Names and arguments of other frameworks mean what they mean there, or are refused: never something else in silence.

The table was written from the constructors of the frameworks themselves (torch 2.13, jax 0.10, TF Addons 0.23,
timm 1.0, transformers 5.23, paddle 3.3, onnx, keras-contrib, x-transformers 2.31, Echo, larq, snnTorch, the authors'
repositories), not from the declarations under test. It says, for each alias whose original takes arguments, what a few
calls are in our arguments; None where it must be refused. All other originals take nothing.
"""

import inspect

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import layers
from keras_acts.core import resolve
from keras_acts.core.activation import activations

SELECTED = (0.125, 1.0 / 3.0)
IN_PLACE = {  # torch's classes and functions whose only argument is `inplace`
    "relu": ("ReLU", "relu"),
    "relu6": ("ReLU6", "relu6"),
    "hard_silu": ("Hardswish", "hardswish"),
    "hard_sigmoid": ("Hardsigmoid", "hardsigmoid"),
    "selu": ("SELU", "selu"),
    "silu": ("SiLU", "silu"),
    "mish": ("Mish", "mish"),
}
SELU = (1.6732632423543772, 1.0507009873554805)
CALLS = {
    "elu": {
        "jax flax": {"elu": 1.0, "elu(0.3)": 0.3, "elu(alpha=0.3)": 0.3},
        "torch": {
            **{"ELU": 1.0, "ELU(0.3)": 0.3, "ELU(0.3, inplace=True)": 0.3, "ELU(0.3, alpha=0.3)": None},
            **{"elu": 1.0, "elu(0.3, True)": 0.3, "elu(0.3, 0.4)": None},
        },
        "onnx": {"Elu": 1.0, "Elu(alpha=0.3)": 0.3},
        "timm": {"elu": 1.0},
    },
    "celu": {
        "jax flax": {"celu": 1.0, "celu(0.3)": 0.3},
        "torch": {"CELU": 1.0, "CELU(0.3)": 0.3, "celu(0.3)": 0.3},
        "onnx": {"Celu": 1.0, "Celu(alpha=0.3)": 0.3},
        "timm": {"celu": 1.0},
    },
    "leaky_relu": {
        "jax flax": {"leaky_relu": 0.01, "leaky_relu(0.3)": 0.3, "leaky_relu(negative_slope=0.3)": 0.3},
        "timm hf": {"leaky_relu": 0.01},
        "tf": {"leaky_relu": 0.2, "leaky_relu(0.3)": 0.3, "leaky_relu(alpha=0.3)": 0.3},
        "torch": {
            **{"LeakyReLU": 0.01, "LeakyReLU(0.3)": 0.3, "LeakyReLU(negative_slope=0.3, inplace=True)": 0.3},
            **{"leaky_relu": 0.01, "leaky_relu(0.3)": 0.3, "leaky_relu(0.3, True)": 0.3},
        },
        "onnx": {"LeakyRelu": 0.01, "LeakyRelu(alpha=0.3)": 0.3},
    },
    "thresholded_relu": {
        "keras2": {"ThresholdedReLU": 1.0, "ThresholdedReLU(0.3)": 0.3},
        "onnx": {"ThresholdedRelu": 1.0, "ThresholdedRelu(alpha=0.3)": 0.3},
    },
    "threshold": {
        "paddle": {
            "thresholded_relu": (1.0, 0.0),
            "thresholded_relu(0.3)": (0.3, 0.0),
            "thresholded_relu(2, 5)": (2.0, 5.0),
        },
        "torch": {
            f"{name}{call}": expected
            for name in ("Threshold", "threshold")
            for call, expected in [("", None), ("(0.3)", None), ("(2, 5)", (2.0, 5.0)), ("(2, value=5)", (2.0, 5.0))]
        },
    },
    "relu_n": {"thinc": {"relu_k": 6.0, "relu_k(3)": 3.0, "relu_k(n=3)": 3.0}},
    "nl_relu": {"echo": {"NLReLU": 1.0, "NLReLU(0.3)": 0.3}},
    "sine_relu": {"keras_contrib": {"SineReLU": 0.0025, "SineReLU(0.3)": 0.3}},
    "gelu": {
        "tf": {"gelu": False, "gelu(True)": True, "gelu(approximate=True)": True},
        "jax flax": {"gelu": True, "gelu(False)": False},
        "tfa": {"gelu": True, "gelu(False)": False, "GELU": True, "GELU(False)": False},
        "torch": {"GELU": False, "GELU('tanh')": True, "GELU(approximate='none')": False, "gelu(True)": None},
        "onnx": {"Gelu": False, "Gelu(approximate='tanh')": True},
    },
    "clipped_gelu": {
        "hf": {"gelu_10": 10.0},
        "physicsnemo": {"CappedGELU": 1.0, "CappedGELU(2)": 2.0, "CappedGELU(cap_value=2)": 2.0},
    },
    "relu": {
        "physicsnemo": {
            "CappedLeakyReLU": (0.01, 1.0, 0.0),
            "CappedLeakyReLU(2)": (0.01, 2.0, 0.0),
            "CappedLeakyReLU(2, negative_slope=0.3)": (0.3, 2.0, 0.0),
        }
    },
    "acon_c": {
        "fairchem": {
            "SmoothLeakyReLU": (1.0, 0.2, 1.25),
            "SmoothLeakyReLU(0.5)": (1.0, 0.5, 2.0),
            "SmoothLeakyReLU(negative_slope=1.0)": (1.0, 1.0, 1.0),
        }
    },
    "exp_sigmoid": {
        "ddsp": {
            "exp_sigmoid": (10.0, 2.0, 1e-7),
            "exp_sigmoid(5, 3)": (5.0, 3.0, 1e-7),
            "exp_sigmoid(threshold=1e-3)": (10.0, 2.0, 1e-3),
        }
    },
    "simnorm": {"tdmpc2": {"SimNorm": (8, -1), "SimNorm(4)": (4, -1), "SimNorm(simnorm_dim=4)": (4, -1)}},
    "hard_shrink": {
        "tfa": {
            "hardshrink": 0.5,
            "hardshrink(-0.3, 0.3)": 0.3,
            "hardshrink(-0.2, 0.3)": None,
            "hardshrink(0.3)": None,
        },
        "torch": {"Hardshrink": 0.5, "Hardshrink(0.3)": 0.3, "hardshrink(lambd=0.3)": 0.3, "hardshrink(0.3)": 0.3},
    },
    "soft_shrink": {
        "tfa": {"softshrink": 0.5, "softshrink(-0.3, 0.3)": 0.3, "softshrink(lower=-0.3)": None},
        "torch": {"Softshrink": 0.5, "Softshrink(0.3)": 0.3, "softshrink(lambd=0.3)": 0.3, "softshrink(0.3)": 0.3},
    },
    "biased_shrink": {"onnx": {"Shrink": (0.5, 0.0), "Shrink(bias=0.3, lambd=0.4)": (0.4, 0.3), "Shrink(0.3)": None}},
    "hard_tanh": {
        "torch": {
            **{"Hardtanh": (-1.0, 1.0), "Hardtanh(-2, 3)": (-2.0, 3.0), "Hardtanh(0.3)": (0.3, 1.0)},
            **{"hardtanh(-2, 3, True)": (-2.0, 3.0), "hardtanh(max_val=3)": (-1.0, 3.0)},
        },
        "onnx": {"Clip(min=4, max=3)": None, "Clip(min=-2, max=3)": (-2.0, 3.0), "Clip(-2, 3)": (-2.0, 3.0)},
    },
    "hard_sigmoid_legacy": {"onnx": {"HardSigmoid": (0.2, 0.5), "HardSigmoid(0.3, beta=0.4)": (0.3, 0.4)}},
    "softplus": {
        "torch": {
            **{"Softplus": (1.0, 20.0), "Softplus(2)": (2.0, 20.0), "Softplus(2, threshold=30)": (2.0, 30.0)},
            **{"softplus": (1.0, 20.0), "softplus(2)": (2.0, 20.0)},
        }
    },
    "squareplus": {"jax": {"squareplus": 4.0, "squareplus(2)": 2.0, "squareplus(b=2)": 2.0}},
    "mega_laplace": {"hf": {"laplace": (0.707107, 0.282095), "laplace(0.5, 0.3)": (0.5, 0.3)}},
    "softcap": {"x_transformers": {"softclamp": None, "softclamp(50)": 50.0, "softclamp(value=50)": 50.0}},
    "snake": {"tfa": {"snake": 1.0, "snake(2)": 2.0, "snake(frequency=2)": 2.0}},
    "sin": {"echo": {"Sine": 1.0, "Sine(2)": 2.0, "Sine(w0=2)": 2.0}},
    "isru": {"echo": {"ISRU": 1.0, "ISRU(0.3)": 0.3}},
    "isrlu": {"echo": {"ISRLU": 1.0, "ISRLU(0.3)": 0.3}},
    "soft_clipping": {"echo": {"SoftClipping": 0.5, "SoftClipping(0.3)": 0.3}},
    "scaled_silu": {"echo": {"ESwish": 1.735, "ESwish(1.5)": 1.5}},
    "tanhsoft": {"echo": {"TanhSoft": (0.6, 1.0), "TanhSoft(0.3)": None, "TanhSoft(beta=0.3)": (0.3, 1.0)}},
    "swish_beta": {
        "onnx": {"Swish": 1.0, "Swish(alpha=2)": 2.0, "Swish(2)": 2.0},
        "keras_contrib": {"Swish": 1.0, "Swish(2)": 2.0, "Swish(2, False)": 2.0, "Swish(2, True)": None},
    },
    "selu": {"onnx": {"Selu": SELU, "Selu(2, gamma=3)": (2.0, 3.0), "Selu(gamma=3)": (SELU[0], 3.0)}},
    "step": {
        "mlx": {"step": {"threshold": 0.0, "at_threshold": 1.0, "surrogate": None}, "step(0.3)": {"threshold": 0.3}},
        "larq": {
            "ste_heaviside": {"at_threshold": 0.0, "surrogate": "clipped", "clip_value": 1.0},
            "ste_heaviside(2)": {"at_threshold": 0.0, "surrogate": "clipped", "clip_value": 2.0},
            "ste_heaviside(clip_value=None)": {"at_threshold": 0.0, "surrogate": "straight_through"},
        },
        "snntorch": {
            "fast_sigmoid": {"threshold": 0.0, "at_threshold": 0.0, "surrogate": "fast_sigmoid", "slope": 25.0},
            "fast_sigmoid(10)": {"at_threshold": 0.0, "surrogate": "fast_sigmoid", "slope": 10.0},
            "atan": {"at_threshold": 0.0, "surrogate": "atan", "alpha": 2.0},
            "atan(alpha=3)": {"at_threshold": 0.0, "surrogate": "atan", "alpha": 3.0},
            "atan(3)": {"at_threshold": 0.0, "surrogate": "atan", "alpha": 3.0},
            "sigmoid": {"at_threshold": 0.0, "surrogate": "sigmoid", "slope": 25.0},
            "sigmoid(3)": {"at_threshold": 0.0, "surrogate": "sigmoid", "slope": 3.0},
            "straight_through_estimator": {"at_threshold": 0.0, "surrogate": "straight_through"},
        },
    },
    "bipolar": {
        "larq": {
            "ste_sign": {"at_zero": 1.0, "surrogate": "clipped", "clip_value": 1.0},
            "ste_sign(1.3)": {"surrogate": "clipped", "clip_value": 1.3},
            "ste_sign(None)": {"surrogate": "straight_through"},
            "approx_sign": {"at_zero": 1.0, "surrogate": "triangular"},
            "swish_sign": {"at_zero": 1.0, "surrogate": "swish_sign", "beta": 5.0},
            "swish_sign(3)": {"surrogate": "swish_sign", "beta": 3.0},
        }
    },
    "ternarize": {
        "larq": {
            "ste_tern": {"threshold": 0.05, "surrogate": "clipped", "clip_value": 1.0},
            "ste_tern(0.1, False, 2)": {"threshold": 0.1, "surrogate": "clipped", "clip_value": 2.0},
            "ste_tern(0.1, clip_value=None)": {"threshold": 0.1, "surrogate": "straight_through"},
            "ste_tern(0.1, True)": None,
            "ste_tern(ternary_weight_networks=True)": None,
        }
    },
    "softmax": {
        "tf jax flax paddle mlx": {"softmax": -1, "softmax(1)": 1, "softmax(axis=1)": 1},
        "torch": {"Softmax": None, "Softmax(1)": 1, "softmax": None, "softmax(1)": 1, "softmax(dim=1)": 1},
        "onnx": {"Softmax": -1, "Softmax(axis=1)": 1},
    },
    "log_softmax": {
        "tf jax flax paddle mlx": {"log_softmax": -1, "log_softmax(1)": 1},
        "torch": {
            "LogSoftmax": None,
            "LogSoftmax(1)": 1,
            "log_softmax": None,
            "log_softmax(1)": 1,
            "log_softmax(dim=1)": 1,
        },
        "onnx": {"LogSoftmax": -1, "LogSoftmax(axis=1)": 1},
    },
    "softmin": {"torch": {"Softmin": None, "Softmin(1)": 1, "softmin(1)": 1}, "mlx": {"softmin": -1, "softmin(1)": 1}},
    "softmax2d": {"torch": {"Softmax2d": -3}, "paddle": {"Softmax2D": -3}},
    "sparsemax": {
        "tfa": {f"{name}{call}": axis for name in ("sparsemax", "Sparsemax") for call, axis in [("", -1), ("(1)", 1)]}
    },
    "hardmax": {"onnx": {"Hardmax": -1, "Hardmax(axis=1)": 1}},
    "PReLU": {
        "torch paddle mmcv": {
            "PReLU": {"alpha_initializer": 0.25, "shared_axes": "all"},
            "PReLU(1)": {"alpha_initializer": 0.25, "shared_axes": "all"},
            "PReLU(64)": {"alpha_initializer": 0.25, "shared_axes": None},
            "PReLU(num_parameters=64, init=0.1)": {"alpha_initializer": 0.1, "shared_axes": None},
        },
        "torch paddle": {"prelu(0.1, 0.2)": None, "prelu(0.1)": {"alpha_initializer": 0.1, "shared_axes": "all"}},
        "onnx": {
            "PRelu(0.1, 0.2)": None,
            "PRelu(slope=0.1)": {"alpha_initializer": 0.1, "shared_axes": "all"},
            "PRelu(0.1)": {},
        },
        "timm hf": {
            "prelu": {"alpha_initializer": 0.25, "shared_axes": "all"},
            "prelu(64)": {"alpha_initializer": 0.25, "shared_axes": None},
        },
        "flax": {
            "PReLU": {"alpha_initializer": 0.01, "shared_axes": "all"},
            "PReLU(0.3)": {"alpha_initializer": 0.3, "shared_axes": "all"},
            "PReLU(negative_slope_init=0.3)": {"alpha_initializer": 0.3},
        },
        "keras": {
            "PReLU": {"alpha_initializer": 0.0, "shared_axes": []},
            "PReLU('ones', shared_axes=[1, 2])": {"alpha_initializer": 1.0, "shared_axes": [1, 2]},
            "PReLU(shared_axes=None)": {"alpha_initializer": 0.0, "shared_axes": []},
        },
    },
    "Stan": {
        "physicsnemo": {"Stan": {"beta_initializer": 1.0, "expected_channels": 1}, "Stan(8)": {"shared_axes": None}}
    },
    "LearnableSigmoid": {
        "mp_senet": {
            "LearnableSigmoid1d(8)": {"initial_beta": 1.0, "learn_beta": False, "slope_initializer": 1.0},
            "LearnableSigmoid1d(8, 2.0)": {"initial_beta": 2.0},
            "LearnableSigmoid2d(8, beta=2.0)": {"initial_beta": 2.0, "shared_axes": None},
            "PLSigmoid(8)": {"initial_beta": 2.0, "learn_beta": True},
        },
        "speechbrain": {
            "Learnable_sigmoid": {"initial_beta": 1.2, "learn_beta": False, "expected_channels": 257},
            "Learnable_sigmoid(8)": {"initial_beta": 1.2, "expected_channels": 8},
        },
    },
    "Dice": {
        "deepctr": {
            "Dice": {"epsilon": 1e-9, "beta_initializer": None, "alpha_initializer": 0.0, "momentum": 0.99},
            "Dice(epsilon=1e-6)": {"epsilon": 1e-6},
            "Dice(axis=1)": None,
            "Dice(1)": None,
        },
        "din": {
            "dice": {"epsilon": 1e-9, "beta_initializer": 0.0},
            "dice(epsilon=1e-6)": {"epsilon": 1e-6},
            "dice(1)": None,
        },
    },
    "GroupSort": {
        "deel": {
            "GroupSort": {"group_size": None, "grouping": "consecutive", "descending": False},
            "GroupSort(2)": {"group_size": 2},
            "GroupSort(n=3)": {"group_size": 3},
        },
        "lnets": {"MaxMin": None, "MaxMin(2)": None},
    },
    "GDN": {
        "compressai": {
            "GDN(8)": {"inverse": False, "beta_min": 1e-6, "expected_channels": 8},
            "GDN(8, True, 1e-3)": {"inverse": True, "beta_min": 1e-3},
        }
    },
    "WireGabor": {
        "wire": {
            "RealGaborLayer(3, 8)": {"w0": 10.0, "s0": 10.0, "use_bias": True, "expected_channels": 3},
            "RealGaborLayer(3, 8, False, True, 30.0, 5.0)": {"w0": 30.0, "s0": 5.0, "use_bias": False},
        }
    },
    "StarReLU": {
        "timm": {
            "StarReLU": {"scale_initializer": 1.0, "bias_initializer": 0.0},
            "StarReLU(0.9, -0.4)": {"scale_initializer": 0.9, "bias_initializer": -0.4},
            "StarReLU(bias_value=-0.4)": {"scale_initializer": 1.0, "bias_initializer": -0.4},
            "StarReLU(0.9, -0.4, False)": None,
        }
    },
    "TLU": {
        "tfa": {
            "TLU": {"affine": False, "tau_initializer": 0.0, "shared_axes": []},
            "TLU(True, 'ones')": {"affine": True, "tau_initializer": 1.0, "alpha_initializer": 0.0},
            "TLU(True, 'ones', None)": None,
        }
    },
    "RReLU": {
        framework: {f"{name}{call}": {"lower": low, "upper": high} for name in names for call, low, high in calls}
        for framework, names in {"torch paddle": ("RReLU", "rrelu"), "mmcv": ("RReLU",), "tfa": ("rrelu",)}.items()
        for calls in [[("", *SELECTED), ("(0.1)", 0.1, SELECTED[1]), ("(0.1, upper=0.3)", 0.1, 0.3)]]
        # `inplace` and `training` of torch: test_foreign_names.py
    },
    "SReLU": {
        "keras_contrib": {
            "SReLU": {"a_left_initializer": (0.0, 1.0), "t_right_initializer": (0.0, 5.0), "shared_axes": []},
            "SReLU(0.5)": {"t_left_initializer": 0.5, "a_right_initializer": 1.0},
        }
    },
    "PELU": {
        "keras_contrib": {
            "PELU": {"alpha_initializer": 1.0, "beta_initializer": 1.0, "shared_axes": []},
            "PELU('zeros')": {"alpha_initializer": 0.0, "beta_initializer": 1.0},
            "PELU('zeros', 'zeros')": None,  # the second is a regularizer there
        }
    },
    "XIELU": {
        "hf": {
            "xielu": {"alpha_p": 0.8, "alpha_n": 0.8, "beta": 0.5},
            "xielu(0.7, 0.9)": {"alpha_p": 0.7, "alpha_n": 0.9, "beta": 0.5},
            "xielu(alpha_n_init=0.9)": {"alpha_p": 0.8, "alpha_n": 0.9},
        }
    },
    "Snake": {
        "tfa": {
            "Snake": {"frequency_initializer": 1.0, "shared_axes": "all"},
            "Snake('zeros')": {"frequency_initializer": 0.0, "shared_axes": "all"},
        },
        "hf": {"Snake1d(8)": {"frequency_initializer": 1.0, "shared_axes": None}},
        "bigvgan": {
            "Snake(8)": {"frequency_initializer": 1.0, "shared_axes": None},
            "Snake(8, 0.5)": {"frequency_initializer": 0.5},
            "Snake(8, alpha_logscale=True)": {"frequency_initializer": 0.0, "log_scale": True},
            "Snake(8, 0.5, False)": {"frequency_initializer": 0.5, "log_scale": False, "trainable": False},
        },
    },
    "SnakeBeta": {
        "hf": {"SnakeBeta(8)": {"alpha_initializer": 0.0, "beta_initializer": 0.0, "shared_axes": None}},
        "bigvgan": {
            "SnakeBeta(8)": {"alpha_initializer": 1.0, "beta_initializer": 1.0, "log_scale": False},
            "SnakeBeta(8, 0.5)": {"alpha_initializer": 0.5, "beta_initializer": 0.5, "shared_axes": None},
            "SnakeBeta(8, 0.5, True, True)": {"alpha_initializer": 0.0, "beta_initializer": 0.0, "log_scale": True},
        },
    },
    "Sine": {"echo": {"Sine": {"initial_w0": 1.0}, "Sine(2)": {"initial_w0": 2.0}}},
    "ACONC": {"acon": {"AconC(8)": {"beta_initializer": 1.0, "shared_axes": None}}},
    "MetaACON": {
        "acon": {
            "MetaAconC(64)": {"reduction": 16, "epsilon": 1e-5, "momentum": 0.9, "batch_norm": True},
            "MetaAconC(64, r=4)": {"reduction": 4},
        }
    },
    "FReLU": {"echo": {"Funnel(64)": {"kernel_size": 3, "epsilon": 1e-5, "momentum": 0.9}}},
    "DynamicReLU": {
        "dyrelu": {
            "DyReLUA(64)": {"pieces": 2, "reduction": 4, "per_channel": False},
            "DyReLUB(64)": {"pieces": 2, "reduction": 4, "per_channel": True},
            "DyReLUB(64, 8, k=3)": {"pieces": 3, "reduction": 8},
        }
    },
    "DynamicTanh": {
        "x_transformers": {
            "DynamicTanh(64)": {"alpha_initializer": 1.0},
            "DynamicTanh(64, 0.7)": {"alpha_initializer": 0.7},
        },
        "dyt": {
            "DynamicTanh(64, True)": {"alpha_initializer": 0.5},
            "DynamicTanh(64, True, 0.7)": {"alpha_initializer": 0.7},
        },
    },
    "Derf": {
        "x_transformers": {
            "Derf(64)": {"alpha_initializer": 0.5, "shift_initializer": 0.0},
            "Derf(64, 0.7, 0.1)": {"alpha_initializer": 0.7, "shift_initializer": 0.1},
        }
    },
    "PolyNorm": {"polycom": {"PolyNorm": {"epsilon": 1e-6}, "PolyNorm(1e-5)": {"epsilon": 1e-5}}},
    "LearnableAffine": {"timm hf": {"LearnableAffineBlock(0.5)": None, "LearnableAffineBlock(0.5, 0.1)": None}},
    "Maxout": {
        "tfa": {
            "Maxout": {"grouping": "strided", "axis": -1},
            "Maxout(4)": {"units": 4, "pieces": None, "grouping": "strided", "axis": -1},
            "Maxout(num_units=4, axis=1)": {"units": 4, "axis": 1},
        },
        "paddle": {
            f"{name}{call}": None if groups is None else {"pieces": groups, "grouping": "consecutive", "axis": axis}
            for name in ("Maxout", "maxout")
            for call, groups, axis in [("", None, 1), ("(4)", 4, 1), ("(4, -1)", 4, -1), ("(groups=4)", 4, 1)]
        },
        "echo": {"Maxout": {"pieces": 1, "grouping": "consecutive"}, "Maxout(4)": {"pieces": 4, "axis": 1}},
    },
    "CReLU": {"tf": {"crelu": {"axis": -1}, "crelu(1)": {"axis": 1}}},
    "GLU": {
        "torch": {"GLU": {"axis": -1}, "GLU(1)": {"axis": 1}, "glu(dim=1)": {"axis": 1}, "glu(1)": {"axis": 1}},
        "jax flax": {"glu": {"axis": -1, "gate_first": False}, "glu(1)": {"axis": 1}},
        "paddle": {"GLU(1)": {"axis": 1}, "glu(1)": {"axis": 1}},
        "mlx": {"GLU": {"axis": -1}, "GLU(1)": {"axis": 1}},
    },
    "SwiGLU": {
        "onnx": {"SwiGLU": {"alpha": 1.0, "gate_first": True}, "SwiGLU(alpha=2)": {"alpha": 2.0}},
        "diffusers": {"SwiGLU": {"gate_first": False}, "SwiGLU(64, 32)": None},
        "vllm": {"SiluAndMul": {"gate_first": True}, "MulAndSilu": {"gate_first": False}},
    },
    "GEGLU": {
        "diffusers": {"GEGLU": {"gate_first": False, "approximate": False}, "GEGLU(64, 32)": None},
        "vllm": {"GeluAndMul": {"approximate": False, "gate_first": True}, "GeluAndMul('tanh')": {"approximate": True}},
    },
    "SwiGLUOAI": {
        "vllm": {
            "SwigluOAIAndMul(1.5, 5)": {"alpha": 1.5, "limit": 5.0},
            "SwigluOAIAndMul": {"alpha": 1.702, "limit": 7.0},
        },
        "gpt_oss": {"swiglu": {"alpha": 1.702, "limit": 7.0}, "swiglu(1.5)": {"alpha": 1.5, "limit": 7.0}},
    },
    "SwiGLUClamped": {"vllm": {"SiluAndMulWithClamp(5)": {"limit": 5.0}}},
    "SwiGLUStep": {"vllm": {"SwigluStepAndMul": {"limit": 7.0}, "SwigluStepAndMul(5)": {"limit": 5.0}}},
    "GatedDense": {
        "x_transformers": {
            "GLU": None,
            "GLU(64, 32, 'silu')": {"asked_units": 32, "use_bias": True},
            "GLU(64, 32, 'silu', True)": None,
        }
    },
    "GumbelSoftmax": {
        "torch": {
            "gumbel_softmax": {"temperature": 1.0, "hard": False, "axis": -1},
            "gumbel_softmax(0.5, True, 1e-10, 1)": {"temperature": 0.5, "hard": True, "axis": 1},
            "gumbel_softmax(tau=0.5, dim=1)": {"temperature": 0.5, "axis": 1},
        },
        "paddle": {"gumbel_softmax(0.5, True, 1)": {"temperature": 0.5, "hard": True, "axis": 1}},
    },
    "AlphaDropout": {
        "torch": {
            "AlphaDropout": {"rate": 0.5, "noise_shape": None},
            "AlphaDropout(0.2, True)": {"rate": 0.2, "noise_shape": None},
            "AlphaDropout(0.2, 0.3)": None,
            "alpha_dropout(0.2)": {"rate": 0.2, "noise_shape": None},
            "alpha_dropout(0.2, True)": None,  # training, which Keras decides
            "feature_alpha_dropout(0.2)": {"rate": 0.2, "noise_shape": "channels"},
            "AlphaDropout(p=0.2)": {"rate": 0.2, "noise_shape": None},
            "FeatureAlphaDropout": {"rate": 0.5, "noise_shape": "channels"},
            "FeatureAlphaDropout(0.2)": {"rate": 0.2, "noise_shape": "channels"},
        },
        "paddle": {
            **{"AlphaDropout": {"rate": 0.5}, "AlphaDropout(0.2)": {"rate": 0.2}, "alpha_dropout(0.2)": {"rate": 0.2}},
            "feature_alpha_dropout(0.2)": {"rate": 0.2, "noise_shape": "channels"},
        },
        "keras": {
            "AlphaDropout(0.2, noise_shape=[None, 1])": {"rate": 0.2, "noise_shape": [None, 1]},
            "AlphaDropout(0.2, [None, 1])": None,
        },
    },
}
CASES = [
    (record, f"{framework}:{call}", expected)
    for record, by_framework in CALLS.items()
    for frameworks, calls in by_framework.items()
    for framework in frameworks.split()
    for call, expected in calls.items()
]
CASES += [
    (record, f"torch:{name}{call}", {"relu": (0.0, None, 0.0), "selu": SELU}.get(record, ()))
    for record, names in IN_PLACE.items()
    for name in names
    for call in ("", "(True)", "(False)", "(inplace=True)")
]
RECORDS = [*activations.current().values(), *resolve.layers.current().values()]
ALIASES = [
    (record, f"{framework}:{alias.name}")
    for record in RECORDS
    for framework in record.aliases
    for alias in record.aliases[framework]
]


def made(record, text):
    """What our arguments are: those of a function or, by name, those of a layer."""
    if record[0].islower():
        activation = keras_acts.get(text)
        params = getattr(activation, "all_params", keras_acts.info(record).defaults)
        assert resolve.declaration_of(activation)[0].name == record
        return params
    layer = layers.get(text)
    assert type(layer).__name__ == record
    return layer


def names_of_ours(record):
    if record[0].islower():
        return list(keras_acts.info(record).params)
    return [name for name in inspect.signature(layers.info(record).cls.__init__).parameters if name != "kwargs"]


def plain(value):
    kinds = keras.initializers
    if isinstance(value, kinds.Zeros | kinds.Ones):
        return float(isinstance(value, kinds.Ones))
    if isinstance(value, kinds.RandomUniform):
        return value.minval, value.maxval
    return getattr(value, "value", value)


@pytest.mark.parametrize(("record", "text", "expected"), CASES, ids=[text for _, text, _ in CASES])
def test_arguments_mean_what_they_mean_there_or_are_refused(record, text, expected):
    if expected is None:
        with pytest.raises((TypeError, ValueError)) as refused:
            made(record, text)
        remedies = [f"`{name}`" for name in names_of_ours(record)] + ["pieces =", "keras_acts.layers."]
        assert any(remedy in str(refused.value) for remedy in remedies), refused.value
        return
    got = made(record, text)
    if isinstance(expected, dict):
        of = got.__getitem__ if isinstance(got, dict) else lambda name: plain(getattr(got, name))
        assert {name: of(name) for name in expected} == expected
    else:
        wanted = expected if isinstance(expected, tuple) else (expected,)
        assert tuple(got.values()) == wanted


@pytest.mark.parametrize(("record", "name"), ALIASES, ids=[f"{record.name}-{name}" for record, name in ALIASES])
def test_the_first_positional_argument_of_every_alias_is_decided(record, name):
    """Each alias is in the table with arguments, or its original has none and they are refused."""
    calls = [text for owner, text, _ in CASES if owner == record.name and text.startswith(f"{name}(")]
    if not calls:
        for value in ("0.3", "3", "True"):
            with pytest.raises(TypeError, match="too many positional arguments"):
                made(record.name, f"{name}({value})")


def test_the_calls_of_the_table_are_of_aliases_that_exist():
    known = {(record.name, name) for record, name in ALIASES}
    assert {(record, text.partition("(")[0]) for record, text, _ in CASES} <= known


@pytest.mark.parametrize(
    "name",
    [
        "rational_activations:Rational",
        "echo:APL",
        "echo:Swish",
        "echo:ProbAct",
        "echo:Siren",
        "echo:MPeLU",
        "echo:SoftExponential",
        "keras1:MaxoutDense",
        "x_transformers:gumbel_softmax",
    ],
)
def test_what_cannot_have_the_defaults_of_its_framework_has_no_alias(name):
    for get in (keras_acts.get, layers.get):
        with pytest.raises(ValueError, match=r"Unknown|is an activation function|but a layer"):
            get(name)


@pytest.mark.parametrize("name", ["timm:StarReLU", "hf:xielu", "keras_contrib:PELU"])
def test_what_learns_there_is_no_fixed_function_here(name):
    with pytest.raises(ValueError, match=rf"Add the layer instead: keras_acts\.layers\.get\('{name}'\)"):
        keras_acts.get(name)
    assert layers.get(name)(np.ones((2, 3), "float32")) is not None
    with pytest.raises(ValueError, match=r"Use keras\.layers\.Activation\('keras_contrib:Swish'\)"):
        layers.get("keras_contrib:Swish")


@pytest.mark.parametrize(
    ("written", "right", "default"),
    [
        ("torch:Leaky_ReLU", "torch:LeakyReLU", 0.01),
        ("torch.nn.LeakyReLU", "torch:LeakyReLU", 0.01),
        ("torch.nn.LeakyReLU(0.01)", "torch:LeakyReLU", 0.01),
        ("torch.nn.functional.leaky_relu", "torch:LeakyReLU", 0.01),
        ("nn.LeakyReLU", "torch:LeakyReLU", 0.01),
        ("onnx:LeakyReLU", "onnx:LeakyRelu", 0.01),
        ("jax.nn.leaky_relu", "jax:leaky_relu", 0.01),
        ("tf.nn.leaky_relu", "tf:leaky_relu", 0.2),
        ("jax.nn.gelu", "jax:gelu", True),
        ("tfa.activations.gelu", "tfa:gelu", True),
        ("Addons>gelu", "tfa:gelu", True),
        ("Addons>GELU", "tfa:gelu", True),
        ("tensorflow_addons.layers.GELU", "tfa:gelu", True),
        ("torch:soft_shrink", "torch:Softshrink", 0.5),
    ],
)
def test_hints_keep_the_framework_and_so_its_default(written, right, default):
    with pytest.raises(ValueError, match=rf"Did you mean '{right}'\?"):
        keras_acts.get(written)
    with pytest.raises(ValueError, match=rf"Activation\('{right}'\)|Did you mean '{right}'"):
        layers.get(written)
    _, parameters = resolve.declaration_of(keras_acts.get(right))
    assert list(parameters.values()) == [default]


def test_a_misspelt_name_is_looked_for_in_its_framework():
    with pytest.raises(ValueError, match=r"Did you mean 'torch:LeakyReLU'\?"):
        keras_acts.get("torch:LekyReLU")
    with pytest.raises(ValueError, match=r"Did you mean 'torch:PReLU'\?"):
        layers.get("torch:PRelu6")


@pytest.mark.parametrize("name", ["jax:gelu", "jax:leaky_relu", "keras2:hard_sigmoid", "torch:Softshrink"])
def test_an_activation_asked_for_as_a_layer_is_named_with_its_framework(name):
    with pytest.raises(ValueError, match=rf"Use keras\.layers\.Activation\('{name}'\)\."):
        layers.get(name)


def test_a_hint_to_ours_says_that_its_defaults_are_ours():
    for call in (lambda: keras_acts.get("paddle:leaky_relu"), lambda: layers.get("paddle:leaky_relu")):
        with pytest.raises(ValueError, match=r"'leaky_relu'.*, with defaults of its own and not those of paddle"):
            call()
    for name in ("keras.layers.LeakyReLU", "tf.keras.layers.LeakyReLU"):  # 0.3, in Keras too the function has 0.2
        with pytest.raises(ValueError, match=r"Add the layer instead: keras\.layers\.LeakyReLU\(\)"):
            keras_acts.get(name)
    for name, right in (
        ("torch.nn.PReLU", "torch:PReLU"),
        ("torch:Prelu", "torch:PReLU"),
        ("Addons>Maxout", "tfa:Maxout"),
    ):
        with pytest.raises(ValueError, match=rf"keras_acts\.layers\.get\('{right}'\)"):
            keras_acts.get(name)
        with pytest.raises(ValueError, match=f"Did you mean '{right}'"):
            layers.get(name)


def test_prelu_of_torch_is_per_channel_or_one():
    x = -np.ones((2, 64), "float32")
    for text, weights in (("torch:PReLU(64)", 64), ("torch:PReLU", 1), ("torch:PReLU(num_parameters=1)", 1)):
        layer = layers.get(text)
        np.testing.assert_array_equal(layer(x), 0.25 * x)
        assert layer.count_params() == weights


def test_ours_by_name_are_understood_beside_theirs():
    layer = layers.get("torch:PReLU(64, alpha_regularizer='l2')", name="mine", num_parameters=1)
    assert (layer.name, layer.shared_axes, type(layer.alpha_regularizer).__name__) == ("mine", "all", "L2")
    assert keras_acts.get("torch:ELU(0.3)", alpha=0.7) == keras_acts.get("elu(alpha=0.7)")
    assert keras_acts.get("torch:Softshrink", threshold=0.7) == keras_acts.get("soft_shrink(0.7)")
