"""The feed of a running collector, and the commands ``nadi feed``.

influxdb-client costs 40 MB of memory: what needs it is imported only where a feed is configured.
"""

from __future__ import annotations

from collector.running import Collector


def add_feed(collector: Collector) -> None:
    """Give the collector its feed, if one is configured; raise ConfigError, FeedFileError."""
    settings = collector.folder.settings.feed
    if settings.url:
        from collector.feeds.exposition import written
        from collector.feeds.feed import Feed
        from collector.web.facts import facts

        collector.feed = Feed(collector.folder, settings, moment=lambda: written(facts(collector)))
