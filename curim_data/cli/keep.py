"""Commands of who keeps the homes: backups, their check and the way back, what a new version needs, and the secret."""

from __future__ import annotations

from pathlib import Path

from curim_data import keeping
from curim_data.cli.commands import UsageError
from curim_data.cli.context import Answer, CommandContext
from curim_data.model import Message, Num
from curim_data.store.commits import secret_mark


def backup(ctx: CommandContext, file: Path, after: Path | None) -> Answer:
    """The home as one file."""
    ctx.city()
    made = keeping.backup(ctx.home, file, after)
    size = Num(file.stat().st_size / 1e6, 1)
    told = ctx.t(
        "{file}: {alerts} alerts, {plans} plans; {stored} of {files} files are stored in it ({size} MB). It holds all "
        "that the home holds, also what council and public do not see: keep it where only you can read it.",
        file=str(file),
        alerts=made.holds["alerts"],
        plans=made.holds["plan"],
        stored=made.stored,
        files=made.files,
        size=size,
    )
    return Answer({"file": str(file), **_entries(made)}, [told])


def verify(ctx: CommandContext, file: Path | None, mark: str) -> Answer:
    """A backup, or the home itself."""
    if file is not None:
        checked = keeping.verify_backup(file)
        return Answer({"file": str(file), **_entries(checked)}, [_whole(ctx, str(file), checked)])
    ctx.city()
    if found := keeping.faults(ctx.home, mark):
        told = " ".join(ctx.t(fault) for fault in found)
        raise UsageError(Message("{home}: {faults}", {"home": str(ctx.home.path), "faults": told}))
    held = keeping.Backup(keeping.contents(ctx.home, ctx.home.plans_url), 0, 0)
    sealed = ctx.t(
        "Plan history and record are unchanged up to the mark {mark}. Keep it elsewhere: --mark compares it later.",
        mark=held.holds["sealed"],
    )
    lines = [_whole(ctx, str(ctx.home.path), held), *([sealed] if held.holds["sealed"] else [])]
    return Answer({"home": str(ctx.home.path), "holds": held.holds}, lines)


def restore(ctx: CommandContext, file: Path, erased_in: Path | None) -> Answer:
    """A home out of a backup."""
    made = keeping.restore(file, ctx.home, erased_in)
    ctx.prepare()
    lines = [_whole(ctx, str(ctx.home.path), made)]
    if erased_in is None:
        lines.append(ctx.t("What was erased after that backup is there again: erase it again (curim erase)."))
    return Answer({"home": str(ctx.home.path), **_entries(made)}, lines)


def upgrade(ctx: CommandContext) -> Answer:
    """A home of an earlier version."""
    ctx.city()
    keeping.upgrade(ctx.home)
    ctx.prepare()
    return verify(ctx, None, "")


def secret(ctx: CommandContext, draw_anew: bool, yes: bool) -> Answer:
    """The secret of the protected copy."""
    ctx.city()
    if draw_anew and not yes:
        raise UsageError(
            Message(
                "The protected copy would be drawn anew: places and times of rare alerts change in it, and whoever "
                "kept what the present one told can lay both side by side, which tells more than each of them. Nothing "
                "was done: say --yes to do it."
            )
        )
    if draw_anew:
        keeping.draw_anew(ctx.home)
        ctx.prepare()
    else:
        keeping.secret(ctx.home)
    told = ctx.t("The secret of the protected copy is there. Its fingerprint: {mark}", mark=secret_mark(ctx.home.path))
    return Answer({"fingerprint": secret_mark(ctx.home.path)}, [told])


def _entries(made: keeping.Backup) -> dict[str, object]:
    return {"holds": dict(made.holds), "files": made.files, "stored": made.stored}


def _whole(ctx: CommandContext, name: str, held: keeping.Backup) -> str:
    return ctx.t(
        "{name} is whole: {alerts} alerts of {imports} imports, {plans} plans.",
        name=name,
        alerts=held.holds["alerts"],
        imports=held.holds["imports"],
        plans=held.holds["plan"],
    )
