"""The routes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from pgazure.emulator.chat import Chat
from pgazure.emulator.completions import Completions, list_models, show_model
from pgazure.emulator.conversations import read_conversation_job
from pgazure.emulator.gateway import Call, Gateway, Keyring, Service
from pgazure.emulator.identity import Identity
from pgazure.emulator.jobs import Jobs
from pgazure.emulator.language import AnalyzeText, refuse_language
from pgazure.emulator.openai import Embeddings
from pgazure.emulator.openai_wire import ModelServer
from pgazure.emulator.rerank import Rerank
from pgazure.emulator.responses import Responses
from pgazure.emulator.rules import NO_RULES
from pgazure.emulator.scoring import Score
from pgazure.emulator.translator import Translate
from pgazure.emulator.transliterate import Transliterate, list_languages
from pgazure.emulator.wire import Refusal, encode, not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from starlette.requests import Request

    from pgazure.emulator.quota import Quota
    from pgazure.emulator.rules import Rules
    from pgazure.emulator.stats import Stats

_TRANSLATOR = ("", "/translator/text", "/translator/text/{version}")
_DEPLOYMENTS = ("/openai/deployments/{deployment}", "/openai/v1")
_RESOURCES = ("/openai", "/openai/v1")
_RERANK = tuple(f"{prefix}/v{version}/rerank" for prefix in ("", "/providers/cohere") for version in (1, 2))


FILTER_WORD = "trigger-content-filter"
"""What the content filter refuses where nothing else is chosen."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the server behaves.

    Attributes:
        key: The key that opens every route.
        latency: Seconds that every answer takes at least.
        rpm: Requests per minute and operation; ``None`` means no limit.
        tpm: Tokens per minute and deployment; ``None`` means no limit.
        accept_any_token: Let in every bearer token.
        job_time: Seconds that a job takes at least.
        deployments: Deployments of Azure OpenAI; any name will do where none is given.
        filter_word: The content filter of Azure OpenAI refuses prompts that hold this; never, where it is empty.
        rules: What scoring endpoints and custom models answer.
    """

    key: str = field(default="emulator", repr=False)
    latency: float = 0.0
    rpm: float | None = None
    tpm: float | None = None
    accept_any_token: bool = False
    job_time: float = 0.0
    deployments: tuple[str, ...] = ()
    filter_word: str = FILTER_WORD
    rules: Rules = NO_RULES

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ValueError: The key is empty, a duration is negative, or a quota is not positive.
        """
        if not self.key:
            message = "the key must not be empty"
            raise ValueError(message)
        for name in ("latency", "job_time"):
            if getattr(self, name) < 0:
                message = f"{name} must not be negative"
                raise ValueError(message)
        for name in ("rpm", "tpm"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                message = f"{name} must be positive; leave it out for no limit"
                raise ValueError(message)


def build(options: Options, stats: Stats, quota: Quota) -> Starlette:  # noqa: C901  # one small function per route
    """Put the routes together."""
    # The models are Python, so threads mostly wait for each other; the second lets short texts pass a long one.
    workers = ThreadPoolExecutor(2, "pgazure-emulator-models")
    keyring = Keyring(options.key, options.accept_any_token)
    gateway = Gateway(keyring, options.latency, quota, stats, workers)
    jobs = Jobs(gateway, options.job_time, options.rules)
    conversations = Jobs(gateway, options.job_time, options.rules, "conversations", read_conversation_job)
    models = ModelServer(gateway, options.deployments, options.filter_word)
    responses = Responses(models)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await jobs.close()
        await conversations.close()
        workers.shutdown(cancel_futures=True)

    def inference(service: Service) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await gateway.serve(service, request)

        return endpoint

    def attended(act: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await gateway.attend(request, act)

        return endpoint

    async def list_for_all(request: Request) -> Response:
        # Nobody needs a key for the list of languages.
        return list_languages(Call(request, None, 0, monotonic()))

    def job_route(act: Callable[[Call, str], Response]) -> Callable[[Request], Awaitable[Response]]:
        def act_or_refuse(call: Call) -> Response:
            try:
                return act(call, call.request.path_params["job"])
            except Refusal as refusal:
                return refuse_language(call, refusal)

        return attended(act_or_refuse)

    def control(act: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if not _is_local(request) and not keyring.admits(request):
                return keyring.refuse(request)
            return Response(encode(act()), media_type="application/json")

        return endpoint

    def reset() -> dict[str, Any]:
        stats.reset()
        quota.reset()
        return {}

    async def missing(request: Request, _: Exception) -> Response:
        return not_found() if keyring.admits(request) else keyring.refuse(request)

    kept_jobs = {"/language/analyze-text/jobs": jobs, "/language/analyze-conversations/jobs": conversations}
    posted: list[tuple[Service, Iterable[str]]] = [
        (AnalyzeText(gateway), ["/language/:analyze-text"]),
        *((kept, [path]) for path, kept in kept_jobs.items()),
        (Translate(gateway), [f"{prefix}/translate" for prefix in _TRANSLATOR]),
        (Transliterate(gateway), [f"{prefix}/transliterate" for prefix in _TRANSLATOR]),
        (Embeddings(models), [f"{prefix}/embeddings" for prefix in _DEPLOYMENTS]),
        (Chat(models), [f"{prefix}/chat/completions" for prefix in _DEPLOYMENTS]),
        (Completions(models), [f"{prefix}/completions" for prefix in _DEPLOYMENTS]),
        (responses, [f"{prefix}/responses" for prefix in _RESOURCES]),
        (Rerank(gateway), _RERANK),
        (Score(gateway, options.rules), ["/score"]),
    ]
    routes = [
        *(Route(path, inference(service), methods=["POST"]) for service, paths in posted for path in paths),
        *(
            Route(f"{path}/{{job}}:cancel", job_route(kept.cancel), methods=["POST"])
            for path, kept in kept_jobs.items()
        ),
        *(Route(f"{path}/{{job}}", job_route(kept.show), methods=["GET"]) for path, kept in kept_jobs.items()),
        *(Route(f"{prefix}/languages", list_for_all, methods=["GET"]) for prefix in _TRANSLATOR),
        *(
            Route(f"{prefix}/responses/{{response}}", attended(responses.show), methods=["GET"])
            for prefix in _RESOURCES
        ),
        *(
            Route(f"{prefix}/responses/{{response}}", attended(responses.delete), methods=["DELETE"])
            for prefix in _RESOURCES
        ),
        *(Route(f"{prefix}/models", attended(list_models), methods=["GET"]) for prefix in _RESOURCES),
        *(Route(f"{prefix}/models/{{model}}", attended(show_model), methods=["GET"]) for prefix in _RESOURCES),
        Route("/msi/token", Identity(options.key).give, methods=["GET"]),
        Route("/__stats", control(stats.snapshot), methods=["GET"]),
        Route("/__reset", control(reset), methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: missing, 405: missing})
    app.router.redirect_slashes = False
    return app


def _is_local(request: Request) -> bool:
    return request.client is not None and ip_address(request.client.host).is_loopback
