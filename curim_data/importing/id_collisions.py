"""Id collisions: ids of a file that the store knows already, of the same alerts or of others that are numbered alike.

Two systems that number from 1, or one that begins again with 1 each month, give the same ids to different alerts, and
the second file would overwrite the first. So ids are scoped by their source (`sources.same_source`), and an update is
believed only where date or place of most updated alerts stay what they were (`id_evidence`). Alerts that are others get
a prefix before their ids (`open311:17`, `2025-06:17`), which the record of the import keeps: the file of that month,
sent again with corrections, is recognised by dates and places and finds its prefix. Where the evidence is not clear, a
person is asked, and nothing is changed until then.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowText
from curim_data.formats.base import Layout
from curim_data.importing.decisions import Decisions
from curim_data.importing.id_evidence import Evidence, ids_of_others, known_ids
from curim_data.importing.profiling import FileProfile
from curim_data.importing.signatures import Signature, SignatureBuilder
from curim_data.importing.sources import OPEN_FORMATS, same_source, source_code
from curim_data.model import Answers, CityProfile, Message, Question
from curim_data.model.questions import Choice
from curim_data.store import Batch, Store

SAME: Final = "same"
OWN: Final = "own"

CHOICES: Final = (
    Choice(SAME, Message("The same alerts: this file brings them up to date")),
    Choice(OWN, Message("Other alerts that happen to have the same ids: both stay")),
)
_RESTARTED: Final = Message(
    "{name}: {n} of {of} known alerts that this file would change get another date and another place, as where numbers "
    "begin with 1 again each month. {examples} Are they the same alerts?"
)
_RESTARTED_UNPLACED: Final = Message(
    "{name}: {n} of {of} known alerts that this file would change get another date, as where numbers begin with 1 "
    "again each month. {examples} Are they the same alerts?"
)
_ELSEWHERE: Final = Message(
    "{name}: {n} of {of} known alerts with coordinates that this file would change get another place, and many another "
    "time or category, as where two registers number alike. {examples} Are they the same alerts?"
)
_FEW_MOVED: Final = Message(
    "{n} of {of} known alerts that this file changes get another date and another place. {example} If they are other "
    "alerts, undo this import and say so when the file is imported again."
)
_FEW_MOVED_UNPLACED: Final = Message(
    "{n} of {of} known alerts that this file changes get another date. {example} If they are other alerts, undo this "
    "import and say so when the file is imported again."
)
_OTHER_SOURCE: Final = Message(
    "{name}: {n} ids of this file are known from another kind of export ({sources}). {examples} Are they the same "
    "alerts?"
)
_KEPT_APART: Final = Message(
    "{n} ids of this file are those of other alerts, from {sources}: dates and places differ. These alerts are kept "
    "apart, under ids such as {id}. If they are the same alerts, undo this import and say so when the file is imported "
    "again."
)
_STARTED_AGAIN: Final = Message(
    "The numbers of this export begin again with each file, as was answered before: these alerts are kept apart, under "
    "ids such as {id}."
)
_SAME_ALERTS: Final = Message(
    "{n} ids of this file are known from {sources}, with the same dates and places: this file brings those alerts up "
    "to date."
)


@dataclass(frozen=True)
class IdScope:
    """How the ids of a file become those of the store.

    `prefix` stands before them, mostly "". `only`: the ids that alone get it, None for all. `reason`: what a reader
    should know of it.
    """

    prefix: str = ""
    only: pa.Array | None = None
    reason: Message | None = None

    @property
    def whole(self) -> str:
        """The prefix that all ids of the file have: what the record of the import keeps."""
        return self.prefix if self.only is None else ""

    def ids(self, given: ArrowText) -> ArrowText:
        """Put the prefix before the ids that the source gave (null where it gave none)."""
        if not self.prefix:
            return given
        scoped = pc.binary_join_element_wise(pa.scalar(self.prefix, given.type), given, pa.scalar("", given.type))
        if self.only is None:
            return scoped
        return pc.if_else(pc.is_in(given, value_set=self.only.cast(given.type)), scoped, given)

    def alerts(self, alerts: pa.Table) -> pa.Table:
        """The alerts of a block with their ids in this scope."""
        if not self.prefix:
            return alerts
        where = alerts.schema.get_field_index("incident_id")
        ids = self.ids(alerts["incident_id"]).cast(pa.string())
        return alerts.set_column(where, alerts.schema.field(where), ids)


def id_scope(
    profile: FileProfile,
    layout: Layout,
    decisions: Decisions,
    city: CityProfile,
    store: Store,
    answers: Answers,
    name: str,
    mapping: str = "",
    sha256: str = "",
) -> IdScope:
    """Decide how the ids of a file become those of the store.

    Parameters
    ----------
    profile : FileProfile
        Its sample, at most 50,000 rows, gives the ids to look for, with their dates and places.
    mapping : str
        Name of the column mapping by which the file is read; empty without one.
    sha256 : str
        Of the file, by which it is known again; empty where a part of the file was chosen.

    Raises
    ------
    Question
        Where ids are known already, and neither the source nor dates and places say whether of the same alerts.
    """
    files = store.files()
    if "alert_id" not in layout.roles or not files:
        return IdScope()
    signature = {**SignatureBuilder(profile.labels, layout).build(), "mapping": mapping}
    batches = [batch for batch in store.batches() if not batch.undone]
    kin = [batch for batch in batches if same_source(batch.signature, signature)]
    others = [batch for batch in batches if batch not in kin]
    before = None if others or answers.ids else _unchanged_since(batches, sha256, signature, city)
    if before is not None:
        return IdScope(before.id_prefix)
    prefixes = dict.fromkeys(["", f"{layout.format}:", *(batch.id_prefix for batch in batches)])
    evidence = known_ids(profile, layout, decisions, city, files, [one.id for one in kin], list(prefixes))
    own = list(dict.fromkeys(batch.id_prefix for batch in reversed(kin)))
    own += [prefix for prefix in prefixes if prefix not in own and (prefix, True) in evidence]
    chosen = _Choosing(name, layout.format, signature, answers.ids, own, kin, others, evidence)
    scope = chosen.of_source()
    if scope is not None:
        return scope
    scope = chosen.beside_others(files)
    return scope if scope.reason is not None else replace(scope, reason=chosen.few_moved)


def _unchanged_since(batches: Sequence[Batch], sha256: str, signature: Signature, city: CityProfile) -> Batch | None:
    """The import of the same bytes, read alike, for the same city, where no alert has been changed since.

    `batches`: those of the source that were not undone, the oldest first.

    Its alerts are those of the file, each with its date and its place: there is nothing to compare.
    """
    for batch in reversed(batches if sha256 else ()):
        if batch.sha256 == sha256:
            same = batch.profile_version == city.version and _reading(batch.signature) == _reading(signature)
            return batch if same and batch.sealed is None else None
        if batch.updated:
            return None
    return None


def _reading(signature: Signature) -> tuple[object, ...]:
    """By what a file was read: format, mapping, and the role of each column."""
    roles = {label: column["role"] for label, column in signature.get("columns", {}).items()}
    return signature.get("format"), signature.get("mapping") or "", roles


@dataclass(frozen=True)
class _Choosing:
    """What speaks for one scope or another. `own`: prefixes of the source, the latest first; `evidence`: by prefix and
    whether the known alerts are of the same source."""

    name: str
    format: str
    signature: Signature
    answer: str | None
    own: Sequence[str]
    kin: Sequence[Batch]
    others: Sequence[Batch]
    evidence: Mapping[tuple[str, bool], Evidence]

    def of_source(self) -> IdScope | None:
        """The scope among those of the same source; None where it has none, or where that is the one without prefix.

        The one in which most known alerts stay what they were is taken. Where in none of them they do, the numbers
        began again: that is asked once, and known from then on.
        """
        known = {prefix: self.evidence[prefix, True] for prefix in self.own if (prefix, True) in self.evidence}
        if not known:
            latest = self.own[0] if self.own else ""
            return IdScope(latest) if latest else None
        if self.answer == SAME:
            best = max(known, key=lambda prefix: known[prefix].known)
            return IdScope(best) if best else None
        fitting = self._fitting()
        if fitting is not None:
            return IdScope(fitting, None, self.few_moved) if fitting else None
        most = max(known.values(), key=lambda one: one.known)
        if self.answer == OWN or len(self.own) > 1:
            prefix = self._month_prefix(most)
            reason = _STARTED_AGAIN if self.answer is None else None
            return IdScope(prefix, None, _with(reason, id=f"{prefix}{most.examples[0].id}"))
        if most.many_moved:
            restarted = _RESTARTED if most.located else _RESTARTED_UNPLACED
            raise self._question(restarted, most, most.moved, most.changed)
        raise self._question(_ELSEWHERE, most, most.located - most.placed, most.located)

    def _fitting(self) -> str | None:
        """The prefix of the source under which most known alerts stay what they were; None where they do in none."""
        known = {prefix: self.evidence[prefix, True] for prefix in self.own if (prefix, True) in self.evidence}
        fitting = [prefix for prefix, one in known.items() if one.fits]
        return max(fitting, key=lambda prefix: known[prefix].stayed, default=None)

    @property
    def few_moved(self) -> Message | None:
        """What is said without a question where some alerts of the source get another date and another place."""
        best = self._fitting()
        if best is None or self.answer is not None or not self.evidence[best, True].moved:
            return None
        one = self.evidence[best, True]
        message = _FEW_MOVED if one.located else _FEW_MOVED_UNPLACED
        return Message(message.text, {"n": one.moved, "of": one.changed, "example": one.moved_example})

    def beside_others(self, files: Sequence[str]) -> IdScope:
        """The scope without a prefix, unless ids of the file are those of another source's alerts."""
        other = self.evidence.get(("", False))
        if other is None or self.answer == SAME:
            return IdScope()
        values = {"n": other.known, "sources": self._sources()}
        if self.answer is None and other.clearly_same:
            return IdScope("", None, _with(_SAME_ALERTS, **values))
        if self.answer == OWN or other.clearly_others:
            prefix = self._source_prefix()
            only = ids_of_others(files, [one.id for one in self.kin]) if self.own else None
            reason = _KEPT_APART if self.answer is None else None
            return IdScope(prefix, only, _with(reason, id=f"{prefix}{other.examples[0].id}", **values))
        if self.own and other.fits:
            return IdScope()
        raise self._question(_OTHER_SOURCE, other, other.known, other.known)

    def _question(self, message: Message, evidence: Evidence, n: int, of: int) -> Question:
        values = {"name": self.name, "n": n, "of": of, "sources": self._sources(), "examples": evidence.sentence}
        return Question("ids", "--ids", Message(message.text, values), CHOICES)

    def _sources(self) -> str:
        """File and format of the latest imports from other sources, at most three."""
        found = dict.fromkeys(f"{batch.format}: {batch.file_name}" for batch in reversed(self.others))
        return ", ".join(list(found)[:3])

    def _source_prefix(self) -> str:
        """What stands before the ids of this source: its format, or of any other table a code of its headings."""
        if self.format not in OPEN_FORMATS:
            return f"{self.format}:"
        return f"table-{source_code(self.kin[0].signature if self.kin else self.signature)}:"

    def _month_prefix(self, evidence: Evidence) -> str:
        """What stands before numbers that began again: the first month of the file, with a number where it is taken."""
        stem = re.sub(r":$", "/", self.own[-1]) if self.own[-1] else ""
        return _free(f"{stem}{evidence.first:%Y-%m}", {batch.id_prefix for batch in (*self.kin, *self.others)})


def _free(base: str, taken: Collection[str]) -> str:
    prefix, number = f"{base}:", 1
    while prefix in taken:
        number += 1
        prefix = f"{base}-{number}:"
    return prefix


def _with(message: Message | None, **values: object) -> Message | None:
    return None if message is None else Message(message.text, values)
