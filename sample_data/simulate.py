"""Draw the alerts: background, planted hot spots, near repeats; then their people, times and fates.

Alerts before they have people are a DataFrame: lon, lat, minute (since the first midnight, clock time), category and
origin, the planted process that made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd

from sample_data.places import (
    AGES,
    BURSTS,
    CAMPAIGN,
    CUT,
    FIRST,
    HABITS,
    INTERVENTION,
    LAST,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    NEW_APP,
    NEW_HABITS,
    PHRASES,
    PILE,
    QUARTER,
    SPOTS,
    TOTAL,
    UNMAPPED,
    WEEKDAYS,
    Ground,
    Spot,
    World,
    day_weights,
    hour_weights,
    is_dark,
)

HOME_ZONE: Final = "Europe/Athens"
COLUMNS: Final = (
    *("alert_id", "reported_at", "occurred_from", "occurred_to", "kind", "category", "more_categories", "severity"),
    *("feeling", "reporter_gender", "affected_gender", "age_band", "status", "resolved_at", "confirmations"),
    *("latitude", "longitude", "description"),
)
ALL_HABITS: Final = HABITS | NEW_HABITS
GROWTH: Final = (0.84, 1.16)
NIGHT_REST: Final = 0.05
STREAMS: Final = (7, 2, 3, 17)


@dataclass(frozen=True)
class City:
    """All alerts in the order in which they were reported, and the ground that they were drawn on.

    rows : DataFrame, one row an alert
        The columns of an export but for status, latitude and longitude; confirmed_at, and resolved_at and rejected
        (bool) as they will be in the end; told_lon and told_lat, NaN where the export has no coordinates, and lon and
        lat, where it happened; origin: which planted process made it; dark; first: whether it is the first report of
        its incident.
    """

    rows: pd.DataFrame
    ground: Ground
    world: World


def _calendar() -> SimpleNamespace:
    """Day by day, from the first to the last of the later export: weekday, month number, months since the first (step),
    campaign factor, slow growth; arrays of one length.
    """
    dates = pd.date_range(FIRST, LAST)
    in_campaign = (dates.date >= CAMPAIGN.start) & (dates.date <= CAMPAIGN.end)
    return SimpleNamespace(
        days=np.arange(len(dates)),
        weekday=dates.day_of_week.to_numpy(),
        month=dates.month.to_numpy(),
        step=((dates.year - FIRST.year) * 12 + dates.month - FIRST.month).to_numpy(),
        campaign=np.where(in_campaign, CAMPAIGN.factor, 1.0),
        growth=np.linspace(*GROWTH, len(dates)),
    )


def simulate(seed: int, world: World) -> City:
    """Draw the whole city; equal seeds give equal alerts. Spots, ground, people and bursts have streams of their own.

    `world`: which habits of real exports the city has.
    """
    of_spots, of_ground, of_people, of_bursts = (np.random.default_rng([seed, stream]) for stream in STREAMS)
    calendar = _calendar()
    ground = Ground(few_people=world.few_people)
    # The intervention takes some alerts back, of the treated area and the last year.
    breeding = HABITS[NEAR_REPEAT.category].share / sum(h.share for h in HABITS.values()) * NEAR_REPEAT.mean
    planted = sum(sum(spot.levels[:MONTHS]) for spot in SPOTS)
    wanted = (TOTAL - planted) / (1 + breeding)
    ground.quarter_weight = quarter_weight(ground, wanted)
    spots = [_spot(of_spots, ground, spot, calendar) for spot in SPOTS]
    background = _background(of_ground, ground, calendar, wanted, world)
    repeats = _near_repeats(of_ground, ground, background, len(calendar.days))
    draw = _intervene(of_ground, pd.concat([background, repeats, *spots], ignore_index=True), calendar)
    draw = _bursts(of_bursts, ground, draw, world.reports, len(calendar.days))
    return City(_rows(of_people, draw, world), ground, world)


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


def _background(
    rng: np.random.Generator, ground: Ground, calendar: SimpleNamespace, wanted: float, world: World
) -> pd.DataFrame:
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
    return _draw(lon, lat, minute, category, "background")


def _draw(lon: Any, lat: Any, minute: Any, category: Any, origin: Any) -> pd.DataFrame:
    return pd.DataFrame({"lon": lon, "lat": lat, "minute": minute, "category": category, "origin": origin})


def _spot(rng: np.random.Generator, ground: Ground, spot: Spot, calendar: SimpleNamespace) -> pd.DataFrame:
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
    return _draw(lon, lat, minute, category, spot.id)


def _monthly(rng: np.random.Generator, expected: np.ndarray) -> np.ndarray:
    """Numbers of alerts in months with these expected numbers: their sum is the expected one, rounded."""
    urn = np.rint(expected / 0.75).astype(int)
    return rng.multivariate_hypergeometric(urn, min(round(expected.sum()), urn.sum()))


def _near_repeats(rng: np.random.Generator, ground: Ground, background: pd.DataFrame, days: int) -> pd.DataFrame:
    """Offspring of the background's vandalism: near in place, soon after."""
    parents = background[background["category"] == NEAR_REPEAT.category]
    parents = parents.loc[parents.index.repeat(rng.poisson(NEAR_REPEAT.mean, len(parents)))]
    delay = rng.integers(60, int(NEAR_REPEAT.days * 1440), len(parents))
    radius, angle = NEAR_REPEAT.metres * 0.98 * np.sqrt(rng.random(len(parents))), 2 * np.pi * rng.random(len(parents))
    lon, lat = _moved(parents, radius, angle)
    minute = parents["minute"] + delay
    good = ground.holds(lon, lat) & (minute < days * 1440)
    return _draw(lon, lat, minute, NEAR_REPEAT.category, "near_repeat")[good]


def _moved(draw: pd.DataFrame, radius: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude so many metres away, rounded to five decimals."""
    lon, lat = draw["lon"].to_numpy(), draw["lat"].to_numpy()
    return (
        np.round(lon + radius * np.cos(angle) / METRES[0], 5),
        np.round(lat + radius * np.sin(angle) / METRES[1], 5),
    )


def _bursts(rng: np.random.Generator, ground: Ground, draw: pd.DataFrame, mean: float, days: int) -> pd.DataFrame:
    """Add further reports to incidents, of the same process and category: their numbers are geometric.

    What is drawn before are the incidents: each is one of the `mean` alerts that the city has of it on average.
    """
    count = len(draw)
    shared = ~draw["category"].isin(BURSTS.alone).to_numpy()
    more = np.zeros(count, np.int64)
    if mean > 1:  # those that are shared make up for those that are not
        each = 1 + (mean - 1) * count / shared.sum()
        more[shared] = rng.geometric(1 / each, shared.sum()) - 1
    further = draw.loc[draw.index.repeat(more)].reset_index(drop=True)
    incident = further.copy()
    far = rng.random(len(further)) < BURSTS.straggling
    radius = np.where(far, BURSTS.far_metres, BURSTS.metres) * np.sqrt(rng.random(len(further)))
    angle = 2 * np.pi * rng.random(len(further))
    moves = np.ones(len(further), bool)
    for reach in (1.0, 0.5, 0.25):  # nearer where the point would lie in the sea or outside the planted spot
        x, y = _moved(incident, reach * radius, angle)
        good = moves & ground.holds(x, y)
        for spot in SPOTS:
            good &= (further["origin"] != spot.id).to_numpy() | spot.circle.holds(x, y)
        further.loc[good, ["lon", "lat"]] = np.column_stack([x, y])[good]
        moves &= ~good
    hours = np.where(far, BURSTS.far_hours, BURSTS.hours) * rng.random(len(further)) ** 3
    further["minute"] += (hours * 60).astype(int)
    joined = pd.concat([draw.assign(first=True), further.assign(first=False)], ignore_index=True)
    return joined[joined["minute"] < days * 1440].reset_index(drop=True)


def _intervene(rng: np.random.Generator, draw: pd.DataFrame, calendar: SimpleNamespace) -> pd.DataFrame:
    """Take incidents out of the treated area from the start of the intervention on.

    In its months so many that the planted ratio is kept to an incident; later ones at random with that ratio.
    """
    treated = np.any([circle.holds(draw["lon"], draw["lat"]) for circle in INTERVENTION.treated], axis=0)
    start = (INTERVENTION.start - FIRST).days
    length = (CUT - INTERVENTION.start).days + 1
    day = draw["minute"].to_numpy() // 1440
    during, before = (treated & (begin <= day) & (day < begin + length) for begin in (start, start - length))
    grown = calendar.growth[start : start + length].mean() / calendar.growth[start - length : start].mean()
    keep = np.ones(len(day), bool)
    incidents = rng.permutation(np.flatnonzero(during))
    keep[incidents[int(INTERVENTION.rate_ratio * before.sum() * grown) :]] = False
    keep[treated & (day >= start + length) & (rng.random(len(day)) >= INTERVENTION.rate_ratio)] = False
    return draw[keep].reset_index(drop=True)


def _rows(rng: np.random.Generator, draw: pd.DataFrame, world: World) -> pd.DataFrame:
    """Alerts with their people, delay, fate and coordinates (`City.rows`); ids follow the order of reporting."""
    start = pd.Series(pd.Timestamp(FIRST) + pd.to_timedelta(draw["minute"], "min"))
    people = _people(rng, draw, start, world)
    end = (start + people["length"]).where(people["spans"])
    until = end.fillna(start)
    ended, sent = local(until), local(until + people["lag"])
    # Where the end lies in the hour that summer time skips, the report comes five minutes after it.
    sent = sent.where(sent > ended, ended + pd.Timedelta(minutes=5))
    piled = people["piled"] & ~people["unmapped"]
    rows = pd.DataFrame(
        {
            "reported_at": sent,
            "occurred_from": local(start),
            "occurred_to": local(end),
            "kind": [ALL_HABITS[name].kind for name in draw["category"]],
            "category": draw["category"],
            "confirmed_at": _after(sent, people["confirm"]),
            "resolved_at": _after(sent, people["confirm"] + people["resolve"]),
            "told_lon": draw["lon"].mask(piled, PILE.longitude).mask(people["unmapped"]),
            "told_lat": draw["lat"].mask(piled, PILE.latitude).mask(people["unmapped"]),
            "lon": draw["lon"],
            "lat": draw["lat"],
            "origin": draw["origin"].mask(piled, "pile"),
            "first": draw["first"],
        }
    ).join(people.drop(columns=["spans", "length", "lag", "confirm", "resolve", "unmapped", "piled"]))
    rows = rows.sort_values("reported_at", kind="stable", ignore_index=True)
    rows["alert_id"] = [f"DEMO-{when.year}-{n:06d}" for n, when in enumerate(rows["reported_at"], start=1)]
    return rows


def _people(rng: np.random.Generator, draw: pd.DataFrame, start: pd.Series, world: World) -> pd.DataFrame:
    """Draw genders, ages, delays and fates. The order of the draws is part of what a seed gives.

    One row an alert: columns of an export, `confirm` and `resolve` in days, and what decides on the others.
    """
    count, category = len(draw), draw["category"].to_numpy()
    habits = pd.DataFrame([vars(ALL_HABITS[name]) for name in category])
    dark = is_dark(start.dt.month.to_numpy(), start.dt.hour.to_numpy())
    silent = np.interp(draw["minute"], (0, (CUT - FIRST).days * 1440), world.undisclosed)
    affected = _genders(rng, _women(draw, dark), silent)
    same = rng.random(count) < 0.8
    background = (draw["origin"] == "background").to_numpy()
    taken_up = np.clip((draw["minute"] / 1440 - (NEW_APP.start - FIRST).days) / (7 * NEW_APP.weeks), 0, 1)
    new_app = np.random.default_rng([count, STREAMS[-1]]).random(count) < taken_up * world.new_app
    people = {
        "dark": dark,
        "affected_gender": affected,
        "reporter_gender": np.where(same, affected, _genders(rng, np.full(count, 0.54), silent)),
        "spans": habits["span"] & (rng.random(count) < 0.55),
        "length": pd.to_timedelta(rng.integers(4 * 60, 11 * 60, count), "min"),
        "lag": _minutes(habits["lag"] * 60 * np.exp(rng.normal(0, 1.1, count)) + 3),
        "severity": _scale(habits["severity"] + rng.normal(0, 0.8, count)),
        "feeling": _scale(3.0 - 0.5 * (affected == "woman") - 0.5 * dark + rng.normal(0, 0.9, count)),
    }
    told = (habits["kind"] == "risk") | (rng.random(count) < np.where(new_app, NEW_APP.feeling, 0.12))
    people |= {
        "age_band": np.array(list(AGES))[rng.choice(len(AGES), count, p=list(AGES.values()))],
        "confirm": rng.lognormal(1.2, 0.9, count),
        "resolve": rng.lognormal(3.2, 1.0, count),
        "rejected": rng.random(count) < 0.06,
        "confirmations": rng.poisson(rng.gamma(0.8, 1.4, count)),
        "more_categories": _more(rng, category),
        "description": _phrases(rng, count),
        "unmapped": rng.random(count) < UNMAPPED,
        "piled": background & (rng.random(count) < PILE.share / background.mean()),
    }
    return pd.DataFrame(people).assign(feeling=lambda table: table["feeling"].astype("Int64").where(told))


def _minutes(minutes: Any) -> pd.Series:
    """Whole minutes as a span of time."""
    return pd.to_timedelta(pd.Series(minutes).astype(int), "min")


def local(naive: pd.Series) -> pd.Series:
    """Clock times in Piraeus with their offset; a time that summer time skips moves one hour on."""
    return naive.dt.tz_localize(HOME_ZONE, ambiguous=np.ones(len(naive), bool), nonexistent=pd.Timedelta(hours=1))


def _after(when: pd.Series, days: Any) -> pd.Series:
    return local(when.dt.tz_localize(None) + _minutes(days * 1440))


def snapshot(rows: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The columns of an export, as text, with the status that each alert has at a moment."""
    confirmed = rows["confirmed_at"] <= now
    resolved = ~rows["rejected"] & (rows["resolved_at"] <= now)
    cases = [rows["rejected"] & confirmed, resolved, ~rows["rejected"] & confirmed]
    status = np.select(cases, ["rejected", "resolved", "confirmed"], "open")
    table = rows.assign(
        status=status,
        resolved_at=rows["resolved_at"].where(resolved),
        latitude=rows["told_lat"].map("{:.5f}".format, na_action="ignore"),
        longitude=rows["told_lon"].map("{:.5f}".format, na_action="ignore"),
    )[list(COLUMNS)]
    times = table.select_dtypes("datetimetz").columns
    table[times] = table[times].map(lambda when: when.isoformat(timespec="minutes"), na_action="ignore")
    return table.astype(object).where(table.notna(), "").astype(str)


def _scale(value: np.ndarray) -> np.ndarray:
    """Whole numbers from 1 to 5."""
    return np.clip(np.rint(value), 1, 5).astype(int)


def _phrases(rng: np.random.Generator, count: int) -> np.ndarray:
    """A neutral sentence for one alert in twenty."""
    chosen = rng.random(count) < 0.05
    return np.array(["", *PHRASES])[np.where(chosen, rng.integers(1, len(PHRASES) + 1, count), 0)]


def _women(draw: pd.DataFrame, dark: np.ndarray) -> np.ndarray:
    """Share of women among affected women and men, for each alert."""
    share = np.array([ALL_HABITS[name].women for name in draw["category"]])
    for spot in SPOTS:
        here = (draw["origin"] == spot.id).to_numpy()
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
