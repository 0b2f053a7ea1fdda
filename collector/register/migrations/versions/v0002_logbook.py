"""What people write of mains, generator and restore tests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "power_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.Column("value", sa.Float()),
        *_written("power_log"),
    )
    op.create_index("ix_power_log_at_ns", "power_log", ["at_ns"])
    op.create_table(
        "restore_test",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backup", sa.String(64), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        *_written("restore_test"),
    )
    op.create_index("ix_restore_test_backup", "restore_test", ["backup"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("restore_test")
    op.drop_table("power_log")


def _written(table: str) -> tuple[sa.Column[str] | sa.Column[int] | sa.PrimaryKeyConstraint, ...]:
    return (
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("recorded_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
