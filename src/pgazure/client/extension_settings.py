"""The settings of a client under the keys of ``azure_ai.set_setting``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pgazure.config import change_settings
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.config import Settings

# The services that each schema's settings are for.
_SERVICES = {
    "azure_openai": ("openai",),
    "azure_cognitive": ("language", "translator"),
    "azure_ml": ("ml", "rerank"),
}
_NAMES = {
    "azure_openai.endpoint": ("openai_endpoint",),
    "azure_openai.subscription_key": ("openai_key",),
    "azure_cognitive.endpoint": ("language_endpoint", "translator_endpoint"),
    "azure_cognitive.subscription_key": ("language_key", "translator_key"),
    "azure_cognitive.region": ("translator_region",),
    "azure_cognitive.translator_resource_id": ("translator_resource_id",),
    "azure_ml.scoring_endpoint": ("ml_endpoint",),
    "azure_ml.endpoint_key": ("ml_key",),
    "azure_ml.serverless_ranking_endpoint": ("rerank_endpoint",),
    "azure_ml.serverless_ranking_endpoint_key": ("rerank_key",),
}
_AUTH_TYPES = {f"{schema}.auth_type": schema for schema in _SERVICES}
_KEY, _IDENTITY = "subscription-key", "managed-identity"

SETTING_KEYS = tuple(sorted({*_NAMES, *_AUTH_TYPES}))
"""Every key that ``set_setting`` and ``get_setting`` know."""


def check_key(key: Any) -> str:
    """Check the key of a setting.

    Raises:
        ConfigurationError: There is no such setting.
    """
    if key not in SETTING_KEYS:
        msg = f"there is no setting of this name; there are: {', '.join(SETTING_KEYS)}"
        raise ConfigurationError(msg)
    return str(key)


def read_database_settings(rows: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give settings as a database holds them the names of :class:`pgazure.Settings`; an identity counts no key.

    Raises:
        ConfigurationError: An ``auth_type`` is unknown.
    """
    values = {name: rows.get(key) or None for key, names in _NAMES.items() for name in names}
    for key, schema in _AUTH_TYPES.items():
        if rows.get(key) and _check_auth_type(key, rows[key]) == _IDENTITY:
            values |= {f"{service}_key": None for service in _SERVICES[schema]}
    return values


def _check_auth_type(key: str, value: Any) -> str:
    if value not in {_KEY, _IDENTITY}:
        msg = f"{key} must be {_KEY} or {_IDENTITY}"
        raise ConfigurationError(msg)
    return str(value)


class ExtensionSettings:
    """The settings of one client, read and written one at a time.

    Args:
        settings: What they are in the beginning.
    """

    def __init__(self, settings: Settings) -> None:
        self._all = settings
        self._auth_types: dict[str, str] = {}
        self._written: set[str] = set()

    @property
    def current(self) -> Settings:
        """What counts now: a key does not where an identity is chosen."""
        chosen = [schema for schema, auth_type in self._auth_types.items() if auth_type == _IDENTITY]
        if not chosen:
            return self._all
        return change_settings(self._all, {f"{service}_key": None for name in chosen for service in _SERVICES[name]})

    def read(self, key: str) -> str | None:
        """Give a setting as it is, keys included; ``None`` where it is not set.

        Raises:
            ConfigurationError: There is no such setting.
        """
        if (schema := _AUTH_TYPES.get(check_key(key))) is not None:
            return self._auth_types.get(schema) or self._derive_auth_type(schema)
        found = next((value for name in _NAMES[key] if (value := getattr(self._all, name)) is not None), None)
        return found.get_secret_value() if isinstance(found, SecretStr) else found

    def _derive_auth_type(self, schema: str) -> str | None:
        services = _SERVICES[schema]
        if any(getattr(self._all, f"{service}_key") for service in services):
            return _KEY
        return _IDENTITY if any(getattr(self._all, f"{service}_endpoint") for service in services) else None

    def write(self, key: str, value: Any) -> None:
        """Change a setting; an empty text or ``None`` unsets it.

        A key that was there from the beginning belongs to the endpoint that was there: it is dropped with it.

        Raises:
            ConfigurationError: There is no such setting, or it cannot have this value.
            TypeError: ``value`` is no text.
        """
        schema = check_key(key).partition(".")[0]
        if not (value is None or isinstance(value, str)):
            msg = f"value must be a str or None, not {type(value).__name__}"
            raise TypeError(msg)
        if key in _AUTH_TYPES:
            if value:
                self._auth_types[schema] = _check_auth_type(key, value)
            else:
                self._auth_types.pop(schema, None)
            return
        names = _NAMES[key]
        changes: dict[str, str | None] = dict.fromkeys(names, value or None)
        for name in names:
            its_key = name.replace("_endpoint", "_key")
            if its_key != name and getattr(self._all, name) != value and its_key not in self._written:
                changes[its_key] = None
        self._all = change_settings(self._all, changes)
        self._written.update(names)
