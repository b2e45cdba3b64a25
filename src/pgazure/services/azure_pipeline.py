"""How the Azure SDKs' request pipeline is set up: no retries, no redirects, every answer seen and read once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    AsyncRetryPolicy,
    ContentDecodePolicy,
    SansIOHTTPPolicy,
)

from pgazure.services.auth import is_loopback
from pgazure.services.exchange import CONNECT_SECONDS, READ_SECONDS, current_exchange

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

    from pgazure.config import ServiceSettings

_BODY = ContentDecodePolicy.CONTEXT_NAME
# The SDKs log an error answer that is no JSON with a traceback. Whoever has set up logging still gets that;
# a script that has not does not find it on its screen.
_UNHEARD = logging.NullHandler()


class ExchangePolicy(SansIOHTTPPolicy[Any, Any]):
    """Hand every answer to the exchange being watched.

    Args:
        permit_http: Whether a token may go over http, which is right on this machine only.
        reads: Whether the JSON of an answer is read here; else whoever has asked reads it.
    """

    def __init__(self, *, permit_http: bool, reads: bool) -> None:
        super().__init__()
        self._permit_http = permit_http
        self._reads = reads

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Permit http for a token on its way to this machine."""
        if self._permit_http:
            request.context.options.setdefault("enforce_https", False)

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:  # noqa: ARG002  the base class's signature
        """Record the answer."""
        if (exchange := current_exchange()) is None:
            return
        answer, context = response.http_response, response.context
        exchange.record(answer.status_code, answer.headers, context.get(_BODY))
        if self._reads and _BODY not in context and not context.options.get("stream", True):
            exchange.body = context[_BODY] = ContentDecodePolicy.deserialize_from_http_generics(answer)
            # The policy that would read it a second time leaves streams alone.
            context.options["stream"] = True


def pipeline_options(settings: ServiceSettings, *, reads: bool = True) -> dict[str, Any]:
    """Give the keyword arguments that every client of Azure is made with; an SDK finds its answers read."""
    logging.getLogger("azure").addHandler(_UNHEARD)
    return {
        "per_call_policies": [
            ExchangePolicy(permit_http=settings.key is None and is_loopback(settings.endpoint), reads=reads)
        ],
        # One layer retries, and it is not this one. A key does not follow a redirect either.
        "retry_policy": AsyncRetryPolicy.no_retries(),
        "redirect_policy": AsyncRedirectPolicy.no_redirects(),
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        # Where there is a proxy, aiohttp asks for it again before each request, in two threads.
        "use_env_settings": bool(getproxies()),
    }
