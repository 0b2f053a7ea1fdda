"""Run migrations on the connection that ``engine`` hands over, inside its transaction (Alembic calls this)."""

from __future__ import annotations

from alembic import context

from collector.register.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
