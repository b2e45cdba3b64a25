"""Which packages are tried, what their programs read from the environment, and what is left out, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.metadata import version

_REALTIME = "web sockets"
_AUDIO = "audio"
_IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Package:
    """One source distribution.

    Attributes:
        name: Name of the distribution.
        version: Its version.
        room: Whose service it talks to: ``language``, ``translator`` or ``openai``.
        programs: Where its sample programs stand.
        installed: Whether this version is the installed one; otherwise the programs import the unpacked source.
        paths: Folders that the programs import from besides their own.
        outside: Programs that are not run, by pattern, and the reason.
        only_https: Programs whose SDK sends its token over https alone, by pattern.
        environment: More variables for its programs.
        suite: Its tests, where they are not all of ``tests``.
        suite_outside: Tests that are not run, as pytest names them, and the reason.
    """

    name: str
    version: str
    room: str
    programs: str = "samples"
    installed: bool = True
    paths: tuple[str, ...] = ()
    outside: dict[str, str] = field(default_factory=dict)
    only_https: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    suite: tuple[str, ...] = ()
    suite_outside: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"

    def reason_outside(self, program: str, scheme: str) -> str | None:
        """Say why a program is not run; ``None`` where it is."""
        for pattern, reason in self.outside.items():
            if fnmatch(program, pattern):
                return reason
        if scheme == "http" and any(fnmatch(program, pattern) for pattern in self.only_https):
            return "the SDK sends a token over https alone"
        return None


_TOKENS = ("*authentication*",)
_CONVERSATIONS = {"*authoring/*": "makes and trains projects"}

PACKAGES = (
    Package("azure-ai-textanalytics", version("azure-ai-textanalytics"), "language", only_https=_TOKENS),
    Package("azure-ai-textanalytics", "5.3.0", "language", installed=False, only_https=_TOKENS),
    Package(
        "azure-ai-language-conversations",
        version("azure-ai-language-conversations"),
        "language",
        only_https=_TOKENS,
        outside=_CONVERSATIONS,
    ),
    Package("azure-ai-translation-text", version("azure-ai-translation-text"), "translator", paths=("tests",)),
    Package(
        "azure-ai-translation-text",
        "1.0.1",
        "translator",
        installed=False,
        paths=("tests",),
        outside={"sample_text_translation_dictionary_examples.py": "raises after success too: its raise is misplaced"},
    ),
    Package(
        "openai",
        version("openai"),
        "openai",
        programs="examples",
        # The program azure.py would stand in the way of the package azure.
        environment={"PYTHONSAFEPATH": "1"},
        suite=tuple(
            f"tests/api_resources/{name}"
            for name in ("test_completions.py", "test_embeddings.py", "test_models.py", "test_responses.py", "chat")
        ),
        outside={
            "*/__init__.py": "holds no program",
            "audio.py": _AUDIO,
            "speech_to_text.py": _AUDIO,
            "text_to_speech.py": _AUDIO,
            "live/*": _AUDIO,
            "picture.py": _IMAGES,
            "image_stream.py": _IMAGES,
            "video.py": "videos",
            "uploads.py": "files",
            "realtime/*": _REALTIME,
            "*websocket.py": _REALTIME,
            "responses/multi_agent_*": "agents in beta, which Azure does not have",
            "mtls_*": "client certificates of OpenAI's own platform",
            "x509_*": "workload identity of OpenAI's own platform",
            "bedrock*": "another company's cloud",
            "browser*/*": "drives a browser",
            "computer-desktop/*": "drives a virtual machine",
            "module_client.py": "its endpoint, https://..., is to be filled in",
        },
    ),
)
"""What is tried: the installed versions, and the last ones of the older protocols."""


PROJECTS = {
    "CUSTOM_ENTITIES_PROJECT_NAME": "loans",
    "CUSTOM_ENTITIES_DEPLOYMENT_NAME": "production",
    "SINGLE_LABEL_CLASSIFY_PROJECT_NAME": "requests",
    "SINGLE_LABEL_CLASSIFY_DEPLOYMENT_NAME": "production",
    "MULTI_LABEL_CLASSIFY_PROJECT_NAME": "requests",
    "MULTI_LABEL_CLASSIFY_DEPLOYMENT_NAME": "production",
    "AZURE_CONVERSATIONS_PROJECT_NAME": "mails",
    "AZURE_CONVERSATIONS_DEPLOYMENT_NAME": "production",
    "AZURE_CONVERSATIONS_WORKFLOW_PROJECT_NAME": "assistant",
    "AZURE_CONVERSATIONS_WORKFLOW_DEPLOYMENT_NAME": "production",
    "AZURE_TEXT_TRANSLATION_RESOURCE_ID": "/subscriptions/none/resourceGroups/none/providers/none",
    "AZURE_OPENAI_DEPLOYMENT_NAME": "gpt-4.1",
}
"""What the programs read from the environment besides endpoints and keys."""
