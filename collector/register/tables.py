"""The tables of register.db. Times are UTC ns, rates bit/s, hashes and keys raw bytes or hexadecimal as said.

Rows are only ever added; the exceptions are the marks ``used_ns``, ``void_ns``, ``revoked_ns``, an agent's devices,
what an account may do, and sessions that ended. Each of these changes is a record of the audit log.
A change here needs a migration beside it (``migrations/versions``); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _recorded() -> list[Column[int] | Column[str]]:
    """Return the columns every dated record has: when, by whom, in which revision it was recorded."""
    return [
        Column("recorded_ns", BigInteger, nullable=False),
        Column("actor", String(200), nullable=False),
        Column("revision", Integer, ForeignKey("inventory_revision.number"), nullable=False),
    ]


meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))
"""The region's zone, fixed when the file is made."""

inventory_revision = Table(
    "inventory_revision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("applied_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),
)

allocation = Table(
    "allocation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("opd", String(20), nullable=False),
    Column("decision_number", String(200), nullable=False),
    Column("decision_date", Date, nullable=False),
    Column("legal_basis", String(200), nullable=False),
    Column("official", String(200), nullable=False),
    Column("down_bps", BigInteger, nullable=False),
    Column("up_bps", BigInteger, nullable=False),
    Column("floor_down_bps", BigInteger, nullable=False),
    Column("floor_up_bps", BigInteger, nullable=False),
    Column("valid_from_ns", BigInteger, nullable=False),
    Column("valid_to_ns", BigInteger),
    Column("klass", String(20), nullable=False),
    *_recorded(),
    UniqueConstraint("opd", "decision_number", "valid_from_ns"),
)

contract = Table(
    "contract",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(64), nullable=False),
    Column("provider", String(200), nullable=False),
    Column("number", String(200), nullable=False),
    Column("down_bps", BigInteger, nullable=False),
    Column("up_bps", BigInteger, nullable=False),
    Column("cost_rupiah_month", BigInteger),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    *_recorded(),
    UniqueConstraint("code", "number", "valid_from"),
)

revocation = Table(
    "revocation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("allocation_id", Integer, ForeignKey("allocation.id"), unique=True),
    Column("contract_id", Integer, ForeignKey("contract.id"), unique=True),
    Column("number", String(200), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    *_recorded(),
    CheckConstraint("(allocation_id IS NULL) <> (contract_id IS NULL)", name="one_record"),
)

power_log = Table(
    "power_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("at_ns", BigInteger, nullable=False, index=True),
    Column("object", String(64), nullable=False),
    Column("value", Float),
    Column("note", String(200), nullable=False),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
)
"""What somebody wrote of mains and generator; ``object`` is the generator's code, "" where none was named."""

restore_test = Table(
    "restore_test",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("backup", String(64), nullable=False, index=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("note", String(200), nullable=False),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
)
"""Restore tests done by hand, by the backup's code in the inventory."""

enrolment = Table(
    "enrolment",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("agent", String(64), nullable=False, index=True),
    Column("devices", Text, nullable=False),
    Column("minted_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("used_ns", BigInteger),
    Column("void_ns", BigInteger),
)

agent_key = Table(
    "agent_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent", String(64), nullable=False, index=True),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("devices", Text, nullable=False),
    Column("token_hash", String(64), ForeignKey("enrolment.token_hash"), nullable=False, unique=True),
    Column("enrolled_ns", BigInteger, nullable=False),
    Column("revoked_ns", BigInteger),
)

token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("devices", Text, nullable=False),
    Column("minted_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("revoked_ns", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(200), nullable=False),
    Column("result", String(20), nullable=False),
    Column("detail", Text, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("code", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(40), nullable=False),
    Column("opd", String(20), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("attachment_sha256", String(64), nullable=False),
    Column("attachment_name", Text, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    UniqueConstraint("kind", "code", "revision"),
)
"""Every revision of every record of the registers (``book.py``); ``body`` is canonical JSON of the kind's form."""

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("password", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("opd", String(20), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("disabled_ns", BigInteger),
)
"""People; ``password`` is an argon2id hash ("": none, no login), ``roles`` JSON. Each change is an audit record."""

account_token = Table(
    "account_token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("session", Boolean, nullable=False),
    Column("minted_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("used_ns", BigInteger),
    Column("revoked_ns", BigInteger),
    Column("actor", String(200), nullable=False),
)
"""Personal tokens, and sessions (rows of sessions that ended are deleted); ``used_ns`` of a token is a day's start."""
