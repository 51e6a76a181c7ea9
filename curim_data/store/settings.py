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
    _require(isinstance(told, dict), "sign_in", told, "[sign_in]")
    given = {name: told.get(name, default) for name, default in vars(SignInSettings()).items()}
    for name, value in given.items():
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= LONGEST[name]
        _require(good, f"[sign_in] {name}", value, f"0–{LONGEST[name]}")
    return SignInSettings(**given)


def read_record_settings(home: Home) -> RecordSettings:
    """What is recorded, and for how long; SettingsError where it is set to what cannot be used."""
    told = _told(home).get("record", {})
    _require(isinstance(told, dict), "record", told, "[record]")
    kept = RecordSettings(**{name: told.get(name, default) for name, default in vars(RecordSettings()).items()})
    _require(_whole(kept.keep_days, *KEPT_DAYS), "[record] keep_days", kept.keep_days, "{}–{}".format(*KEPT_DAYS))
    good = isinstance(kept.council_filters, bool)
    _require(good, "[record] council_filters", kept.council_filters, "true, false")
    return kept


def _told(home: Home) -> dict[str, Any]:
    path = home.path / FILE
    try:
        return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(Message(N_("settings.toml cannot be read: {why}."), {"why": str(error)})) from error


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
    good = parts is not None and parts.scheme in ("http", "https") and not parts.query and not parts.fragment
    _require(good, "public_url", url, "https://alerts.city.example")
    return "" if opens_here_only(url) else str(url).rstrip("/")


def _mail(told: Any) -> MailServer | None:
    if told is None:
        return None
    _require(isinstance(told, dict), "mail", told, "[mail]")
    for name, example in (("host", "smtp.city.example"), ("sender", "curim@city.example")):
        given = told.get(name, "")
        _require(isinstance(given, str) and bool(given.strip()), f"[mail] {name}", given, example)
    security, user = told.get("security", "starttls"), told.get("user", "")
    host, sender, port = told["host"], told["sender"], told.get("port", PORTS.get(str(security), 0))
    _require(security in get_args(Security), "[mail] security", security, "starttls, tls, none")
    _require(_whole(port, 1, 65535), "[mail] port", port, "1–65535")
    _require(isinstance(user, str), "[mail] user", user, '"curim"')
    if user and security == "none" and not opens_here_only(f"smtp://{host}"):
        text = N_("[mail] security is none, and the password of {user} would travel in the clear.")
        raise SettingsError(Message(text, {"user": user}))
    _require(is_address(sender), "[mail] sender", sender, "curim@city.example")
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


def _whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number between two others."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _require(good: bool, key: str, value: Any, allowed: str) -> None:
    """SettingsError unless a value is good; `allowed`: what can stand there, or an example, as it is written."""
    if not good:
        text = N_("settings.toml: {key} cannot be “{value}”. Write it like this: {allowed}.")
        raise SettingsError(Message(text, {"key": key, "value": str(value), "allowed": allowed}))
