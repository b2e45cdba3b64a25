"""The routes of Azure OpenAI: by deployment, and under ``/openai/v1``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgazure.emulator.openai.catalog import Catalog
from pgazure.emulator.openai.chat import Chat
from pgazure.emulator.openai.completions import Completions
from pgazure.emulator.openai.deployments import Deployments
from pgazure.emulator.openai.embeddings import Embeddings
from pgazure.emulator.openai.responses import InputTokens, Responses
from pgazure.emulator.openai.service import Inference, ModelServer, quota_name

if TYPE_CHECKING:
    from starlette.routing import Route

    from pgazure.emulator.room import Room

# An endpoint that ends in a slash makes two of them, and the service takes that.
_SLASHES = ("", "/")
_DEPLOYMENTS = tuple(
    f"{slash}{path}" for slash in _SLASHES for path in ("/openai/deployments/{deployment}", "/openai/v1")
)
# Where models of all makers are served alike.
_INFERENCE = "/models"
_RESOURCES = tuple(f"{slash}{path}" for slash in _SLASHES for path in ("/openai", "/openai/v1"))


def routes(room: Room) -> list[Route]:
    """List the routes."""
    declared = room.options.deployed
    server = ModelServer(room.gateway, Deployments(declared), room.options.filter_word)
    for one in declared:
        room.gateway.quota.declare(quota_name(one), one.rpm, one.tpm)
    chat, responses, catalog = Chat(), Responses(), Catalog(server)
    voice = Inference(server, chat)

    def by_deployment(path: str) -> list[str]:
        return [prefix + path for prefix in _DEPLOYMENTS]

    def by_resource(path: str) -> list[str]:
        return [prefix + path for prefix in _RESOURCES]

    one_answer, one_chat = by_resource("/responses/{id}"), by_deployment("/chat/completions/{id}")
    return [
        *room.infer(Inference(server, Embeddings()), *by_deployment("/embeddings"), f"{_INFERENCE}/embeddings"),
        *room.infer(voice, *by_deployment("/chat/completions"), f"{_INFERENCE}/chat/completions"),
        *room.infer(Inference(server, Completions()), *by_deployment("/completions")),
        *room.infer(Inference(server, responses), *by_resource("/responses")),
        *room.infer(Inference(server, InputTokens(responses)), *by_resource("/responses/input_tokens")),
        *room.attend(voice, "GetResponse", responses.show, *one_answer),
        *room.attend(voice, "DeleteResponse", responses.kept.delete, *one_answer, method="DELETE"),
        *room.attend(voice, "CancelResponse", responses.cancel, *by_resource("/responses/{id}/cancel"), method="POST"),
        *room.attend(voice, "ListInputItems", responses.list_input, *by_resource("/responses/{id}/input_items")),
        *room.attend(voice, "ListChatCompletions", chat.kept.browse, *by_deployment("/chat/completions")),
        *room.attend(voice, "GetChatCompletion", chat.kept.show, *one_chat),
        *room.attend(voice, "DeleteChatCompletion", chat.kept.delete, *one_chat, method="DELETE"),
        *room.attend(voice, "ListChatMessages", chat.list_messages, *(f"{path}/messages" for path in one_chat)),
        *room.attend(voice, "Models", catalog.browse, *by_resource("/models")),
        *room.attend(voice, "Models", catalog.show, *by_resource("/models/{id}")),
    ]
