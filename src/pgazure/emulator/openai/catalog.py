# what is raised is built by a function, from a code and a message
"""The list of models that deployments may stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pgazure.emulator.openai.models import CAPABILITIES, Model, list_models
from pgazure.emulator.openai.wire import check_version, openai_headers
from pgazure.emulator.wire import Refusal, encode

if TYPE_CHECKING:
    from pgazure.emulator.call import Call
    from pgazure.emulator.openai.service import ModelServer

_CREATED = 1_735_689_600


class Catalog:
    """The models.

    Args:
        server: The common part, whose declared deployments may stand for models of one's own.
    """

    def __init__(self, server: ModelServer) -> None:
        own = [one.model for one in server.deployments.declared.values()]
        self._models = {model.family: model for model in (*list_models(), *own)}

    def browse(self, call: Call) -> Response:
        """List the models."""
        check_version(call)
        data = [_write(name, model) for name, model in self._models.items()]
        return Response(encode({"data": data, "object": "list"}), headers=openai_headers(call))

    def show(self, call: Call) -> Response:
        """Describe one model."""
        check_version(call)
        name = call.request.path_params["id"]
        model = self._models.get(name)
        if model is None:
            error = {"code": "ResourceNotFound", "message": f"The model '{name}' does not exist."}
            raise Refusal(404, {"error": error})
        return Response(encode(_write(name, model)), headers=openai_headers(call))


def _write(name: str, model: Model) -> dict[str, Any]:
    able = {capability: capability in model.capabilities for capability in CAPABILITIES}
    return {
        "status": "succeeded",
        "capabilities": {"fine_tune": False, "inference": True, **able},
        "lifecycle_status": "generally-available",
        "id": name,
        "created_at": _CREATED,
        "created": _CREATED,
        "object": "model",
        "owned_by": "emulator",
    }
