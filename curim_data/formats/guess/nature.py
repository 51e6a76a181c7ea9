"""What a file is as a whole, by its columns and its name: police records, service requests, reports by citizens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from curim_data.formats.base import fold
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column
from curim_data.formats.guess.headings import Heading
from curim_data.lexicon import named_topic, topic_of
from curim_data.model import Kind, Message

_set = headings.word_set
# One concept a line group, in the order of `headings`.
_POLICE: Final = _set(
    "susp suspect suspects perp perpetrator offender arrest arrested arrestee weapon weapons statute penal ucr nibrs "
    "iucr murder precinct beat police patrol dispatch dispatched charge charges "
    "δράστη δράστης δραστών ύποπτος όπλο σύλληψη σύλληψης αστυνομία αστυνομικό "
    "suspect suspecté interpellation arme armes commissariat gendarmerie plainte "
    "sospechoso imputado detenido detenidos arma armas comisaría policía policia "
    "suspeito infrator indiciado delegacia polícia policial boletim "
    "tatverdächtig tatverdächtige tatverdächtiger tatverdächtigen täter tatmittel waffe polizei polizeirevier "
    "indagato arma denunciati arrestati polizia questura"
)
_REQUEST: Final = _set(
    "request requests service sr 311 ticket tickets "
    "αίτημα αιτήματος αιτημάτων αιτήματα αίτησης "
    "demande demandes intervention interventions "
    "solicitud solicitudes petición incidencia incidencias "
    "pedido pedidos solicitação solicitacao chamado "
    "anliegen anliegens hinweis serviceanfrage "
    "richiesta richieste intervento"
)
_REPORT: Final = _set(
    "report reports submission submissions "
    "αναφορά αναφοράς αναφορές υποβολή υποβολής "
    "signalement signalements "
    "reporte reportes aviso avisos comunicado "
    "participação participacao comunicação relato "
    "meldung meldungs meldungen meldungsnummer "
    "segnalazione segnalazioni"
)
_DEPARTMENT: Final = _set(
    "agency department dept division responsible assigned "
    "υπηρεσία υπηρεσίας αρμόδια αρμόδιος τμήμα ανατέθηκε "
    "direction compétent competent attribué "
    "departamento dependencia responsable encargado asignado "
    "secretaria órgão responsável encaminhado "
    "amt fachbereich zuständig zuständigkeit zustaendigkeit behörde fachamt "
    "ufficio settore assessorato competente assegnato"
)
_CHANNEL: Final = _set(
    "channel app application platform device photo votes upvotes anonymous submitted "
    "κανάλι εφαρμογή εφαρμογής συσκευή φωτογραφία ψήφοι ανώνυμα υποβλήθηκε "
    "canal appli plateforme anonyme "
    "aplicación foto votos anónimo "
    "aplicativo anônimo anónimo "
    "kanal plattform stimmen anonym bild "
    "canale applicazione voti anonimo"
)
MOST_NAMES: Final = 300  # that a column of names may have, for them to be looked at
_OF_SERVICES: Final = re.compile(r"\b311\b|service request|open311|fixmystreet|seeclickfix|αιτηματα|reclamos|anliegen")

_POLICE_RECORDS: Final = Message(
    "The columns are those of police records: where the name of a category does not say its kind, and where there is "
    "no category, alerts count as offences."
)
_SERVICE_REQUESTS: Final = Message(
    "The columns are those of requests for a city's services: where the name of a category does not say its kind, and "
    "where there is no category, alerts count as incivilities, not as offences."
)
_FILE_NAME: Final = {
    Kind.OFFENCE: Message(
        "By the name of the file (“{word}”), alerts count as offences where their category does not say its kind and "
        "where they have none."
    ),
    Kind.INCIVILITY: Message(
        "By the name of the file (“{word}”), alerts count as incivilities where their category does not say its kind "
        "and where they have none."
    ),
    Kind.RISK: Message(
        "By the name of the file (“{word}”), alerts count as dangers where their category does not say its kind and "
        "where they have none."
    ),
}


@dataclass(frozen=True)
class Nature:
    """What a file is. `kind`: of alerts whose category says none, None where nothing shows it, with `why`.

    `citizens`: whether those who report are citizens, so that a gender without owner is theirs.
    """

    kind: Kind | None = None
    why: Message | None = None
    citizens: bool = False


def nature_of(columns: Sequence[Column], *, closes: bool) -> Nature:
    """Judge by the headings, and by whether a column of states holds words that are known.

    One sign of the police (a crime or an offence in a heading, a suspect, an arrest, a weapon, a precinct) makes the
    file theirs. Requests for services name a request or a department in charge, and one more thing that such systems
    have: a state, a date of closing (`closes`), a channel. Reports by citizens show two of all these signs, or one and
    a column that speaks of nuisances; three where what they speak of are offences, as the records of the police do. Who
    says how safe it felt is a citizen.
    """
    heads = [column.head for column in columns]
    if any(head.has(headings.OFFENCE) or head.has(_POLICE) for head in heads):
        return Nature(Kind.OFFENCE, _POLICE_RECORDS)
    asked, charged = _any(heads, _REQUEST), _any(heads, _DEPARTMENT)
    handled = any(_is_state(column) for column in columns)
    more = [handled, closes, _any(heads, _CHANNEL)]
    signs = [asked, charged, *more, _any(heads, _REPORT), any(head.has(headings.CONFIRMATIONS) for head in heads)]
    signs += [_speaks(columns, Kind.INCIVILITY, 0.3)]
    citizens = any(map(_is_feeling, columns)) or sum(signs) >= (3 if _speaks(columns, Kind.OFFENCE, 0.7) else 2)
    if (asked or charged) and sum((asked, charged, *more)) >= 2:
        return Nature(Kind.INCIVILITY, _SERVICE_REQUESTS, citizens)
    return Nature(citizens=citizens)


def nature_of_name(name: str) -> Nature:
    """Judge by the name of the file, where its columns show nothing: "chicago_assaults.csv", "requests 311.xlsx".

    The sentence names the word that decided; short words that mean something else in the next language decide nothing.
    """
    plain = " ".join(re.findall(r"\w+", fold(PurePath(name).name.partition(".")[0]).replace("_", " ")))
    service = _OF_SERVICES.search(plain)
    named = (Kind.INCIVILITY, service[0]) if service else named_topic(plain)
    if named is None:
        return Nature()
    kind, word = named
    return Nature(kind, Message(_FILE_NAME[kind].text, {"word": word}))


def _any(heads: Iterable[Heading], words: frozenset[str]) -> bool:
    return any(head.has(words) for head in heads)


def _speaks(columns: Iterable[Column], kind: Kind, least: float) -> bool:
    """Whether a column of names speaks of a kind of events in at least this share of its values."""
    short = (one.values for one in columns if one.values.given and len(one.values.distinct) <= MOST_NAMES)
    named = (values for values in short if values.bounded and values.sentences < 0.3)
    return any(values.share(lambda text: topic_of(text) is kind) >= least for values in named)


def _is_feeling(column: Column) -> bool:
    """Whether it says how safe a person felt, in words or in numbers."""
    if column.head.has(headings.FEELING):
        return not column.values.given or column.values.between(1, 5) >= 0.8 or column.values.steps("feeling") >= 0.8
    return column.head.has(headings.SAFETY) and column.values.steps("feeling") >= 0.8


def _is_state(column: Column) -> bool:
    """Whether the state of a case stands in it, as those who handle it give it."""
    stated = column.head.has(headings.STATUS) or column.head.has(headings.MAYBE_STATUS)
    return stated and (not column.values.given or column.values.known("status") >= 0.5)
