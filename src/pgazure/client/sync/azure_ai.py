"""``azure_ai``, blocking. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Unpack

    from pgazure.client.background import Background
    from pgazure.client.inputs import Id, Raising, SequenceOf, SomeTexts, Texts
    from pgazure.client.options import GenerateChoices, ModelChoices
    from pgazure.types import DocumentError, RankResult


class AzureAI:
    """The functions of schema ``azure_ai``, and what chat models can do beyond them."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def set_setting(self, key: str, value: str | None) -> None:
        """Change a setting; mirrors ``azure_ai.set_setting``.

        With ``backend="database"`` it is the database's, for everybody who uses it. Else it is this client's own,
        for as long as it lives: nothing is written anywhere. Calls under way do not see it. A new endpoint drops
        the key that came with the former one; set its key too.

        Args:
            key: The extension's name of the setting, such as ``azure_openai.endpoint``.
            value: The new value; ``None`` or an empty text unsets it.

        Returns:
            Nothing.

        Raises:
            ConfigurationError: There is no such setting, or it cannot have this value.
        """
        result: None = self._background.call("azure_ai", "set_setting", key, value)
        return result

    def get_setting(self, key: str) -> str | None:
        """Read a setting; mirrors ``azure_ai.get_setting``, which gives keys in clear text too.

        Args:
            key: The extension's name of the setting, such as ``azure_openai.endpoint``.

        Returns:
            What counts for this client or, with ``backend="database"``, in the database; ``None`` where it is not set.

        Raises:
            ConfigurationError: There is no such setting.
        """
        result: str | None = self._background.call("azure_ai", "get_setting", key)
        return result

    def version(self) -> str:
        """Give the version of what runs the functions; mirrors ``azure_ai.version``.

        Returns:
            The version of pgazure or, with ``backend="database"``, of the extension.

        Raises:
            SchemaError: The database has no such function.
        """
        result: str = self._background.call(
            "azure_ai",
            "version",
        )
        return result

    @overload
    def generate(self, prompt: str, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]) -> str: ...
    @overload
    def generate(self, prompt: None, *, throw_on_error: bool = True, **options: Unpack[GenerateChoices]) -> None: ...
    @overload
    def generate(  # pyright: ignore[reportOverlappingOverload]
        self, prompt: Texts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str]: ...
    @overload
    def generate(
        self, prompt: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str | None]: ...
    @overload
    def generate(
        self, prompt: str, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> str | DocumentError: ...
    @overload
    def generate(
        self, prompt: SomeTexts, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> list[str | DocumentError | None]: ...
    @overload
    def generate(
        self,
        prompt: str,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> dict[str, Any]: ...
    @overload
    def generate(  # pyright: ignore[reportOverlappingOverload]
        self,
        prompt: Texts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any]]: ...
    @overload
    def generate(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | None]: ...
    @overload
    def generate(
        self, prompt: str, *, json_schema: Mapping[str, Any], throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    def generate(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: bool,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    def generate(
        self,
        prompt: str | SomeTexts | None,
        *,
        json_schema: Mapping[str, Any] | None = None,
        model: str = "gpt-4.1",
        system_prompt: str = "You are a helpful assistant.",
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Have a chat model write a text or an object; mirrors ``azure_ai.generate``.

        Args:
            prompt: A prompt, or a list of prompts that are sent side by side; ``None`` stays ``None``.
            json_schema: Form of the answer as structured outputs take it, a dict with ``name``, ``schema`` and,
                where wanted, ``description`` and ``strict``; ``None`` is plain text.
            model: Name of the deployment of a chat model.
            system_prompt: Instructions above each prompt.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The text, or with ``json_schema`` a dict that obeys it; a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused, by the service or by the model.
            ContentFilterError: The content filter refused the text or the answer.
            ServiceResponseError: The answer is cut off, or is not what was asked for.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.call(
            "azure_ai",
            "generate",
            prompt,
            json_schema=json_schema,
            model=model,
            system_prompt=system_prompt,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def is_true(
        self, statement: str, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> bool | None: ...
    @overload
    def is_true(self, statement: None, *, throw_on_error: bool = True, **options: Unpack[ModelChoices]) -> None: ...
    @overload
    def is_true(  # pyright: ignore[reportOverlappingOverload]
        self, statement: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[bool | None]: ...
    @overload
    def is_true(
        self, statement: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[bool | None]: ...
    @overload
    def is_true(
        self, statement: str, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> bool | DocumentError | None: ...
    @overload
    def is_true(
        self, statement: SomeTexts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> list[bool | DocumentError | None]: ...
    def is_true(
        self,
        statement: str | SomeTexts | None,
        *,
        model: str = "gpt-4.1",
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Have a chat model say whether a statement is true; mirrors ``azure_ai.is_true``.

        Args:
            statement: A statement, or a list of statements that are sent side by side; ``None`` stays ``None``.
            model: Name of the deployment of a chat model.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            ``True``, ``False``, or ``None`` where it cannot be decided; a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused, by the service or by the model.
            ContentFilterError: The content filter refused the text or the answer.
            ServiceResponseError: The answer is cut off, or is not what was asked for.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.call(
            "azure_ai",
            "is_true",
            statement,
            model=model,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: str, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> dict[str, Any]: ...
    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: None, data: Texts, *, throw_on_error: bool = True, **options: Unpack[ModelChoices]
    ) -> None: ...
    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: Texts, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any]]: ...
    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: SomeTexts, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any] | None]: ...
    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: str, data: Texts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self, document: SomeTexts, data: Texts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    def extract(  # pyright: ignore[reportOverlappingOverload]
        self,
        document: str | SomeTexts | None,
        data: Texts,
        *,
        model: str = "gpt-4.1",
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Have a chat model find values in one text or many; mirrors ``azure_ai.extract``.

        Args:
            document: A text, or a list of texts that are sent side by side; ``None`` stays ``None``.
            data: What to find: labels of the form ``name``, ``name - description`` or ``name: type - description``
                with ``string``, ``number``, ``integer`` or ``boolean`` as type; without one it is ``string``.
            model: Name of the deployment of a chat model.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A dict with a value of its type for each name, ``None`` where the text does not say; a list of them in
            input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused, by the service or by the model.
            ContentFilterError: The content filter refused the text or the answer.
            ServiceResponseError: The answer is cut off, or is not what was asked for.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.call(
            "azure_ai",
            "extract",
            document,
            data,
            model=model,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def rank(
        self, query: str, document_contents: SomeTexts, *, document_ids: None = None, **options: Unpack[ModelChoices]
    ) -> list[RankResult[int]]: ...
    @overload
    def rank(
        self, query: str, document_contents: SomeTexts, *, document_ids: SequenceOf[Id], **options: Unpack[ModelChoices]
    ) -> list[RankResult[Id]]: ...
    def rank(
        self,
        query: str,
        document_contents: SomeTexts,
        *,
        document_ids: SequenceOf[Any] | None = None,
        model: str = "Cohere-rerank-v3.5",
        timeout_ms: int | None = None,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Order documents by what they have to do with a query; mirrors ``azure_ai.rank``.

        Any number of documents is scored, some hundred in a request. A model whose name holds ``rerank`` or begins
        with ``cohere`` is asked at the rerank endpoint, any other is the deployment of a chat model.

        Args:
            query: What is looked for.
            document_contents: The documents; ``None`` among them is left out.
            document_ids: An id for each document, of any type; ``None`` numbers them from 1 as they are given.
            model: Name of the rerank model, or of the deployment of a chat model.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`RankResult` for each document, the best first; equals keep the order given.

        Raises:
            BatchError: Some documents failed, an empty one for example.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such model.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.call(
            "azure_ai",
            "rank",
            query,
            document_contents,
            document_ids=document_ids,
            model=model,
            timeout_ms=timeout_ms,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    def generate_stream(
        self,
        prompt: str,
        *,
        model: str = "gpt-4.1",
        system_prompt: str = "You are a helpful assistant.",
        timeout_ms: int | None = None,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Iterator[str]:
        """Have a chat model write a text, and give it in pieces as it is written; streams ``azure_ai.generate``.

        A request that fails is sent again only while none of its answer has been given.

        Args:
            prompt: The prompt.
            model: Name of the deployment of a chat model.
            system_prompt: Instructions above the prompt.
            timeout_ms: Milliseconds until the last piece, retries included; ``None`` is the client's.
            max_attempts: Times the request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The pieces; they make up the text one after the other.

        Raises:
            InvalidRequestError: The prompt was refused, by the service or by the model.
            ContentFilterError: The content filter refused the prompt, or cut the answer off.
            ServiceResponseError: The answer broke off.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.iterate(
            "azure_ai",
            "generate_stream",
            prompt,
            model=model,
            system_prompt=system_prompt,
            timeout_ms=timeout_ms,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )

    @overload
    def respond(self, prompt: str, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]) -> str: ...
    @overload
    def respond(self, prompt: None, *, throw_on_error: bool = True, **options: Unpack[GenerateChoices]) -> None: ...
    @overload
    def respond(  # pyright: ignore[reportOverlappingOverload]
        self, prompt: Texts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str]: ...
    @overload
    def respond(
        self, prompt: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str | None]: ...
    @overload
    def respond(
        self, prompt: str, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> str | DocumentError: ...
    @overload
    def respond(
        self, prompt: SomeTexts, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> list[str | DocumentError | None]: ...
    @overload
    def respond(
        self,
        prompt: str,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> dict[str, Any]: ...
    @overload
    def respond(  # pyright: ignore[reportOverlappingOverload]
        self,
        prompt: Texts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any]]: ...
    @overload
    def respond(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | None]: ...
    @overload
    def respond(
        self, prompt: str, *, json_schema: Mapping[str, Any], throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    def respond(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: bool,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    def respond(
        self,
        prompt: str | SomeTexts | None,
        *,
        json_schema: Mapping[str, Any] | None = None,
        model: str = "gpt-4.1",
        system_prompt: str = "You are a helpful assistant.",
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Have a chat model write over the Responses API; the extension has no ``azure_ai.respond``.

        Args:
            prompt: A prompt, or a list of prompts that are sent side by side; ``None`` stays ``None``.
            json_schema: Form of the answer as structured outputs take it, a dict with ``name``, ``schema`` and,
                where wanted, ``description`` and ``strict``; ``None`` is plain text.
            model: Name of the deployment of a chat model.
            system_prompt: Instructions above each prompt.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The text, or with ``json_schema`` a dict that obeys it; a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused, by the service or by the model.
            ContentFilterError: The content filter refused the text or the answer.
            ServiceResponseError: The answer is cut off, or is not what was asked for.
            AuthenticationError: The key or token was refused.
            DeploymentNotFoundError: There is no such deployment.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument cannot be used.
        """
        return self._background.call(
            "azure_ai",
            "respond",
            prompt,
            json_schema=json_schema,
            model=model,
            system_prompt=system_prompt,
            timeout_ms=timeout_ms,
            throw_on_error=throw_on_error,
            max_attempts=max_attempts,
            retry_delay_ms=retry_delay_ms,
        )
