"""The official clients, pointed at a local server.

Their types are unions that a test would have to take apart at every step, so they are ``Any`` here.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import requests
from azure.ai.textanalytics import TextAnalyticsClient
from azure.ai.textanalytics.aio import TextAnalyticsClient as AsyncTextAnalyticsClient
from azure.ai.translation.text import TextTranslationClient
from azure.ai.translation.text.aio import TextTranslationClient as AsyncTextTranslationClient
from azure.core.credentials import AzureKeyCredential
from openai import AsyncAzureOpenAI, AzureOpenAI

if TYPE_CHECKING:
    from pgazure.emulator import Emulator


def finish(server: Emulator, place: str, **query: str) -> Any:
    """Poll a job until it is over."""
    deadline = monotonic() + 30
    while True:
        answer = requests.get(place, params=query, headers={"api-key": server.key}, timeout=30)
        job = answer.json()
        if job.get("status") not in {"notStarted", "running"} or monotonic() > deadline:
            return job


def language(server: Emulator, key: str | None = None, **options: Any) -> Any:
    return TextAnalyticsClient(server.endpoint, AzureKeyCredential(key or server.key), **options)


def async_language(server: Emulator, **options: Any) -> Any:
    return AsyncTextAnalyticsClient(server.endpoint, AzureKeyCredential(server.key), **options)


def translator(server: Emulator, key: str | None = None, endpoint: str | None = None) -> Any:
    return TextTranslationClient(
        endpoint=endpoint or server.endpoint, credential=AzureKeyCredential(key or server.key), retry_total=0
    )


def async_translator(server: Emulator) -> Any:
    return AsyncTextTranslationClient(endpoint=server.endpoint, credential=AzureKeyCredential(server.key))


def openai(server: Emulator, key: str | None = None) -> Any:
    return AzureOpenAI(
        azure_endpoint=server.endpoint, api_key=key or server.key, api_version="2024-10-21", max_retries=0
    )


def async_openai(server: Emulator) -> Any:
    return AsyncAzureOpenAI(azure_endpoint=server.endpoint, api_key=server.key, api_version="2024-10-21", max_retries=0)
