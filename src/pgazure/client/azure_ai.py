"""Schema ``azure_ai``: chat models that write, judge, extract and rank."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, overload

from pgazure.client.chat_requests import chat_operation, check_model, check_text, extracting, judging
from pgazure.client.execution import Call
from pgazure.client.inputs import read_ids, read_texts
from pgazure.client.ranking import MOST_RANKED, rank_operation
from pgazure.client.streaming import stream_text
from pgazure.flow.json_schema import read_wrapper
from pgazure.services.chat import Prompting
from pgazure.types import RankResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Unpack

    from pgazure.client.connections import Connections
    from pgazure.client.execution import Executor
    from pgazure.client.inputs import Id, Raising, SequenceOf, SomeTexts, Texts
    from pgazure.client.options import GenerateChoices, ModelChoices
    from pgazure.types import DocumentError


class AsyncAzureAI:
    """The functions of schema ``azure_ai``, and what chat models can do beyond them."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    async def set_setting(self, key: str, value: str | None) -> None:
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
        self._connections.change_setting(key, value)

    async def get_setting(self, key: str) -> str | None:
        """Read a setting; mirrors ``azure_ai.get_setting``, which gives keys in clear text too.

        Args:
            key: The extension's name of the setting, such as ``azure_openai.endpoint``.

        Returns:
            What counts for this client or, with ``backend="database"``, in the database; ``None`` where it is not set.

        Raises:
            ConfigurationError: There is no such setting.
        """
        return self._connections.extension_settings.read(key)

    async def version(self) -> str:
        """Give the version of what runs the functions; mirrors ``azure_ai.version``.

        Returns:
            The version of pgazure or, with ``backend="database"``, of the extension.

        Raises:
            SchemaError: The database has no such function.
        """
        return version("pgazure")

    @overload
    async def generate(
        self, prompt: str, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> str: ...
    @overload
    async def generate(
        self, prompt: None, *, throw_on_error: bool = True, **options: Unpack[GenerateChoices]
    ) -> None: ...
    @overload
    async def generate(
        self, prompt: Texts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str]: ...
    @overload
    async def generate(
        self, prompt: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str | None]: ...
    @overload
    async def generate(
        self, prompt: str, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> str | DocumentError: ...
    @overload
    async def generate(
        self, prompt: SomeTexts, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> list[str | DocumentError | None]: ...
    @overload
    async def generate(
        self,
        prompt: str,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> dict[str, Any]: ...
    @overload
    async def generate(
        self,
        prompt: Texts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any]]: ...
    @overload
    async def generate(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | None]: ...
    @overload
    async def generate(
        self, prompt: str, *, json_schema: Mapping[str, Any], throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    async def generate(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: bool,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    async def generate(
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
        schema = None if json_schema is None else read_wrapper(json_schema)
        prompting: Prompting[Any] = Prompting(
            "generate", check_model(model), check_text(system_prompt, "system_prompt"), schema
        )
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.openai()
        operation = chat_operation(service, partial(service.chat.complete, prompting=prompting), prompting)
        return await self._executor.run(operation, prompt, None, call, names=("prompt", "language"))

    @overload
    async def is_true(
        self, statement: str, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> bool | None: ...
    @overload
    async def is_true(
        self, statement: None, *, throw_on_error: bool = True, **options: Unpack[ModelChoices]
    ) -> None: ...
    @overload
    async def is_true(
        self, statement: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[bool | None]: ...
    @overload
    async def is_true(
        self, statement: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[bool | None]: ...
    @overload
    async def is_true(
        self, statement: str, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> bool | DocumentError | None: ...
    @overload
    async def is_true(
        self, statement: SomeTexts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> list[bool | DocumentError | None]: ...
    async def is_true(
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
        prompting = judging(check_model(model))
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.openai()
        operation = chat_operation(service, partial(service.chat.complete, prompting=prompting), prompting)
        return await self._executor.run(operation, statement, None, call, names=("statement", "language"))

    @overload
    async def extract(
        self, document: str, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> dict[str, Any]: ...
    @overload
    async def extract(
        self, document: None, data: Texts, *, throw_on_error: bool = True, **options: Unpack[ModelChoices]
    ) -> None: ...
    @overload
    async def extract(
        self, document: Texts, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any]]: ...
    @overload
    async def extract(
        self, document: SomeTexts, data: Texts, *, throw_on_error: Raising = True, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any] | None]: ...
    @overload
    async def extract(
        self, document: str, data: Texts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    async def extract(
        self, document: SomeTexts, data: Texts, *, throw_on_error: bool, **options: Unpack[ModelChoices]
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    async def extract(
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
        prompting = extracting(check_model(model), data)
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.openai()
        operation = chat_operation(service, partial(service.chat.complete, prompting=prompting), prompting)
        return await self._executor.run(operation, document, None, call, names=("document", "language"))

    @overload
    async def rank(
        self, query: str, document_contents: SomeTexts, *, document_ids: None = None, **options: Unpack[ModelChoices]
    ) -> list[RankResult[int]]: ...
    @overload
    async def rank(
        self, query: str, document_contents: SomeTexts, *, document_ids: SequenceOf[Id], **options: Unpack[ModelChoices]
    ) -> list[RankResult[Id]]: ...
    async def rank(
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
        check_text(query, "query")
        texts, single = read_texts(document_contents, "document_contents")
        if single:
            msg = "document_contents must be a list of str"
            raise TypeError(msg)
        ids = read_ids(document_ids, len(texts))
        call = Call(MOST_RANKED, timeout_ms, True, max_attempts, retry_delay_ms)  # noqa: FBT003  the field's place
        operation = rank_operation(self._connections, query, check_model(model))
        scores = await self._executor.run(operation, texts, None, call, names=("document_contents", "language"))
        found = sorted(
            ((id_, score) for id_, score in zip(ids, scores, strict=True) if score is not None), key=lambda one: -one[1]
        )
        return [RankResult(id_, place, score) for place, (id_, score) in enumerate(found, 1)]

    async def generate_stream(
        self,
        prompt: str,
        *,
        model: str = "gpt-4.1",
        system_prompt: str = "You are a helpful assistant.",
        timeout_ms: int | None = None,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> AsyncIterator[str]:
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
        prompting: Prompting[str] = Prompting(
            "generate", check_model(model), check_text(system_prompt, "system_prompt")
        )
        call = Call(1, timeout_ms, True, max_attempts, retry_delay_ms)  # noqa: FBT003  the field's place
        service = self._connections.openai()
        operation = chat_operation(service, partial(service.chat.complete, prompting=prompting), prompting)
        pieces = partial(service.chat.stream, prompting=prompting)
        async for piece in stream_text(self._executor, operation, pieces, prompt, call):
            yield piece

    @overload
    async def respond(
        self, prompt: str, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> str: ...
    @overload
    async def respond(
        self, prompt: None, *, throw_on_error: bool = True, **options: Unpack[GenerateChoices]
    ) -> None: ...
    @overload
    async def respond(
        self, prompt: Texts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str]: ...
    @overload
    async def respond(
        self, prompt: SomeTexts, *, throw_on_error: Raising = True, **options: Unpack[GenerateChoices]
    ) -> list[str | None]: ...
    @overload
    async def respond(
        self, prompt: str, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> str | DocumentError: ...
    @overload
    async def respond(
        self, prompt: SomeTexts, *, throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> list[str | DocumentError | None]: ...
    @overload
    async def respond(
        self,
        prompt: str,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> dict[str, Any]: ...
    @overload
    async def respond(
        self,
        prompt: Texts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any]]: ...
    @overload
    async def respond(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: Raising = True,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | None]: ...
    @overload
    async def respond(
        self, prompt: str, *, json_schema: Mapping[str, Any], throw_on_error: bool, **options: Unpack[GenerateChoices]
    ) -> dict[str, Any] | DocumentError: ...
    @overload
    async def respond(
        self,
        prompt: SomeTexts,
        *,
        json_schema: Mapping[str, Any],
        throw_on_error: bool,
        **options: Unpack[GenerateChoices],
    ) -> list[dict[str, Any] | DocumentError | None]: ...
    async def respond(
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
        schema = None if json_schema is None else read_wrapper(json_schema)
        prompting: Prompting[Any] = Prompting(
            "respond", check_model(model), check_text(system_prompt, "system_prompt"), schema
        )
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.openai()
        operation = chat_operation(service, partial(service.chat.respond, prompting=prompting), prompting)
        return await self._executor.run(operation, prompt, None, call, names=("prompt", "language"))
