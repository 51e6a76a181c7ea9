"""What every export format says of itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol


@dataclass(frozen=True)
class Layout:
    """What a format makes of a header.

    `roles` maps the columns of `alert.TOLD` to the places of the header; `personal` and `text` are places dropped at
    import and named; `unused` are places that mean nothing to the format. What has no role is kept nowhere.
    """

    format: str
    roles: Mapping[str, int]
    personal: tuple[int, ...] = ()
    text: tuple[int, ...] = ()
    unused: tuple[int, ...] = ()


@dataclass(frozen=True)
class Recognition:
    """How far a header is the format's: roles found, required ones missing, roles claimed by several columns."""

    layout: Layout
    missing: tuple[str, ...] = ()
    doubled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether a file with this header can be imported."""
        return not self.missing and not self.doubled


class Format(Protocol):
    """A module of this package."""

    NAME: str
    DOCUMENTATION: str
    WORDS: Mapping[str, Mapping[str, str]]

    def recognise(self, labels: Sequence[str]) -> Recognition:
        """Read a header."""
        ...


def fold(text: str) -> str:
    """A word without case, accents and the difference between blank, hyphen and underscore; final sigma is sigma."""
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join(character for character in plain if not unicodedata.combining(character))
    return "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())


PERSONAL_WORDS = frozenset(
    {"name", "surname", "firstname", "lastname", "fullname", "username", "user", "contact", "passport", "afm", "amka"}
    | {"phone", "telephone", "tel", "mobile", "email", "mail", "device", "imei", "ip", "birth", "birthdate"}
    | {"ονομα", "επωνυμο", "ονοματεπωνυμο", "τηλεφωνο", "κινητο", "συσκευη", "γεννησησ"}
    | {"nom", "prenom", "portable", "courriel", "appareil", "naissance"}
)


def is_personal(label: str) -> bool:
    """Whether a header looks like one that names a person or a device."""
    folded = fold(label)
    return folded in PERSONAL_WORDS or bool(PERSONAL_WORDS.intersection(folded.split("_")))


TEXT_WORDS = frozenset(
    {"description", "descriptions", "comment", "comments", "note", "notes", "remark", "remarks", "text", "freetext"}
    | {"message", "messages", "details", "detail", "narrative", "story", "statement", "feedback", "memo", "observation"}
    | {"observations", "title", "subject", "summary", "body", "address", "street", "postcode", "photo", "image", "url"}
    | {"περιγραφη", "περιγραφεσ", "σχολιο", "σχολια", "σημειωση", "σημειωσεισ", "παρατηρηση", "παρατηρησεισ", "κειμενο"}
    | {"μηνυμα", "μηνυματα", "λεπτομερεια", "λεπτομερειεσ", "μαρτυρια", "καταθεση", "τιτλοσ", "θεμα", "διευθυνση"}
    | {"διευθυνσεισ", "οδοσ", "φωτογραφια", "εικονα", "ιστορικο"}
    | {
        "commentaire",
        "commentaires",
        "remarque",
        "remarques",
        "texte",
        "recit",
        "temoignage",
        "titre",
        "objet",
        "sujet",
    }
    | {"resume", "precisions", "adresse", "rue", "photographie"}
)


def is_text(label: str) -> bool:
    """Whether a header looks like one of free text, an address or a picture."""
    return not TEXT_WORDS.isdisjoint(fold(label).split("_"))


MOST_CHARACTERS: Final = 60
_LONG_NUMBER: Final = re.compile(r"\d(?:[ .\-]?\d){5,}")


def is_name(text: str) -> bool:
    """Whether a text can be the name of a category, and not a sentence, a telephone number or an address for mail."""
    return len(text) <= MOST_CHARACTERS and "@" not in text and not _LONG_NUMBER.search(text)
