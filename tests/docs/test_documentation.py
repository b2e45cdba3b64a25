"""Whatever is public is documented, and the generated pages say what the code says."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pytest
import typer

import pgazure
import pgazure.pipeline as pl
from pgazure.config import Settings
from pgazure.pipeline.specification import spec

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
CLI = "pgazure.cli.main"


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    return load_script("generate_reference")


@pytest.fixture(scope="module")
def documented(tmp_path_factory) -> set[str]:
    """Every Python name that the built documentation describes; building it is half the test."""
    pytest.importorskip("sphinx", reason="needs the docs group")
    from sphinx.util.inventory import InventoryFile

    site = tmp_path_factory.mktemp("site")
    # The site's own theme doubles the time, and changes neither the names nor the warnings.
    options = ["-q", "-W", "-n", "-b", "html", "-D", "html_theme=basic"]
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(site)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {name for domain in inventory.data if domain.startswith("py:") for name in inventory.data[domain]}


def test_every_public_name_is_documented(documented):
    public = [name for name in getattr(pgazure, "__all__", ()) if not name.startswith("__")]
    homes = {name: getattr(pgazure, name) for name in public}
    missing = [
        name
        for name, thing in homes.items()
        if f"pgazure.{name}" not in documented and f"{thing.__module__}.{thing.__qualname__}" not in documented
    ]
    assert missing == []


@pytest.mark.parametrize("module", ["pgazure.errors", "pgazure.types", "pgazure.types_language", "pgazure.samples"])
def test_every_public_class_and_function_of_a_public_module_is_documented(module, documented):
    members = vars(importlib.import_module(module)).items()
    own = {
        f"{module}.{n}" for n, thing in members if not n.startswith("_") and getattr(thing, "__module__", "") == module
    }
    assert own
    assert own - documented == set()


@pytest.mark.parametrize("module", ["pgazure.pipeline", "pgazure.search", "pgazure.embedded", "pgazure.emulator"])
def test_every_export_of_a_room_is_documented(module, documented):
    room = importlib.import_module(module)
    assert [name for name in room.__all__ if f"{module}.{name}" not in documented] == []


def test_a_builder_takes_what_its_step_takes_with_the_same_defaults():
    for operation, kind in spec.STEPS.items():
        taken = inspect.signature(getattr(pl, operation)).parameters
        # What a step may see is said around it: redacted_only(…).
        fields = {name: field for name, field in kind.model_fields.items() if name != "sees"}
        assert taken.keys() == fields.keys()
        for name, field in fields.items():
            default = None if field.is_required() else field.default or None
            assert (None if taken[name].default is inspect.Parameter.empty else taken[name].default) == default


def test_the_page_of_pipelines_shows_every_step_with_every_parameter_and_its_limits(reference):
    page = reference.write_pipelines_page()
    for operation, kind in spec.STEPS.items():
        section = page.partition(f"\n### {operation}\n")[2].partition("\n### ")[0]
        own = [name for name in kind.model_fields if name not in spec.Step.model_fields]
        assert all(f"| `{name}` |" in section for name in own)
    assert "| `sentence_count` | integer, 1 to 20 | `3` |" in page
    assert '| `domain` | `"none"` or `"phi"` | `none` |' in page
    assert "| `model` | string | required |" in page


def test_a_parameter_without_a_description_stops_the_generator(reference, monkeypatch):
    monkeypatch.delitem(reference.PARAMETERS, "overlap")
    with pytest.raises(SystemExit, match="overlap"):
        reference.write_pipelines_page()


@pytest.mark.skipif(importlib.util.find_spec(CLI) is None, reason="there is no command line")
def test_every_command_and_option_is_documented(reference):
    import typer.main

    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    root = typer.main.get_command(importlib.import_module(CLI).app)
    commands = list(reference.walk_commands(root, ("pgazure",)))
    assert commands
    for path, command in commands:
        heading = f"# {' '.join(path)}\n"
        assert heading in page
        assert command.help, f"{' '.join(path)} has no help"
        for parameter in reference.shown_parameters(command):
            assert getattr(parameter, "help", None), f"{' '.join(path)}: {parameter.name} has no help"


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `{field.validation_alias}` | `{name}` |" in page


def test_generated_pages_are_up_to_date():
    command = [sys.executable, "scripts/generate_reference.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert checked.returncode == 0, checked.stderr


def test_an_outdated_page_is_named_and_left_alone(reference, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "REFERENCE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate_reference.py"])
    assert reference.main() == 0
    page = tmp_path / "settings.md"
    written = page.read_text(encoding="utf-8")
    page.write_text(written + "by hand\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["generate_reference.py", "--check"])
    assert reference.main() == 1
    assert "docs/reference/settings.md" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == written + "by hand\n"


def test_settings_page_does_not_depend_on_this_machine(reference, monkeypatch):
    before = reference.write_settings_page()
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "a-key-of-this-machine")
    assert reference.write_settings_page() == before
    assert os.environ["AZURE_LANGUAGE_KEY"] not in before


def test_command_line_page_shows_groups_arguments_options_and_defaults(reference):
    app = typer.Typer(help="Root.")
    group = typer.Typer(help="A group.")
    app.add_typer(group, name="group")

    @group.command()
    def act(
        name: Annotated[str, typer.Argument(help="Whose | what.")],
        more: Annotated[list[str] | None, typer.Argument(help="Others.")] = None,
        times: Annotated[int, typer.Option("--times", "-n", help="How often", envvar="TIMES", metavar="N")] = 3,
        loud: Annotated[bool, typer.Option("--loud/--quiet", help="Shout.")] = False,
        secret: Annotated[bool, typer.Option(hidden=True)] = False,
    ) -> None:
        """Act once.

        And again.
        """

    @app.command(hidden=True)
    def inner() -> None:
        """Not for users."""

    page = reference.write_cli_page(app)
    assert "## pgazure group\n" in page
    assert "### pgazure group act\n" in page
    assert "$ pgazure group act [OPTIONS] NAME [MORE...]\n" in page
    assert "| `NAME` | Whose \\| what. | required |\n" in page
    assert "| `[MORE...]` | Others. |  |\n" in page
    assert "| `--times N`, `-n N` | How often. Environment: `TIMES`. | `3` |\n" in page
    assert "| `--loud`, `--quiet` | Shout. |  |\n" in page
    assert "secret" not in page
    assert "inner" not in page
