"""Schema ``azure_ml``: models of one's own, behind an online endpoint."""

from __future__ import annotations

from functools import partial
from json import dumps
from typing import TYPE_CHECKING, Any

from pgazure.client.execution import Call, Operation
from pgazure.errors import ConfigurationError
from pgazure.flow.packing import Capacity, Weight

if TYPE_CHECKING:
    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor


class AsyncAzureML:
    """The functions of schema ``azure_ml``."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    async def invoke(
        self,
        input_data: Any,
        *,
        deployment_name: str | None = None,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Ask a model behind an online endpoint of Azure Machine Learning; mirrors ``azure_ml.invoke``.

        Args:
            input_data: What the model takes, as JSON: dicts, lists, texts, numbers; ``None`` stays ``None``.
            deployment_name: Deployment behind the endpoint; ``None`` leaves the choice to the endpoint.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a failure raises; else a :class:`DocumentError` is returned.
            max_attempts: Times the request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            What the endpoint answers, read from JSON.

        Raises:
            InvalidRequestError: The endpoint refused the data.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
            TypeError: ``input_data`` cannot be written as JSON.
        """
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        return await self._run("invoke", input_data, deployment_name, call)

    async def inference(
        self,
        input_data: Any,
        *,
        deployment_name: str | None = None,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Ask a model behind an online endpoint, as :meth:`invoke` does; mirrors ``azure_ml.inference``, its old name.

        Args:
            input_data: What the model takes, as JSON: dicts, lists, texts, numbers; ``None`` stays ``None``.
            deployment_name: Deployment behind the endpoint; ``None`` leaves the choice to the endpoint.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a failure raises; else a :class:`DocumentError` is returned.
            max_attempts: Times the request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            What the endpoint answers, read from JSON.

        Raises:
            InvalidRequestError: The endpoint refused the data.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
            TypeError: ``input_data`` cannot be written as JSON.
        """
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        return await self._run("inference", input_data, deployment_name, call)

    async def _run(self, name: str, input_data: Any, deployment_name: Any, call: Call) -> Any:
        if deployment_name is not None and not (
            isinstance(deployment_name, str) and deployment_name.isascii() and deployment_name.isprintable()
        ):
            msg = "deployment_name must be the name of a deployment behind the endpoint, or None"
            raise ConfigurationError(msg)
        service = self._connections.ml()
        operation = Operation(
            service="ml",
            name=name,
            endpoint=service.endpoint,
            send=partial(service.invoke, deployment=deployment_name, operation=name),
            capacity=Capacity(1),
            weigh=lambda _: Weight(),
            cut=lambda _: None,
            deployment=deployment_name,
        )
        content = None if input_data is None else _write(input_data)
        return await self._executor.run(operation, content, None, call, names=("input_data", "language"))


def _write(input_data: Any) -> str:
    try:
        return dumps(input_data, allow_nan=False)
    except ValueError:
        msg = "input_data holds NaN, infinity or itself, and JSON has none of them"
        raise ConfigurationError(msg) from None
    except TypeError as error:
        msg = f"input_data cannot be written as JSON: {error}"
        raise TypeError(msg) from None
