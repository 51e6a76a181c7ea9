"""Mail through a city's own server: encrypted, signed in, one mail a reader; nothing where it is not set."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.export.mail import Attachment, MailError, send_mail
from curim_data.model import LANGUAGES, Message, translator
from curim_data.store import Home
from curim_data.store.settings import (
    PASSWORD,
    PUBLIC_URL,
    MailServer,
    Security,
    Settings,
    SettingsError,
    is_address,
    read_settings,
)
from tests.mail_server import HOST, smtp_server

PDF = Attachment("brief.pdf", "application/pdf", b"%PDF-\x00\xff\n.\n.brief")


def server(port: int, security: Security = "starttls", user: str = "curim") -> MailServer:
    return MailServer(HOST, port, security, user, "curim@city.example")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_papers_arrive_whole_and_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: Security) -> None:
    monkeypatch.setenv(PASSWORD, "word-secret")
    with smtp_server(tmp_path, tls=security, password="word-secret") as inbox:
        to = ["anna@city.example", "nikos@city.example"]
        text = "Από 5 Σεπτεμβρίου: 66 περιστατικά.\n.\nΤέλος"
        subject = "Ενημερωτικό\r\nBcc: all@x.example"
        send_mail(server(inbox.port, security), to, subject, text, [PDF], context=inbox.trusted())
    assert inbox.logins == [("curim", "word-secret", True)]
    assert [(sender, names) for sender, names, _, _ in inbox.mails] == [("curim@city.example", [one]) for one in to]
    for (_, _, mail, encrypted), reader in zip(inbox.mails, to, strict=True):
        assert encrypted
        assert (mail["To"], mail["Bcc"], mail["Subject"]) == (reader, None, "Ενημερωτικό Bcc: all@x.example")
        assert mail["Date"]
        assert mail["Message-ID"].endswith("@city.example>")
        body = mail.get_body(("plain",))
        assert body is not None
        assert body.get_content().splitlines() == text.splitlines()
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content_type(), file.get_content()) == (PDF.name, PDF.mime, PDF.content)


@pytest.mark.parametrize(("encrypted", "told"), [("starttls", "certificate"), ("none", "STARTTLS")])
def test_a_server_that_nobody_vouches_for_or_without_encryption_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encrypted: str, told: str
) -> None:
    monkeypatch.setenv(PASSWORD, "secret")
    with smtp_server(tmp_path, password="secret", tls=encrypted) as inbox, pytest.raises(MailError, match=told):
        send_mail(server(inbox.port), ["anna@city.example"], "s", "t")
    assert not inbox.logins
    assert not inbox.mails


def test_what_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, odd = ["anna@city.example"], MailServer("smtp..city", 25, "none", "", "curim@city.example")
    monkeypatch.delenv(PASSWORD, raising=False)
    for password, through, to, told in (
        ("", server(1), anna, PASSWORD),
        ("λέξη", server(1), anna, "Latin letters"),
        ("λέξη", server(1, "none", ""), ["anna@city.example, b@c.example"], "is no mail address"),
        ("λέξη", odd, anna, r"smtp\.\.city:25"),
        ("λέξη", server(1, "none", ""), anna, f"{HOST}:1"),
    ):
        if password:
            monkeypatch.setenv(PASSWORD, password)
        with pytest.raises(MailError, match=told):
            send_mail(through, to, "s", "t")
    monkeypatch.setenv(PASSWORD, "wrong")
    with smtp_server(tmp_path, tls="tls", password="right") as inbox, pytest.raises(MailError) as error:
        send_mail(server(inbox.port, "tls"), anna, "s", "t", context=inbox.trusted())
    assert "535" in str(error.value)
    assert "wrong" not in str(error.value)


def test_an_address_is_one_and_one_that_is_refused_keeps_the_mail_from_nobody_else(tmp_path: Path) -> None:
    to = ["anna@city.example", "nobody@city.example", "nikos@city.example"]
    told = r"nobody@city\.example.*nobody of that name"
    with smtp_server(tmp_path, refuses=to[1]) as inbox, pytest.raises(MailError, match=told) as error:
        send_mail(server(inbox.port, "none", ""), to, "s", "t")
    assert [names for _, names, _, _ in inbox.mails] == [[to[0]], [to[2]]]
    assert error.value.sent == (to[0], to[2])
    assert all(map(is_address, ("anna@city.example", "anna.k+brief@mail.city.example", "anna@xn--jxalpdlp.example")))
    several = ("a@b@c.example", "anna@city.example\nBcc: x@y.example", "anna@city.example,nikos@city.example")
    odd = ("Anna <anna@city.example>", "=?utf-8?q?all=40x.example=2Canna?=@city.example", "άννα@city.example")
    bad = ("", "anna", "@city.example", "anna@", *several, *odd, "anna@πόλη.example")
    assert not [text for text in bad if is_address(text)]


MAIL = '[mail]\nhost = "smtp.city.example"\nsender = "curim@city.example"\n'


def by_mail(port: int, security: Security, user: str = "") -> Settings:
    return Settings(mail=MailServer("smtp.city.example", port, security, user, "curim@city.example"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Settings()),
        ('public_url = "https://alerts.city.example/"', Settings("https://alerts.city.example")),
        ('public_url = "http://localhost:8501"', Settings()),
        ('public_url = "http://127.0.0.1:8501"', Settings()),
        (MAIL, by_mail(587, "starttls")),
        (MAIL + 'security = "tls"\nuser = "curim"', by_mail(465, "tls", "curim")),
        (MAIL + 'security = "none"\nport = 2525', by_mail(2525, "none")),
    ],
)
def test_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wanted: Settings) -> None:
    monkeypatch.delenv(PUBLIC_URL, raising=False)
    (tmp_path / "settings.toml").write_text(text, "utf-8")
    assert read_settings(Home(tmp_path)) == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("public_url = ", "cannot be read"), ('public_url = "alerts.city.example"', "public_url"),
        ('public_url = "javascript:alert(1)"', "public_url"),
        ('public_url = "https://a.example/?x=1"', "public_url"), ("public_url = 3", "public_url"),
        ('public_url = "https://[a.example"', "public_url"),
        ('[mail]\nhost = "["\nsender = "a@b.example"\nsecurity = "none"\nuser = "x"', "in the clear"),
        ("mail = 3", "mail"), ('[mail]\nhost = "a"', "sender"), ('[mail]\nsender = "a@b.example"', "host"),
        (MAIL + 'security = "ssl"', "security"), (MAIL + "port = 0", "port"), (MAIL + 'port = "587"', "port"),
        (MAIL + "user = 7", "user"), (MAIL + 'user = "curim"\nsecurity = "none"', "in the clear"),
        ('[mail]\nhost = "a"\nsender = "nobody"', "sender"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_say_which(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=told) as error:
        read_settings(Home(tmp_path))
    for lang in LANGUAGES:
        said = translator(lang)(Message(error.value.message.text, error.value.message.values))
        assert said
        assert "{" not in said
