# ruff: noqa: FBT003, RUF009  # each option is a field, made by one function that holds what a command line tells
"""How the server behaves: the one list of options, for Python and for both commands."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgazure.emulator.durations import read_duration
from pgazure.emulator.rules import NO_RULES, Rules, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from pgazure.emulator.faults.kinds import Fault
    from pgazure.emulator.openai.deployments import Deployment

FILTER_WORD = "trigger-content-filter"
"""What the content filter refuses where nothing else is chosen."""
DEFAULT_KEY = "emulator"
"""The key where none is chosen; it is not open to other machines."""
COMMAND_PORT = 8765
"""The port of the commands; in Python it is any that is free."""

_LAST_PORT = 65_535


def _option(default: Any, description: str, read: Callable[[str], Any] = str, **more: Any) -> Any:
    shown = more.pop("shown", True)
    return field(default=default, repr=shown, metadata={"help": description, "read": read, **more})


@dataclass(frozen=True, slots=True)
class Options:
    """How the server behaves.

    Attributes:
        key: The key that opens every route, in any of the services' headers.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        latency: Seconds that every answer takes at least.
        rpm: Requests per minute and operation; ``None`` means no limit.
        tpm: Tokens per minute and deployment; ``None`` means no limit.
        accept_any_token: Let in every bearer token, as if it came from Entra ID.
        job_time: Seconds that a job takes at least.
        deployments: Deployments of Azure OpenAI, as ``name`` or ``name=model``; any name will do where none is given.
        deployments_file: A TOML or JSON file with more of them, and their limits.
        deployed: What both say.
        filter_word: The content filter of Azure OpenAI refuses prompts that hold this, whatever its case; never,
            where it is empty.
        rules: A TOML or JSON file that says what scoring endpoints and custom models answer.
        answers: What that file says.
        faults: Faults that stand from the start: objects with a kind, or texts as a command line has them.
        faults_file: A TOML or JSON file with more of them.
        ordered: What both say.
        https: Speak TLS, with a certificate of an authority of this machine's own, made on first use.
        certificates: Folder of that authority; without it one in the user's data folder.
        env_file: The commands write the variables for the SDKs to this file, which nobody else may read.
        journal: How many of the last requests ``GET /__requests`` lists.
        keep_bodies: List the requests' bodies too, and so the texts in them.

    Raises:
        ValueError: An option cannot be used, or the default key would be open to other machines.
    """

    key: str = _option(DEFAULT_KEY, "key that opens every route", shown=False, environment="PGAZURE_EMULATOR_KEY")
    host: str = _option("127.0.0.1", "address to listen on")
    port: int = _option(0, "port to listen on; 0 takes a free one", int, elsewhere=COMMAND_PORT)
    latency: float = _option(0.0, "least time of an answer, e.g. 50ms", read_duration)
    rpm: float | None = _option(None, "requests a minute for each operation; above it: 429", float)
    tpm: float | None = _option(None, "tokens a minute for each deployment; above it: 429", float)
    accept_any_token: bool = _option(False, "let in every bearer token", bool)
    job_time: float = _option(0.0, "least time of a job, e.g. 2s", read_duration)
    deployments: Sequence[str] = _option(
        (), "a deployment, NAME or NAME=MODEL, may be repeated; any name will do without", flag="--deployment"
    )
    deployments_file: str | Path | None = _option(
        None, "TOML or JSON file: deployments and their limits", flag="--deployments"
    )
    deployed: Sequence[Deployment] = field(default=(), init=False, repr=False)
    filter_word: str = _option(FILTER_WORD, "what the content filter refuses")
    rules: str | Path | None = _option(None, "TOML or JSON file: what scoring endpoints and custom models answer")
    answers: Rules = field(default=NO_RULES, init=False, repr=False)
    faults: Sequence[str | Mapping[str, Any]] = _option(
        (), "a fault, may be repeated, e.g. 'error status=429 every=3'", flag="--fault"
    )
    faults_file: str | Path | None = _option(None, "TOML or JSON file: faults from the start", flag="--faults")
    ordered: Sequence[Fault] = field(default=(), init=False, repr=False)
    https: bool = _option(False, "speak TLS, with a certificate of an authority of this machine's own", bool)
    certificates: str | Path | None = _option(None, "folder of that authority (default: in the user's data folder)")
    env_file: str | Path | None = _option(None, "write the variables for the SDKs to this file")
    journal: int = _option(1_000, "how many of the last requests GET /__requests lists", int)
    keep_bodies: bool = _option(False, "list the requests' bodies too, and so the texts in them", bool)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; read the files."""
        if not self.key:
            message = "the key must not be empty"
            raise ValueError(message)
        for name in ("latency", "job_time", "journal"):
            if getattr(self, name) < 0:
                message = f"{name} must not be negative"
                raise ValueError(message)
        for name in ("rpm", "tpm"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                message = f"{name} must be positive; leave it out for no limit"
                raise ValueError(message)
        if not 0 <= self.port <= _LAST_PORT:
            message = f"port must be a number from 0 to {_LAST_PORT}"
            raise ValueError(message)
        if not self.is_local and (self.key == DEFAULT_KEY or self.accept_any_token):
            message = f"{self.host} is open to other machines: choose a key of your own, and do not accept any token"
            raise ValueError(message)
        self._read_files()

    def _read_files(self) -> None:
        if self.rules is not None:
            object.__setattr__(self, "answers", load(self.rules))
        if self.deployments or self.deployments_file is not None:
            from pgazure.emulator.openai.deployments import read_deployments  # noqa: PLC0415  # loads what few need

            object.__setattr__(self, "deployed", read_deployments(self.deployments, self.deployments_file))
        if not self.faults and self.faults_file is None:
            return
        from pgazure.emulator.faults.kinds import load_faults, read_faults  # noqa: PLC0415  # loads what few need

        ordered = read_faults(list(self.faults))
        ordered += load_faults(self.faults_file) if self.faults_file is not None else []
        object.__setattr__(self, "ordered", tuple(ordered))

    @property
    def certificate_folder(self) -> Path:
        """Where the certificate authority is kept."""
        if self.certificates is not None:
            return Path(self.certificates)
        from platformdirs import user_data_path  # noqa: PLC0415  # only where it is asked for

        return user_data_path("pgazure", appauthor=False) / "emulator"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can come in."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make options of settings, of which texts are read as a command line writes them.

        Raises:
            ValueError: A setting is unknown, or cannot be used.
        """
        known = {each.name: each for each in fields(cls) if each.init}
        if unknown := sorted(settings.keys() - known.keys()):
            message = f"there is no option {', '.join(unknown)}: there are {', '.join(known)}"
            raise ValueError(message)
        given = {}
        for name, value in settings.items():
            read = known[name].metadata["read"]
            try:
                given[name] = read(value) if isinstance(value, str) else value
            except ValueError as error:
                message = f"{name}: {error}"
                raise ValueError(message) from error
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Flag:
    """An option as a command line has it.

    Attributes:
        option: Its name.
        flag: How it is written.
        help: What it does.
        default: What holds without it.
        read: Makes a value of a text.
        environment: Variable that it may stand in; empty where there is none.
    """

    option: str
    flag: str
    help: str
    default: Any
    read: Callable[[str], Any]
    environment: str

    @property
    def is_switch(self) -> bool:
        """Whether it stands alone."""
        return isinstance(self.default, bool)

    @property
    def is_list(self) -> bool:
        """Whether it may be repeated."""
        return isinstance(self.default, tuple)


def list_flags() -> list[Flag]:
    """List the options as a command line has them."""
    return [
        Flag(
            each.name,
            each.metadata.get("flag") or f"--{each.name.replace('_', '-')}",
            each.metadata["help"],
            each.metadata.get("elsewhere", each.default),
            each.metadata["read"],
            each.metadata.get("environment", ""),
        )
        for each in fields(Options)
        if each.init
    ]
