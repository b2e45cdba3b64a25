"""Where a client works and where its settings come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pgazure.client.extension_settings import SETTING_KEYS, read_database_settings
from pgazure.client.inputs import check_option
from pgazure.config import change_settings, complete_settings, load_settings
from pgazure.errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client.backend import Backend
    from pgazure.config import Settings
    from pgazure.flow.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class Place:
    """The arguments of a client that say where its functions run.

    Raises:
        ConfigurationError: They contradict each other.
    """

    backend: Literal["services", "database", "llm"]
    conninfo: str | None = field(repr=False)
    connection: AsyncConnection[Any] | None
    pool: AsyncConnectionPool[Any] | None
    settings_from: Literal["environment", "database"]
    llm_model: str = "gpt-4.1"

    def __post_init__(self) -> None:
        check_option(self.backend, "backend", ("services", "database", "llm"))
        check_option(self.settings_from, "settings_from", ("environment", "database"))
        named = ("conninfo", "connection", "pool")
        given = [name for name in named if getattr(self, name) is not None]
        if len(given) > 1:
            msg = f"give one of {', '.join(given)}, not all of them"
            raise ConfigurationError(msg)
        if self.backend == "database" and self.settings_from == "database":
            msg = 'backend="database" uses the settings that the database has; leave out settings_from'
            raise ConfigurationError(msg)
        if self.backend != "database" and (self.connection is not None or self.pool is not None):
            msg = f'{given[0]} is for backend="database"; settings_from="database" takes conninfo'
            raise ConfigurationError(msg)
        if self.conninfo is not None and self.backend != "database" and self.settings_from == "environment":
            msg = 'conninfo is for backend="database" or settings_from="database"'
            raise ConfigurationError(msg)


def choose_settings(
    settings: Settings | None, arguments: dict[str, str | None], credential: Any, place: Place
) -> Settings:
    """Choose the settings of a client: its arguments, the environment, the database.

    Raises:
        ConfigurationError: An argument or a setting cannot be used, or the database cannot be reached.
        SchemaError: The database has no settings.
    """
    if settings is not None:
        if given := [name for name, value in arguments.items() if value is not None]:
            msg = f"give settings or {', '.join(given)}, not both"
            raise ConfigurationError(msg)
        return _add_database(settings, place)
    chosen = _add_database(load_settings(**arguments), place)
    if credential is None:
        return chosen
    unused = [name for name, value in arguments.items() if name.endswith("_key") and value is None]
    return change_settings(chosen, dict.fromkeys(unused))


def _add_database(settings: Settings, place: Place) -> Settings:
    if place.settings_from == "environment":
        return settings
    from pgazure.services.database import read_settings  # noqa: PLC0415  needs psycopg, which not every client does

    rows = read_settings(_find_conninfo(settings, place), SETTING_KEYS)
    return complete_settings(settings, read_database_settings(rows))


def _find_conninfo(settings: Settings, place: Place) -> str:
    if place.conninfo is not None:
        return place.conninfo
    return settings.conninfo.get_secret_value() if settings.conninfo is not None else ""


def open_database(settings: Settings, place: Place, policy: RetryPolicy, most: int) -> Backend:
    """Give the backend that calls the functions in a database; it connects with the first call."""
    from pgazure.client.database_backend import DatabaseBackend  # noqa: PLC0415  as above
    from pgazure.services.database import Database  # noqa: PLC0415  as above

    database = Database(
        conninfo=_find_conninfo(settings, place), connection=place.connection, pool=place.pool, most=most
    )
    return DatabaseBackend(database, policy)
