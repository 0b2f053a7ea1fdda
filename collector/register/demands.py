"""What the forms of several registers demand of a text, a time, a link or a month; each says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from agent.clock import Month
from collector.register.kinds import Context

MINUTE = timedelta(minutes=1)


def filled(form: Any, *names: str) -> Iterator[str]:
    """Demand that texts are not blank."""
    for name in names:
        if not getattr(form, name).strip():
            yield f"{name} harus diisi"


def not_later(form: Any, context: Context, *names: str) -> Iterator[str]:
    """Demand that times, where they are given, have come; a clock may be a minute ahead."""
    now = context.zone.local(context.now_ns) + MINUTE
    for name in names:
        value = getattr(form, name)
        if value is not None and value > now:
            yield f"{name} tidak boleh sesudah saat pencatatan"


def in_order(form: Any, *names: str) -> Iterator[str]:
    """Demand that times, where they are given, do not go back in the order of ``names``."""
    before: tuple[str, datetime] | None = None
    for name in names:
        value = getattr(form, name)
        if value is None:
            continue
        if before is not None and value < before[1]:
            yield f"{name} tidak boleh sebelum {before[0]}"
        before = name, value


def known_links(links: Iterable[str], opd: str, context: Context) -> Iterator[str]:
    """Demand that links are registered, and belong to the OPD where one is named."""
    for code in links:
        link = context.inventory.link.get(code)
        if link is None:
            yield f"tautan {code!r} tidak terdaftar"
        elif opd and link.opd != opd:
            yield f"tautan {code!r} bukan tautan {opd}"


def a_month(text: str) -> Iterator[str]:
    """Demand a month written YYYY-MM."""
    try:
        Month.parse(text)
    except ValueError:
        yield f"bulan {text!r} harus berbentuk TTTT-BB, misalnya 2026-10"
