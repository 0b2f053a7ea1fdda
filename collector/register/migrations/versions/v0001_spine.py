"""Inventory revisions, allocations, contracts, access and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    _inventory()
    _allocation()
    _contract()
    _revocation()
    _agents()
    _tokens()
    _audit()


def downgrade() -> None:
    """Take them away, children first."""
    for name in (
        *("audit", "token", "agent_key", "enrolment", "revocation", "contract", "allocation"),
        *("inventory_revision", "meta"),
    ):
        op.drop_table(name)


def _recorded(table: str) -> list[sa.Column[int] | sa.Column[str] | sa.ForeignKeyConstraint]:
    return [
        sa.Column("recorded_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["revision"], ["inventory_revision.number"], name=f"fk_{table}_revision"),
    ]


def _inventory() -> None:
    op.create_table(
        "inventory_revision",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("applied_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_inventory_revision"),
    )


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("opd", sa.String(20), nullable=False),
        sa.Column("decision_number", sa.String(200), nullable=False),
        sa.Column("decision_date", sa.Date(), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("official", sa.String(200), nullable=False),
        sa.Column("down_bps", sa.BigInteger(), nullable=False),
        sa.Column("up_bps", sa.BigInteger(), nullable=False),
        sa.Column("floor_down_bps", sa.BigInteger(), nullable=False),
        sa.Column("floor_up_bps", sa.BigInteger(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_ns", sa.BigInteger()),
        sa.Column("klass", sa.String(20), nullable=False),
        *_recorded("allocation"),
        sa.PrimaryKeyConstraint("id", name="pk_allocation"),
        sa.UniqueConstraint(
            "opd", "decision_number", "valid_from_ns", name="uq_allocation_opd_decision_number_valid_from_ns"
        ),
    )


def _contract() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(200), nullable=False),
        sa.Column("number", sa.String(200), nullable=False),
        sa.Column("down_bps", sa.BigInteger(), nullable=False),
        sa.Column("up_bps", sa.BigInteger(), nullable=False),
        sa.Column("cost_rupiah_month", sa.BigInteger()),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        *_recorded("contract"),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
        sa.UniqueConstraint("code", "number", "valid_from", name="uq_contract_code_number_valid_from"),
    )


def _revocation() -> None:
    op.create_table(
        "revocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("allocation_id", sa.Integer()),
        sa.Column("contract_id", sa.Integer()),
        sa.Column("number", sa.String(200), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        *_recorded("revocation"),
        sa.CheckConstraint("(allocation_id IS NULL) <> (contract_id IS NULL)", name="ck_revocation_one_record"),
        sa.ForeignKeyConstraint(["allocation_id"], ["allocation.id"], name="fk_revocation_allocation_id"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_revocation_contract_id"),
        sa.PrimaryKeyConstraint("id", name="pk_revocation"),
        sa.UniqueConstraint("allocation_id", name="uq_revocation_allocation_id"),
        sa.UniqueConstraint("contract_id", name="uq_revocation_contract_id"),
    )


def _agents() -> None:
    op.create_table(
        "enrolment",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("minted_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("used_ns", sa.BigInteger()),
        sa.Column("void_ns", sa.BigInteger()),
        sa.PrimaryKeyConstraint("token_hash", name="pk_enrolment"),
    )
    op.create_index("ix_enrolment_agent", "enrolment", ["agent"])
    op.create_table(
        "agent_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("enrolled_ns", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ns", sa.BigInteger()),
        sa.ForeignKeyConstraint(["token_hash"], ["enrolment.token_hash"], name="fk_agent_key_token_hash"),
        sa.PrimaryKeyConstraint("id", name="pk_agent_key"),
        sa.UniqueConstraint("token_hash", name="uq_agent_key_token_hash"),
    )
    op.create_index("ix_agent_key_agent", "agent_key", ["agent"])


def _tokens() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.Column("minted_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("revoked_ns", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("token_hash", name="uq_token_token_hash"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("prev", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("object", sa.String(200), nullable=False),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
    )
