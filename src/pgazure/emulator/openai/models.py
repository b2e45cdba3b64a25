"""The models behind deployments: what they are called, how much they read and write, what they can do."""

from __future__ import annotations

from dataclasses import dataclass

CHAT = "chat_completion"
COMPLETION = "completion"
EMBEDDINGS = "embeddings"
OPENAI, COHERE, XAI = "OpenAI", "Cohere", "xAI"
CAPABILITIES = (CHAT, COMPLETION, EMBEDDINGS)
"""What a model may be able to do, as the list of models calls it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model.

    Attributes:
        family: The part of a deployment's name that tells it.
        name: As the answer calls it.
        context: Most tokens of a prompt and its answer; of one input, where it makes vectors.
        longest: Most tokens of an answer; 0 where it writes none.
        encoding: Its vocabulary.
        dimensions: Length of its vectors; 0 where it makes none.
        shortens: Whether shorter vectors may be asked for.
        effort: How hard it reasons where nothing is said; empty where it is no reasoning model.
        adapts: Whether it reasons on easy questions only where that is asked for.
        capabilities: What it can do.
        maker: Who made it; models of other makers are answered for in their own shape.
    """

    family: str
    name: str
    context: int
    longest: int = 0
    encoding: str = "o200k_base"
    dimensions: int = 0
    shortens: bool = False
    effort: str = ""
    adapts: bool = False
    capabilities: frozenset[str] = frozenset({CHAT})
    maker: str = OPENAI

    @property
    def reasons(self) -> bool:
        """Whether it is a reasoning model, which refuses the parameters of sampling."""
        return bool(self.effort)


def _embedding(name: str, dimensions: int, *, shortens: bool = True) -> Model:
    return Model(
        name, name, 8_192, 0, "cl100k_base", dimensions, shortens=shortens, capabilities=frozenset({EMBEDDINGS})
    )


def _cohere(family: str, name: str) -> Model:
    can = frozenset({EMBEDDINGS})
    return Model(family, name, 512, 0, "cl100k_base", 1_024, capabilities=can, maker=COHERE)


def _completion(name: str, context: int, longest: int = 4_096) -> Model:
    return Model(name, name, context, longest, "cl100k_base", capabilities=frozenset({COMPLETION}))


def _old(family: str, context: int, longest: int) -> Model:
    both = frozenset({CHAT, COMPLETION})
    return Model(family, "gpt-35-turbo", context, longest, "cl100k_base", capabilities=both)


MODELS = (
    _old("gpt-35-turbo", 16_385, 4_096),
    _old("gpt-3.5-turbo", 16_385, 4_096),
    _completion("gpt-35-turbo-instruct", 4_097),
    _completion("gpt-3.5-turbo-instruct", 4_097),
    _completion("davinci-002", 16_384),
    _completion("babbage-002", 16_384),
    Model("gpt-4", "gpt-4", 8_192, 8_192, "cl100k_base"),
    Model("gpt-4-32k", "gpt-4-32k", 32_768, 32_768, "cl100k_base"),
    Model("gpt-4-turbo", "gpt-4-turbo-2024-04-09", 128_000, 4_096, "cl100k_base"),
    Model("gpt-4o", "gpt-4o-2024-11-20", 128_000, 16_384),
    Model("gpt-4o-mini", "gpt-4o-mini-2024-07-18", 128_000, 16_384),
    Model("gpt-4.1", "gpt-4.1-2025-04-14", 1_047_576, 32_768),
    Model("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 1_047_576, 32_768),
    Model("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", 1_047_576, 32_768),
    Model("gpt-5", "gpt-5-2025-08-07", 400_000, 128_000, effort="medium"),
    Model("gpt-5-mini", "gpt-5-mini-2025-08-07", 400_000, 128_000, effort="medium"),
    Model("gpt-5-nano", "gpt-5-nano-2025-08-07", 400_000, 128_000, effort="medium"),
    Model("gpt-5-chat", "gpt-5-chat-2025-10-03", 128_000, 16_384),
    Model("gpt-5.1", "gpt-5.1-2025-11-13", 400_000, 128_000, effort="none", adapts=True),
    Model("gpt-5.2", "gpt-5.2-2025-12-11", 400_000, 128_000, effort="none", adapts=True),
    Model("gpt-5.2-chat", "gpt-5.2-chat-2025-12-11", 128_000, 16_384, effort="medium", adapts=True),
    Model("gpt-5.6-luna", "gpt-5.6-luna-2026-07-09", 400_000, 128_000, effort="medium", adapts=True),
    Model("o1", "o1-2024-12-17", 200_000, 100_000, effort="medium"),
    Model("o3", "o3-2025-04-16", 200_000, 100_000, effort="medium"),
    Model("o3-mini", "o3-mini-2025-01-31", 200_000, 100_000, effort="medium"),
    Model("o4-mini", "o4-mini-2025-04-16", 200_000, 100_000, effort="medium"),
    _embedding("text-embedding-3-small", 1_536),
    _embedding("text-embedding-3-large", 3_072),
    _embedding("text-embedding-ada-002", 1_536, shortens=False),
    _cohere("cohere-embed-v3-english", "embed-english-v3.0"),
    _cohere("cohere-embed-v3-multilingual", "embed-multilingual-v3.0"),
    Model("grok-4-1-fast-non-reasoning", "grok-4-1-fast-non-reasoning", 128_000, 32_768, maker=XAI),
    Model("grok-3", "grok-3", 131_072, 32_768, maker=XAI),
)
"""Every model there is."""

_BY_FAMILY = {model.family: model for model in MODELS}
_DEFAULTS = {CHAT: "gpt-4.1-mini", COMPLETION: "gpt-35-turbo-instruct", EMBEDDINGS: "text-embedding-3-small"}
# Spellings that Azure does not use itself, and parts of names that people give to deployments.
_OTHERS = {"gpt-3.5-turbo", "gpt-3.5-turbo-instruct"}
_PARTS = {
    "3-large": "text-embedding-3-large",
    "ada-002": "text-embedding-ada-002",
    "embedding": "text-embedding-3-small",
}


def list_models() -> tuple[Model, ...]:
    """The models as the service lists them, each once."""
    return tuple(model for model in MODELS if model.family not in _OTHERS)


def find_by_name(name: str) -> Model | None:
    """The model with this very name, dated or not."""
    return _BY_FAMILY.get(name) or next((model for model in MODELS if model.name == name), None)


def guess_model(deployment: str, capability: str) -> Model:
    """The model behind a deployment that nobody declared, told from its name.

    Returns:
        The model with the longest name that stands in the deployment's. Where none does, a model that can do
        what is asked for.
    """
    lower = deployment.lower()
    known = [model for model in MODELS if _names(model.family, lower)]
    if known:
        return max(known, key=lambda model: len(model.family))
    part = next((model for part, model in _PARTS.items() if part in lower), _DEFAULTS[capability])
    return _BY_FAMILY[part]


def _names(family: str, deployment: str) -> bool:
    # "o1" must not be found in "demo1".
    return f"-{family}-" in f"-{deployment}-" if family.startswith("o") else family in deployment
