"""The chat models behind deployments: what they are called, how much they read and write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A chat model.

    Attributes:
        family: The part of a deployment's name that tells it.
        name: As the answer calls it.
        context: Most tokens of a prompt and its answer.
        longest: Most tokens of an answer.
        encoding: Its vocabulary.
    """

    family: str
    name: str
    context: int
    longest: int
    encoding: str = "o200k_base"

    @property
    def reasons(self) -> bool:
        """Whether it is a reasoning model, which refuses the parameters of sampling."""
        return (self.family.startswith("o") or self.family.startswith("gpt-5")) and not self.family.endswith("chat")


_MODELS = (
    ChatModel("gpt-35-turbo", "gpt-35-turbo", 16_385, 4_096, "cl100k_base"),
    ChatModel("gpt-3.5-turbo", "gpt-35-turbo", 16_385, 4_096, "cl100k_base"),
    ChatModel("gpt-4", "gpt-4", 8_192, 8_192, "cl100k_base"),
    ChatModel("gpt-4-32k", "gpt-4-32k", 32_768, 32_768, "cl100k_base"),
    ChatModel("gpt-4-turbo", "gpt-4-turbo-2024-04-09", 128_000, 4_096, "cl100k_base"),
    ChatModel("gpt-4o", "gpt-4o-2024-11-20", 128_000, 16_384),
    ChatModel("gpt-4o-mini", "gpt-4o-mini-2024-07-18", 128_000, 16_384),
    ChatModel("gpt-4.1", "gpt-4.1-2025-04-14", 1_047_576, 32_768),
    ChatModel("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 1_047_576, 32_768),
    ChatModel("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", 1_047_576, 32_768),
    ChatModel("gpt-5", "gpt-5-2025-08-07", 400_000, 128_000),
    ChatModel("gpt-5-mini", "gpt-5-mini-2025-08-07", 400_000, 128_000),
    ChatModel("gpt-5-nano", "gpt-5-nano-2025-08-07", 400_000, 128_000),
    ChatModel("gpt-5-chat", "gpt-5-chat-2025-10-03", 128_000, 16_384),
    ChatModel("gpt-5.1", "gpt-5.1-2025-11-13", 400_000, 128_000),
    ChatModel("gpt-5.2", "gpt-5.2-2025-12-11", 400_000, 128_000),
    ChatModel("o1", "o1-2024-12-17", 200_000, 100_000),
    ChatModel("o3", "o3-2025-04-16", 200_000, 100_000),
    ChatModel("o3-mini", "o3-mini-2025-01-31", 200_000, 100_000),
    ChatModel("o4-mini", "o4-mini-2025-04-16", 200_000, 100_000),
)
_DEFAULT = next(model for model in _MODELS if model.family == "gpt-4.1-mini")
_EMBEDDING = ("embedding", "ada-002")


def list_chat_models() -> tuple[str, ...]:
    """Names of the models, each once."""
    return tuple(dict.fromkeys(model.family for model in _MODELS if model.family != "gpt-3.5-turbo"))


def find_chat_model(deployment: str) -> ChatModel | None:
    """The model behind a deployment, told from its name.

    Returns:
        The model with the longest name that stands in the deployment's; ``gpt-4.1-mini`` where none does, and
        ``None`` where the name is that of an embedding model.
    """
    lower = deployment.lower()
    if any(part in lower for part in _EMBEDDING):
        return None
    known = [model for model in _MODELS if _names(model.family, lower)]
    return max(known, key=lambda model: len(model.family), default=_DEFAULT)


def _names(family: str, deployment: str) -> bool:
    # "o1" must not be found in "demo1".
    return f"-{family}-" in f"-{deployment}-" if family.startswith("o") else family in deployment
