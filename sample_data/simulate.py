"""Draw the alerts: background, planted hot spots, near repeats; then their people, times and fates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sample_data.places import (
    CAMPAIGN,
    CUT,
    FIRST,
    INTERVENTION,
    LAST,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    PILE,
    QUARTER,
    SPOTS,
    TOTAL,
    UNDISCLOSED,
    UNMAPPED,
    Ground,
    Spot,
)
from sample_data.rhythm import AGES, HABITS, PHRASES, day_weights, hour_weights, is_dark
from sample_data.rows import Row, local

GROWTH: Final = (0.92, 1.08)
NIGHT_REST: Final = 0.1


@dataclass(frozen=True)
class City:
    """All alerts in the order in which they were reported, and the ground that they were drawn on."""

    rows: list[Row]
    ground: Ground
    days: int


@dataclass
class Draw:
    """Alerts before they have people: position, minutes since the first midnight (clock time), category, process."""

    lon: np.ndarray
    lat: np.ndarray
    minute: np.ndarray
    category: np.ndarray
    origin: np.ndarray


@dataclass(frozen=True)
class Calendar:
    """Day by day: weekday, month number, months since the first, campaign factor, slow growth."""

    days: np.ndarray
    weekday: np.ndarray
    month: np.ndarray
    step: np.ndarray
    campaign: np.ndarray
    growth: np.ndarray

    @classmethod
    def make(cls) -> Calendar:
        """The calendar from the first day to the last of the later export."""
        dates = [FIRST + dt.timedelta(days=k) for k in range((LAST - FIRST).days + 1)]
        in_campaign = np.array([CAMPAIGN.start <= day <= CAMPAIGN.end for day in dates])
        return cls(
            np.arange(len(dates)),
            np.array([day.weekday() for day in dates]),
            np.array([day.month for day in dates]),
            np.array([(day.year - FIRST.year) * 12 + day.month - FIRST.month for day in dates]),
            np.where(in_campaign, CAMPAIGN.factor, 1.0),
            np.linspace(*GROWTH, len(dates)),
        )


def simulate(seed: int) -> City:
    """Draw the whole city; equal seeds give equal alerts."""
    rng = np.random.default_rng(seed)
    calendar = Calendar.make()
    spots = [_spot(rng, spot, calendar) for spot in SPOTS]
    planted = sum(int((draw.minute < _minutes(CUT)).sum()) for draw in spots)
    breeding = HABITS[NEAR_REPEAT.category].share / sum(h.share for h in HABITS.values()) * NEAR_REPEAT.mean
    ground = Ground()
    # The intervention takes some alerts back: a part of the treated area's in the last year.
    wanted = (TOTAL - planted + 110) / (1 + breeding)
    ground.quarter_weight = quarter_weight(ground, wanted)
    for spot, draw in zip(SPOTS, spots, strict=True):
        draw.lon, draw.lat = ground.around(rng, spot.circle, len(draw.minute))
    background = _background(rng, ground, calendar, wanted)
    repeats = _near_repeats(rng, ground, background, len(calendar.days))
    draw = _intervene(rng, _join([background, repeats, *spots]))
    return City(_people(rng, draw), ground, len(calendar.days))


def quarter_weight(ground: Ground, background: float) -> float:
    """Height of the quarter at which its plateau holds `QUARTER.ratio` times the city's mean density of alerts."""
    west, south, east, north = ground.land.bounds
    lon, lat = np.meshgrid(np.arange(west, east, 0.0002), np.arange(south, north, 0.0002))
    lon, lat = lon[on := ground.holds(lon, lat)], lat[on]
    cell = 0.0002**2 * METRES.prod() / 1e6
    level = ground.intensity(lon, lat)
    raised = Ground(ground.land, 1.0).intensity(lon, lat) - level
    in_core = QUARTER.core.holds(lon, lat)
    target = QUARTER.ratio * TOTAL / (len(lon) * cell)
    plain, extra = level.sum() * cell, raised.sum() * cell
    return float((target * plain - background * level[in_core].mean()) / (background - target * extra))


def _minutes(day: dt.date) -> int:
    """Minutes from the first midnight to the end of a day."""
    return ((day - FIRST).days + 1) * 1440


def _background(rng: np.random.Generator, ground: Ground, calendar: Calendar, wanted: float) -> Draw:
    """Alerts of every category over the land; `wanted` of them up to the cut."""
    names = list(HABITS)
    share = np.array([HABITS[name].share for name in names])
    per_day = np.array(
        [day_weights(HABITS[name], calendar.weekday, calendar.month) * calendar.campaign * calendar.growth for name in names]
    ) * (share / share.sum())[:, None]
    per_day *= wanted / per_day[:, : (CUT - FIRST).days + 1].sum()
    counts = rng.poisson(per_day)
    which, day = np.nonzero(counts)
    repeat = counts[which, day]
    which, day = np.repeat(which, repeat), np.repeat(day, repeat)
    category = np.array(names)[which]
    hour = np.empty(len(day), int)
    for name in names:
        chosen = category == name
        hour[chosen] = rng.choice(24, chosen.sum(), p=hour_weights(HABITS[name].hours))
    minute = day * 1440 + hour * 60 + rng.integers(0, 60, len(day))
    lon, lat = ground.points(rng, len(day))
    return Draw(lon, lat, minute, category, np.full(len(day), "background", dtype="<U24"))


def _spot(rng: np.random.Generator, spot: Spot, calendar: Calendar) -> Draw:
    """Times and categories of a hot spot; its points come later."""
    days = np.bincount(calendar.step, minlength=MONTHS + 1)
    days[MONTHS] = 30
    level = np.array(spot.levels)[calendar.step] / days[calendar.step] * calendar.campaign
    day = np.repeat(calendar.days, rng.poisson(level))
    count = len(day)
    first, last = spot.hours
    busy = (first + rng.integers(0, (last - first) % 24 + 1, count)) % 24
    hour = np.where(rng.random(count) < NIGHT_REST, rng.integers(0, 24, count), busy)
    minute = day * 1440 + hour * 60 + rng.integers(0, 60, count)
    names = list(spot.categories)
    category = np.array(names)[rng.choice(len(names), count, p=list(spot.categories.values()))]
    return Draw(np.empty(count), np.empty(count), minute, category, np.full(count, spot.id, dtype="<U24"))


def _near_repeats(rng: np.random.Generator, ground: Ground, background: Draw, days: int) -> Draw:
    """Offspring of the background's vandalism: near in place, soon after."""
    parents = np.flatnonzero(background.category == NEAR_REPEAT.category)
    parents = np.repeat(parents, rng.poisson(NEAR_REPEAT.mean, len(parents)))
    delay = rng.integers(60, int(NEAR_REPEAT.days * 1440), len(parents))
    radius, angle = NEAR_REPEAT.metres * 0.98 * np.sqrt(rng.random(len(parents))), 2 * np.pi * rng.random(len(parents))
    lon = np.round(background.lon[parents] + radius * np.cos(angle) / METRES[0], 5)
    lat = np.round(background.lat[parents] + radius * np.sin(angle) / METRES[1], 5)
    minute = background.minute[parents] + delay
    good = ground.holds(lon, lat) & (minute < days * 1440)
    count = int(good.sum())
    return Draw(
        lon[good],
        lat[good],
        minute[good],
        np.full(count, NEAR_REPEAT.category, dtype="<U24"),
        np.full(count, "near_repeat", dtype="<U24"),
    )


def _intervene(rng: np.random.Generator, draw: Draw) -> Draw:
    """Take alerts out of the treated area, at random, from the start of the intervention on."""
    treated = np.any([circle.holds(draw.lon, draw.lat) for circle in INTERVENTION.treated], axis=0)
    after = draw.minute >= (INTERVENTION.start - FIRST).days * 1440
    keep = ~(treated & after) | (rng.random(len(draw.minute)) < INTERVENTION.rate_ratio)
    return Draw(draw.lon[keep], draw.lat[keep], draw.minute[keep], draw.category[keep], draw.origin[keep])


def _join(draws: list[Draw]) -> Draw:
    names = ("lon", "lat", "minute", "category", "origin")
    return Draw(*(np.concatenate([getattr(draw, name) for draw in draws]) for name in names))


def _people(rng: np.random.Generator, draw: Draw) -> list[Row]:
    """Give every alert its people, delay, fate and coordinates; ids follow the order of reporting."""
    count = len(draw.minute)
    habits = [HABITS[name] for name in draw.category]
    start = [dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(minutes=int(minute)) for minute in draw.minute]
    month, hour = np.array([when.month for when in start]), np.array([when.hour for when in start])
    dark = is_dark(month, hour)
    affected = _genders(rng, _women(draw, dark))
    same = rng.random(count) < 0.8
    reporter = np.where(same, affected, _genders(rng, np.full(count, 0.54)))
    spans = np.array([habit.span for habit in habits]) & (rng.random(count) < 0.55)
    length = rng.integers(4 * 60, 11 * 60, count)
    lag = np.array([habit.lag for habit in habits]) * 60 * np.exp(rng.normal(0, 1.1, count)) + 3
    severity = np.clip(np.rint(np.array([h.severity for h in habits]) + rng.normal(0, 0.8, count)), 1, 5).astype(int)
    feeling = np.clip(np.rint(3.0 - 0.5 * (affected == "woman") - 0.5 * dark + rng.normal(0, 0.9, count)), 1, 5).astype(int)
    told = np.array([habit.kind == "risk" for habit in habits]) | (rng.random(count) < 0.12)
    age = np.array(list(AGES))[rng.choice(len(AGES), count, p=list(AGES.values()))]
    confirm, resolve, reject = rng.lognormal(1.2, 0.9, count), rng.lognormal(3.2, 1.0, count), rng.random(count) < 0.06
    confirmations = rng.poisson(rng.gamma(0.8, 1.4, count))
    more = _more(rng, draw.category)
    phrase = np.array(["", *PHRASES])[np.where(rng.random(count) < 0.05, rng.integers(1, len(PHRASES) + 1, count), 0)]
    place = rng.random(count)
    piled = (draw.origin == "background") & (rng.random(count) < PILE.share / (draw.origin == "background").mean())
    rows: list[Row] = []
    for k in range(count):
        known_end = start[k] + dt.timedelta(minutes=int(length[k])) if spans[k] else None
        sent = local((known_end or start[k]) + dt.timedelta(minutes=int(lag[k])))
        true_point = (float(draw.lon[k]), float(draw.lat[k]))
        point = None if place[k] < UNMAPPED else (PILE.longitude, PILE.latitude) if piled[k] else true_point
        rows.append(
            Row(
                alert_id="",
                reported_at=sent,
                occurred_from=local(start[k]),
                occurred_to=None if known_end is None else local(known_end),
                kind=habits[k].kind,
                category=str(draw.category[k]),
                more_categories=more[k],
                severity=int(severity[k]),
                feeling=int(feeling[k]) if told[k] else None,
                reporter_gender=str(reporter[k]),
                affected_gender=str(affected[k]),
                age_band=str(age[k]),
                rejected_at=_later(sent, confirm[k]) if reject[k] else None,
                confirmed_at=_later(sent, confirm[k]),
                resolved_at=_later(sent, confirm[k] + resolve[k]),
                confirmations=int(confirmations[k]),
                point=point,
                true_point=true_point,
                description=str(phrase[k]),
                origin="pile" if piled[k] and point else str(draw.origin[k]),
                dark=bool(dark[k]),
            )
        )
    order = sorted(range(count), key=lambda k: (rows[k].reported_at, k))
    return [_named(rows[k], number) for number, k in enumerate(order, start=1)]


def _named(row: Row, number: int) -> Row:
    return replace(row, alert_id=f"DEMO-{row.reported_at.year}-{number:06d}")


def _later(when: dt.datetime, days: float) -> dt.datetime:
    return local(when.replace(tzinfo=None) + dt.timedelta(minutes=int(days * 1440)))


def _women(draw: Draw, dark: np.ndarray) -> np.ndarray:
    """Share of women among affected women and men, for each alert."""
    share = np.array([HABITS[name].women for name in draw.category])
    for spot in SPOTS:
        here = draw.origin == spot.id
        share[here] = spot.women
        if spot.women_dark is not None:
            share[here & dark] = spot.women_dark
    return share


def _genders(rng: np.random.Generator, women: np.ndarray) -> np.ndarray:
    """Draw genders: undisclosed first, then a few other, then woman or man."""
    first, second = rng.random(len(women)), rng.random(len(women))
    told = np.where(second < women, "woman", "man")
    return np.where(first < UNDISCLOSED, "undisclosed", np.where(first < UNDISCLOSED + 0.012, "other", told))


def _more(rng: np.random.Generator, category: np.ndarray) -> list[str]:
    """A second category for one alert in twenty."""
    names = np.array(["lighting_poor", "feels_unsafe", "public_drinking", "graffiti", "litter_dumping"])
    second = names[rng.integers(0, len(names), len(category))]
    chosen = (rng.random(len(category)) < 0.055) & (second != category)
    return [str(name) if take else "" for name, take in zip(second, chosen, strict=True)]
