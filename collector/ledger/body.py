"""Judge a body of line protocol column by column, and read values from it only when asked for.

Bodies from agents are regular: 19-digit stamps, no escapes, and the same series with the same fields cycle after
cycle. So a body is cut into three columns, series key, fields, stamp, and each column is judged as a whole: a
(key, shape) pair must have been read in full once, the shape being the fields without their digits, and digits may
stand only between ``=`` and the next letter. What is not regular is read line by line by ``agent.reading``; both
ways take and refuse the same lines.

Of a long body only a summary is kept; its readings are judged anew, part by part, when somebody asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np

from agent.catalogue import RAW
from agent.reading import MAX_REASON, LineError, Reading, Rejected, Tags, parse_line, read_series, series_key

MAX_LINES = 200_000
"""Lines of one body; a valid line has at least 42 bytes, so 8 MiB hold no more."""

MAX_REJECTED = 1_000
"""Lines of one body that are refused one by one; a body with more is refused as a whole."""

_BLOCK = 256 << 10
_CACHE_BYTES = 8 << 20
_SHORT = 8192
_DIGITS = b"0123456789"
_TO_BLANKS = bytes(c if 48 <= c <= 57 else 32 for c in range(256))
_NUMBER = rb"(?:\d{1,19}u|-?\d{1,18}i|-?\d{1,17}(?:\.\d{1,17})?(?:e[+-]\d\d)?)"
_FIELDS = re.compile(rb"[a-z_]++=" + _NUMBER + rb"(?:,[a-z_]++=" + _NUMBER + rb")*+")
_END_OF_TIME = b"9223372036854775808"
_BLANK, _NEWLINE, _EQUALS, _ZERO = 32, 10, 61, 48


Keep = Callable[[str, Tags], bool]


class TooManyRejected(LineError):
    """A body of which so much cannot be read that it is refused as a whole."""


class Identity(NamedTuple):
    """The tag that names the device (or the agent) of a line, and its value."""

    tag: str
    value: str


class Line(NamedTuple):
    """A good line: its number (from 1), series key, identity, time and bytes."""

    number: int
    key: bytes
    identity: Identity
    time_ns: int
    content: bytes


class _Layout(NamedTuple):
    """What a (key, shape) pair means; ``plain`` fields are natural numbers."""

    measurement: str
    tags: Tags
    identity: Identity
    names: tuple[str, ...]
    plain: bool


class _Seen(NamedTuple):
    """What the columns of keys and shapes of a body mean together."""

    layouts: dict[tuple[bytes, bytes], _Layout]
    series: frozenset[bytes]
    identities: frozenset[Identity]
    plain: bool


class _Layouts:
    """The pairs that were read in full, bounded in bytes; emptied when full, for a body needs only a few.

    ``bodies`` holds short columns of keys and shapes as a whole: an agent's next body has mostly the same.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[bytes, bytes], _Layout] = {}
        self.bodies: dict[tuple[bytes, bytes], _Seen] = {}
        self._bytes = self._body_bytes = 0

    def of(self, keys: list[bytes], shapes: list[bytes], all_shapes: bytes) -> _Seen:
        """Return what these columns mean; pairs that are not regular have no layout."""
        if len(all_shapes) > _SHORT:
            return self._look(set(zip(keys, shapes, strict=True)))
        columns = (b" ".join(keys), all_shapes)
        seen = self.bodies.get(columns)
        if seen is None:
            pairs = set(zip(keys, shapes, strict=True))
            seen = self._look(pairs)
            if len(seen.layouts) == len(pairs):
                if self._body_bytes > _CACHE_BYTES:
                    self.bodies, self._body_bytes = {}, 0
                self._body_bytes += len(columns[0]) + len(columns[1]) + 8192
                self.bodies[columns] = seen
        return seen

    def _look(self, pairs: set[tuple[bytes, bytes]]) -> _Seen:
        found = {pair: self.known.get(pair) or self.learn(*pair) for pair in pairs}
        return _seen({pair: layout for pair, layout in found.items() if layout is not None}, len(pairs))

    def learn(self, key: bytes, shape: bytes) -> _Layout | None:
        """Read a pair in full; None when it is not regular."""
        layout = _layout(key, shape)
        if layout is not None:
            if self._bytes > _CACHE_BYTES:
                self.known, self._bytes = {}, 0
            self._bytes += len(key) + len(shape) + 256
            self.known[key, shape] = layout
        return layout


_LAYOUTS = _Layouts()


def _seen(layouts: dict[tuple[bytes, bytes], _Layout], pairs: int) -> _Seen:
    plain = len(layouts) == pairs > 0 and all(layout.plain for layout in layouts.values())
    identities = frozenset(layout.identity for layout in layouts.values())
    return _Seen(layouts, frozenset(key for key, _ in layouts), identities, plain)


def _layout(key: bytes, shape: bytes) -> _Layout | None:
    if b"\\" in key or b'"' in key:
        return None
    try:
        measurement, tags = read_series(key.decode())
    except (LineError, UnicodeDecodeError):
        return None
    known = RAW[measurement]
    names: list[str] = []
    plain = True
    for pair in shape.decode(errors="replace").split(","):
        name, _, rest = pair.partition("=")
        field = known.fields.get(name)
        if field is None or name in names or not _fits(rest, field.integer, field.kind == "counter"):
            return None
        names.append(name)
        plain = plain and field.integer and rest in ("u", "i")
    identity = Identity(known.identity, next(value for tag, value in tags if tag == known.identity))
    return _Layout(measurement, tags, identity, tuple(names), plain)


def _fits(rest: str, integer: bool, counter: bool) -> bool:
    """Tell whether what a literal is without its digits suits a field."""
    if counter and rest.startswith("-"):
        return False
    return rest in (("u", "i") if counter else ("i", "-i")) if integer else True


@dataclass(slots=True)
class _Block:
    """The judged lines of a part of a body: columns of the regular ones, readings of the others, by number."""

    numbers: Sequence[int]
    keys: list[bytes]
    fields: list[bytes]
    shapes: list[bytes]
    stamps: list[bytes]
    seen: _Seen
    samples: int
    others: dict[int, tuple[Reading, bytes]]
    rejected: list[Rejected]

    def readings(self, keep: Keep) -> Iterator[Reading]:
        """Yield the readings of the series to keep, in order."""
        others = sorted(((n, reading) for n, (reading, _) in self.others.items()), reverse=True)
        others = [(n, reading) for n, reading in others if keep(reading.measurement, reading.tags)]
        layouts = self.seen.layouts
        kept = {key for (key, _), layout in layouts.items() if keep(layout.measurement, layout.tags)}
        for i in [i for i, key in enumerate(self.keys) if key in kept] if kept else ():
            while others and others[-1][0] < self.numbers[i]:
                yield others.pop()[1]
            layout = layouts[self.keys[i], self.shapes[i]]
            yield Reading(layout.measurement, layout.tags, _values(layout, self.fields[i]), int(self.stamps[i]))
        while others:
            yield others.pop()[1]

    def raw(self) -> Iterator[Line]:
        """Yield the lines as they came, in order."""
        lines = [
            Line(number, key, self.seen.layouts[key, shape].identity, int(stamp), b" ".join((key, fields, stamp)))
            for number, key, fields, shape, stamp in zip(
                self.numbers, self.keys, self.fields, self.shapes, self.stamps, strict=True
            )
        ]
        for number, (reading, content) in self.others.items():
            key = series_key(reading.measurement, reading.tags).encode()
            lines.append(Line(number, key, _identity(reading), reading.time_ns, content))
        yield from sorted(lines)


def _values(layout: _Layout, fields: bytes) -> dict[str, int | float]:
    if layout.plain:
        return dict(zip(layout.names, map(int, fields.translate(_TO_BLANKS).split()), strict=True))
    literals = [pair.partition(b"=")[2] for pair in fields.split(b",")]
    return {
        name: int(literal[:-1]) if literal[-1:] in (b"u", b"i") else float(literal)
        for name, literal in zip(layout.names, literals, strict=True)
    }


class Lines(Sequence[Reading]):
    """The good lines of a body as readings, each made when it is asked for, and what the body holds as a whole.

    ``series`` are the distinct series keys, ``samples`` the field values, ``first_ns`` and ``last_ns`` the
    earliest and latest stamp (0 for no line).
    """

    def __init__(self, body: bytes) -> None:
        """Judge ``body``; raise LineError when it has too many lines or too many that cannot be read."""
        if len(body) > MAX_LINES and body.count(b"\n") > MAX_LINES:
            raise TooManyRejected(f"the body has more than {MAX_LINES} lines")
        self.body = body
        self._kept: _Block | None = None
        self.rejected: list[Rejected] = []
        self.series: frozenset[bytes] = frozenset()
        self.identities: frozenset[Identity] = frozenset()
        self.samples = self._count = 0
        self.first_ns, self.last_ns = 2**63, -(2**63)
        for block in _blocks(body):
            self._take(block)
            self._kept = block
        if len(body) > _BLOCK:
            self._kept = None
        if not self._count:
            self.first_ns = self.last_ns = 0

    def _take(self, block: _Block) -> None:
        self.rejected += block.rejected
        if len(self.rejected) > MAX_REJECTED:
            first = self.rejected[0]
            raise TooManyRejected(f"more than {MAX_REJECTED} bad lines; line {first.number}: {first.reason}")
        self._count += len(block.keys) + len(block.others)
        self.series = self.series | block.seen.series if self.series else block.seen.series
        self.identities = self.identities | block.seen.identities if self.identities else block.seen.identities
        self.samples += block.samples
        if block.stamps:
            self.first_ns = min(self.first_ns, int(min(block.stamps)))
            self.last_ns = max(self.last_ns, int(max(block.stamps)))
        for reading, _ in block.others.values():
            self.series |= {series_key(reading.measurement, reading.tags).encode()}
            self.identities |= {_identity(reading)}
            self.first_ns = min(self.first_ns, reading.time_ns)
            self.last_ns = max(self.last_ns, reading.time_ns)

    def readings(self, *measurements: str) -> Iterator[Reading]:
        """Yield the readings in the body's order, or those of some measurements only."""
        return self.readings_of(lambda measurement, _: not measurements or measurement in measurements)

    def readings_of(self, keep: Keep) -> Iterator[Reading]:
        """Yield the readings of the series (measurement, tags) to keep; no other line is read."""
        for block in [self._kept] if self._kept else _blocks(self.body):
            yield from block.readings(keep)

    def raw(self) -> Iterator[Line]:
        """Yield the good lines as they came."""
        for block in [self._kept] if self._kept else _blocks(self.body):
            yield from block.raw()

    def __iter__(self) -> Iterator[Reading]:
        return self.readings()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Reading: ...
    @overload
    def __getitem__(self, index: slice) -> list[Reading]: ...
    def __getitem__(self, index: int | slice) -> Reading | list[Reading]:
        return list(self)[index]


def _identity(reading: Reading) -> Identity:
    tag = RAW[reading.measurement].identity
    return Identity(tag, reading.tag(tag))


def _blocks(body: bytes) -> Iterator[_Block]:
    """Cut a body at line ends into parts of bounded size and judge each."""
    at, number = 0, 1
    while at < len(body):
        end = len(body)
        if end - at > _BLOCK:
            end = body.rfind(b"\n", at, at + _BLOCK) + 1
        if end:
            text = body[at:end]
            yield _judge(text if text.endswith(b"\n") else text + b"\n", number)
            number += text.count(b"\n") if end < len(body) else 0
        else:  # a line longer than a block, which is not worth columns
            end = body.find(b"\n", at) + 1 or len(body)
            yield _overlong(body[at:end].rstrip(b"\n"), number)
            number += 1
        at = end


def _overlong(line: bytes, number: int) -> _Block:
    block = _Block((), [], [], [], [], _seen({}, 0), 0, {}, [])
    _read_odd([(number, line)], block)
    return block


def _judge(text: bytes, first: int) -> _Block:
    """Judge lines that each end in a newline; ``first`` is the number of the first."""
    octets = np.frombuffer(text, dtype=np.uint8)
    separators = octets[(octets == _BLANK) | (octets == _NEWLINE)]
    count = int(np.count_nonzero(separators == _NEWLINE))
    numbers: Sequence[int] = range(first, first + count)
    odd: list[tuple[int, bytes]] = []
    if len(separators) == 3 * count and (separators[2::3] == _NEWLINE).all():
        tokens = text[:-1].replace(b"\n", b" ").split(b" ")
    else:
        numbers, tokens, odd = _three_parts(text, numbers)
    keys, fields, stamps = tokens[0::3], tokens[1::3], tokens[2::3]
    joined = b"\n".join(fields)
    all_shapes = joined.translate(None, _DIGITS)
    shapes = all_shapes.split(b"\n") if fields else []
    seen = _LAYOUTS.of(keys, shapes, all_shapes)
    bad = _bad_fields(keys, fields, shapes, joined, seen) | _bad_stamps(stamps)
    if bad:
        odd += [(numbers[i], b" ".join((keys[i], fields[i], stamps[i]))) for i in bad]
        good = [i for i in range(len(keys)) if i not in bad]
        numbers = [numbers[i] for i in good]
        keys, fields, shapes, stamps = ([column[i] for i in good] for column in (keys, fields, shapes, stamps))
        pairs = set(zip(keys, shapes, strict=True))
        seen = _seen({pair: seen.layouts[pair] for pair in pairs}, len(pairs))
        joined = b"\n".join(fields)
    block = _Block(numbers, keys, fields, shapes, stamps, seen, joined.count(b"="), {}, [])
    _read_odd(sorted(odd), block)
    return block


def _three_parts(text: bytes, numbers: Sequence[int]) -> tuple[list[int], list[bytes], list[tuple[int, bytes]]]:
    """Split line by line: numbers and tokens of the lines with two blanks, and the other lines."""
    fit: list[int] = []
    tokens: list[bytes] = []
    odd: list[tuple[int, bytes]] = []
    for number, line in zip(numbers, text.split(b"\n")[:-1], strict=True):
        parts = line.split(b" ")
        if len(parts) == 3:
            fit.append(number)
            tokens += parts
        else:
            odd.append((number, line))
    return fit, tokens, odd


def _bad_stamps(stamps: list[bytes]) -> set[int]:
    """Return the places of stamps that are not 19 digits below 2^63."""
    if b"".join(stamps).isdigit() and set(map(len, stamps)) == {19} and max(stamps) < _END_OF_TIME:
        return set()
    return {i for i, stamp in enumerate(stamps) if len(stamp) != 19 or not stamp.isdigit() or stamp >= _END_OF_TIME}


def _bad_fields(keys: list[bytes], fields: list[bytes], shapes: list[bytes], joined: bytes, seen: _Seen) -> set[int]:
    """Return the places of lines whose series, fields or numbers are not regular."""
    if seen.plain and _digits_fit(joined):
        return set()
    pairs = zip(keys, shapes, strict=True)
    return {i for i, pair in enumerate(pairs) if pair not in seen.layouts or _FIELDS.fullmatch(fields[i]) is None}


def _digits_fit(fields: bytes) -> bool:
    """Tell whether digits stand after each ``=`` and nowhere else, at most 18 of them."""
    octets = np.frombuffer(fields, dtype=np.uint8)
    digit = (octets - _ZERO) < 10  # unsigned: what is below "0" wraps to a large number
    equals = octets == _EQUALS
    before, after = equals[:-1], digit[1:]
    wrong = (after > (before | digit[:-1])) | (before > after)
    return not (digit[0] or equals[-1] or b"\1" in wrong.tobytes() or b"\1" * 19 in digit.tobytes())


def _read_odd(odd: list[tuple[int, bytes]], block: _Block) -> None:
    """Read irregular lines one by one."""
    for number, line in odd:
        if not line or line.isspace() or line.startswith(b"#"):
            continue
        try:
            reading = parse_line(line)
            block.others[number] = reading, line
            block.samples += len(reading.fields)
        except LineError as error:
            block.rejected.append(Rejected(number, line, str(error)[:MAX_REASON]))
            if len(block.rejected) > MAX_REJECTED:
                return
