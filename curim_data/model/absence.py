"""The four ways in which there is nothing to show, in one wording for all pages.

They are different things, and each has a sentence that takes the place of an empty chart:

- none: it was looked for, in enough alerts, and is not there (`NONE_FOUND` and the sentence of a study);
- not asked: the export has no such field, or the city's profile no such file (`NOT_ASKED`, `NOT_LOADED`,
  `KnownTime.lacks`), with what to ask for;
- fewer than k: it is there and small, and protected (`fewer_than`);
- too few to tell: neither its presence nor its absence can be told (`TOO_FEW`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from curim_data.model.i18n import Message

# Columns of an alert that an export may not have at all, and files that a city's profile may lack.
AskedField = Literal["affected_gender", "reporter_gender", "feeling"]
ProfileFile = Literal["districts", "landmarks", "population"]
ASKED_FIELDS: Final[tuple[AskedField, ...]] = ("affected_gender", "reporter_gender", "feeling")

NOT_ASKED: Final[Mapping[AskedField, Message]] = {
    "affected_gender": Message(
        "This export does not ask for the gender of the person affected. Ask whoever provides it for that column."
    ),
    "reporter_gender": Message(
        "This export does not ask for the gender of the person who alerts. Ask whoever provides it for that column."
    ),
    "feeling": Message(
        "This export does not ask how safe people felt. Ask whoever provides it for that question, from 1 (very "
        "unsafe) to 5."
    ),
}
NOT_LOADED: Final[Mapping[ProfileFile, Message]] = {
    "districts": Message(
        "This city has no districts yet: add a file of them on the page Data, or with “curim city districts FILE”."
    ),
    "landmarks": Message(
        "This city has no named places yet, so none was looked at: add a file of them on the page Data, or with “curim "
        "city landmarks FILE”."
    ),
    "population": Message(
        "This city has no residents by gender yet: add a file with the columns district, women and men on the page "
        "Data, or with “curim city population FILE”."
    ),
}
NO_GENDER: Final = Message(
    "This export does not ask for gender, neither of the person affected nor of the person who alerts. So nothing can "
    "be said here about women and men: that is not the same as no difference."
)
NONE_FOUND: Final = Message("None found.")
TOO_FEW: Final = Message("Too few alerts to tell.")


def fewer_than(k: int) -> Message:
    """A protected number: it is below `k`, and need not be zero."""
    return Message("fewer than {k}", {"k": k})
