"""How a form is filled in: what opening must leave alone, what the book stamps itself, and how long anything may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from collector.register.kinds import Context, Kind
from collector.register.people import Actor

MOST_ITEMS = 500


def early(kind: Kind, form: Any) -> Iterator[str]:
    """Say which fields of a whole form are given that only a later step, or the book itself, fills in."""
    for name, default in kind.later.items():
        if getattr(form, name) != default:
            yield f"{name} belum boleh diisi; isian itu diberikan oleh langkah berikutnya atau oleh sistem"


def stamped(form: Any, *, by: str, when: str, actor: Actor, context: Context) -> Any:
    """Return a form with who acts and the time in the fields of these names ("": no such field)."""
    if by:
        form = replace(form, **{by: actor.name})
    if when:
        form = replace(form, **{when: context.zone.local(context.now_ns)})
    return form


def bounded(form: Any, *, most: int) -> Iterator[str]:
    """Say which texts are longer than ``most`` characters, and which lists than ``MOST_ITEMS``, however deep."""
    return _bounded(asdict(form), "", most)


def _bounded(value: Any, path: str, most: int) -> Iterator[str]:
    if isinstance(value, str) and len(value) > most:
        yield f"{path} paling panjang {most} karakter"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _bounded(item, f"{path}.{name}" if path else str(name), most)
    elif isinstance(value, list | tuple):
        if len(value) > MOST_ITEMS:
            yield f"{path} paling banyak {MOST_ITEMS} butir"
        else:
            for i, item in enumerate(value):
                yield from _bounded(item, f"{path}[{i}]", most)
