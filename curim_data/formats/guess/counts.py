"""Columns that say how many events a row stands for: a table of counts, not of alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from curim_data.formats.base import CountedRows, fold
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column
from curim_data.model import Message

_LEAST: Final = 8  # rows without which numbers say nothing
_SEVERAL: Final = 0.1  # of the rows stand for more than one event
_WHOLE: Final = 0.95
_COUNT: Final = re.compile(r"\+?(?:\d{1,9}(?:[.,]0{1,2})?|\d{1,3}(?:[.,' \u00a0\u202f]\d{3}){1,2})")
_NO_DECIMALS: Final = re.compile(r"[.,]0{1,2}$")


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


# Words that mean a quantity by themselves, and words of a number that do so before what is counted.
_QUANTITY: Final = _words(
    "count counts total totals frequency quantity anzahl häufigkeit summe πλήθος σύνολο ποσότητα nombre effectif "
    "cantidad cuenta suma frecuencia quantidade contagem quantità conteggio totale somma"
)
_NUMBER: Final = _words("number no n nº αριθμός αρ número num numero zahl")
_EVENTS: Final = _words(
    "events incidents crimes offences offenses cases reports alerts complaints occurrences "
    "συμβάντων περιστατικών εγκλημάτων υποθέσεων αναφορών καταγγελιών αδικημάτων "
    "faits événements infractions délits signalements plaintes "
    "hechos casos delitos incidentes sucesos denuncias fälle vorfälle straftaten delikte meldungen "
    "ocorrências crimes fatti casi reati eventi segnalazioni denunce"
)
_OTHERS: Final = _words(
    "victims persons people vehicles wounded injured dead θυμάτων ατόμων προσώπων οχημάτων τραυματιών victimes "
    "personnes véhicules blessés víctimas personas vehículos heridos opfer personen fahrzeuge verletzte vítimas "
    "pessoas veículos vittime persone veicoli feriti votes likes confirmations euro eur loss damage"
)
_COUNTED: Final = Message(
    "{column} says how many events a row stands for, {n} in the first {rows} rows. Each row counts as one alert, so "
    "totals, places and trends would be wrong: let each event be an alert (--counts events), or import a file with one "
    "row for each event."
)


def counted_rows(columns: Iterable[Column]) -> Iterator[CountedRows]:
    """The columns that no role has taken and that count the events of a row.

    Their heading means a quantity, of events or of nothing named, and their values are whole numbers of which some
    are larger than one. How many persons or vehicles an event concerns is no such count.
    """
    for column in columns:
        values = column.values
        if not _names_count(column) or values.given < _LEAST or values.share(_COUNT.fullmatch) < _WHOLE:
            continue
        numbers = [_number(text) for text in values.texts if _COUNT.fullmatch(text)]
        serial = len(set(numbers)) == len(numbers) == max(numbers) - min(numbers) + 1
        if sum(number > 1 for number in numbers) >= _SEVERAL * len(numbers) and not serial:
            yield CountedRows(column.place, sum(numbers), values.given)


def one_alert_a_row(counted: CountedRows, label: str) -> Message:
    """What is wrong where each row counts as one alert all the same."""
    return Message(_COUNTED.text, {"column": label, "n": counted.events, "rows": counted.rows})


def _names_count(column: Column) -> bool:
    words = set(column.head.words)
    if words & _OTHERS or headings.says_date(column.head):
        return False
    return bool(words & _QUANTITY or (words & _NUMBER and words & _EVENTS))


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", _NO_DECIMALS.sub("", text)))
