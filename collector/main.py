"""``nadi run``: open the data folder, start the collector and the web server, tell systemd, end cleanly."""

from __future__ import annotations

import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from agent.clock import SystemClock
from agent.config import ConfigError
from agent.main import notify
from collector.config import Settings
from collector.feeding import add_feed
from collector.folder import Folder
from collector.notifying import add_notifier
from collector.running import Collector
from collector.web.api import create
from collector.web.listen import Listen

log = logging.getLogger(__name__)

CONNECTIONS = 512
"""Beyond, requests are answered 503; slow connections are held off by the proxy in front (design.md §3)."""

GRACE_SECONDS = 10

ALIVE_SECONDS = 20
"""How often systemd hears that the event loop turns; the unit's WatchdogSec= is several times that."""


class _Server(uvicorn.Server):
    """Uvicorn which says when it is ready, and leaves a signal at "end cleanly" instead of raising it again."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then tell systemd."""
        await super().startup(sockets)
        if not self.should_exit:
            log.info("ready")
            notify("READY=1")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(settings: Settings) -> int:
    """Run the collector until SIGTERM or SIGINT; return the exit status. ConfigError, Busy and the parts' errors."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    clock = SystemClock()
    with listening(settings.listen) as sock, Folder(settings, clock=clock, writer=True) as folder:
        collector = Collector(folder, clock=clock)
        add_feed(collector)
        add_notifier(collector)
        server = _Server(_configuration(collector, settings.listen))
        log.info("collector of %s listens on %s", settings.region or "a region", address(settings.listen, sock))
        collector.start()
        # What is there now stays: a whole collection of it would cost a scrape a tenth of a second.
        gc.freeze()
        try:
            server.run(sockets=[sock])
        finally:
            notify("STOPPING=1")
            collector.stop()
    return 0


async def _alive() -> None:
    notify("WATCHDOG=1")


@contextmanager
def listening(listen: Listen) -> Iterator[socket.socket]:
    """Bind the address before anything is opened, so that a taken port changes nothing; ConfigError."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((listen.host.strip("[]"), listen.port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {listen.host}:{listen.port}: {error.strerror}; set another port under [listen]"
            ) from error
        yield sock
    finally:
        sock.close()


def address(listen: Listen, sock: socket.socket) -> str:
    """Return the URL under which the collector answers."""
    scheme = "https" if listen.certificate else "http"
    host = f"[{listen.host.strip('[]')}]" if ":" in listen.host else listen.host
    return f"{scheme}://{host}:{sock.getsockname()[1]}"


def _configuration(collector: Collector, listen: Listen) -> uvicorn.Config:
    return uvicorn.Config(
        create(collector),
        ssl_certfile=listen.certificate,
        ssl_keyfile=listen.key,
        # Never believe X-Forwarded-For: uvicorn would, from loopback.
        proxy_headers=False,
        server_header=False,
        # The Date of an answer is what `nadi-agent check` holds its own clock against.
        date_header=True,
        access_log=False,
        log_config=None,
        log_level="warning",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
        callback_notify=_alive,
        timeout_notify=ALIVE_SECONDS,
    )
