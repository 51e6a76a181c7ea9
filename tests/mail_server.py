"""A small SMTP server for tests, which keeps what it is sent."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.spark_servers import free_port

HOST = "127.0.0.1"


def _encrypted(server: Any) -> bool:
    return server.transport.get_extra_info("sslcontext") is not None


@dataclass
class Inbox:
    """What a server was sent: for each mail its envelope and the message, and whether it came encrypted."""

    password: str
    refuses: str
    port: int = field(default_factory=free_port)
    mails: list[tuple[str, list[str], Any, bool]] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    certificate: Path | None = None

    def trusted(self) -> ssl.SSLContext:
        """A context that trusts this server."""
        return ssl.create_default_context(cafile=self.certificate)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address == self.refuses:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail, _encrypted(server)))
        return "250 kept"

    def sign_in(self, server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        self.logins.append((given.login.decode(), given.password.decode(), _encrypted(server)))
        return AuthResult(success=given.password.decode() == self.password, handled=False)


@contextmanager
def smtp_server(folder: Path, *, tls: str = "none", password: str = "", refuses: str = "") -> Iterator[Inbox]:
    """Run a server here. tls: "none", "starttls" or "tls"; password: it asks for it; refuses: a recipient."""
    inbox, context = Inbox(password, refuses), None
    if tls != "none":
        inbox.certificate = folder / "server.pem"
        _make_certificate(inbox.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(inbox.certificate)
    server = Controller(
        inbox,
        HOST,
        inbox.port,
        ssl_context=context if tls == "tls" else None,
        tls_context=context if tls == "starttls" else None,
        authenticator=inbox.sign_in if password else None,
        auth_required=bool(password),
        auth_require_tls=tls == "starttls",
    )
    server.start()
    try:
        yield inbox
    finally:
        server.stop()


def _make_certificate(path: Path) -> None:
    """A certificate for this computer, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
