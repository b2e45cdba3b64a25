"""The clients that answer: made of the server's environment and of the settings in the database."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.client import AsyncClient
from pgazure.client.extension_settings import read_database_settings
from pgazure.config import change_settings, complete_settings, load_settings
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.bridge.catalog import Question
    from pgazure.config import Settings

_log = logging.getLogger(__name__)

# The services that answer the functions of each schema.
_SCHEMAS = {
    "azure_ai": ("openai", "rerank"),
    "azure_cognitive": ("language", "translator"),
    "azure_ml": ("ml",),
    "azure_openai": ("openai",),
}

# The setting that says where a service is; which one ranks depends on the model.
_KEYS = {
    "language": "azure_cognitive.endpoint",
    "translator": "azure_cognitive.endpoint",
    "openai": "azure_openai.endpoint",
    "ml": "azure_ml.scoring_endpoint",
}


@dataclass(frozen=True, slots=True)
class Described:
    """What the database says of services.

    Attributes:
        settings: Rows of ``azure_ai.settings``: value, and whether a key may be sent there where it is an address.
        models: Rows of the registered models by alias.
    """

    settings: Mapping[str, tuple[str, bool | None]] = field(repr=False, default_factory=dict)
    models: Mapping[str, tuple[str, str | None, str | None, bool | None]] = field(repr=False, default_factory=dict)


class Services:
    """Keeps the clients of a server, and replaces them when the settings change.

    Args:
        max_concurrency: Most requests under way for one endpoint, deployment and operation.
        settings: Ready settings in place of those of the environment.
    """

    def __init__(self, max_concurrency: int, settings: Settings | None = None) -> None:
        self._environment = settings if settings is not None else load_settings()
        self._max_concurrency = max_concurrency
        self._described: Described | None = None
        self._settings = self._environment
        self._refused: set[str] = set()
        self._clients: dict[str | None, AsyncClient] = {}
        self._replaced: list[AsyncClient] = []

    def describe(self, described: Described) -> bool:
        """Take what the database says now; say whether it is something new."""
        if described == self._described:
            return False
        self._described = described
        self._refused = {
            key for key, (_, is_allowed) in described.settings.items() if key.endswith("endpoint") and not is_allowed
        }
        allowed = {key: value for key, (value, _) in described.settings.items() if key not in self._refused}
        try:
            self._settings = complete_settings(self._environment, read_database_settings(allowed))
        except ConfigurationError as error:
            _log.error("settings of the database do not count", extra={"reason": str(error)})
            self._settings = self._environment
        # Calls under way still need theirs.
        self._replaced.extend(self._clients.values())
        self._clients = {}
        return True

    def find(self, question: Question) -> AsyncClient:
        """Give the client that answers a question.

        Raises:
            ConfigurationError: An endpoint is not set, or a key may not be sent there, or there is no such model.
        """
        alias, service = question.alias, question.function.service
        if alias is None and service in _KEYS and getattr(self._settings, f"{service}_endpoint") is None:
            key = _KEYS[service]
            if key in self._refused:
                msg = f"the host of {key} is not among those a key may be sent to, pgazure_bridge.allowed_hosts"
                raise ConfigurationError(msg)
            msg = f"{key} is not set"
            raise ConfigurationError(msg)
        if alias not in self._clients:
            settings = self._settings if alias is None else self._point_at(alias)
            # A session waits for each call: few requests at first would keep it waiting for longer.
            self._clients[alias] = AsyncClient(settings=settings, max_concurrency=self._max_concurrency, careful=False)
        return self._clients[alias]

    def _point_at(self, alias: str) -> Settings:
        models = self._described.models if self._described is not None else {}
        if alias not in models:
            msg = "the model is registered no more"
            raise ConfigurationError(msg)
        endpoint, api_version, key, is_allowed = models[alias]
        if not is_allowed:
            msg = "the endpoint of the model is not among pgazure_bridge.allowed_hosts"
            raise ConfigurationError(msg)
        return change_settings(
            self._settings,
            {
                "openai_endpoint": endpoint,
                "openai_key": key,
                "openai_api_version": api_version,
                "rerank_endpoint": endpoint,
                "rerank_key": key,
            },
        )

    @property
    def places(self) -> dict[str, str]:
        """A hash of the endpoints that the functions of each schema are answered from."""
        settings: Any = self._settings
        models = self._described.models if self._described is not None else {}
        registered = repr(sorted((alias, model[0]) for alias, model in models.items()))
        return {
            schema: hashlib.sha256(
                "\n".join(
                    [*(getattr(settings, f"{service}_endpoint") or "" for service in services), registered]
                ).encode()
            ).hexdigest()
            for schema, services in _SCHEMAS.items()
        }

    async def close(self) -> None:
        """Close all clients."""
        for client in (*self._clients.values(), *self._replaced):
            await client.close()
        self._clients, self._replaced = {}, []
