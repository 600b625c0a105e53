"""From a formula in plain text to a function of tensors that keeps its digits, with its derivatives.

    "x/(1 + exp(-x))"
       |  notation        text -> tree of what was written
       |  reading         tree -> expression, with the values of the parameters
       |                  expression, collecting   sums, products and calls in one canonical form
       |                  algebra, canonical       what makes them, applying
       |                  identities/              1/(1 + exp(-u)) = sigmoid(u), exp(u) - 1 = expm1(u), ...
       |  limits          what is written as 0 / 0 or 0 * inf at x = 0
       v
    x sigmoid(x)
       |  derivation      expression -> its derivative, canonical again
       |  evaluating      expression -> function of tensors: precision, derivative rule, sums and products
       |                  functions                exp, log, sin, ... of one argument
       |                  scaled                   numbers m X^k exp(e), which cannot overflow on the way
       |                  cancellation             sums with a square root, in a form that keeps its digits
       |                  near_zero                sums that vanish at 0, quotients of what vanishes there: polynomials
       |                  power_series, truncated  whose coefficients are these
       v
    record                activation, or layer with weights; saved as the formula (string_form)
    define                what users call;  kinks, poles, lost_digits  what is found out about the result

To add a function: a line in `notation.meanings` (what it means) and one in `computations` (derivative, kernel, power
series); an identity that spares it a cancellation goes to `identities`.
"""
