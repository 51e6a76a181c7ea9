"""Draw the alerts: background, planted hot spots, near repeats; then their people, times and fates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sample_data.places import (
    BURSTS,
    CAMPAIGN,
    CUT,
    FIRST,
    INTERVENTION,
    LAST,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    NEW_APP,
    PILE,
    QUARTER,
    SPOTS,
    TOTAL,
    UNMAPPED,
    Ground,
    Spot,
    World,
)
from sample_data.rhythm import AGES, HABITS, NEW_HABITS, PHRASES, WEEKDAYS, day_weights, hour_weights, is_dark
from sample_data.rows import Row, local

ALL_HABITS: Final = HABITS | NEW_HABITS
GROWTH: Final = (0.84, 1.16)
NIGHT_REST: Final = 0.05
STREAMS: Final = (7, 2, 3, 17)


@dataclass(frozen=True)
class City:
    """All alerts in the order in which they were reported, and the ground that they were drawn on."""

    rows: list[Row]
    ground: Ground
    days: int
    world: World


@dataclass
class Draw:
    """Alerts before they have people: position, minutes since the first midnight (clock time), category, process."""

    lon: np.ndarray
    lat: np.ndarray
    minute: np.ndarray
    category: np.ndarray
    origin: np.ndarray
    first: np.ndarray | None = None


_COLUMNS: Final = ("lon", "lat", "minute", "category", "origin")


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


def simulate(seed: int, world: World) -> City:
    """Draw the whole city; equal seeds give equal alerts. Spots, ground, people and bursts have streams of their own.

    `world`: which habits of real exports the city has.
    """
    of_spots, of_ground, of_people, of_bursts = (np.random.default_rng([seed, stream]) for stream in STREAMS)
    calendar = Calendar.make()
    ground = Ground(few_people=world.few_people)
    # The intervention takes some alerts back, of the treated area and the last year.
    breeding = HABITS[NEAR_REPEAT.category].share / sum(h.share for h in HABITS.values()) * NEAR_REPEAT.mean
    planted = sum(sum(spot.levels[:MONTHS]) for spot in SPOTS)
    wanted = (TOTAL - planted) / (1 + breeding)
    ground.quarter_weight = quarter_weight(ground, wanted)
    spots = [_spot(of_spots, ground, spot, calendar) for spot in SPOTS]
    background = _background(of_ground, ground, calendar, wanted, world)
    repeats = _near_repeats(of_ground, ground, background, len(calendar.days))
    draw = _intervene(of_ground, _join([background, repeats, *spots]), calendar)
    draw = _bursts(of_bursts, ground, draw, world.reports, len(calendar.days))
    return City(_rows(of_people, draw, world), ground, len(calendar.days), world)


def quarter_weight(ground: Ground, background: float) -> float:
    """Height of the quarter at which its plateau holds `QUARTER.ratio` times the city's mean density of alerts."""
    west, south, east, north = ground.land.bounds
    lon, lat = np.meshgrid(np.arange(west, east, 0.0002), np.arange(south, north, 0.0002))
    lon, lat = lon[on := ground.holds(lon, lat)], lat[on]
    cell = 0.0002**2 * METRES.prod() / 1e6
    level = ground.intensity(lon, lat)
    raised = Ground(ground.land, 1.0, ground.few_people).intensity(lon, lat) - level
    in_core = QUARTER.core.holds(lon, lat)
    target = QUARTER.ratio * TOTAL / (len(lon) * cell)
    plain, extra = level.sum() * cell, raised.sum() * cell
    return float((target * plain - background * level[in_core].mean()) / (background - target * extra))


def _background(rng: np.random.Generator, ground: Ground, calendar: Calendar, wanted: float, world: World) -> Draw:
    """Alerts of every category over the land; `wanted` of them up to the cut."""
    habits = HABITS | NEW_HABITS if world.new_app else HABITS
    names = list(habits)
    share = np.array([habits[name].share for name in names])
    rhythm = np.array([day_weights(habits[name], calendar.weekday, calendar.month) for name in names])
    offered = calendar.days >= (NEW_APP.start - FIRST).days
    rhythm[[name in NEW_HABITS for name in names]] *= offered
    per_day = rhythm * calendar.campaign * calendar.growth * (share / share.sum())[:, None]
    per_day *= wanted / per_day[:, : (CUT - FIRST).days + 1].sum()
    counts = rng.poisson(per_day)
    which, day = np.nonzero(counts)
    repeat = counts[which, day]
    which, day = np.repeat(which, repeat), np.repeat(day, repeat)
    category = np.array(names)[which]
    hour = np.empty(len(day), int)
    for name in names:
        chosen = category == name
        hour[chosen] = rng.choice(24, chosen.sum(), p=hour_weights(habits[name].hours))
    minute = day * 1440 + hour * 60 + rng.integers(0, 60, len(day))
    lon, lat = ground.points(rng, len(day))
    return Draw(lon, lat, minute, category, np.full(len(day), "background", dtype="<U24"))


def _spot(rng: np.random.Generator, ground: Ground, spot: Spot, calendar: Calendar) -> Draw:
    """The alerts of a hot spot.

    Monthly counts are binomial with a quarter of the variance of Poisson counts, and the totals of twelve months are
    the planted ones, so that the class of the spot is all but certain.
    """
    leading = HABITS[max(spot.categories, key=lambda name: spot.categories[name])]
    weekly = np.array(WEEKDAYS[leading.weekdays], float)
    weight = calendar.campaign * weekly[calendar.weekday] / weekly.mean()
    within = [calendar.days[calendar.step == step] for step in range(MONTHS + 1)]
    share = [1.0] * MONTHS + [len(within[-1]) / 30]
    whole = np.array([level * calendar.campaign[days].mean() for level, days in zip(spot.levels, within, strict=True)])
    counts = np.concatenate([_monthly(rng, part) for part in np.split(whole * share, range(12, MONTHS + 1, 12))])
    drawn = [
        rng.choice(days, count, p=weight[days] / weight[days].sum()) for days, count in zip(within, counts, strict=True)
    ]
    day = np.sort(np.concatenate(drawn))
    count = len(day)
    first, last = spot.hours
    busy = (first + rng.integers(0, (last - first) % 24 + 1, count)) % 24
    hour = np.where(rng.random(count) < NIGHT_REST, rng.integers(0, 24, count), busy)
    minute = day * 1440 + hour * 60 + rng.integers(0, 60, count)
    names = list(spot.categories)
    category = np.array(names)[rng.choice(len(names), count, p=list(spot.categories.values()))]
    lon, lat = ground.around(rng, spot.circle, count)
    return Draw(lon, lat, minute, category, np.full(count, spot.id, dtype="<U24"))


def _monthly(rng: np.random.Generator, expected: np.ndarray) -> np.ndarray:
    """Numbers of alerts in months with these expected numbers: their sum is the expected one, rounded."""
    urn = np.rint(expected / 0.75).astype(int)
    return rng.multivariate_hypergeometric(urn, min(round(expected.sum()), urn.sum()))


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


def _bursts(rng: np.random.Generator, ground: Ground, draw: Draw, mean: float, days: int) -> Draw:
    """Add further reports to incidents, of the same process and category: their numbers are geometric.

    What is drawn before are the incidents: each is one of the `mean` alerts that the city has of it on average.
    """
    count = len(draw.minute)
    shared = ~np.isin(draw.category, BURSTS.alone)
    more = np.zeros(count, np.int64)
    if mean > 1:  # those that are shared make up for those that are not
        each = 1 + (mean - 1) * count / shared.sum()
        more[shared] = rng.geometric(1 / each, shared.sum()) - 1
    of = np.repeat(np.arange(count), more)
    far = rng.random(len(of)) < BURSTS.straggling
    radius = np.where(far, BURSTS.far_metres, BURSTS.metres) * np.sqrt(rng.random(len(of)))
    angle = 2 * np.pi * rng.random(len(of))
    lon, lat, origin = draw.lon[of], draw.lat[of], draw.origin[of]
    moves = np.ones(len(of), bool)
    for reach in (1.0, 0.5, 0.25):  # nearer where the point would lie in the sea or outside the planted spot
        x = np.round(draw.lon[of] + reach * radius * np.cos(angle) / METRES[0], 5)
        y = np.round(draw.lat[of] + reach * radius * np.sin(angle) / METRES[1], 5)
        good = moves & ground.holds(x, y)
        for spot in SPOTS:
            good &= (origin != spot.id) | spot.circle.holds(x, y)
        lon[good], lat[good] = x[good], y[good]
        moves &= ~good
    hours = np.where(far, BURSTS.far_hours, BURSTS.hours) * rng.random(len(of)) ** 3
    minute = draw.minute[of] + (hours * 60).astype(int)
    further = Draw(lon, lat, minute, draw.category[of], origin)
    joined = _join([draw, further])
    kept = joined.minute < days * 1440
    leads = np.arange(len(joined.minute)) < count
    return Draw(*(getattr(joined, name)[kept] for name in _COLUMNS), leads[kept])


def _intervene(rng: np.random.Generator, draw: Draw, calendar: Calendar) -> Draw:
    """Take incidents out of the treated area from the start of the intervention on.

    In its months so many that the planted ratio is kept to an incident; later ones at random with that ratio.
    """
    treated = np.any([circle.holds(draw.lon, draw.lat) for circle in INTERVENTION.treated], axis=0)
    start = (INTERVENTION.start - FIRST).days
    length = (CUT - INTERVENTION.start).days + 1
    day = draw.minute // 1440
    during, before = (treated & (begin <= day) & (day < begin + length) for begin in (start, start - length))
    grown = calendar.growth[start : start + length].mean() / calendar.growth[start - length : start].mean()
    keep = np.ones(len(day), bool)
    incidents = rng.permutation(np.flatnonzero(during))
    keep[incidents[int(INTERVENTION.rate_ratio * before.sum() * grown) :]] = False
    keep[treated & (day >= start + length) & (rng.random(len(day)) >= INTERVENTION.rate_ratio)] = False
    return Draw(*(getattr(draw, name)[keep] for name in _COLUMNS))


def _join(draws: list[Draw]) -> Draw:
    return Draw(*(np.concatenate([getattr(draw, name) for draw in draws]) for name in _COLUMNS))


@dataclass(frozen=True)
class People:
    """What is drawn for each alert beside place and time: one array, or list, of its length each.

    `length` and `lag` are minutes, `confirm` and `resolve` days.
    """

    dark: np.ndarray
    affected: np.ndarray
    reporter: np.ndarray
    spans: np.ndarray
    length: np.ndarray
    lag: np.ndarray
    severity: np.ndarray
    feeling: np.ndarray
    told: np.ndarray
    age: np.ndarray
    confirm: np.ndarray
    resolve: np.ndarray
    reject: np.ndarray
    confirmations: np.ndarray
    more: list[str]
    phrase: np.ndarray
    unmapped: np.ndarray
    piled: np.ndarray


def _rows(rng: np.random.Generator, draw: Draw, world: World) -> list[Row]:
    """Alerts with their people, delay, fate and coordinates; ids follow the order of reporting."""
    start = [dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(minutes=int(minute)) for minute in draw.minute]
    people = _people(rng, draw, start, world)
    rows = [_row(draw, people, start[k], k) for k in range(len(start))]
    order = sorted(range(len(rows)), key=lambda k: (rows[k].reported_at, k))
    return [
        replace(rows[k], alert_id=f"DEMO-{rows[k].reported_at.year}-{number:06d}")
        for number, k in enumerate(order, start=1)
    ]


def _people(rng: np.random.Generator, draw: Draw, start: list[dt.datetime], world: World) -> People:
    """Draw genders, ages, delays and fates. The order of the draws is part of what a seed gives."""
    count = len(start)
    habits = [ALL_HABITS[name] for name in draw.category]
    dark = is_dark(np.array([when.month for when in start]), np.array([when.hour for when in start]))
    silent = np.interp(draw.minute, (0, (CUT - FIRST).days * 1440), world.undisclosed)
    affected = _genders(rng, _women(draw, dark), silent)
    same = rng.random(count) < 0.8
    background = draw.origin == "background"
    taken_up = np.clip((draw.minute / 1440 - (NEW_APP.start - FIRST).days) / (7 * NEW_APP.weeks), 0, 1)
    new_app = np.random.default_rng([count, STREAMS[-1]]).random(count) < taken_up * world.new_app
    return People(
        dark=dark,
        affected=affected,
        reporter=np.where(same, affected, _genders(rng, np.full(count, 0.54), silent)),
        spans=np.array([habit.span for habit in habits]) & (rng.random(count) < 0.55),
        length=rng.integers(4 * 60, 11 * 60, count),
        lag=np.array([habit.lag for habit in habits]) * 60 * np.exp(rng.normal(0, 1.1, count)) + 3,
        severity=_scale(np.array([habit.severity for habit in habits]) + rng.normal(0, 0.8, count)),
        feeling=_scale(3.0 - 0.5 * (affected == "woman") - 0.5 * dark + rng.normal(0, 0.9, count)),
        told=np.array([habit.kind == "risk" for habit in habits])
        | (rng.random(count) < np.where(new_app, NEW_APP.feeling, 0.12)),
        age=np.array(list(AGES))[rng.choice(len(AGES), count, p=list(AGES.values()))],
        confirm=rng.lognormal(1.2, 0.9, count),
        resolve=rng.lognormal(3.2, 1.0, count),
        reject=rng.random(count) < 0.06,
        confirmations=rng.poisson(rng.gamma(0.8, 1.4, count)),
        more=_more(rng, draw.category),
        phrase=_phrases(rng, count),
        unmapped=rng.random(count) < UNMAPPED,
        piled=background & (rng.random(count) < PILE.share / background.mean()),
    )


def _row(draw: Draw, people: People, start: dt.datetime, k: int) -> Row:
    """Put alert k together; its id comes later."""
    end = start + dt.timedelta(minutes=int(people.length[k])) if people.spans[k] else None
    sent = local((end or start) + dt.timedelta(minutes=int(people.lag[k])))
    if sent <= local(end or start):  # told in the hour that summer time skips
        sent = local(end or start) + dt.timedelta(minutes=5)
    true_point = (float(draw.lon[k]), float(draw.lat[k]))
    piled = bool(people.piled[k] and not people.unmapped[k])
    told_point = (PILE.longitude, PILE.latitude) if piled else true_point
    return Row(
        alert_id="",
        reported_at=sent,
        occurred_from=local(start),
        occurred_to=None if end is None else local(end),
        kind=ALL_HABITS[str(draw.category[k])].kind,
        category=str(draw.category[k]),
        more_categories=people.more[k],
        severity=int(people.severity[k]),
        feeling=int(people.feeling[k]) if people.told[k] else None,
        reporter_gender=str(people.reporter[k]),
        affected_gender=str(people.affected[k]),
        age_band=str(people.age[k]),
        rejected_at=_after(sent, people.confirm[k]) if people.reject[k] else None,
        confirmed_at=_after(sent, people.confirm[k]),
        resolved_at=_after(sent, people.confirm[k] + people.resolve[k]),
        confirmations=int(people.confirmations[k]),
        point=None if people.unmapped[k] else told_point,
        true_point=true_point,
        description=str(people.phrase[k]),
        origin="pile" if piled else str(draw.origin[k]),
        dark=bool(people.dark[k]),
        first=draw.first is None or bool(draw.first[k]),
    )


def _scale(value: np.ndarray) -> np.ndarray:
    """Whole numbers from 1 to 5."""
    return np.clip(np.rint(value), 1, 5).astype(int)


def _phrases(rng: np.random.Generator, count: int) -> np.ndarray:
    """A neutral sentence for one alert in twenty."""
    chosen = rng.random(count) < 0.05
    return np.array(["", *PHRASES])[np.where(chosen, rng.integers(1, len(PHRASES) + 1, count), 0)]


def _after(when: dt.datetime, days: float) -> dt.datetime:
    return local(when.replace(tzinfo=None) + dt.timedelta(minutes=int(days * 1440)))


def _women(draw: Draw, dark: np.ndarray) -> np.ndarray:
    """Share of women among affected women and men, for each alert."""
    share = np.array([ALL_HABITS[name].women for name in draw.category])
    for spot in SPOTS:
        here = draw.origin == spot.id
        share[here] = spot.women
        if spot.women_dark is not None:
            share[here & dark] = spot.women_dark
    return share


def _genders(rng: np.random.Generator, women: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Draw genders: undisclosed first (with the chances `silent`), then a few other, then woman or man."""
    first, second = rng.random(len(women)), rng.random(len(women))
    told = np.where(second < women, "woman", "man")
    return np.where(first < silent, "undisclosed", np.where(first < silent + 0.012, "other", told))


def _more(rng: np.random.Generator, category: np.ndarray) -> list[str]:
    """A second category for one alert in twenty."""
    names = np.array(["lighting_poor", "feels_unsafe", "public_drinking", "graffiti", "litter_dumping"])
    second = names[rng.integers(0, len(names), len(category))]
    chosen = (rng.random(len(category)) < 0.055) & (second != category)
    return [str(name) if take else "" for name, take in zip(second, chosen, strict=True)]
