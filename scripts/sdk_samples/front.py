"""Azure's own host names, answered on this machine.

Some programs name their host in the code: ``https://example-endpoint.openai.azure.com``,
``https://api.cognitive.microsofttranslator.com``, ``http://localhost``. They honour the
proxies that the environment names, and trust the authority of ``SSL_CERT_FILE``; so they
run unchanged against a proxy that ends the TLS connection itself and hands each request
to the emulator.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DOMAINS = (
    "api.cognitive.microsofttranslator.com",
    "*.cognitive.microsofttranslator.com",
    "*.api.cognitive.microsoft.com",
    "*.cognitiveservices.azure.com",
    "*.openai.azure.com",
    "login.microsoftonline.com",
)
_HEAD = 65_536


def make_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority and a certificate for Azure's domains; give the file to trust, and what a server needs."""
    authority, key = _certify("Samples", None, None)
    leaf, leaf_key = _certify("Azure", authority, key)
    trusted, chain = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    return trusted, context


def _certify(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(domain) for domain in _DOMAINS]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(signer, critical=False)
        .add_extension(usage, critical=True)
    )
    return made.sign(issuer_key or key, hashes.SHA256()), key


@contextmanager
def serve_front(port: int, context: ssl.SSLContext) -> Iterator[str]:
    """Give the URL of a proxy that answers for Azure's hosts with what listens on ``port`` of this machine."""
    loop = asyncio.new_event_loop()
    front = _Front(port, context)
    server = loop.run_until_complete(asyncio.start_server(front.attend, "127.0.0.1", 0, limit=_HEAD))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port_of_proxy = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port_of_proxy}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class _Front:
    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port = port
        self._context = context

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._tunnel(reader, writer)
        writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        if method == b"CONNECT" and _is_azure(target.decode("latin-1").rpartition(":")[0]):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._context)
            await self._hand_on(await reader.readuntil(b"\r\n\r\n"), b"https", reader, writer)
        elif target.startswith(b"http://localhost/"):
            await self._hand_on(head.replace(b"http://localhost", b"", 1), b"http", reader, writer)
        else:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

    async def _hand_on(
        self, head: bytes, scheme: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line, _, fields = head.partition(b"\r\n")
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._port)
        # One request a connection: its head is the only one that has to be told the scheme.
        kept = [field for field in fields.split(b"\r\n") if not field.lower().startswith(b"connection:")]
        onward.write(line + b"\r\nConnection: close\r\nX-Forwarded-Proto: " + scheme + b"\r\n" + b"\r\n".join(kept))
        sending = asyncio.create_task(_pump(reader, onward))
        try:
            await _pump(onward_reader, writer)
        finally:
            sending.cancel()
            onward.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_HEAD):
        target.write(data)
        await target.drain()


def _is_azure(host: str) -> bool:
    return any(host == domain or (domain[0] == "*" and host.endswith(domain[1:])) for domain in _DOMAINS)
