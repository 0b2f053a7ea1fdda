"""Names that stay the same from poll to poll: what an interface, a queue or a sensor is called in a tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

LONGEST = 200
"""Characters of a tag (agent/reading.py); a longer name is cut, and told apart like any other duplicate."""


def distinct(candidates: Sequence[Sequence[str]], keys: Sequence[str]) -> list[str]:
    """Return one name per object, all different; ``candidates`` are each object's names, best first.

    The first name wins where no other object has it. Objects that share it take their next name that nobody else has,
    and where they have none the shared name followed by ``#`` and their key (the index). An object without any
    name is ``#`` and its key. All who share a name give it up, so that none silently takes another's place when
    one of them goes away.
    """
    first = {own[0][:LONGEST] for own in candidates if len(own) == 1}
    if len(first) == len(candidates) and "" not in first:
        return [own[0][:LONGEST] for own in candidates]  # one name each and all different, as nearly always
    names = [[name[:LONGEST] for name in own if name] for own in candidates]
    seen = Counter(name for own in names for name in set(own))
    chosen = [next((name for name in own if seen[name] == 1), "") for own in names]
    taken = {name for name in chosen if name}
    for i, (own, key) in enumerate(zip(names, keys, strict=True)):
        if not chosen[i]:
            tries = (_keyed(own, key if n == 0 else f"{key}.{n}") for n in range(len(taken) + 1))
            chosen[i] = next(name for name in tries if name not in taken)
            taken.add(chosen[i])
    return chosen


def _keyed(own: Sequence[str], key: str) -> str:
    tail = f"#{key}"
    return f"{own[0][: LONGEST - len(tail) - 1]} {tail}" if own else tail
