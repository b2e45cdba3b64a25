"""The routes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from pgazure.emulator.gateway import Call, Gateway, Keyring, Service
from pgazure.emulator.jobs import Jobs
from pgazure.emulator.language import AnalyzeText, refuse_language
from pgazure.emulator.openai import Embeddings
from pgazure.emulator.translator import Translate
from pgazure.emulator.wire import Refusal, access_denied, encode, not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from pgazure.emulator.quota import Quota
    from pgazure.emulator.stats import Stats

_TRANSLATE = ("/translate", "/translator/text/translate", "/translator/text/{version}/translate")
_EMBED = ("/openai/deployments/{deployment}/embeddings", "/openai/v1/embeddings")


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
    """

    key: str = field(default="emulator", repr=False)
    latency: float = 0.0
    rpm: float | None = None
    tpm: float | None = None
    accept_any_token: bool = False
    job_time: float = 0.0

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
    jobs = Jobs(gateway, options.job_time)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await jobs.close()
        workers.shutdown(cancel_futures=True)

    def inference(service: Service) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await gateway.serve(service, request)

        return endpoint

    def job_route(act: Callable[[Call, str], Response]) -> Callable[[Request], Awaitable[Response]]:
        def act_or_refuse(call: Call) -> Response:
            try:
                return act(call, call.request.path_params["job"])
            except Refusal as refusal:
                return refuse_language(call, refusal)

        async def endpoint(request: Request) -> Response:
            return await gateway.attend(request, act_or_refuse)

        return endpoint

    def control(act: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if not _is_local(request) and not keyring.admits(request):
                return access_denied()
            return Response(encode(act()), media_type="application/json")

        return endpoint

    def reset() -> dict[str, Any]:
        stats.reset()
        quota.reset()
        return {}

    async def missing(request: Request, _: Exception) -> Response:
        return not_found() if keyring.admits(request) else access_denied()

    jobs_path = "/language/analyze-text/jobs"
    routes = [
        Route("/language/:analyze-text", inference(AnalyzeText(gateway)), methods=["POST"]),
        Route(jobs_path, inference(jobs), methods=["POST"]),
        Route(f"{jobs_path}/{{job}}:cancel", job_route(jobs.cancel), methods=["POST"]),
        Route(f"{jobs_path}/{{job}}", job_route(jobs.show), methods=["GET"]),
        *(Route(path, inference(Translate(gateway)), methods=["POST"]) for path in _TRANSLATE),
        *(Route(path, inference(Embeddings(gateway)), methods=["POST"]) for path in _EMBED),
        Route("/__stats", control(stats.snapshot), methods=["GET"]),
        Route("/__reset", control(reset), methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: missing, 405: missing})
    app.router.redirect_slashes = False
    return app


def _is_local(request: Request) -> bool:
    return request.client is not None and ip_address(request.client.host).is_loopback
