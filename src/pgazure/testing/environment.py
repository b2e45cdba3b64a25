"""The environment of a program that is to find a local endpoint in the place of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.config import load_settings
from pgazure.testing.upstream import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pgazure.testing.recorder import Recorder

_ENDPOINTS = {
    "language": ("AZURE_LANGUAGE_ENDPOINT", "AZURE_CONVERSATIONS_ENDPOINT", "AZURE_TEXT_ANALYTICS_ENDPOINT"),
    "translator": ("AZURE_TEXT_TRANSLATION_ENDPOINT",),
    "openai": ("AZURE_OPENAI_ENDPOINT",),
    "ml": ("AZURE_ML_SCORING_ENDPOINT",),
    "rerank": ("AZURE_RERANK_ENDPOINT",),
}
_KEYS = {
    "language": ("AZURE_LANGUAGE_KEY", "AZURE_CONVERSATIONS_KEY", "AZURE_TEXT_ANALYTICS_KEY"),
    "translator": ("AZURE_TEXT_TRANSLATION_APIKEY",),
    "openai": ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"),
    "ml": ("AZURE_ML_SCORING_KEY",),
    "rerank": ("AZURE_RERANK_KEY",),
}
# What would lead to a real service, or be sent to the local endpoint though it belongs to a real one.
_CONTRADICTING = ("AZURE_OPENAI_AD_TOKEN", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
_IDENTITY = (
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TENANT_ID",
)
_ANY_KEY = "replayed"


def read_endpoints() -> dict[str, str]:
    """Give the endpoints of the services that the environment names.

    Raises:
        ConfigurationError: One of them cannot be used.
    """
    settings = load_settings()
    named = {service for service in SERVICES if getattr(settings, f"{service}_endpoint") is not None}
    return {service: getattr(settings, service).endpoint for service in SERVICES if service in named}


def name_local(recorder: Recorder) -> dict[str, str]:
    """Give the variables that lead to a recorder.

    Keys are among them where they do not matter: what is recorded needs the program's own.
    """
    endpoints = {name: recorder.endpoint(service) for service, names in _ENDPOINTS.items() for name in names}
    base = {"OPENAI_BASE_URL": f"{recorder.endpoint('openai')}/openai/v1"}
    if recorder.records:
        settings = load_settings()
        keys = {service: getattr(settings, f"{service}_key") for service in _KEYS}
        values = {service: key.get_secret_value() if key else None for service, key in keys.items()}
    else:
        values = dict.fromkeys(_KEYS, _ANY_KEY)
    named = {name: value for service, names in _KEYS.items() for name in names if (value := values[service])}
    return {**endpoints, **base, **named}


def set_variables(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], *, keep_identity: bool = False
) -> dict[str, str]:
    """Set environment variables for the length of a test, and take away those that contradict them.

    Args:
        monkeypatch: What sets them back after the test.
        variables: What to set.
        keep_identity: Whether the program goes on to sign in as it does.

    Returns:
        What was set.
    """
    for name in (*_CONTRADICTING, *(() if keep_identity else _IDENTITY)):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return dict(variables)
