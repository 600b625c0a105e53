"""Formulas that are written as 0 / 0 or 0 * inf at x = 0: value and both derivatives there and near, against mpmath."""

import dataclasses
import random

import numpy as np
import pytest
import quotients
import tensorflow as tf
from formulas import judge
from mpmath import mp

import keras_acts
from keras_acts.authoring import define
from keras_acts.authoring.formula import define as of_define
from keras_acts.authoring.formula import power_series, reading, record
from keras_acts.testing import contract, metric, oracle

DRAWN = [quotients.drawn(random.Random(seed)) for seed in range(200)]
NAMED = ("sin(x)/x", "tanh(x)/x", "(exp(x) - 1)/x", "x/(exp(x) - 1)", "1/x - 1/tanh(x)", "x/sin(x) + abs(x)*0")
NAMED = (*NAMED[:-1], "log(1 + x)/x", "(1 - cos(x))/x**2", "(x - sin(x))/x**3", "sqrt(tanh(x)/x)", "log(sin(x)/x)")
NAMED = (*NAMED, "tanh(1000*x)/x", "sin(0.001*x)/x", "sinc(x)", "gelu*(1 + 0.5*sinc(x))")
