"""What a city sets in `settings.toml` of the home: its address, its mail server, sign-in, the record.

    public_url = "https://alerts.city.example"   # where readers open the dashboard; CURIM_PUBLIC_URL goes before it

    [mail]                                       # the city's own SMTP server; without it nothing is sent
    host = "smtp.city.example"
    port = 587
    security = "starttls"                        # starttls, tls, or none (only without a user, or on this computer)
    user = "curim"                               # leave it out where the server asks for none
    sender = "curim@city.example"

    [sign_in]                                    # when a session ends
    idle_minutes = 30                            # without use
    absolute_hours = 12                          # whatever its use

    [record]                                     # of who looked at what and did what
    keep_days = 365                              # 90 at least
    council_filters = true                       # false: which filters the council and the public chose is not recorded

The password stands in no file: CURIM_SMTP_PASSWORD.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from curim_data.model import N_, Message, MessageError
from curim_data.store.home import Home

FILE: Final = "settings.toml"
PASSWORD: Final = "CURIM_SMTP_PASSWORD"
PUBLIC_URL: Final = "CURIM_PUBLIC_URL"
Security = Literal["starttls", "tls", "none"]
KEPT_DAYS: Final = (90, 3650)  # of the record
LONGEST: Final = {"idle_minutes": 24 * 60, "absolute_hours": 7 * 24}  # of a session
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class SettingsError(MessageError, ValueError):
    """Settings that cannot be used; `message` says which one, and how to mend it."""


@dataclass(frozen=True)
class MailServer:
    """An SMTP server, who signs in there ("" for nobody), and from which address mail comes."""

    host: str
    port: int
    security: Security
    user: str
    sender: str


@dataclass(frozen=True)
class SignInSettings:
    """After how long without use, and after how long at all, a reader has to sign in again."""

    idle_minutes: float = 30.0
    absolute_hours: float = 12.0


@dataclass(frozen=True)
class RecordSettings:
    """For how many days the record is kept, and whether it holds the filters of those who see no exact counts."""

    keep_days: int = 365
    council_filters: bool = True


@dataclass(frozen=True)
class Settings:
    """The address at which readers open the dashboard ("" where it is not public), and the mail server, if any."""

    public_url: str = ""
    mail: MailServer | None = None


def read_settings(home: Home) -> Settings:
    """The settings of a home; SettingsError where they cannot be used. Without a file nothing is set."""
    told = _told(home)
    return Settings(_public(os.environ.get(PUBLIC_URL) or told.get("public_url", "")), _mail(told.get("mail")))


def read_sign_in_settings(home: Home) -> SignInSettings:
    """How long a sign-in lasts; SettingsError where it is set to what cannot be used."""
    told = _told(home).get("sign_in", {})
    if not isinstance(told, dict):
        raise _wrong(N_("[sign_in] in settings.toml has to be a table with idle_minutes and absolute_hours."))
    given = {name: told.get(name, default) for name, default in vars(SignInSettings()).items()}
    for name, value in given.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= LONGEST[name]:
            text = N_("[sign_in] {name} is {value}: use a number from 0 to {most}.")
            raise _wrong(text, name=name, value=str(value), most=LONGEST[name])
    return SignInSettings(**given)


def read_record_settings(home: Home) -> RecordSettings:
    """What is recorded, and for how long; SettingsError where it is set to what cannot be used."""
    told = _told(home).get("record", {})
    usual = RecordSettings()
    days: Any = told.get("keep_days", usual.keep_days) if isinstance(told, dict) else None
    filters: Any = told.get("council_filters", usual.council_filters) if isinstance(told, dict) else None
    _refuse(
        (
            not isinstance(days, int) or isinstance(days, bool) or not KEPT_DAYS[0] <= days <= KEPT_DAYS[1],
            N_("[record] keep_days is {value}: use a whole number from {least} to {most}."),
            {"value": str(days), "least": KEPT_DAYS[0], "most": KEPT_DAYS[1]},
        ),
        (
            not isinstance(filters, bool),
            N_("[record] council_filters is {value}: use true or false."),
            {"value": str(filters)},
        ),
    )
    return RecordSettings(days, filters)


def _told(home: Home) -> dict[str, Any]:
    path = home.path / FILE
    try:
        return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(N_("settings.toml cannot be read: {why}."), why=str(error)) from error


def opens_here_only(link: str) -> bool:
    """Whether an address is this computer's own, so that nobody else can open it."""
    host = _host(link)
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _host(link: str) -> str:
    """The computer that an address names; empty where it names none."""
    try:
        return urlsplit(link).hostname or ""
    except ValueError:  # a bracket that is not closed
        return ""


def _public(url: Any) -> str:
    if not url:
        return ""
    known = isinstance(url, str) and bool(_host(url)) and not any(sign.isspace() for sign in url)
    parts = urlsplit(url) if known else None
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise _wrong(N_("public_url {value} is no address such as https://alerts.city.example."), value=str(url))
    return "" if opens_here_only(url) else str(url).rstrip("/")


def _mail(told: Any) -> MailServer | None:
    if told is None:
        return None
    if not isinstance(told, dict):
        raise _wrong(N_("[mail] in settings.toml has to be a table with host, sender and security."))
    for name in ("host", "sender"):
        if not isinstance(told.get(name), str) or not told[name].strip():
            raise _wrong(N_("[mail] in settings.toml lacks “{name}”."), name=name)
    security, user = told.get("security", "starttls"), told.get("user", "")
    host, sender, port = told["host"], told["sender"], told.get("port", PORTS.get(str(security), 0))
    clear = bool(user) and security == "none" and not opens_here_only(f"smtp://{host}")
    _refuse(
        (
            security not in get_args(Security),
            N_("[mail] security is {value}: use starttls, tls or none."),
            {"value": str(security)},
        ),
        (
            not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536,
            N_("[mail] port is {value}: use a whole number such as 587."),
            {"value": str(port)},
        ),
        (not isinstance(user, str), N_("[mail] user is {value}: use a name in quotation marks."), {"value": str(user)}),
        (
            clear,
            N_("[mail] security is none, and the password of {user} would travel in the clear."),
            {"user": user},
        ),
        (
            not is_address(sender),
            N_("[mail] sender {value} is no address such as curim@city.example."),
            {"value": sender},
        ),
    )
    return MailServer(host.strip(), port, security, user, sender)


def is_address(text: str) -> bool:
    """Whether a text can be one mail address; what stands in it can begin no header and no second address.

    Latin letters, digits and signs only: a mail's header encodes others, and takes "=?" for such a code, which may hold
    a second address. A domain of other letters has a form of these ("xn--...").
    """
    name, at, domain = text.rpartition("@")
    bad = set(' \t\r\n,;:<>"()[]\\')
    plain = text.isascii() and text.isprintable() and "=?" not in text
    return bool(at and name and domain) and "@" not in name and plain and not bad & set(text)


def _wrong(text: str, **values: Any) -> SettingsError:
    return SettingsError(Message(text, values))


def _refuse(*cases: tuple[bool, str, dict[str, Any]]) -> None:
    """Raise the first of some errors that holds: whether it does, what it says, and the values that fill it."""
    for wrong, text, values in cases:
        if wrong:
            raise _wrong(text, **values)
