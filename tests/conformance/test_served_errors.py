"""What a service refuses is the same error from a client of the services and from one of a database that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fix_faults import Hang, Reset, Status, serve_faults
from pgazure.client import AsyncClient
from pgazure.errors import (
    AuthenticationError,
    BatchError,
    ConfigurationError,
    DeploymentNotFoundError,
    InvalidRequestError,
    RateLimitError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fix_faults import FaultServer
    from fix_functions import Serve
    from pgazure.emulator import Emulator

SERVICES = ("language", "translator", "openai")


def refusal(status: int, code: str, message: str = "no") -> Status:
    return Status(status, body={"error": {"code": code, "message": message}})


FAULTS: dict[str, tuple[Any, type[ServiceError]]] = {
    "a wrong key": (refusal(401, "401", "Access denied."), AuthenticationError),
    "no such deployment": (refusal(404, "DeploymentNotFound"), DeploymentNotFoundError),
    "too many requests": (refusal(429, "429"), RateLimitError),
    "a request that is refused": (refusal(400, "InvalidRequest"), InvalidRequestError),
    "an outage": (refusal(503, "ServiceUnavailable"), ServiceUnavailableError),
}


class Both:
    """A service that fails on order, and a client of each backend that gives up at once."""

    def __init__(self, service: FaultServer, clients: dict[str, AsyncClient]) -> None:
        self.service = service
        self.clients = clients


@pytest.fixture
async def both(functions_conninfo: str, serve_functions: Serve) -> AsyncIterator[Both]:
    async with serve_faults() as service:
        options: dict[str, Any] = {f"{name}_endpoint": service.endpoint for name in SERVICES}
        options |= {f"{name}_key": "a-key" for name in SERVICES}
        with serve_functions(functions_conninfo, service.endpoint):
            async with (
                AsyncClient(max_attempts=1, **options) as services,
                AsyncClient(max_attempts=1, backend="database", conninfo=functions_conninfo) as database,
            ):
                yield Both(service, {"services": services, "database": database})


@pytest.mark.parametrize("name", FAULTS)
async def test_a_failure_is_of_the_same_class_with_the_same_code(both: Both, name: str) -> None:
    fault, kind = FAULTS[name]
    codes = set()
    for client in both.clients.values():
        both.service.posts.append(fault)
        with pytest.raises(ServiceError) as caught:
            await client.azure_openai.create_embeddings("embedder", "a text")
        assert type(caught.value) is kind
        assert caught.value.operation == "create_embeddings"
        assert "a text" not in str(caught.value)
        codes.add(caught.value.code)
    assert len(codes) == 1


async def test_a_connection_that_breaks_is_an_error_of_a_service(both: Both) -> None:
    for client in both.clients.values():
        both.service.posts.append(Reset())
        with pytest.raises(ServiceError):
            await client.azure_cognitive.analyze_sentiment("a text")


async def test_time_that_is_up_is_a_timeout_and_the_request_is_broken_off(both: Both) -> None:
    for client in both.clients.values():
        hang = Hang()
        both.service.posts.append(hang)
        with pytest.raises(ServiceTimeoutError):
            await client.azure_cognitive.detect_language("a text", timeout_ms=300)
        await hang.aborted.wait()


async def test_attempts_are_made_as_often_as_asked(both: Both) -> None:
    for client in both.clients.values():
        both.service.posts.extend([refusal(503, "ServiceUnavailable")] * 2)
        both.service.received.clear()
        result = await client.azure_cognitive.detect_language("a text", max_attempts=3, retry_delay_ms=1)
        assert result.iso6391_name
        assert len(both.service.sent) == 3


async def test_a_failure_without_an_exception_is_in_the_place_of_its_text(both: Both) -> None:
    both.service.refuse = lambda texts: refusal(400, "InvalidRequest") if "poison" in texts else None
    for client in both.clients.values():
        found = await client.azure_openai.create_embeddings("embedder", ["a", "poison", "c"], throw_on_error=False)
        assert [isinstance(each, DocumentError) for each in found] == [False, True, False]
        assert found[1].code == "InvalidRequest"


async def test_a_service_that_nobody_named_is_a_setting_to_make(
    functions_conninfo: str, serve_functions: Serve
) -> None:
    with serve_functions(functions_conninfo, ""):
        async with AsyncClient(backend="database", conninfo=functions_conninfo) as database, AsyncClient() as services:
            for client in (services, database):
                with pytest.raises(
                    (ConfigurationError, ServiceError), match=r"AZURE_LANGUAGE_ENDPOINT|azure_cognitive\.endpoint"
                ):
                    await client.azure_cognitive.detect_language("a text")


async def test_the_neighbours_of_a_text_that_is_refused_are_paid_for_once(
    functions_conninfo: str, serve_functions: Serve, emulator: Emulator
) -> None:
    texts = ["The house was lovely.", "nuqneH", "Such a noisy street."]
    with serve_functions(functions_conninfo, emulator.endpoint):
        async with AsyncClient(backend="database", conninfo=functions_conninfo) as client:
            with pytest.raises(BatchError) as caught:
                await client.azure_cognitive.recognize_entities(texts, ["en", "tlh", "en"])
    assert [isinstance(result, DocumentError) for result in caught.value.results] == [False, True, False]
    # What is refused is not counted.
    assert (emulator.stats()["items"], emulator.stats()["repeats"]) == (2, 0)
