"""Mann–Kendall and Sen's slope against published values, the variance of Hamed and Rao against a peer."""

from __future__ import annotations

import pytest

from analysis.mann_kendall import hamed_rao, mann_kendall

# Sales of shampoo over three years (Makridakis, Wheelwright and Hyndman 1998, Forecasting).
SHAMPOO = [
    *(266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9),
    *(194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3),
    *(339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9),
]


def test_a_strong_trend() -> None:
    found = mann_kendall(SHAMPOO)
    assert (found.s.item(), found.variance.item()) == (440, 5390)
    assert found.z.item() == pytest.approx(5.979572524, abs=5e-10)
    assert found.p.item() == pytest.approx(2.2372e-09, abs=5e-14)
    assert found.slope.item() == pytest.approx(11.509375, abs=1e-9)


def test_a_short_series() -> None:
    found = mann_kendall([1, 2, 4, 3, 5, 7, 6, 8, 10, 9, 12, 11])
    assert found.s.item() == 58
    assert found.variance.item() == pytest.approx(212.6667, abs=5e-5)
    assert found.z.item() == pytest.approx(3.90863525, abs=2e-8)


@pytest.mark.parametrize(
    ("lags", "variance", "z", "p"),
    [
        (None, 7322.011164105283, 5.130377554630905, 2.8916160532688195e-07),
        (3, 9134.096096096097, 4.593373198870619, 4.361380713024943e-06),
    ],
)
def test_the_variance_of_hamed_and_rao_is_that_of_a_peer(lags: int | None, variance: float, z: float, p: float) -> None:
    """Computed with pymannkendall 1.4.3 (Hussain and Mahmud 2019, Journal of Open Source Software 4(39), 1556)."""
    found = hamed_rao(SHAMPOO, lags=lags, least=0)
    assert found.variance.item() == pytest.approx(variance, rel=1e-12)
    assert found.z.item() == pytest.approx(z, rel=1e-12)
    assert found.p.item() == pytest.approx(p, rel=1e-10)


def test_by_default_the_variance_is_never_below_the_plain_one() -> None:
    saw = [step + 5 * (step % 2) for step in range(30)]
    assert hamed_rao(saw, least=0).variance.item() < mann_kendall(saw).variance.item()
    assert hamed_rao(saw).variance.item() == mann_kendall(saw).variance.item()
