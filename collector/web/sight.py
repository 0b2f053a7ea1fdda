"""Which OPD's figures a request is about: the one it names, and for an account of an OPD never another one."""

from __future__ import annotations

from fastapi import HTTPException

from collector.running import Collector
from collector.web.policy import Visitor


def sight(collector: Collector, visitor: Visitor, asked: str | None) -> str | None:
    """Return the only OPD to show, None for all; 403 and an audit record where an OPD asks for another one's."""
    own = visitor.opd
    if own is None:
        if asked is not None and asked not in collector.folder.register.inventory().opd:
            raise HTTPException(404, f"tidak ada OPD {asked!r}")
        return asked
    if asked in (None, own):
        return own
    refuse_foreign(collector, visitor, f"{visitor.path} of {asked}")
    raise HTTPException(403, f"akun {visitor.actor.name} hanya berhak atas data {own}")


def refuse_foreign(collector: Collector, visitor: Visitor, what: str) -> None:
    """Record that somebody asked for what is another OPD's."""
    collector.folder.register.audit.refuse(
        actor=visitor.actor.name,
        action="read",
        object=what,
        reason=f"it is not of {visitor.actor.opd}",
        at_ns=collector.clock.now().wall_ns,
    )
