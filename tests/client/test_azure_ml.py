"""Schema azure_ml: what goes to a scoring endpoint, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken

from fix_chat import ChatServer, Fail, chat
from pgazure.errors import AuthenticationError, ConfigurationError, InvalidRequestError
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from fix_facade import Facade

__all__ = ["chat"]


@pytest.fixture
def client(facade: Facade, chat: ChatServer) -> Any:
    return facade.open(chat.endpoint, ml_endpoint=f"{chat.endpoint}/score", ml_key="ml-secret")


@pytest.mark.parametrize("name", ["invoke", "inference"])
async def test_data_goes_as_it_is_and_the_answer_comes_as_it_is(client: Any, chat: ChatServer, name: str) -> None:
    chat.replies += [[0.1, 0.9], {"label": "x"}]
    data = {"input_data": {"columns": ["a"], "data": [[1, "ä", None]]}, "params": {}}
    call = client.of("azure_ml", name)
    assert await call(data) == [0.1, 0.9]
    assert await call([1, 2], deployment_name="blue") == {"label": "x"}
    assert await call(None) is None
    first, second = chat.received
    assert (first.path, first.body, first.headers["Authorization"]) == ("/score", data, "Bearer ml-secret")
    assert "azureml-model-deployment" not in first.headers
    assert (second.body, second.headers["azureml-model-deployment"]) == ([1, 2], "blue")


async def test_failures_are_tried_again_or_told(client: Any, chat: ChatServer) -> None:
    invoke = client.of("azure_ml", "invoke")
    chat.replies += [Fail(503, {}), {"fine": True}]
    assert await invoke({}) == {"fine": True}
    chat.replies += [Fail(401, {"message": "ml-secret"}), Fail(400, {"error": {"code": "BadInput", "message": "no"}})]
    with pytest.raises(AuthenticationError, match="AZURE_ML_SCORING_KEY") as caught:
        await invoke({})
    assert "ml-secret" not in str(caught.value)
    with pytest.raises(InvalidRequestError, match="no"):
        await invoke({})
    chat.replies += [Fail(400, {"error": {"code": "BadInput", "message": "no"}})]
    error = await invoke({}, throw_on_error=False)
    assert isinstance(error, DocumentError)
    assert error.code == "BadInput"


async def test_what_is_no_json_is_refused_before_it_is_sent(client: Any, chat: ChatServer) -> None:
    invoke = client.of("azure_ml", "invoke")
    with pytest.raises(ConfigurationError, match="NaN"):
        await invoke([float("nan")])
    with pytest.raises(TypeError, match="JSON"):
        await invoke({"when": object()})
    with pytest.raises(ConfigurationError, match="deployment_name"):
        await invoke({}, deployment_name="a\nb")
    assert chat.received == []


async def test_without_a_key_a_token_for_machine_learning_is_sent(facade: Facade, chat: ChatServer) -> None:
    asked: list[str] = []

    class Credential:
        async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            asked.extend(scopes)
            return AccessToken("a-token", 2**33)

    client = facade.open(chat.endpoint, credential=Credential(), ml_endpoint=f"{chat.endpoint}/score")
    chat.replies += [{"fine": True}]
    assert await client.of("azure_ml", "invoke")({}) == {"fine": True}
    assert chat.received[0].headers["Authorization"] == "Bearer a-token"
    assert asked == ["https://ml.azure.com/.default"]


async def test_an_endpoint_that_is_not_set_is_named(facade: Facade, chat: ChatServer) -> None:
    client = facade.open(chat.endpoint)
    with pytest.raises(ConfigurationError, match="AZURE_ML_SCORING_ENDPOINT"):
        await client.of("azure_ml", "invoke")({})
    with pytest.raises(ConfigurationError, match="AZURE_RERANK_ENDPOINT"):
        await client.of("azure_ai", "rank")("q", ["a"])
