"""Stable primitives, which the activations are built on: `from keras_acts.core import numerics as nx`.

Which primitive when. Accuracy is the largest error in units of the last place, plain and compiled (see form.py), over
float32 and float64; tests/test_numerics.py holds it. In brackets what the kernels of `keras.ops` give on a CPU.

For                               Take                            Accuracy        And not, because
--------------------------------  ------------------------------  --------------  --------------------------------------
exp(x), sqrt, log                 `ops`                           1, 1
factor exp(x), x <= 0             `times_exp`                     2.3, 2.3        exp(x) is 0 before the product is
  the same, fewer passes          `times_exp_fast`                3.4, 2.3
  several factors                 `split_exp`                     1.3, 1.2        multiply them in between
  sums of exp(-|x|), e.g. gates   `half_decay` h, e               2, 2            h (h factor), as in `times_square`
factor h^2                        `times_square`                  2.4, 2.4        h^2 is 0 before the product is
exp(x) - 1                        `expm1`                         2.6, 1.7        ops under XLA: three times an exp
log(1 + x)                        `log1p`                         2.2, 1.3        ops (2.5, 127): XLA in float64, x < 0
  -1/2 <= x <= 1, e.g. exp(-|x|)  `log1p_unit`                    2.5, 1.5        `log1p` has one more logarithm
  divided by x                    `log1p_quotient`                1.2, 0.9        0 / 0, and two roundings more
log(1 + exp(x))                   `softplus`                      2.0, 1.9        ops (5.7, 5.7)
arctan(x)                         `arctan`                        2.2, 1.5        ops under XLA: not vectorised
tanh(x) alone                     `ops`                           4.6, 3.5
  in a sum that cancels           `tanh`                          1.5, 2.6        ops where it saturates
  divided by x, x >= 0            `tanh_and_quotient`             0.9, 0.9
1 / (1 + exp(-x))                 `sigmoid`                       5.1, 1.7        ops: shares no exponential under XLA
  its derivatives                 `sigmoid_derivative`            3.3, 1.8        s (1 - s) cancels on the right
                                  `sigmoid_second_derivative`
  times a factor                  `times_sigmoid_derivative`      4.8, 1.8        it vanishes before the product
sech(x)^2 = tanh'(x)              `sech_squared`                  3.9, 2.0        1 - tanh^2 cancels on both sides
  its derivative                  `sech_squared_derivative`
  times a factor                  `times_sech_squared`
x sigmoid(w), derivative          `sigmoid_gated`                 3.3, 2.2        0 inf, and products that vanish early
                                  `sigmoid_gated_derivative`      (the second is `times_sigmoid_derivative`)
erf(x), and divided by x          `erf`, `erf_and_quotient`       1.9, 1.9        ops (3.2, 3.0); erf'(0) is `ERF_PEAK`
Phi(-t) exp(t^2 / 2), t >= 0      `scaled_normal_tail`            3.1, 2.8        erfc vanishes early
the normal density, phi(0)        `NORMAL_PEAK`
x (low + width Phi(x)), its       `normal_gated`                                  every tail cancels
  derivatives                     `normal_gated_derivative`
                                  `normal_gated_second_derivative`
sqrt(x^2 + width^2)               `hypotenuse`                    1.8, 1.8        x^2 overflows
x / sqrt(1 + x^2), derivatives    `algebraic_sigmoid`             1.9, 1.9        of x from `clipped_for_square`
                                  `algebraic_sigmoid_derivative`
                                  `algebraic_sigmoid_second_derivative`
1 + u^2 and its root              `square_and_root`                               of u from `clipped_for_square`
sin(w0 x), cos(w0 x)              `sine`, `cosine`                1.0, 1.4        w0 x rounded loses all digits
differences of waves              `in_float64` (decorator)                        float32 has too few digits
a smooth function without         `fitted`                        < 1             add it to tools/fit_series.py
  a primitive
clipping                          `near` (to +-`FAR`), `finite`                   0 inf and inf - inf are NaN
the dtype                         `largest`, `is_float64`
the machine                       `on_cpu`
over an axis                      `sum_over_axis`, `max_over_axis`, `scale_over_axis`, `weighted_deviation`,
                                  `descending`, `among_largest`, `masked`, `settled`, `divisor`, `repeated`
derivative rules (decorators)     `with_derivative`, `with_partials`, `with_symmetric_jacobian`, `upcast`
types                             `Tensor`

Four things to know before writing a new body:

- A factor times exp(-|x|) must not vanish because the exponential alone falls below the smallest normal number, which
  processors flush to 0: x exp(x) is 88 times larger there. So the factor meets the exponential in two parts.
- TensorFlow's graph optimiser moves constants through products: c (h (h f)) becomes (h (h f)) c, too late where h (h f)
  has vanished. It does not move them out of a sum, a `where`, a `clip` or a square: write c - c y and not c (1 - y).
  `times_exp` takes any factor safely, `times_exp_fast` and `times_square` any number: for a factor 4 y, take 2 h.
- Constants are Python floats. They take the dtype of the tensor they meet; casting a literal would send it through
  float32.
- Where parts meet, as at x = 0, autodiff of the second derivative must take the same side in all of them, the right
  one: `ops.abs` does, and `where(x < 0, ...)`; not `minimum(x, 0)`, and not a sign times what is not 0. The part not
  taken must have a finite derivative too: no 1 / x there.
"""

from keras_acts.core.derivatives import *
from keras_acts.core.form import *
from keras_acts.core.numerics.elementary import *
from keras_acts.core.numerics.hypotenuse import *
from keras_acts.core.numerics.limits import *
from keras_acts.core.numerics.normal import *
from keras_acts.core.numerics.over_axis import *
from keras_acts.core.numerics.polynomials import *
from keras_acts.core.numerics.sigmoid_gates import *
from keras_acts.core.numerics.trigonometry import *
