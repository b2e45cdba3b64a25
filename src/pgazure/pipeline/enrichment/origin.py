"""Origins: what a local service has answered is told from what Azure has, by the hash of the work.

A database that was filled from the emulator and is then pointed at Azure holds
results that must not pass for Azure's, nor the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgazure.config import Settings, load_settings

if TYPE_CHECKING:
    from pgazure.client import AsyncClient
    from pgazure.pipeline.specification.spec import PipelineSpec

LOCAL = "local"

# Which service does the work of a step; Language where none is named.
_SERVICES = {
    "translate": "translator",
    "transliterate": "translator",
    "embed": "openai",
    "generate": "openai",
    "extract": "openai",
    "is_true": "openai",
    "rank": "rerank",
    "invoke": "ml",
}
_DONE_HERE = {"chunk", "call"}


def mark_origin(pipeline: PipelineSpec, client: AsyncClient | None) -> PipelineSpec:
    """Return the pipeline with its steps marked by whether a local service answers them.

    Without a client the settings of the environment decide.
    """
    settings = load_settings() if client is None else _settings_of(client)
    marks = [_is_local(settings, step.operation) for step in pipeline.steps]
    if not any(marks):
        return pipeline
    steps = [step.answered_by(LOCAL) if mark else step for step, mark in zip(pipeline.steps, marks, strict=True)]
    return pipeline.with_steps(steps)


def _settings_of(client: AsyncClient) -> Settings:
    return client._connections.extension_settings.current  # noqa: SLF001 - a client tells its endpoints to no one else


def _is_local(settings: Settings, operation: str) -> bool:
    """Tell whether an endpoint is on this machine or, by a name without a dot, on its own network."""
    if operation in _DONE_HERE:
        return False
    endpoint: str | None = getattr(settings, f"{_SERVICES.get(operation, 'language')}_endpoint")
    host = urlsplit(endpoint or "").hostname
    return host is not None and ("." not in host or host.startswith("127."))
