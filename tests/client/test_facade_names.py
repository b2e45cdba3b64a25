"""A name that cannot be sent is refused before anything is sent, whatever it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import serve_faults
from pgazure import AsyncClient
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CALLS: dict[str, Callable[[AsyncClient, str], Awaitable[Any]]] = {
    "language": lambda client, name: client.azure_cognitive.analyze_sentiment("a", name),
    "language of a job": lambda client, name: client.azure_cognitive.summarize_abstractive(["a", "b"], ["en", name]),
    "categories": lambda client, name: client.azure_language.recognize_pii_entities("a", categories=[name]),
    "project_name": lambda client, name: client.azure_language.recognize_custom_entities(
        "a", project_name=name, deployment_name="live"
    ),
    "target_language": lambda client, name: client.azure_cognitive.translate("a", name),
    "source_language": lambda client, name: client.azure_cognitive.translate("a", "de", source_language=name),
    "from_script": lambda client, name: client.azure_translator.transliterate("a", "ja", name, "Latn"),
    "language of names": lambda client, name: client.azure_translator.supported_languages(language=name),
    "deployment_name": lambda client, name: client.azure_openai.create_embeddings(name, "a"),
    "model": lambda client, name: client.azure_ai.generate("a", model=name),
    "data": lambda client, name: client.azure_ai.extract("a", ["product", name]),
    "query": lambda client, name: client.azure_ai.rank(name, ["a"]),
}


@pytest.mark.parametrize(("name", "reason"), [("x\ud800", "half of a surrogate pair"), ("x\x00", "NUL")])
@pytest.mark.parametrize("argument", CALLS)
async def test_a_name_that_cannot_be_sent_is_refused_with_its_argument(argument: str, name: str, reason: str) -> None:
    services = ("language", "translator", "openai", "rerank")
    async with serve_faults() as server:
        options: dict[str, Any] = {f"{service}_endpoint": server.endpoint for service in services}
        options |= {f"{service}_key": "a-key" for service in services}
        async with AsyncClient(**options) as client:
            with pytest.raises(ConfigurationError, match=f"^{argument.partition(' ')[0]} cannot be sent: .*{reason}"):
                await CALLS[argument](client, name)
        assert server.received == []


async def test_a_language_of_names_ends_no_header() -> None:
    async with (
        serve_faults() as server,
        AsyncClient(translator_endpoint=server.endpoint, translator_key="a-key") as client,
    ):
        with pytest.raises(ConfigurationError, match="language must be a code such as de"):
            await client.azure_translator.supported_languages(language="de\r\nX-Other: 1")
        assert server.received == []
