"""What is chosen for the reader of hot spots, and the reason shown: window, surroundings, margin, reach of Gi*."""

from __future__ import annotations

from typing import Final

from analysis.stats.result import Choice
from curim_data.model import Message, Num

# A place is what lies within 200 m of a cell's centre, its surroundings what lies beyond.
PLACE_M: Final = 200
SURROUNDINGS_M: Final = 450
WIDE_SURROUNDINGS_M: Final = 700
MANY_IN_PLACE: Final = 5
# Gi* and its normal tail: below this mean window count more maps of pure chance show a hot cell than the 5 % meant
# (simulated on the land of Piraeus in cells of 130 m: 50 % at 2, 32 % at 5, 13 % at 19, 8 % at 56, 5 % at 226).
GISTAR_FROM: Final = 200

# A place is also hot that is more than so many times as dense as all the rest of the city's occupied land: a quarter
# twice as dense as the city, which no intervention of a place serves, does not pass.
CITY_MARGIN: Final = 2.0

INDEPENDENT: Final = Choice(
    "independent",
    1,
    Message(
        "Alerts are taken as independent, since the past is too short to learn how often one event is reported several "
        "times: where it is, a place looks surer than it is."
    ),
)


def window_for(side: float) -> int:
    """Rings of cells that, with the cell itself, make a place: those within 200 m; none where cells are that large."""
    return int(PLACE_M // side)


def surroundings_for(side: float, k: int, mean_place: float) -> int:
    """The last ring of cells that counts as surroundings, at least one beyond the place.

    Within 450 m; within 700 m where the mean place holds under five alerts, since the near surroundings would be all
    but empty (simulated: with 60 alerts, six of them in one spot, that finds 47 % instead of 27 %, and so few alerts
    show no smooth quarter either way).
    """
    reach = SURROUNDINGS_M if mean_place >= MANY_IN_PLACE else WIDE_SURROUNDINGS_M
    return max(k + 1, int(reach // side))


def margin_for(k: int, sided: bool = False) -> float:
    """Ratio to the surroundings that a smooth, dense quarter reaches by itself, found by simulation.

    1.25 for cells of a place's fraction, 1.15 where they are compared with each half of their surroundings too
    (`sided`); 1.35 where a single cell is the place (`k` = 0), as its surroundings then reach beyond the quarter.
    """
    if not k:
        return 1.35
    return 1.15 if sided else 1.25


def setting_choices(
    side: float, k: int, outer: int, margin: float, alpha: float, based: bool, mean_window: float
) -> tuple[Choice, ...]:
    """The settings of a test, each with its sentence."""
    place = (
        Message(
            "Each cell is tested alone and together with the cells around it, up to {metres} m from its centre: two "
            "sizes at once, which in simulations find more than larger cells do.",
            {"metres": round((k + 0.5) * side)},
        )
        if k
        else Message("Each cell is tested alone: it is as large as a place.")
    )
    against = (
        Message("A place is compared with all the rest of the city, by its base and not by its land.")
        if based
        else Message(
            "A place is compared with its own surroundings up to {metres} m, with all of them and with each half, so "
            "that the edge of a town is not hot beside its fields; and a second time with the rest of the city.",
            {"metres": round((outer + 0.5) * side)},
        )
    )
    excess = (
        Message(
            "Hot means more than {margin} times the rate of what it is compared with, beyond chance: a smaller "
            "difference is no reason to act on a place."
        )
        if based
        else Message(
            "Hot means more than {margin} times as dense as its surroundings, or more than {city} times as dense as "
            "the rest of the city, beyond chance: a dense quarter with soft edges reaches the first by itself, and one "
            "that is a little denser than the city is no hot spot."
        )
    )
    excess = Message(excess.text, {"margin": Num(margin, 2), "city": Num(CITY_MARGIN, 0)})
    cold = Message(
        "Cold means at most {share} times the rate of what it is compared with, where hot places are left out, beyond "
        "chance.",
        {"share": Num(1 / margin, 2)},
    )
    whole = (
        Message(
            "A hot spot in the list is compared with the surroundings of its cells, or with the rest of the city, "
            "whichever it stands out from more surely; the cells next to it and other hot spots are left out of its "
            "surroundings."
        )
        if k
        else Message(
            "A hot spot in the list is compared with the surroundings of its cells, or with the rest of the city, "
            "whichever it stands out from more surely; other hot spots are left out of its surroundings."
        )
    )
    share = Message(
        "Corrected for having looked at every cell: of the cells marked, at most {percent} % are expected to be "
        "chance, and each place by itself stands out in the whole map.",
        {"percent": Num(100 * alpha, 0)},
    )
    if mean_window < GISTAR_FROM:
        gistar = Message(
            "Gi* is shown for comparison only: with {mean} alerts on average in a cell and its surroundings it "
            "calls cells hot by chance too often. It can be read as a test from about {border} on."
        )
    elif based:
        gistar = Message(
            "Gi* is shown alongside; with {mean} alerts in the mean window its normal tail can be read. It "
            "compares with the mean of the city on the same base."
        )
    else:
        gistar = Message(
            "Gi* is shown alongside; with {mean} alerts in the mean window its normal tail can be read. It "
            "compares with the mean of the city, so that it marks dense quarters too."
        )
    gistar = Message(gistar.text, {"mean": Num(mean_window, 1), "border": GISTAR_FROM})
    return (
        Choice("window", k, place),
        Choice("surroundings", outer, against),
        *(() if based else (Choice("spots", outer, whole),)),
        Choice("margin", margin, excess),
        Choice("cold", 1 / margin, cold),
        Choice("alpha", alpha, share),
        Choice("gistar", mean_window, gistar),
    )
