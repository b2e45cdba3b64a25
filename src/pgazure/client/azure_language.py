"""Azure AI Language beyond the extension: opinions, places in the text, health, custom models, conversations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, overload

from pgazure.client.conversations import read_conversations
from pgazure.client.execution import Call
from pgazure.client.inputs import check_name, check_option, read_names
from pgazure.client.operations import conversation_operation, language_operation
from pgazure.flow.locating import (
    merge_healthcare,
    merge_located_entities,
    merge_located_pii,
    merge_multi_label,
    merge_opinions,
    merge_single_label,
)
from pgazure.services.language_detail import DetailedLanguage

if TYPE_CHECKING:
    from typing import Unpack

    from pgazure.client.connections import Connections
    from pgazure.client.conversations import Conversation
    from pgazure.client.execution import Executor
    from pgazure.client.inputs import Name, Names, Raising, SequenceOf, SomeTexts, Texts
    from pgazure.client.options import (
        ConversationChoices,
        CustomBatch,
        CustomChoices,
        LanguageBatch,
        LanguageChoices,
        LocatedPiiBatch,
        LocatedPiiChoices,
    )
    from pgazure.types import DocumentError
    from pgazure.types_language import (
        Classification,
        ConversationSummary,
        HealthcareEntitiesResult,
        LocatedEntity,
        LocatedPiiResult,
        OpinionAnalysisResult,
    )

_ASPECTS = ("issue", "resolution", "chapterTitle", "narrative", "recap")


class AsyncAzureLanguage:
    """What Azure AI Language can do beyond the functions of schema ``azure_cognitive``."""

    def __init__(self, connections: Connections, executor: Executor) -> None:
        self._connections = connections
        self._executor = executor

    @overload
    async def analyze_opinions(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> OpinionAnalysisResult: ...
    @overload
    async def analyze_opinions(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def analyze_opinions(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[OpinionAnalysisResult]: ...
    @overload
    async def analyze_opinions(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[OpinionAnalysisResult | None]: ...
    @overload
    async def analyze_opinions(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> OpinionAnalysisResult | DocumentError: ...
    @overload
    async def analyze_opinions(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[OpinionAnalysisResult | DocumentError | None]: ...
    async def analyze_opinions(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 10,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find what one text or many have an opinion of, and which; the service's opinion mining.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 10.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            An :class:`OpinionAnalysisResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(DetailedLanguage(service).analyze_opinions, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "analyze_opinions", send, merge_opinions, items=10)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> list[LocatedEntity]: ...
    @overload
    async def recognize_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def recognize_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[list[LocatedEntity]]: ...
    @overload
    async def recognize_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[list[LocatedEntity] | None]: ...
    @overload
    async def recognize_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> list[LocatedEntity] | DocumentError: ...
    @overload
    async def recognize_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[list[LocatedEntity] | DocumentError | None]: ...
    async def recognize_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 5,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the people, places, dates and so on in one text or many, and where they stand.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 5.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The entities of a text in text order, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(DetailedLanguage(service).recognize_entities, disable_service_logs=disable_service_logs)
        operation = language_operation(service, "recognize_entities", send, merge_located_entities, items=5)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LocatedPiiChoices]
    ) -> LocatedPiiResult: ...
    @overload
    async def recognize_pii_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LocatedPiiChoices]
    ) -> None: ...
    @overload
    async def recognize_pii_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LocatedPiiBatch]
    ) -> list[LocatedPiiResult]: ...
    @overload
    async def recognize_pii_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LocatedPiiBatch],
    ) -> list[LocatedPiiResult | None]: ...
    @overload
    async def recognize_pii_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LocatedPiiChoices]
    ) -> LocatedPiiResult | DocumentError: ...
    @overload
    async def recognize_pii_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LocatedPiiBatch]
    ) -> list[LocatedPiiResult | DocumentError | None]: ...
    async def recognize_pii_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        domain: str = "none",
        categories: str | SequenceOf[str] | None = None,
        batch_size: int = 5,
        disable_service_logs: bool = True,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find and mask personal data of the categories wanted in one text or many.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            domain: ``"none"``, or ``"phi"`` for health data only; the service puts ``categories`` before it.
            categories: What to look for, such as ``"PhoneNumber"``; ``None`` is everything.
            batch_size: Most texts in one request; the service takes 5.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`LocatedPiiResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        domain = check_option(domain, "domain", ("none", "phi"))
        wanted = [] if categories is None else read_names(categories, "categories")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            DetailedLanguage(service).recognize_pii_entities,
            domain=domain,
            categories=wanted,
            disable_service_logs=disable_service_logs,
        )
        operation = language_operation(service, "recognize_pii_entities", send, merge_located_pii, items=5)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_healthcare_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageChoices]
    ) -> HealthcareEntitiesResult: ...
    @overload
    async def recognize_healthcare_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[LanguageChoices]
    ) -> None: ...
    @overload
    async def recognize_healthcare_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[LanguageBatch]
    ) -> list[HealthcareEntitiesResult]: ...
    @overload
    async def recognize_healthcare_entities(
        self,
        text: SomeTexts,
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[LanguageBatch],
    ) -> list[HealthcareEntitiesResult | None]: ...
    @overload
    async def recognize_healthcare_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[LanguageChoices]
    ) -> HealthcareEntitiesResult | DocumentError: ...
    @overload
    async def recognize_healthcare_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[LanguageBatch]
    ) -> list[HealthcareEntitiesResult | DocumentError | None]: ...
    async def recognize_healthcare_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        batch_size: int = 25,
        disable_service_logs: bool = True,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find medical concepts in one text or many, and what connects them; the service's Text Analytics for health.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`HealthcareEntitiesResult`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            DetailedLanguage(service).recognize_healthcare_entities, disable_service_logs=disable_service_logs
        )
        operation = language_operation(
            service, "recognize_healthcare_entities", send, merge_healthcare, items=25, job=True
        )
        return await self._executor.run(operation, text, language, call)

    @overload
    async def recognize_custom_entities(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[CustomChoices]
    ) -> list[LocatedEntity]: ...
    @overload
    async def recognize_custom_entities(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[CustomChoices]
    ) -> None: ...
    @overload
    async def recognize_custom_entities(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[list[LocatedEntity]]: ...
    @overload
    async def recognize_custom_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[list[LocatedEntity] | None]: ...
    @overload
    async def recognize_custom_entities(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[CustomChoices]
    ) -> list[LocatedEntity] | DocumentError: ...
    @overload
    async def recognize_custom_entities(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[CustomBatch]
    ) -> list[list[LocatedEntity] | DocumentError | None]: ...
    async def recognize_custom_entities(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        project_name: str,
        deployment_name: str,
        batch_size: int = 25,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Find the entities of your own model in one text or many.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            project_name: The project of the custom model.
            deployment_name: The deployment of it.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The entities of a text in text order, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        check_name(project_name, "project_name")
        check_name(deployment_name, "deployment_name")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            DetailedLanguage(service).recognize_custom_entities,
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )
        operation = language_operation(
            service, "recognize_custom_entities", send, merge_located_entities, items=25, job=True
        )
        return await self._executor.run(operation, text, language, call)

    @overload
    async def classify_single_label(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[CustomChoices]
    ) -> Classification: ...
    @overload
    async def classify_single_label(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[CustomChoices]
    ) -> None: ...
    @overload
    async def classify_single_label(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[Classification]: ...
    @overload
    async def classify_single_label(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[Classification | None]: ...
    @overload
    async def classify_single_label(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[CustomChoices]
    ) -> Classification | DocumentError: ...
    @overload
    async def classify_single_label(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[CustomBatch]
    ) -> list[Classification | DocumentError | None]: ...
    async def classify_single_label(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        project_name: str,
        deployment_name: str,
        batch_size: int = 25,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Give one text or many the class of your own model that fits best.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            project_name: The project of the custom model.
            deployment_name: The deployment of it.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            A :class:`Classification`, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        check_name(project_name, "project_name")
        check_name(deployment_name, "deployment_name")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            DetailedLanguage(service).classify_single_label,
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )
        operation = language_operation(service, "classify_single_label", send, merge_single_label, items=25, job=True)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def classify_multi_label(
        self, text: str, language: Name = None, *, throw_on_error: Raising = True, **options: Unpack[CustomChoices]
    ) -> list[Classification]: ...
    @overload
    async def classify_multi_label(
        self, text: None, language: Name = None, *, throw_on_error: bool = True, **options: Unpack[CustomChoices]
    ) -> None: ...
    @overload
    async def classify_multi_label(
        self, text: Texts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[list[Classification]]: ...
    @overload
    async def classify_multi_label(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: Raising = True, **options: Unpack[CustomBatch]
    ) -> list[list[Classification] | None]: ...
    @overload
    async def classify_multi_label(
        self, text: str, language: Name = None, *, throw_on_error: bool, **options: Unpack[CustomChoices]
    ) -> list[Classification] | DocumentError: ...
    @overload
    async def classify_multi_label(
        self, text: SomeTexts, language: Names = None, *, throw_on_error: bool, **options: Unpack[CustomBatch]
    ) -> list[list[Classification] | DocumentError | None]: ...
    async def classify_multi_label(
        self,
        text: str | SomeTexts | None,
        language: Names = None,
        *,
        project_name: str,
        deployment_name: str,
        batch_size: int = 25,
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Give one text or many all classes of your own model that fit.

        Args:
            text: A text, or a list of texts; ``None`` stays ``None``.
            language: Its code such as ``en``: one for all or one for each; ``None`` is the service's default, English.
            project_name: The project of the custom model.
            deployment_name: The deployment of it.
            batch_size: Most texts in one request; the service takes 25.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a text that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The classes of a text, or a list of them in input order.

        Raises:
            BatchError: Some of many texts failed; its ``results`` hold the others.
            InvalidRequestError: The one text was refused.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        check_name(project_name, "project_name")
        check_name(deployment_name, "deployment_name")
        call = Call(batch_size, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        service = self._connections.language()
        send = partial(
            DetailedLanguage(service).classify_multi_label,
            project_name=project_name,
            deployment_name=deployment_name,
            disable_service_logs=disable_service_logs,
        )
        operation = language_operation(service, "classify_multi_label", send, merge_multi_label, items=25, job=True)
        return await self._executor.run(operation, text, language, call)

    @overload
    async def summarize_conversation(
        self,
        conversation: Conversation,
        language: Name = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[ConversationChoices],
    ) -> list[ConversationSummary]: ...
    @overload
    async def summarize_conversation(
        self,
        conversation: SequenceOf[Conversation],
        language: Names = None,
        *,
        throw_on_error: Raising = True,
        **options: Unpack[ConversationChoices],
    ) -> list[list[ConversationSummary]]: ...
    @overload
    async def summarize_conversation(
        self,
        conversation: Conversation,
        language: Name = None,
        *,
        throw_on_error: bool,
        **options: Unpack[ConversationChoices],
    ) -> list[ConversationSummary] | DocumentError: ...
    @overload
    async def summarize_conversation(
        self,
        conversation: SequenceOf[Conversation],
        language: Names = None,
        *,
        throw_on_error: bool,
        **options: Unpack[ConversationChoices],
    ) -> list[list[ConversationSummary] | DocumentError]: ...
    async def summarize_conversation(
        self,
        conversation: Conversation | SequenceOf[Conversation],
        language: Names = None,
        *,
        aspects: str | SequenceOf[str] = ("issue", "resolution"),
        disable_service_logs: bool = False,
        timeout_ms: int | None = None,
        throw_on_error: bool = True,
        max_attempts: int | None = None,
        retry_delay_ms: int | None = None,
    ) -> Any:
        """Sum up one conversation or many, each under several aspects.

        Args:
            conversation: The turns of a conversation in order, or a list of conversations. The service takes one in
                a request.
            language: Its code such as ``en``: one for all or one for each; ``None`` is English.
            aspects: One or several of ``"issue"`` and ``"resolution"``, for which the turns need their roles, and
                ``"chapterTitle"``, ``"narrative"`` and ``"recap"``.
            disable_service_logs: Whether the service is to keep no copy of the texts for troubleshooting.
            timeout_ms: Milliseconds for the whole call, retries and polling included; ``None`` is the client's.
            throw_on_error: Whether a conversation that fails raises; else a :class:`DocumentError` stands in its place.
            max_attempts: Times a request is sent at most; ``None`` is the client's.
            retry_delay_ms: Milliseconds before the second attempt; ``None`` is the client's.

        Returns:
            The summaries in the order of ``aspects``, or a list of them in input order.

        Raises:
            TypeError: ``conversation`` is not made of :class:`ConversationItem`.
            BatchError: Some of many conversations failed; its ``results`` hold the others.
            InvalidRequestError: The one conversation was refused, or is too long.
            AuthenticationError: The key or token was refused.
            ServiceTimeoutError: The time was too short.
            ConfigurationError: The endpoint is not set, or an argument is out of range.
        """
        wanted = [check_option(aspect, "aspects", _ASPECTS) for aspect in read_names(aspects, "aspects")]
        call = Call(1, timeout_ms, throw_on_error, max_attempts, retry_delay_ms)
        transcripts = read_conversations(conversation)
        service = self._connections.conversations()
        send = partial(service.summarize_conversation, aspects=wanted, disable_service_logs=disable_service_logs)
        operation = conversation_operation(service, send)
        return await self._executor.run(operation, transcripts, language, call, names=("conversation", "language"))
