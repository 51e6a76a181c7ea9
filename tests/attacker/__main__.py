"""`python -m tests.attacker [HOME ...]`: what an enemy gets out of a home's protected copy, as a Markdown table.

Without a home it is the sample city. The copy is made anew with a secret of the program's own; the home stays as it is.
`--learned` adds what a model picks, which takes minutes. `--versions`, in place of all that, is an enemy who keeps
every version of a home into which the last twelve months came one after the other; `--verdicts` is one who reads the
verdicts on plans. `--errors N` tells what N copies
with other secrets cost: how far their counts lie from those of the alerts.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from curim_data.engine import Source, open_source
from curim_data.keeping import draw_anew
from curim_data.model import Audience
from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from curim_data.protection import open_for, protected
from curim_data.protection.opening import measure_errors
from curim_data.sample import sample_home
from curim_data.store import Home
from curim_data.store.erase import draws_folder
from tests.attacker import learned, verdicts, versions
from tests.attacker.records import Pair, alerts_of, copied, pair_of
from tests.attacker.singling import singled_out, targets
from tests.attacker.statements import (
    LEAST_PICKED,
    MOST_ORDINARY,
    MOST_SENSITIVE,
    Outcome,
    ordinary_outcomes,
    sensitive_outcomes,
)

SHOWN = 6
IMPORTS = 12


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of each home."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacker", description=__doc__)
    parser.add_argument("homes", nargs="*", type=Path)
    parser.add_argument("--learned", action="store_true", help="statements that a model picks, too")
    parser.add_argument("--versions", action="store_true", help="statements from the differences of versions instead")
    parser.add_argument("--verdicts", action="store_true", help="what verdicts on plans leave possible, instead")
    parser.add_argument("--errors", type=int, metavar="N", help="what so many copies cost, instead")
    told = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        for home in map(Home, told.homes) if told.homes else [sample_home(Home(Path(folder)))]:
            if told.errors:
                report_errors(home, told.errors)
            elif told.verdicts:
                report_verdicts(home, open_source(home))
            elif told.versions:
                report_versions(home, open_source(home))
            else:
                report(home, open_source(home), model=told.learned)


def report_errors(home: Home, secrets: int) -> None:
    """Print how far counts of copies lie from those of the alerts, means over copies with other secrets."""
    found = []
    for at in range(secrets):
        with TemporaryDirectory() as folder:
            mine = Home(Path(folder) / "home")
            shutil.copytree(home.path, mine.path, ignore=shutil.ignore_patterns("prepared", draws_folder(home).name))
            draw_anew(mine, bytes([at + 1]) * 32)
            found.append(measure_errors(protected(mine, open_source(mine))).frame)
    by = ["kind", "table", "least", "most"]
    rows = pd.concat(found).groupby(by, sort=False)[["n", "median", "nine_of_ten", "bias"]].mean().reset_index()
    print(f"\n## {home.path}: {secrets} copies\n")
    print("| categories | table | exact count | counts | median | nine of ten under | bias |")
    print("| --- | --- | --- | --: | --: | --: | --: |")
    for row in rows.sort_values("kind", kind="stable").itertuples():
        size = f"{row.least:.0f} to {row.most - 1:.0f}" if np.isfinite(row.most) else f"{row.least:.0f} and more"
        figures = f"{row.n:.0f} | {row.median:.2f} | {row.nine_of_ten:.2f} | {row.bias:+.2f}"
        print(f"| {row.kind} | {row.table} | {size} | {figures} |", flush=True)


def report(home: Home, source: Source, *, model: bool) -> None:
    """Print what is stated of one home, with swapping and without."""
    print(f"\n## {home.path}: {source.count} alerts\n")
    for swapping in (True, False):
        with copied(source, swapping=swapping) as path:
            made = pair_of(alerts_of(source), pq.read_table(path), source.city)
            print(f"\n### {'The copy' if swapping else 'With swapping switched off'}\n")
            print("| alerts | table | which | statements | right | goal |\n| --- | --- | --- | --: | --: | --- |")
            _lines("sensitive", sensitive_outcomes(made), MOST_SENSITIVE)
            _lines("others", ordinary_outcomes(made), MOST_ORDINARY)
            if model and swapping:
                teachers = learned.cities_of_the_same_kind(path, source.city)
                for sensitive in (True, False):
                    _learned(made, teachers, sensitive=sensitive)
        _singled(made.of(sensitive=True))


def report_versions(home: Home, source: Source) -> None:
    """Print what is stated from the differences of versions of one home, with swapping and without."""
    print(f"\n## {home.path}: {source.count} alerts, every version\n")
    for swapping in (True, False):
        stages = versions.lived(source, IMPORTS, swapping=swapping)
        print(f"\n### {'The copies' if swapping else 'With swapping and waiting switched off'}\n")
        print("| difference | alerts | records | subsets | most often right | statements | right | too right |")
        print("| --- | --- | --: | --: | --- | --: | --: | --: |")
        for told, difference in versions.differences(stages).items():
            both = versions.stated_from(difference, city=versions.hides_how_many(told))
            for of, found, most in zip((True, False), both, (MOST_SENSITIVE, MOST_ORDINARY), strict=True):
                judged = [one for one in found if one.n >= LEAST_PICKED]
                n, missed = len(difference.of(of).copy), sum(one.too_right(most) for one in judged)
                best = max(judged, key=lambda one: one.right, default=None)
                shown = "none | 0 |" if best is None else f"{best.name}, {best.picked} | {best.n} | {best.right:.0%}"
                who = "sensitive" if of else "others"
                print(f"| {told} | {who} | {n} | {len(judged)} | {shown} | {missed} |", flush=True)
        if swapping:
            _followed(stages)


def report_verdicts(home: Home, source: Source) -> None:
    """Print, of plans in the product's own areas for each category, how many counts what is shown leaves possible."""
    print(f"\n## {home.path}: verdicts\n")
    print("| category | sensitive | grade | numbers | counts possible |\n| --- | --- | --- | --: | --- |")
    seen = open_for(home, Audience.COUNCIL)
    for category in ("", *source.city.categories):
        for plan in verdicts.proposed(source, category, SHOWN):
            if (one := verdicts.attack(source, seen, plan)) is not None:
                left = ", ".join(f"{area} {len(counts)}" for area, counts in one.possible.items())
                print(
                    f"| {one.name} | {one.sensitive} | {one.shown['grade']} | {len(one.numbers)} | {left} |", flush=True
                )


def _followed(stages: Sequence[versions.Stage]) -> None:
    """What the names of records, which are the same in every version, tell besides their contents."""
    found = [versions.tellable_without_names(*two) for two in pairwise(stages)]
    named, told = (sum(one[at] for one in found) for at in (0, 1))
    print(f"\nBy their names {named} records came, changed or went; the contents of the copies give {told} of these.\n")
    last = [stage for stage in stages if stage.kind == "import"][-1].pair.of(sensitive=True)
    _singled(last)


def _learned(pair: Pair, teachers: Sequence[Pair], *, sensitive: bool) -> None:
    mine = pair.of(sensitive)
    tables = learned.SENSITIVE if sensitive else learned.ORDINARY
    tables = tuple(by for by in tables if by[0] == "city" or mine.copy[by[0]].nunique() > 1)
    k, most = (K_SENSITIVE, MOST_SENSITIVE) if sensitive else (K_ORDINARY, MOST_ORDINARY)
    found = learned.learned(mine, [one.of(sensitive) for one in teachers], tables, k)
    _lines("sensitive" if sensitive else "others", found, most)


def _lines(of: str, found: Sequence[Outcome], most: float) -> None:
    """The outcomes that are right most often, and whether any is right too often."""
    judged = [one for one in found if one.n >= LEAST_PICKED]
    for one in sorted(judged, key=lambda one: -one.right)[:SHOWN]:
        kept = "missed" if one.too_right(most) else "kept"
        print(f"| {of} | {one.name} | {one.picked} | {one.n} | {one.right:.0%} | {most:.0%} {kept} |", flush=True)
    missed = sum(one.too_right(most) for one in judged)
    print(f"| {of} | {len(judged)} subsets of tables | {missed} too right | | | |", flush=True)


def _singled(mine: Pair) -> None:
    print("\n| lone records of sensitive alerts by | records | truly there | chance | itself | chance |")
    print("| --- | --: | --: | --: | --: | --: |")
    for one in singled_out(mine):
        shares = (one.there, one.chance_there, one.itself, one.chance_itself)
        print(f"| {' x '.join(one.by)} | {one.n} | {' | '.join(f'{share:.1%}' for share in shares)} |", flush=True)
    print("\n| what happened to whom is known by | persons | right | by city counts |\n| --- | --: | --: | --: |")
    for who in targets(mine):
        print(f"| {' x '.join(who.known)} | {who.n} | {who.right:.0%} | {who.otherwise:.0%} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
