"""A certificate authority of this machine's own, made on first use, and certificates for servers on it."""

from __future__ import annotations

import os
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import gethostname
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIFE = timedelta(days=3_650)
"""How long an authority is valid."""
_SERVER_LIFE = timedelta(days=397)
_RENEWED_BEFORE = _SERVER_LIFE
_SKEW = timedelta(hours=1)
_NAME = "pgazure emulator"
# Where systems keep the certificates that they trust, for a Python that does not know.
_SYSTEM_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority and where it is kept.

    Attributes:
        folder: Where it is kept; nobody else may look into it.
        certificate: Its certificate.
        key: Its key.
    """

    folder: Path
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def file(self) -> Path:
        """Its certificate alone, for programs that add it to those that they trust."""
        return self.folder / "ca.pem"

    @property
    def bundle(self) -> Path:
        """Its certificate and those that the system trusts, for programs that trust one file only."""
        return self.folder / "bundle.pem"

    def make_context(self, host: str) -> ssl.SSLContext:
        """Make what a server speaks TLS with: a new key, and a certificate for ``host`` and this machine's names."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # slow to load, and seldom needed

        key = _make_key()
        names = dict.fromkeys((host, "localhost", "127.0.0.1", "::1", gethostname()))
        issued = _sign_for_server(self, key, names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        # Python reads certificates from files only; this one is gone again at once.
        with NamedTemporaryFile(dir=self.folder, suffix=".pem") as file:
            file.write(_write_key(key) + issued.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def open_authority(folder: Path) -> Authority:
    """Read the authority of a folder; make it where there is none, and anew where it ends within 13 months.

    Raises:
        OSError: The folder cannot be made, read or written.
        ValueError: What is in it is no authority.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _lock(folder):
        kept = folder / "ca-key.pem"
        found = _read(folder, kept) if kept.exists() else None
        if found is None or found.certificate.not_valid_after_utc < datetime.now(UTC) + _RENEWED_BEFORE:
            found = _make(folder, kept)
        _write_bundle(found)
    return found


def _read(folder: Path, kept: Path) -> Authority:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    content = kept.read_bytes()
    message = f"{kept} is no certificate authority: delete the folder, and a new one is made"
    try:
        key = load_pem_private_key(content, None)
        certificate = load_pem_x509_certificate(content)
    except (ValueError, TypeError) as error:
        raise ValueError(message) from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError(message)  # noqa: TRY004  # what the file holds is wrong, not what the caller gave
    return Authority(folder, certificate, key)


def _make(folder: Path, kept: Path) -> Authority:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    key = _make_key()
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    name = _name(_NAME)
    certificate = (
        _begin(key, LIFE)
        .subject_name(name)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    _replace(kept, _write_key(key) + certificate.public_bytes(Encoding.PEM))
    return Authority(folder, certificate, key)


def _sign_for_server(authority: Authority, key: EllipticCurvePrivateKey, names: Iterable[str]) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    public = authority.key.public_key()
    return (
        _begin(key, _SERVER_LIFE)
        .subject_name(_name("localhost"))
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(authority.key, SHA256())
    )


def _begin(key: EllipticCurvePrivateKey, life: timedelta) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
    )


def _make_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.generate_private_key(ec.SECP256R1())


def _write_key(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_bundle(authority: Authority) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    own = authority.certificate.public_bytes(Encoding.PEM)
    for file, content in ((authority.file, own), (authority.bundle, _read_system(authority.bundle) + own)):
        if not file.exists() or file.read_bytes() != content:
            _replace(file, content)


def _read_system(bundle: Path) -> bytes:
    """The certificates that this machine trusts; never our own bundle, which a shell may have named in their place."""
    known = ssl.get_default_verify_paths()
    for name in (known.cafile, known.openssl_cafile, *_SYSTEM_FILES):
        if name and (file := Path(name)).is_file() and file.resolve() != bundle.resolve():
            return file.read_bytes().rstrip() + b"\n"
    from certifi import contents  # noqa: PLC0415  # where the system has none

    return contents().encode().rstrip() + b"\n"


def _replace(file: Path, content: bytes) -> None:
    """Write a file that nobody else may read, all at once."""
    with NamedTemporaryFile(dir=file.parent, delete=False) as written:
        written.write(content)
    Path(written.name).replace(file)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time make an authority."""
    with (folder / "lock").open("a") as file:
        if os.name == "posix":
            from fcntl import LOCK_EX, flock  # noqa: PLC0415  # only there

            flock(file, LOCK_EX)
        yield
