"""Nadi's own notifications, for sites without Alertmanager: the only door to apprise.

A thread of its own looks every few seconds at what is known now and tells flips that stood, grouped to a message a
minute and channel. A message holds codes, levels and a link, never names, addresses or figures (SM Pasal 24 ayat (4)).
``notify.json`` keeps what was told and what still waits, so that a restart tells nothing old again.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import apprise

from agent.clock import NS, Clock
from agent.config import ConfigError
from collector.feeds.notices import Key, Known, Notice, Now, Sight, look
from collector.feeds.notify_settings import Channel, NotifySettings
from collector.ledger.entry import JournalError
from collector.register.content import ContentError
from collector.register.engine import RegisterError
from collector.web.listen import is_loopback

log = logging.getLogger(__name__)

FILE = "notify.json"
LOOK_SECONDS = 15
MESSAGE_NS, HOUR_NS = 60 * NS, 3600 * NS
MOST_LINES = 10
"""Of one message; the rest is counted."""

STALE_NS = HOUR_NS
"""What could not be told for so long is no news any more."""

FAULTS = (ContentError, JournalError, RegisterError, OSError)
"""What may keep a look from being taken, or kept; the next look tries again."""

SENT, FAILED = "terkirim", "gagal"

# Apprise's own log may hold URLs with passwords.
logging.getLogger("apprise").disabled = True


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see at a moment; ``judged`` says whether findings and servers are in it."""

    sights: tuple[Sight, ...]
    judged: bool


@dataclass(slots=True)
class Receiver:
    """One channel: its service, the lines that wait for it (one an object), and when it was last sent to."""

    name: str
    service: apprise.NotifyBase
    waiting: dict[Key, Notice] = field(default_factory=dict)
    times: deque[int] = field(default_factory=deque)
    counts: dict[str, int] = field(default_factory=lambda: {SENT: 0, FAILED: 0})
    failing: bool = False

    def may_send(self, now_ns: int, per_hour: int) -> bool:
        """Tell whether a message may go out now: one a minute, ``per_hour`` an hour."""
        while self.times and not 0 <= now_ns - self.times[0] < HOUR_NS:
            self.times.popleft()
        return len(self.times) < per_hour and (not self.times or now_ns - self.times[-1] >= MESSAGE_NS)

    def send(self, title: str, body: str) -> bool:
        """Send one message and count what became of it."""
        made = apprise.Apprise()
        made.add(self.service)
        try:
            done = bool(made.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
        except (OSError, ValueError, TypeError, apprise.exception.AppriseException):
            done = False
        self.counts[SENT if done else FAILED] += 1
        if not done and not self.failing:
            log.warning("notify: %s did not take a message; trying again", self.name)
        self.failing = not done
        return done


def receiver(channel: Channel, timeout_seconds: int) -> Receiver:
    """Return a channel's receiver; ConfigError, which does not show the URL."""
    asset = apprise.AppriseAsset(app_id="Nadi", app_desc="Nadi", app_url="", async_mode=False)
    found = apprise.Apprise.instantiate(channel.url, asset=asset, suppress_exceptions=True)
    if not isinstance(found, apprise.NotifyBase):
        raise ConfigError(f"[notify] channel {channel.name}: not a URL that Apprise knows")
    host = str(getattr(found, "smtp_host", None) or getattr(found, "host", None) or "")
    if found.protocol and not found.secure and not is_loopback(host):
        raise ConfigError(
            f"[notify] channel {channel.name}: sends in clear; use the secure form, such as jsons, mailtos"
        )
    found.socket_connect_timeout = found.socket_read_timeout = float(timeout_seconds)
    return Receiver(channel.name, found)


class Notifier:
    """Tells one collector's flips; ``view`` gives what is to be seen now."""

    def __init__(self, data: Path, settings: NotifySettings, *, view: Callable[[], View], clock: Clock) -> None:
        """Read the channels and ``notify.json``; raise ConfigError."""
        self._path, self._settings, self._view, self._clock = data / FILE, settings, view, clock
        self.receivers = [receiver(channel, settings.timeout_seconds) for channel in settings.channels()]
        self._known: dict[Key, Known] = {}
        self._begun = self._load()
        self._kept = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End after the message under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._settings.timeout_seconds + 5)

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Messages since the start by channel and result, zeros included."""
        return {(item.name, result): count for item in self.receivers for result, count in item.counts.items()}

    def _run(self) -> None:
        fault = ""
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.step()
                fault = ""
            except FAULTS as error:
                if fault != str(error):
                    fault = str(error)
                    log.error("notify: nothing can be told: %s; trying again", fault)

    def step(self) -> None:
        """Look once; send what is due. OSError when the file cannot be written: then nothing is sent."""
        view, now_ns = self._view(), self._clock.now().wall_ns
        found = look(view.sights, self._known, Now(now_ns, self._begun, view.judged), self._settings)
        self._known = found.known
        # Until there was a judgement, findings were never looked at: they are to be taken in silence too.
        self._begun = self._begun or view.judged
        for item in self.receivers:
            item.waiting.update((notice.key, notice) for notice in found.notices)
            item.waiting = {key: one for key, one in item.waiting.items() if 0 <= now_ns - one.at_ns < STALE_NS}
        self._save()
        for item in self.receivers:
            if item.waiting and not self._stop.is_set() and item.may_send(now_ns, self._settings.per_hour):
                item.times.append(now_ns)
                if item.send(*message(item.waiting.values(), self._settings.link)):
                    item.waiting.clear()
        self._save()

    # --- notify.json ---

    def _load(self) -> bool:
        """Take up what was told before; tell whether anything was."""
        try:
            table = json.loads(self._path.read_bytes())
            self._known = {(kind, rest): Known(**item) for kind, rest, item in table["known"]}
            for receiver in self.receivers:
                for kind, rest, text, at_ns in table["waiting"].get(receiver.name, ()):
                    receiver.waiting[kind, rest] = Notice((kind, rest), text, at_ns)
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("notify: %s cannot be read (%s): what stands now is taken in silence", self._path, error)
            self._known = {}
            return False
        return bool(table.get("begun"))

    def _save(self) -> None:
        table = {
            "begun": self._begun,
            "known": [(*key, asdict(item)) for key, item in sorted(self._known.items())],
            "waiting": {
                item.name: [(*one.key, one.text, one.at_ns) for one in item.waiting.values()] for item in self.receivers
            },
        }
        data = json.dumps(table).encode()
        if data == self._kept:
            return
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._kept = data


def message(notices: Iterable[Notice], link: str) -> tuple[str, str]:
    """Return title and text of the notices: a line each, the newest first, then how many more, then the link."""
    lines = [notice.text for notice in sorted(notices, key=lambda item: -item.at_ns)]
    more = [f"dan {len(lines) - MOST_LINES} lainnya"] if len(lines) > MOST_LINES else []
    return f"Nadi: {len(lines)} perubahan", "\n".join((*lines[:MOST_LINES], *more, *([link] if link else [])))


def test_message(link: str) -> tuple[str, str]:
    """Return title and text of ``nadi notify test``."""
    return "Nadi: uji pemberitahuan", "\n".join(("uji saluran (info)", *([link] if link else [])))
