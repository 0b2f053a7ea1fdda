"""Enrolment over HTTP: a one-use token and a proof of possession in, the collector's key and CA out."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.envelope import canonical
from collector.ingest import RETRY_AFTER_S, Answer
from collector.register.access import Access, EnrolmentRefused
from collector.register.engine import RegisterError

log = logging.getLogger(__name__)

MAX_ENROLMENT = 8192
_KEYS = {"token", "agent", "public_key", "proof"}
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Enrolment:
    """Answers enrolments; ``ca`` is the file of the CA (PEM) that the agents are to pin, if there is one."""

    def __init__(self, *, access: Access, clock: Clock, public: bytes, journal_id: str, ca: Path | None) -> None:
        self._access = access
        self._clock = clock
        self._granted = canonical(
            {
                "collector_key": base64.b64encode(public).decode(),
                "journal": journal_id,
                "ca": ca.read_text(encoding="ascii") if ca else None,
            }
        )

    def answer(self, data: bytes) -> Answer:
        """Judge one enrolment: 200 with what the agent pins, 400 for what is no enrolment, 403 for a refused one.

        503 says that the register cannot be written now (locked, disk full): the token holds and the agent tries again.
        """
        try:
            token, agent, public_key, proof = _read(data)
        except ValueError as error:
            return _refusal(400, "invalid", str(error))
        try:
            self._access.enrol(
                token=token, agent=agent, public_key=public_key, proof=proof, now_ns=self._clock.now().wall_ns
            )
        except EnrolmentRefused as refusal:
            return _refusal(403, "refused", refusal.reason)
        except RegisterError as error:
            log.error("enrolment: %s", error)
            busy = _refusal(503, "unavailable", "the register cannot be written; try again with the same token")
            return Answer(503, busy.body, {**busy.headers, "Retry-After": str(RETRY_AFTER_S)})
        return Answer(200, self._granted, _JSON)


def _read(data: bytes) -> tuple[str, str, bytes, bytes]:
    """Return token, agent, public key and proof; ValueError says what is wrong."""
    try:
        table: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("the body is not JSON") from error
    if not isinstance(table, dict) or table.keys() != _KEYS:
        raise ValueError(f"the body has not exactly the keys {', '.join(sorted(_KEYS))}")
    if not all(isinstance(value, str) and value.isascii() for value in table.values()):
        raise ValueError("a value is not an ASCII string")
    try:
        public_key = base64.b64decode(table["public_key"], validate=True)
        proof = base64.b64decode(table["proof"], validate=True)
    except binascii.Error as error:
        raise ValueError("public_key or proof is not base64") from error
    if len(public_key) != 32 or len(proof) != 64:
        raise ValueError("public_key is not 32 bytes, or proof not 64")
    return table["token"], table["agent"], public_key, proof


def _refusal(status: int, code: str, message: str) -> Answer:
    return Answer(status, canonical({"code": code, "message": message}), _JSON)
