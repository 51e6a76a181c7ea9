"""Kendall's S and Sen's slope against published values."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.cube import kendall_s, sen_slope

# Sales of shampoo over three years (Makridakis, Wheelwright and Hyndman 1998, Forecasting).
SHAMPOO = [
    *(266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9),
    *(194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3),
    *(339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9),
]

NO = float("nan")
# Monthly rainfall at Bogra from 1981 to 2010 in millimetres, two years a line: the first series that pymannkendall
# (Hussain and Mahmud 2019) is tested on. Seven months are not known.
RAIN = [
    *(32, 20, 25, 189, 240, 193, 379, 278, 301, 0, 0, 82, 0, 4, NO, NO, 121, 234, 360, 262, 120, 30, 11, 1),
    *(7, 3, 31, 31, 355, 102, 248, 274, 308, NO, 5, 26, 11, 16, 6, 48, 388, 539, 431, 272, 404, 186, 0, 2),
    *(0, 4, 1, 54, 272, 459, 235, 164, 365, 135, 2, NO, NO, 4, 0, 128, 210, 163, 446, 225, 462, 467, 19, 13),
    *(0, 3, 17, 132, 178, 338, 525, 623, 145, 31, 19, 3, 0, 29, 25, 87, 259, 756, 486, 180, 292, 43, 92, 1),
    *(0, 16, 2, 0, 130, 253, 594, 111, 273, 30, 0, 4, 0, 27, 24, 41, 292, 378, 499, 265, 320, 227, 4, 0),
    *(4, 14, 8, 48, 416, 240, 404, 207, 733, 105, 0, 112, 0, 14, 0, 30, 140, 202, 289, 159, 424, 106, 3, 0),
    *(65, 3, 14, 58, 268, 466, 432, 266, 240, 95, 1, 0, 10, 26, 4, 114, 94, 289, 173, 208, 263, 156, 5, 0),
    *(16, 16, 14, 0, 111, 475, 534, 432, 471, 117, 70, 1, 3, 28, 7, 401, 184, 283, 338, 171, 335, 176, 0, 0),
    *(10, 11, 9, 140, 102, 208, 298, 245, 220, 29, 2, 27, 10, 13, 26, 84, 143, 367, 749, 563, 283, 353, 10, 0),
    *(0, 0, 0, 9, 246, 265, 343, 429, 168, 133, 17, 0, 18, 35, 76, 158, 272, 250, 190, 289, 466, 84, 0, 0),
    *(0, 0, 0, 22, 217, 299, 185, 115, 344, 203, 8, NO, NO, 0, 5, 284, 123, 254, 476, 496, 326, 27, 20, 0),
    *(4, 53, 72, 113, 214, 364, 219, 220, 156, 264, 0, 13, 0, 0, 45, 90, 137, 638, 529, 261, 206, 251, 0, 0),
    *(5, 9, 58, 72, 138, 130, 471, 328, 356, 523, 0, 1, 0, 0, 12, 143, 193, 184, 192, 138, 174, 69, 1, 0),
    *(0, 18, 25, 28, 92, 732, 320, 256, 302, 131, 15, 0, 27, 0, 22, 20, 213, 393, 474, 374, 109, 159, 0, 0),
    *(0, 3, 3, 49, 205, 128, 194, 570, 169, 89, 0, 0, 0, 0, 0, 26, 185, 286, 92, 225, 244, 190, 3, 20),
]


def test_a_strong_trend() -> None:
    assert kendall_s(SHAMPOO).item() == 440
    assert sen_slope(SHAMPOO).item() == pytest.approx(11.509375, abs=1e-9)


def test_a_short_series() -> None:
    assert kendall_s([1, 2, 4, 3, 5, 7, 6, 8, 10, 9, 12, 11]).item() == 58


def test_thirty_years_of_rain_with_gaps_have_no_trend() -> None:
    """The tests of pymannkendall print these digits; its version 1.4.3 keeps the distances across gaps in the slope."""
    assert (len(RAIN), kendall_s(RAIN).item()) == (360, -1959)
    assert sen_slope(RAIN).item() == pytest.approx(-0.006369426751592357, rel=1e-12)
    closed = [value for value in RAIN if np.isfinite(value)]
    assert sen_slope(closed).item() == pytest.approx(-0.0064516129032258064, rel=1e-12)
