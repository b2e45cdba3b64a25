"""Sphinx configuration: `make docs` builds with -W -n, so a dangling reference is an error."""

from importlib.metadata import version as installed_version
from typing import Any

from docutils.nodes import Node
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

project = "pgazure"
author = "the pgazure authors"
copyright = author
version = release = installed_version("pgazure")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pgazure"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
# With types on, each overload of a function would be printed; its docstring says the same in words.
autodoc_typehints = "none"

# Other projects' names have no page to link to: the build reads nothing from the network.
nitpick_ignore_regex = [
    (r"py:.*", r"(azure|numpy|openai|psycopg|pydantic|pydantic_settings)\b.*"),
    (r"py:.*", r"(BaseSettings|Exception|ImportError|KeyError|OSError|RuntimeError|TypeError|ValueError)"),
    (r"py:.*", r"(csv|date|datetime|(decimal\.)?Decimal|dataclasses\..*|importlib\..*)"),
    (r"py:.*", r"pgazure\.types\._Id"),  # a type variable
]


def resolve_public_name(_: Sphinx, env: BuildEnvironment, node: pending_xref, content: Node) -> Node | None:
    """Find what a docstring names without its module, as code does that imports it."""
    if node.get("refdomain") != "py":
        return None
    domain: Any = env.get_domain("py")
    name = node["reftarget"].rpartition(".")[2]
    matches = domain.find_obj(env, None, None, name, None, searchmode=1)
    if len(matches) != 1:
        return None
    role = "meth" if matches[0][1].objtype == "method" else "obj"
    return domain.resolve_xref(env, node["refdoc"], env.app.builder, role, matches[0][0], node, content)


def keep_prose(_: Sphinx, what: str, __: str, ___: Any, ____: Any, lines: list[str]) -> None:
    """Undo napoleon's reading of a property's first line as ``type: description``; here a colon is a colon."""
    if what == "property" and lines and lines[-1].startswith(":type: "):
        lines[0] = f"{lines.pop().removeprefix(':type: ')}: {lines[0]}"


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    # Drawn where the pages are read as files, shown as text here.
    app.add_lexer("mermaid", TextLexer)
    app.connect("autodoc-process-docstring", keep_prose, priority=600)
    app.connect("missing-reference", resolve_public_name)
