"""The rule that was learned, with all that must stay as it was for alerts that come later."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from scipy.stats import binom

from analysis.incidents.background import Ground
from analysis.incidents.bands import (
    DAY_H,
    Lags,
    in_steps,
    known_step,
    minutes_of_day,
    share_of_minute,
    usual_minute,
)
from analysis.incidents.linking import Linking
from analysis.incidents.pairs import Points
from analysis.incidents.reports import Reports, located
from curim_data.model import BoolArray, FloatArray, IntArray

_LEVEL: Final = 1e-5  # as rare as this, and a file's times are no chance
_PLAIN: Final = ("n", "located", "repeats", "reason", "time_step_h", "metres", "hours", "period_h")
_EDGES: Final = ("edges_m", "edges_h")
_TABLES: Final = ("observed", "expected", "trigger")


@dataclass(frozen=True, eq=False)
class Rule:
    """What alerts that come later are judged by.

    linking : the rule. default_x, default_y : points that are default coordinates, shape (points,). usual : alerts that
    hold 95 % of the points with 20 or fewer. minutes : alerts (equal rows once) by their minute of the day, shape
    (1440,). usual_minute : the one that most have, the middle of a day where only dates are known.
    """

    linking: Linking
    default_x: FloatArray
    default_y: FloatArray
    usual: int
    minutes: IntArray
    usual_minute: int

    @classmethod
    def of(cls, reports: Reports, linking: Linking, x: FloatArray, y: FloatArray, hours: FloatArray) -> Rule:
        """With what the rule was learned from: the alerts made ready, and the arrays that they were made of."""
        default_x, default_y = np.unique(np.stack([x[reports.defaults], y[reports.defaults]]), axis=1)
        minutes = minutes_of_day(reports.points.hours)
        return cls(linking, default_x, default_y, reports.usual, minutes, usual_minute(hours[reports.known]))

    @property
    def lags(self) -> Lags:
        """The bands of lag."""
        return Lags.of_step(self.linking.time_step_h)

    def ready(self, x: Any, y: Any, hours: Any, category: Any) -> Points:
        """Alerts with times in the steps of the rule, in the order given.

        NaN for place and time where one of them is not known, for the time where the place is a default.
        """
        place = np.array(x, dtype=float), np.array(y, dtype=float)
        raw = Points(*place, np.array(hours, dtype=float), np.asarray(category, np.int32))
        unknown = ~located(raw)
        raw.x[unknown] = raw.y[unknown] = raw.hours[unknown] = np.nan
        raw.hours[self._at_default(raw.x, raw.y)] = np.nan
        return Points(raw.x, raw.y, in_steps(raw.hours, self.linking.time_step_h, self.usual_minute), raw.category)

    def _at_default(self, x: FloatArray, y: FloatArray) -> BoolArray:
        found = np.zeros(len(x), dtype=bool)
        for place in zip(self.default_x, self.default_y, strict=True):
            found |= (x == place[0]) & (y == place[1])
        return found

    def equal_h(self, hours: FloatArray) -> FloatArray:
        """Hours for which times are equal as written; shape as `hours`."""
        return DAY_H / 2 * share_of_minute(hours, self.linking.time_step_h, self.minutes)

    def coarser(self, hours: Any) -> bool:
        """Whether times are known in a coarser step than the rule's: `known_step` says so, and by the rule's minutes of
        the day it would happen by chance in less than one of 100,000 files of that many alerts.
        """
        time = np.asarray(hours, dtype=float)
        time = time[np.isfinite(time)]
        step = known_step(time)
        if step <= self.linking.time_step_h:
            return False
        seen, usual = minutes_of_day(time), self.minutes
        if step < DAY_H:  # minutes of the hour
            seen, usual = seen.reshape(24, 60).sum(axis=0), usual.reshape(24, 60).sum(axis=0)
        shares = (usual + 1) / (usual.sum() + len(usual))
        chance = binom.sf(seen.max() - 1, len(time), shares[seen.argmax()]) * len(shares)  # any of these minutes
        return bool(chance < _LEVEL)

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it; `from_json` gives the same numbers back."""
        linking, ground = self.linking, self.linking.ground
        return {
            "linking": {name: getattr(linking, name) for name in _PLAIN}
            | {name: list(getattr(linking, name)) for name in _EDGES}
            | {name: getattr(linking, name).tolist() for name in (*_TABLES, "categories")},
            "ground": {
                "origin": list(ground.origin),
                "area": float(ground.area),
                "clumping": ground.clumping.tolist(),
                "daily": ground.daily.tolist(),
            },
            "default_x": self.default_x.tolist(),
            "default_y": self.default_y.tolist(),
            "usual": self.usual,
            "minutes": self.minutes.tolist(),
            "usual_minute": self.usual_minute,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Rule:
        """Out of what `as_json` gave; TypeError, KeyError or ValueError for something else."""
        said, ground = dict(value["linking"]), value["ground"]
        if set(said) != {field.name for field in fields(Linking)} - {"ground"}:
            raise ValueError("not a rule of linking")
        for name in _EDGES:
            said[name] = tuple(map(float, said[name]))
        for name in _TABLES:
            said[name] = np.array(said[name], dtype=float)
        said["categories"] = np.array(said["categories"], dtype=np.int64)
        x, y = ground["origin"]
        clumping, daily = (np.array(ground[name], dtype=float) for name in ("clumping", "daily"))
        linking = Linking(**said, ground=Ground((float(x), float(y)), float(ground["area"]), clumping, daily))
        default_x, default_y = (np.array(value[name], dtype=float) for name in ("default_x", "default_y"))
        minutes = np.array(value["minutes"], dtype=np.int64)
        return cls(linking, default_x, default_y, int(value["usual"]), minutes, int(value["usual_minute"]))
