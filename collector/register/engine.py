"""Opening register.db: the SQLAlchemy engine, its transactions and its migrations.

The only place with SQL of one database's own: SQLite in a file, or PostgreSQL by a URL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from agent.clock import Zone
from collector.register.tables import meta

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 15_000
_CONNECT_S = 10
_LOCK = 0x6E616469
"""The advisory lock of a PostgreSQL database which a writer holds until its transaction ends ("nadi")."""

_WRITES = "nadi_writes"


class RegisterError(Exception):
    """A register that cannot be opened or used; the message names it and the mend."""


def open_engine(target: Path | str, *, zone: Zone, password: str = "") -> Engine:
    """Open the register, bring its tables up to date, hold it to ``zone``; raise RegisterError.

    ``target`` is a file (made with mode 0600 where there is none) or a PostgreSQL URL, for which ``password`` is.
    """
    engine = _engine(target, password)
    try:
        _upgrade(engine)
        _hold_zone(engine, zone)
    except SQLAlchemyError as error:
        engine.dispose()
        raise RegisterError(f"{name_of(engine)}: cannot be opened: {_cause(error)}") from None
    except RegisterError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one write transaction: committed at the end, rolled back by an exception.

    RegisterError where the database cannot be written (full disk, locked for too long).
    """
    try:
        with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise RegisterError(f"{name_of(engine)}: cannot be written: {_cause(error)}; nothing was recorded") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database; RegisterError where it cannot be read."""
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise RegisterError(f"{name_of(engine)}: cannot be read: {_cause(error)}") from error


def name_of(engine: Engine) -> str:
    """Return the register's file or URL, without a password."""
    if engine.url.get_backend_name() == "sqlite":
        return str(engine.url.database)
    return engine.url.render_as_string(hide_password=True)


def _engine(target: Path | str, password: str) -> Engine:
    # Parameters may be hashes of secrets: they stay out of exceptions and logs.
    if isinstance(target, str) and "://" in target:
        url = make_url(target)
    else:
        _make_private(Path(target))
        url = make_url("sqlite://").set(database=str(target))
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    url = url.set(drivername="postgresql+psycopg", password=password or None)
    given = {"connect_timeout": _CONNECT_S, "options": f"-c lock_timeout={_BUSY_MS} -c timezone=UTC"}
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=given)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else may read it or its WAL."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise RegisterError(f"{path}: cannot be opened: {error.strerror}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at its start: what it reads (the chain's head, the last revision) stays true.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    # One writer at a time as in SQLite, and what it reads after the lock is what the last one committed; a reader sees
    # one state from its first statement to its last.
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def migrations() -> Config:
    """Return the Alembic configuration; there is no file of it."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(engine: Engine) -> None:
    config = migrations()
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == script.get_current_head():
            return
    with writing(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
            raise RegisterError(
                f"{name_of(engine)}: made by a newer Nadi (schema {current}); start that version, "
                "or restore the backup made before the upgrade"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _hold_zone(engine: Engine, zone: Zone) -> None:
    """Refuse another zone than the one in which the register's days were written."""
    query = select(meta.c.value).where(meta.c.key == "zone")
    with engine.connect() as connection:
        held = connection.scalar(query)
    if held is None:
        with writing(engine) as connection:
            held = connection.scalar(query)  # another process may have been first
            if held is None:
                connection.execute(insert(meta).values(key="zone", value=zone.name))
    if held not in (None, zone.name):
        raise RegisterError(
            f"{name_of(engine)}: its days are {held}, the configuration says {zone.name}; "
            f"set zone to {held}, or use another data folder"
        )


def _cause(error: SQLAlchemyError) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
