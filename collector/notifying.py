"""The notifications of a running collector, and the command ``nadi notify test``.

Apprise costs memory: what needs it is imported only where channels are configured.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from collector.config import Settings
from collector.folder import Impossible

if TYPE_CHECKING:
    from collector.feeds.notices import Hushed
    from collector.feeds.notify import View
    from collector.register.records.maintenance import Maintenance
    from collector.running import Collector

Tell = Callable[[str], None]


def announced(collector: Collector) -> Hushed:
    """Return what tells the links and OPDs on which announced work is under way now, until it ends as announced."""
    inventory = collector.live.inventory
    codes: set[str] = set()
    for record in collector.papers().work:
        work: Maintenance = record.form
        codes |= {*work.links, *work.opds, *(link.code for opd in work.opds for link in inventory.links_of(opd))}
    for opd in inventory.opds:
        links = {link.code for link in inventory.links_of(opd.code)}
        codes |= {opd.code} if links & codes else set()
    return codes.__contains__


def add_notifier(collector: Collector) -> None:
    """Give the collector its notifications, if channels are configured; raise ConfigError."""
    settings = collector.folder.settings.notify
    if settings.urls is not None:
        from collector.feeds.notify import Notifier

        collector.notifier = Notifier(
            collector.folder.settings.data, settings, view=lambda: view(collector), clock=collector.clock
        )


def view(collector: Collector) -> View:
    """Return what is to be told of at this moment."""
    from collector.feeds.notices import sights
    from collector.feeds.notify import View

    snapshot, judged = collector.snapshot(), collector.judgement
    found, centre = (judged.findings, judged.centre) if judged else (None, None)
    kinds, hushed = collector.folder.settings.notify.kinds, announced(collector)
    return View(tuple(sights(snapshot, found, centre, kinds=kinds, hushed=hushed)), judged is not None)


def test(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Send one message through every channel and show what became of it."""
    if settings.notify.urls is None:
        raise Impossible("no channel is configured; set urls under [notify]")
    from collector.feeds.notify import receiver, test_message

    failed = 0
    for channel in settings.notify.channels():
        done = receiver(channel, settings.notify.timeout_seconds).send(*test_message(settings.notify.link))
        tell(f"{channel.name}: {'sent' if done else 'NOT sent; check its URL, the network and the receiver'}")
        failed += not done
    return 1 if failed else 0
