"""Settings: where the services and the database are. The only reader of the environment.

The environment's names are those of Microsoft's own samples. A value that is
passed as an argument wins over the environment. The settings of one service
are taken together from one place: a key never travels to an endpoint that
came from somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _blank_is_unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


_Text = Annotated[str | None, BeforeValidator(_blank_is_unset)]
_Secret = Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)]


def _refuse_pickle(holder: object) -> NoReturn:
    # A pickle holds the key itself, whatever the repr shows.
    msg = f"{type(holder).__name__} holds keys and cannot be pickled; load the settings where they are needed"
    raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How to reach one service.

    Attributes:
        endpoint: Base URL without a trailing slash.
        key: Subscription key; ``None`` means Entra ID.
        region: Azure region of the resource (Translator only).
        resource_id: Azure resource id (Translator with Entra ID only).
        api_version: Version of the service's API (Azure OpenAI only); ``None`` means ``/openai/v1``.
    """

    endpoint: str
    key: SecretStr | None = None
    region: str | None = None
    resource_id: str | None = None
    api_version: str | None = None

    def __reduce__(self) -> NoReturn:
        _refuse_pickle(self)


class Settings(BaseSettings):
    """Settings of pgazure, read from arguments and the environment.

    Raises:
        ConfigurationError: On construction through :func:`load_settings`, where a value cannot be used.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    language_endpoint: _Text = Field(None, validation_alias="AZURE_LANGUAGE_ENDPOINT")
    language_key: _Secret = Field(None, validation_alias="AZURE_LANGUAGE_KEY")
    translator_endpoint: _Text = Field(None, validation_alias="AZURE_TEXT_TRANSLATION_ENDPOINT")
    translator_key: _Secret = Field(None, validation_alias="AZURE_TEXT_TRANSLATION_APIKEY")
    translator_region: _Text = Field(None, validation_alias="AZURE_TEXT_TRANSLATION_REGION")
    translator_resource_id: _Text = Field(None, validation_alias="AZURE_TEXT_TRANSLATION_RESOURCE_ID")
    openai_endpoint: _Text = Field(None, validation_alias="AZURE_OPENAI_ENDPOINT")
    openai_key: _Secret = Field(None, validation_alias="AZURE_OPENAI_API_KEY")
    openai_api_version: _Text = Field(None, validation_alias="OPENAI_API_VERSION")
    ml_endpoint: _Text = Field(None, validation_alias="AZURE_ML_SCORING_ENDPOINT")
    ml_key: _Secret = Field(None, validation_alias="AZURE_ML_SCORING_KEY")
    rerank_endpoint: _Text = Field(None, validation_alias="AZURE_RERANK_ENDPOINT")
    rerank_key: _Secret = Field(None, validation_alias="AZURE_RERANK_KEY")
    conninfo: _Secret = Field(None, validation_alias="PGAZURE_DSN")

    def __reduce__(self) -> NoReturn:
        _refuse_pickle(self)

    @cached_property
    def language(self) -> ServiceSettings:
        """Azure AI Language."""
        return ServiceSettings(
            endpoint=_endpoint(self.language_endpoint, "AZURE_LANGUAGE_ENDPOINT", "language_endpoint"),
            key=self.language_key,
        )

    @cached_property
    def translator(self) -> ServiceSettings:
        """Azure AI Translator."""
        return ServiceSettings(
            endpoint=_endpoint(self.translator_endpoint, "AZURE_TEXT_TRANSLATION_ENDPOINT", "translator_endpoint"),
            key=self.translator_key,
            region=self.translator_region,
            resource_id=self.translator_resource_id,
        )

    @cached_property
    def openai(self) -> ServiceSettings:
        """Azure OpenAI."""
        return ServiceSettings(
            endpoint=_endpoint(self.openai_endpoint, "AZURE_OPENAI_ENDPOINT", "openai_endpoint"),
            key=self.openai_key,
            api_version=self.openai_api_version,
        )

    @cached_property
    def ml(self) -> ServiceSettings:
        """An online endpoint of Azure Machine Learning: its scoring URL."""
        return ServiceSettings(
            endpoint=_endpoint(self.ml_endpoint, "AZURE_ML_SCORING_ENDPOINT", "ml_endpoint"), key=self.ml_key
        )

    @cached_property
    def rerank(self) -> ServiceSettings:
        """A Cohere rerank model: its route, or the endpoint before it."""
        return ServiceSettings(
            endpoint=_endpoint(self.rerank_endpoint, "AZURE_RERANK_ENDPOINT", "rerank_endpoint"), key=self.rerank_key
        )


_SERVICES = ("language", "translator", "openai", "ml", "rerank")


def load_settings(**arguments: Any) -> Settings:
    """Read the settings from ``arguments`` first and the environment second.

    Where any argument of a service is given (``openai_endpoint``, say), nothing
    of that service is read from the environment.

    Raises:
        ConfigurationError: A value cannot be used, or an argument does not exist.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    if unknown := sorted(given.keys() - Settings.model_fields.keys()):
        msg = f"there is no setting {', '.join(unknown)}; there are: {', '.join(Settings.model_fields)}"
        raise ConfigurationError(msg)
    for service in _SERVICES:
        if any(name.startswith(f"{service}_") for name in given):
            own = [name for name in Settings.model_fields if name.startswith(f"{service}_")]
            given |= {name: None for name in own if name not in given}
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        msg = f"settings cannot be used: {wrong}"
        raise ConfigurationError(msg) from None


def complete_settings(settings: Settings, values: Mapping[str, str | None]) -> Settings:
    """Take each service that has neither endpoint nor key from ``values``, all of it; the others have none of it."""
    taken = {
        name: value
        for service in _SERVICES
        if getattr(settings, f"{service}_endpoint") is None and getattr(settings, f"{service}_key") is None
        for name, value in values.items()
        if name.startswith(f"{service}_")
    }
    return change_settings(settings, taken)


def change_settings(settings: Settings, values: Mapping[str, str | None]) -> Settings:
    """Give settings with other ``values``; the environment is not read again."""
    kept: dict[str, Any] = {name: getattr(settings, name) for name in Settings.model_fields if name not in values}
    changed: dict[str, Any] = {
        name: SecretStr(text) if name.endswith("_key") and text else text
        for name, value in values.items()
        for text in [_blank_is_unset(value)]
    }
    return Settings.model_construct(None, **kept, **changed)


def _endpoint(value: str | None, variable: str, argument: str) -> str:
    if value is None:
        msg = f"no endpoint: set {variable} or pass {argument}="
        raise ConfigurationError(msg)
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"{variable} must be a URL such as https://NAME.cognitiveservices.azure.com"
        raise ConfigurationError(msg)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        msg = f"{variable} must start with https://: a key is never sent in clear text to another machine"
        raise ConfigurationError(msg)
    if parts.username or parts.query or parts.fragment:
        msg = f"{variable} must be the bare address of the resource, without user, query or fragment"
        raise ConfigurationError(msg)
    return value.strip().rstrip("/")
