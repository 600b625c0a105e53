"""Formula text to LaTeX and to mpmath, without Keras."""

import fresh_process
import pytest
from mpmath import mp

from keras_acts import notation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x * tanh(log(1 + exp(x)))", r"x \tanh(\log(1 + e^x))"),
        ("1/(1 + exp(-x))", r"\frac{1}{1 + e^{-x}}"),
        ("where(x > 0, x, alpha*(exp(x) - 1))", r"x \; \mathrm{if} \; x > 0, \; \mathrm{else} \; \alpha (e^x - 1)"),
        ("where(x >= theta, 1, 0)", r"[x \geq \theta]"),
        ("where(abs(x) > threshold, x, 0)", r"x \, [|x| > \mathrm{threshold}]"),
        ("x*sigmoid((p1 - p2)*x) + alpha_p*sin(w0*x)", r"x \sigma((p_1 - p_2) x) + \alpha_p \sin(\omega_0 x)"),
        ("max(x, 0)*normal_cdf(x) + T", r"\max(x, 0) \Phi(x) + T"),
        ("exp(-x**2/(2*sigma**2))", r"e^{-x^2 / (2 \sigma^2)}"),
        ("x + sin(2*x)**2/2", r"x + \frac{\sin^2(2 x)}{2}"),
        ("x*(1/2 + arctan(x)/pi)", r"x \left(\frac{1}{2} + \frac{\arctan(x)}{\pi}\right)"),
        ("2*3*x - -x - (1 - x)**3", r"2 \cdot 3 x - (-x) - (1 - x)^3"),
        ("exp(x)**2 + (x**2)**3 + (-x)**2", "(e^x)^2 + (x^2)^3 + (-x)^2"),
        ("clip(x, -1, 1) + log1p(-x) + max_val", r"\min(\max(x, -1), 1) + \log(1 - x) + \mathrm{max\_val}"),
        ("1e30*x*0.5", r"1 \cdot 10^{30} x \cdot 0.5"),
        ("x*sinc(2*x)", r"x \, \mathrm{sinc}(2 x)"),
    ],
)
def test_latex(text, expected):
    assert notation.latex(text) == expected


def test_reference_is_the_text_itself_with_exact_constants():
    gate = notation.reference("x*(1/2 + arctan(x)/pi)")
    with mp.workprec(1200):
        assert abs(gate(-1e100) * mp.pi + 1) < 1e-99  # with pi rounded to float64 it would be -4e83
    swish = notation.reference("x*sigmoid(beta*x)")
    assert swish(mp.mpf(2), beta=0.5, unused=None) == 2 / (1 + mp.exp(-1))
    assert mp.isnan(notation.reference("log(x)")(-1))
    assert notation.reference("where(x > 0, log(x), 0)")(-1) == 0


@pytest.mark.parametrize("name", [name for name in notation.FUNCTIONS if name != "where"])
def test_both_values_of_a_function_agree(name):
    meaning = notation.FUNCTIONS[name]
    arguments = (0.7, 0.2, 0.5)[: meaning.arity]
    assert meaning.value(*arguments) == pytest.approx(float(meaning.exact(mp, *map(mp.mpf, arguments))), rel=1e-15)


@pytest.mark.slow
def test_importing_the_package_parses_no_formula(tmp_path):
    fresh_process.run(
        """
        import sys
        import keras  # first, as it is large and of no interest here

        parsed = []

        def watch(frame, event, argument):
            if event == "call" and frame.f_code.co_name == "tokenize" and "notation" in frame.f_code.co_filename:
                parsed.append(frame.f_locals["text"])

        sys.setprofile(watch)
        import keras_acts

        assert not parsed, parsed
        keras_acts.define("x*tanh(x)")
        assert "x*tanh(x)" in parsed
        """,
        tmp_path,
    )
