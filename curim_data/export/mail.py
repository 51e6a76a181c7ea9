"""Mail through the city's own SMTP server: a paper for its readers, sent when it is asked for and configured."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from curim_data.model import Message, MessageError
from curim_data.store.settings import PASSWORD, MailServer, is_address

SECONDS: Final = 30


class MailError(MessageError, RuntimeError):
    """Mail that was not sent; `message` says why, `sent` to which readers it went all the same."""

    def __init__(self, message: Message, sent: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.sent = tuple(sent)


@dataclass(frozen=True)
class Attachment:
    """A file that goes along."""

    name: str
    mime: str
    content: bytes


def send_mail(
    server: MailServer,
    to: Sequence[str],
    subject: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    *,
    context: ssl.SSLContext | None = None,
) -> None:
    """Send one mail to each reader, so that none learns the addresses of the others; MailError where one fails.

    A reader whom the server refuses keeps the mail from nobody else.
    `context`: which certificates are trusted; those of the system unless given. The password is read from the
    environment, and nothing is sent without the security that the settings ask for.
    """
    wrong = [address for address in to if not is_address(address)]
    if wrong:
        raise MailError(Message("{address} is no mail address.", {"address": wrong[0]}))
    password, values = os.environ.get(PASSWORD, ""), {"user": server.user, "name": PASSWORD}
    if server.user and not password:
        raise MailError(Message("The password of {user} is missing: set {name} in the environment.", values))
    if server.user and not (server.user + password).isascii():
        raise MailError(
            Message("The name and the password of {user} may hold only Latin letters, digits and signs.", values)
        )
    sent: list[str] = []
    refused: list[str] = []
    try:
        with _connect(server, context or ssl.create_default_context()) as connection:
            if server.user:
                connection.login(server.user, password)
            for address in to:
                try:
                    connection.send_message(_mail(server, address, subject, text, attachments))
                    sent.append(address)
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:  # the next one may be taken
                    refused.append(str(error))
    except (OSError, UnicodeError, smtplib.SMTPException) as error:  # UnicodeError: a host that can be no name
        if len(sent) < len(to):  # else the server only failed to say goodbye
            refused.append(str(error) or type(error).__name__)
    if refused:
        values = {"host": server.host, "port": str(server.port), "why": "; ".join(refused)}
        raise MailError(Message("The mail was not sent through {host}:{port}: {why}.", values), sent)


def _connect(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    if server.security == "starttls":
        try:
            connection.starttls(context=context)  # raises where the server offers none
        except BaseException:
            connection.close()
            raise
    return connection


def _mail(server: MailServer, to: str, subject: str, text: str, attachments: Sequence[Attachment]) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = server.sender, to, " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = formatdate(localtime=True), make_msgid(domain=server.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    for file in attachments:
        kind, _, subtype = file.mime.partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return mail
