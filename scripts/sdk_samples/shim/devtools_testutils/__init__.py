"""Stands in for the tools of the Azure SDKs' own repository, which are on no package index.

Theirs play back recordings, or hand out the endpoint and key of a live resource. This does
the latter, for a resource that the environment names; nothing is recorded or played back.
"""

from __future__ import annotations

import functools
import inspect
import os
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential

from .fixtures import test_proxy

__all__ = ["test_proxy"]

_NAMED = {
    "custom_endpoint": "SDK_SUITE_ENDPOINT",
    "translation_endpoint": "SDK_SUITE_GLOBAL_ENDPOINT",
    "translation_text_endpoint": "SDK_SUITE_GLOBAL_ENDPOINT",
    "endpoint": "SDK_SUITE_ENDPOINT",
    "key": "SDK_SUITE_KEY",
    "region": "AZURE_TEXT_TRANSLATION_REGION",
    "resource_id": "AZURE_TEXT_TRANSLATION_RESOURCE_ID",
}


class AzureRecordedTestCase:
    """What tests inherit from."""

    # True would have them wait five seconds between polls; what they send is the same.
    is_live = False
    is_playback = False

    @property
    def settings(self) -> Any:
        return self

    def get_azure_core_credentials(self) -> Any:
        return self.get_credential(None)

    def get_credential(self, _: Any, *, is_async: bool = False, **__: Any) -> Any:
        return AsyncDefaultAzureCredential() if is_async else DefaultAzureCredential()


class AzureMgmtPreparer:
    """Makes a test's arguments."""

    def __init__(self, name_prefix: str = "", random_name_length: int = 0, **_: Any) -> None:
        pass

    def create_resource(self, name: str, **arguments: Any) -> dict[str, Any]:
        raise NotImplementedError

    def __call__(self, test: Any) -> Any:
        innermost = getattr(test, "innermost", test)

        def prepare(arguments: dict[str, Any]) -> dict[str, Any]:
            made = {**arguments, **self.create_resource("", **arguments)}
            if hasattr(test, "innermost"):
                return made
            wanted = inspect.signature(innermost).parameters
            if any(parameter.kind is parameter.VAR_KEYWORD for parameter in wanted.values()):
                return made
            return {name: value for name, value in made.items() if name in wanted}

        async def run_asynchronous(self: Any, **arguments: Any) -> None:
            await test(self, **prepare(arguments))

        def run(self: Any, **arguments: Any) -> None:
            test(self, **prepare(arguments))

        wrapper: Any = run_asynchronous if inspect.iscoroutinefunction(test) else run
        functools.update_wrapper(wrapper, test)
        # Else pytest would take the arguments made here for fixtures.
        del wrapper.__wrapped__
        wrapper.innermost = innermost
        return wrapper


class EnvironmentVariableLoader(AzureMgmtPreparer):
    """Hands out what the environment names, and the given stand-in for what it does not."""

    def __init__(self, _: str, **stand_ins: str) -> None:
        self._values = {name: _read(name, value) for name, value in stand_ins.items()}

    def create_resource(self, name: str, **_: Any) -> dict[str, Any]:  # noqa: ARG002
        return dict(self._values)


PowerShellPreparer = EnvironmentVariableLoader


def _read(name: str, stand_in: str) -> str:
    for end, variable in _NAMED.items():
        if name.endswith(end):
            return os.environ[variable]
    return stand_in


def recorded_by_proxy(test: Any) -> Any:
    return test


def _do_nothing(*_: Any, **__: Any) -> None:
    pass


set_bodiless_matcher = set_custom_default_matcher = remove_batch_sanitizers = _do_nothing
add_remove_header_sanitizer = add_general_regex_sanitizer = add_oauth_response_sanitizer = _do_nothing
