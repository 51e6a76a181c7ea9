"""Columns that say how many events a row stands for: a table of counts, not of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from curim_data.formats.base import fold
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column
from curim_data.model import Message

_LEAST: Final = 8  # rows without which numbers say nothing
_SEVERAL: Final = 0.1  # of the rows stand for more than one event
_WHOLE: Final = 0.95


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
    "totals, places and trends would be wrong: import a file with one row for each event."
)


def counted_rows(columns: Iterable[Column]) -> Iterator[Message]:
    """What to say of the columns that no role has taken and that count the events of a row.

    Their heading means a quantity, of events or of nothing named, and their values are whole numbers of which some
    are larger than one. How many persons or vehicles an event concerns is no such count.
    """
    for column in columns:
        values = column.values
        if not _names_count(column) or values.given < _LEAST or values.whole < _WHOLE:
            continue
        numbers = [int(float(text.replace(",", "."))) for text in values.texts if _is_whole(text)]
        if sum(number > 1 for number in numbers) >= _SEVERAL * len(numbers) and len(values.distinct) < values.given:
            counted = {"column": column.head.label, "n": sum(numbers), "rows": values.given}
            yield Message(_COUNTED.text, counted)


def _names_count(column: Column) -> bool:
    words = set(column.head.words)
    if words & _OTHERS or headings.says_date(column.head):
        return False
    return bool(words & _QUANTITY or (words & _NUMBER and words & _EVENTS))


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+").split(".")[0].split(",")[0].isdigit()
