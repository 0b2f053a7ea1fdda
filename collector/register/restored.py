"""What must not come back to life with a restored register: enrolment tokens and sessions of the time of its backup.

Used or withdrawn after the backup, they would open doors again. Revocations made after the backup are lost with it:
they are repeated by people.
"""

from __future__ import annotations

from sqlalchemy import Engine, delete, update

from collector.register.audit import Audit
from collector.register.engine import writing
from collector.register.tables import account_token, enrolment

ACTION = "backup.restored"


def close_doors(engine: Engine, *, audit: Audit, actor: str, now_ns: int, what: str, detail: str) -> tuple[int, int]:
    """Withdraw every unused enrolment token and end every session, and record the restore, in one transaction.

    Return how many tokens and sessions that were.
    """
    column = enrolment.c
    with writing(engine) as connection:
        unused = update(enrolment).where(column.used_ns.is_(None), column.void_ns.is_(None)).values(void_ns=now_ns)
        tokens = connection.execute(unused).rowcount
        sessions = connection.execute(delete(account_token).where(account_token.c.session.is_(True))).rowcount
        told = f"{detail}, {tokens} enrolment tokens withdrawn, {sessions} sessions ended"
        audit.record(actor=actor, action=ACTION, object=what, at_ns=now_ns, detail=told, connection=connection)
    return tokens, sessions
