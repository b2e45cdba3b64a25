"""Where a recorder hands requests on to: Azure's own hosts and this machine, and no other, for they carry a key."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pgazure.errors import ConfigurationError

SERVICES = ("language", "translator", "openai", "ml", "rerank")
"""What can be recorded."""

_DOMAINS = (
    ".cognitiveservices.azure.com",
    ".cognitiveservices.azure.us",
    ".cognitiveservices.azure.cn",
    ".openai.azure.com",
    ".openai.azure.us",
    ".openai.azure.cn",
    ".services.ai.azure.com",
    ".api.cognitive.microsoft.com",
    ".cognitive.microsofttranslator.com",
    ".cognitive.microsofttranslator.us",
    ".inference.ml.azure.com",
    ".inference.ml.azure.us",
    ".models.ai.azure.com",
)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# The Translator SDK looks for this in an endpoint to know a resource's own domain, which has other paths.
_OWN_DOMAIN = "/cognitiveservices"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service as it is reached.

    Attributes:
        service: Its name.
        origin: Scheme, host and port.
        path: Path of its endpoint, which is that of the recorder's endpoint too.
        prefix: What the recorder's endpoint has before that, and the service's has not.
    """

    service: str
    origin: str
    path: str = ""
    prefix: str = ""


def read_upstream(service: str, endpoint: str) -> Upstream:
    """Read the endpoint of a service.

    Raises:
        ConfigurationError: A recorder does not hand on to there, or does not know the service.
    """
    check_service(service)
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if not is_allowed(parts.scheme, host):
        msg = f"requests carry a key, and are recorded from https hosts of Azure and this machine only, not from {host}"
        raise ConfigurationError(msg)
    prefix = _OWN_DOMAIN if service == "translator" and ".cognitiveservices.azure." in host else ""
    return Upstream(service, f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"), prefix)


def split_prefix(path: str) -> tuple[str, str]:
    """Split the path of a recorder's endpoint into what only the recorder has, and what the service has too."""
    return (_OWN_DOMAIN, path.removeprefix(_OWN_DOMAIN)) if path.startswith(_OWN_DOMAIN) else ("", path)


def check_service(service: str) -> None:
    """Check that there is such a service.

    Raises:
        ConfigurationError: There is not.
    """
    if service not in SERVICES:
        msg = f"there is no service {service!r} to record; there are {', '.join(SERVICES)}"
        raise ConfigurationError(msg)


def is_allowed(scheme: str, host: str) -> bool:
    """Whether a request with a key may go there."""
    return (scheme == "https" and host.endswith(_DOMAINS)) or (scheme in {"http", "https"} and host in _LOOPBACK)
