"""Formulas become readable where they have a plain form; else they stay as they are written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters.markdown import walk
from formatters.spans import plain
from formatters.syntax.maths import readable


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\alpha_{t}, \Omega \ne \varphi", "αₜ, Ω ≠ φ"),
        (r"\epsilon \le 10^{-3} \times n \to \infty \pm 1 \in \mathbb{R}", "ε ≤ 10⁻³ × n → ∞ ± 1 ∈ ℝ"),
        (r"\mathcal{L}_{\text{KL}}", "ℒ_(KL)"),
        (r"\mathcal L + \mathfrak{g} + \mathbb{1}", "ℒ + 𝔤 + 1"),
        (r"\theta^* x' y^\prime z^{\top} w_\text{max} v_\max", "θ* x' y′ zᵀ wₘₐₓ vₘₐₓ"),
        (r"x^{a,b} x^a_b x^^2 x_ a", "x^(a,b) xᵃ_b x^² xₐ"),
        (r"\frac{a}{b} \dfrac12 \frac{a+b}{\sqrt{c}} \frac{(a)}{x_1}", "a/b 1/2 (a+b)/(√c) (a)/x₁"),
        (r"\sqrt{x+1} \sqrt[3]{x} \sqrt 2", "√(x+1) ³√x √2"),
        (r"\hat{y} \bar x \tilde{\imath}\hat{xy} \hat1x", r"ŷ x̄ ĩ\hat{xy} \hat1x"),
        (r"Schr\"odinger \'{e} \v{r}", "Schrödinger é ř"),
        (r"\left( a \right. \bigl| b \| c \displaystyle d \left.", "( a | b ‖ c d"),
        (r"O(n\log n) \log\alpha \sup_x f \operatorname*{arg\,max}", "O(n log n) log α supₓ f arg max"),
        (r"5\% \$3 \{a\} a~b \, c\!d \quad e \_ \&", "5% $3 {a} a b cd e _ &"),
        ("\\begin{aligned}a &= b \\\\\n c\\end{aligned}", "a = b\nc"),
        (r"\begin{matrix}a & b\end{matrix}", r"\begin{matrix}a & b\end{matrix}"),
        (r"\foo{x_1}{y}_k \bar", r"\foo{x₁}{y}ₖ \bar"),
        ("{a}} b { c", "a} b c"),
        (r"\frac{a} \sqrt", r"a/(\sqrt)"),
        (r"\foo{a", r"\foo{a"),
        ("^ _ {^} \\", "^_ ^ \\"),
        (r"\mathbf{x}^\circ \bm{w} x_{\phantom{a}}", r"x° w x_(\phantom{a})"),
        (r"x_\foo y^\, z_\mathrm{d}", r"x_(\foo) y^, z_d"),
        ("a b", "a b"),
        ("{" * 21 + "a^2" + "}" * 21, "{" * 21 + "a^2" + "}" * 21),
        (r"\frac{a}}", "a/}"),
    ],
)
def test_a_formula(formula: str, text: str) -> None:
    assert readable(formula) == text


PIECES = [
    r"\frac",
    r"\sqrt",
    "[3]",
    r"\hat",
    r"\text",
    r"\foo",
    r"\left.",
    r"\begin",
    "{matrix}",
    "{align}",
    r"\\",
    r"\alpha",
]
FORMULAS = st.lists(st.sampled_from([*PIECES, *"{}^_&~ ab1+(*가", "\n", "\\", r"\%", r"\mathbb", r"\log"]), max_size=12)


@given(FORMULAS.map("".join))
def test_no_letter_of_a_formula_is_lost(formula: str) -> None:
    read = readable(formula)

    for letter in "ab1가*+":  # not those of commands
        bare = re.sub(r"\\[A-Za-z]+|\{matrix\}|\{align\}", " ", formula)
        assert sum(map(read.count, FORMS.get(letter, letter))) >= bare.count(letter)


FORMS = {"a": "aᵃₐ𝕒áàâäãâ", "b": "bᵇ𝕓", "1": "1¹₁𝟙", "+": "+⁺₊"}


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"$\theta^*$ and $\phi^*$", "θ* and φ*"),
        ("$a_i * b_j * c_k$ *x*", "aᵢ * bⱼ * cₖ x"),
        ("값은 $x$이다, $y$는", "값은 x이다, y는"),
        (r"\(x_1 + x_2\), \\(y_1\\), \[ E = mc^2 \]", "x₁ + x₂, y₁, E = mc²"),
        (r"\[PDF\] and \(a note\)", "[PDF] and (a note)"),
        (r"$5 and $10, US$5, US$6, \$7, 5\% of $3", "$5 and $10, US$5, US$6, $7, 5% of $3"),
        ("from $5 million to 6$, $ a $, $x $, $HOME/$USER", "from $5 million to 6$, $ a $, $x $, $HOME/$USER"),
        ("a $$x^2$$ b", "a x² b"),
        ("`$x^2$` $y^2$", "$x^2$ y²"),
        ("a\n$$\n- b\n\n= c\n# d\n$$\ne", "a\n\n- b = c # d\n\ne"),
        ("\\[\nx_1\n\\]\n\\\\[ y_1 \\\\]", "x₁\n\ny₁"),
        ("- a\n  $$\n  x^2\n  $$\n- b", "• a\nx²\n\n• b"),
        ("$$\na\n\n" + "b\n\n" * 60 + "$$", "$$ a" + "\n\nb" * 60 + "\n\n$$"),
        ("- $$\n\na", "• $$\n\na"),
        ("    $$\n    a\n    $$", "$$\na\n$$"),
        ("$$a$$ b $$", "a b $$"),
        (r"Schr\"odinger, Erd\H{o}s, \'{E}tale, \"so\", don\'t, O\'H", "Schrödinger, Erdős, Étale, \"so\", don't, O'H"),
        ("[$x_1$ {:a}==b== c](https://a.org) $a|b$", "x₁ b c a|b"),
        ("$$ $$ a", "$$ $$ a"),
    ],
)
def test_formulas_in_text(markdown: str, text: str) -> None:
    assert plain(walk(markdown)) == text
