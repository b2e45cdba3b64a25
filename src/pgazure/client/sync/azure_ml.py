"""``azure_ml``, blocking. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgazure.client.background import Background


class AzureML:
    """The functions of schema ``azure_ml``."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def invoke(
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
        return self._background.call(
            "azure_ml",
            "invoke",
            input_data,
            deployment_name=deployment_name,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    def inference(
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
        return self._background.call(
            "azure_ml",
            "inference",
            input_data,
            deployment_name=deployment_name,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )
