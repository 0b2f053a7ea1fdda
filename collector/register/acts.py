"""Acts on the registers as API and command line ask for them: values in, a record out, every fault told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import islice
from typing import Any

from collector.register.book import Book, Forbidden, Missing, Papers, Record, Refused, may_see
from collector.register.content import ContentError, content, plain
from collector.register.kinds import Context, Kind
from collector.register.people import Actor

MOST_SHOWN = 1000
YEARS = range(1970, 2201)
"""Years of which an instant is counted in 64 bits of ns."""

MOST_NUMBER = 2**53 - 1

PAPERS = tuple(item.name for item in fields(Papers))


class Conflict(Refused):
    """A step that does not follow from the state in which the record is."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records to list: those of a state, of an OPD, and with ``from_ns <= at_ns < to_ns``; None is any."""

    state: str | None = None
    opd: str | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    after: str = ""
    limit: int = 200

    def takes(self, record: Record) -> bool:
        """Tell whether a record is wanted."""
        return (
            (self.opd is None or record.opd == self.opd)
            and (self.from_ns is None or record.at_ns >= self.from_ns)
            and (self.to_ns is None or record.at_ns < self.to_ns)
        )


def open_record(book: Book, kind: Kind, body: Mapping[str, Any], *, actor: Actor, context: Context) -> Record:
    """Begin a record from ``{"form": {...}}`` with its papers; Forbidden or Refused."""
    _only(body, ("form", *PAPERS))
    form = _form(kind, body.get("form"))
    return book.open(kind, form, actor=actor, context=context, papers=_papers(body))


def move_record(
    book: Book, kind: Kind, code: str, target: str, body: Mapping[str, Any], *, actor: Actor, context: Context
) -> Record:
    """Take a step with ``{"values": {...}}`` or ``{"form": {...}}``; Forbidden, Missing, Conflict or Refused."""
    last = history(book, kind, code, actor=actor)[-1]
    step = kind.move(last.state, target)
    if step is None:
        ways = ", ".join(steps(kind, last)) or "tidak ada"
        raise Conflict(f"{code} berkeadaan {last.state}; keadaan berikutnya yang mungkin: {ways}")
    _only(body, ("form" if step.whole else "values", *PAPERS))
    values = body.get("values", {})
    if not isinstance(values, Mapping):
        raise Refused("values harus berupa objek")
    form = _form(kind, body.get("form")) if step.whole else None
    return book.move(kind, code, target, actor=actor, context=context, values=values, form=form, papers=_papers(body))


def listed(book: Book, kind: Kind, wanted: Filter, *, actor: Actor) -> list[Record]:
    """Return the newest revisions that the actor may read, by number; Refused for a state that there is not."""
    if wanted.state is not None and wanted.state not in kind.states:
        raise Refused(f"tidak ada keadaan {wanted.state!r}; keadaan {kind.title}: {', '.join(kind.states)}")
    states = () if wanted.state is None else (wanted.state,)
    seen = (item for item in _after(book, kind, wanted.after, states) if may_see(kind, item, actor))
    return list(islice(filter(wanted.takes, seen), min(wanted.limit, MOST_SHOWN)))


def _after(book: Book, kind: Kind, code: str, states: tuple[str, ...]) -> Iterator[Record]:
    """Yield every record after a number, in pages, however many there are."""
    while page := book.current(kind, states=states, after=code):
        yield from page
        code = page[-1].code


def history(book: Book, kind: Kind, code: str, *, actor: Actor) -> list[Record]:
    """Return every revision; Missing, and for an OPD Forbidden whatever is not its own, whether it exists or not.

    An OPD does not see revisions in which the record was still another OPD's.
    """
    alone = actor.roles == {"opd"}
    try:
        found = book.history(kind, code, actor=actor)
    except Missing as error:
        if alone:
            raise Forbidden(f"{code} bukan {kind.title} milik {actor.opd}") from error
        raise
    return [item for item in found if not alone or item.opd == actor.opd]


def steps(kind: Kind, record: Record) -> list[str]:
    """Return the states that may follow."""
    return [move.target for move in kind.moves if move.source == record.state]


def readable(kind: Kind, actor: Actor) -> bool:
    """Tell whether somebody may read any record of a register."""
    return bool((kind.openers | kind.readers) & actor.roles)


def _only(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
    unknown = sorted(str(name) for name in body.keys() - set(names))
    if unknown:
        raise Refused(f"isian tidak dikenal: {', '.join(unknown)[:200]}; yang dikenal: {', '.join(names)}")


def _form(kind: Kind, table: Any) -> Any:
    if not isinstance(table, Mapping):
        raise Refused(f"form harus berupa objek dengan isian {kind.title}")
    try:
        form = content(kind.form, table)
    except ContentError as error:
        raise Refused(*error.problems) from error
    wrong = [*_far(kind, form), *_large(plain(form))]
    if wrong:
        raise Refused(*wrong)
    return form


def _far(kind: Kind, form: Any) -> Iterator[str]:
    """Say which times are of a year of which no instant can be counted."""
    for item in fields(form):
        value = getattr(form, item.name)
        year = value.year if isinstance(value, date) else None
        if item.name == kind.at and isinstance(value, str) and re.match(r"[0-9]{4}-", value):
            year = int(value[:4])
        if year is not None and year not in YEARS:
            yield f"{item.name}: tahun harus antara {YEARS[0]} dan {YEARS[-1]}"


def _large(value: Any, path: str = "") -> Iterator[str]:
    """Say which whole numbers are larger than every reader of JSON can hold."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _large(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _large(item, path)
    elif isinstance(value, int) and abs(value) > MOST_NUMBER:
        yield f"{path} terlalu besar"


def _papers(body: Mapping[str, Any]) -> Papers:
    given = {name: body[name] for name in PAPERS if body.get(name) is not None}
    wrong = [f"{name} harus berupa teks" for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        raise Refused(*wrong)
    return Papers(**given)
