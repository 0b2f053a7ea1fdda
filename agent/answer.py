"""Read an answer of HTTP/1.1 (RFC 9112). (The library's http.client would cost the resident agent 1.5 MiB.)"""

from __future__ import annotations

from agent.peer import NotUnderstood, Peer

_LONGEST = 16 * 1024
_MOST_FIELDS = 100
_NO_BODY = (204, 304)


def head(peer: Peer) -> tuple[int, dict[str, str]]:
    """Return the status and the header fields, by their names in lower case; NotUnderstood, OSError.

    What comes before the answer itself (100 to 199) is passed over.
    """
    while True:
        status, fields = _head(peer)
        if not 100 <= status < 200:
            return status, fields


def body(peer: Peer, status: int, fields: dict[str, str], *, most: int) -> tuple[bytes, bool]:
    """Return the first ``most`` octets of the body, and whether the connection may be asked again after it."""
    if status in _NO_BODY:
        return b"", _kept(fields)
    if fields.get("transfer-encoding", "").lower() == "chunked":
        content, whole = _chunks(peer, most)
        return content, whole and _kept(fields)
    length = fields.get("content-length")
    if length is None:
        return peer.rest(most), False
    size = _number(peer, length, 10)
    return peer.exactly(min(size, most)), size <= most and _kept(fields)


def _kept(fields: dict[str, str]) -> bool:
    return "close" not in fields.get("connection", "").lower()


def _head(peer: Peer) -> tuple[int, dict[str, str]]:
    version, _, rest = _text(peer).partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or len(rest[:3]) < 3 or not rest[:3].isdecimal():
        raise NotUnderstood(f"{peer.name}: what answers does not speak HTTP/1.1")
    fields: dict[str, str] = {} if version == "HTTP/1.1" else {"connection": "close"}
    for _ in range(_MOST_FIELDS):
        line = _text(peer)
        if not line:
            return int(rest[:3]), fields
        name, _, value = line.partition(":")
        name = name.strip().lower()
        fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()  # RFC 9110, 5.3
    raise NotUnderstood(f"{peer.name}: the answer has too many header fields")


def _text(peer: Peer) -> str:
    return peer.line(longest=_LONGEST).decode("latin-1")


def _chunks(peer: Peer, most: int) -> tuple[bytes, bool]:
    """Return the first ``most`` octets, and whether those are all of them."""
    content = bytearray()
    while size := _number(peer, _text(peer).partition(";")[0].strip(), 16):
        taken = min(size, most - len(content))
        content += peer.exactly(taken)
        if taken < size:
            return bytes(content), False
        if _text(peer):
            raise NotUnderstood(f"{peer.name}: the chunks of the answer are not whole")
    while _text(peer):
        pass  # trailer fields
    return bytes(content), True


def _number(peer: Peer, text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise NotUnderstood(f"{peer.name}: the answer's length {text[:20]!r} is no number")
    return number
