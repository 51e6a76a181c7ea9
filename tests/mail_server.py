"""A small SMTP server for tests: it speaks EHLO, STARTTLS, AUTH, MAIL, RCPT and DATA, and keeps what it is sent."""

from __future__ import annotations

import base64
import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Inbox:
    """What a server was sent: for each mail its envelope and the message, and whether it came encrypted."""

    port: int = 0
    mails: list[tuple[str, list[str], EmailMessage, bool]] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    certificate: Path | None = None
    refuses: str = ""

    def trusted(self) -> ssl.SSLContext:
        """A context that trusts this server."""
        context = ssl.create_default_context()
        if self.certificate is not None:
            context.load_verify_locations(self.certificate)
        return context


@contextmanager
def smtp_server(folder: Path, *, tls: str = "none", password: str = "", refuses: str = "") -> Iterator[Inbox]:
    """Run a server here. tls: "none", "starttls" or "tls"; password: it asks for it; refuses: a recipient."""
    inbox = Inbox(refuses=refuses)
    context = None
    if tls != "none":
        inbox.certificate = folder / "server.pem"
        _make_certificate(inbox.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(inbox.certificate)
    server = _Server((HOST, 0), _Talk)
    server.inbox, server.context, server.tls, server.password = inbox, context, tls, password
    inbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    inbox: Inbox
    context: ssl.SSLContext | None
    tls: str
    password: str


class _Talk(socketserver.StreamRequestHandler):
    server: _Server
    encrypted = False

    def handle(self) -> None:
        inbox, known = self.server.inbox, not self.server.password
        if self.server.tls == "tls":
            self._encrypt()
        self._say("220 test ESMTP")
        sender, to = "", list[str]()
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            name = rest.partition("<")[2].partition(">")[0]
            match word.upper():
                case "EHLO":
                    lines = ["test", *(["STARTTLS"] if self.server.tls == "starttls" and not self.encrypted else [])]
                    lines += ["AUTH PLAIN"] if self.server.password else []
                    self._say(*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}")
                case "STARTTLS":
                    self._say("220 go ahead")
                    self._encrypt()
                case "AUTH":
                    _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\x00")
                    inbox.logins.append((user, password, self.encrypted))
                    known = password == self.server.password
                    self._say("235 welcome" if known else "535 wrong")
                case "MAIL":
                    sender, to = name, []
                    self._say("250 ok" if known else "530 sign in first")
                case "RCPT":
                    to.append(name)
                    self._say("550 nobody of that name" if name == inbox.refuses else "250 ok")
                case "DATA":
                    self._say("354 end with a dot")
                    mail = message_from_bytes(b"".join(self._lines()), policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    inbox.mails.append((sender, to, mail, self.encrypted))
                    self._say("250 kept")
                case "RSET" | "NOOP":
                    self._say("250 ok")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("502 not known")

    def _lines(self) -> Iterator[bytes]:
        """The lines of a mail, whose end is a dot alone."""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            yield line[1:] if line.startswith(b"..") else line

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.encrypted = True
        self.setup()

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


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
