"""The collector's configuration: the settings of its parts in one TOML file.

Each option is declared beside its user; this file only puts them together. Relative paths are relative to
the file they stand in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from agent.clock import ZONES, Zone
from agent.config import ConfigError, load, loads
from collector.evaluation import EvaluationSettings
from collector.feeds.notify_settings import NotifySettings
from collector.feeds.settings import FeedSettings
from collector.ledger.tables import meta_of
from collector.live import LiveSettings
from collector.loop import PlanningSettings
from collector.paperwork import DutySettings
from collector.register.settings import RegisterSettings
from collector.report.settings import ReportSettings
from collector.watch import IncidentSettings
from collector.web.listen import Listen

FILE = "collector.toml"
JOURNAL, ARCHIVE, REGISTER, KEY = "journal.db", "chunks.db", "register.db", "key"
ATTACHMENTS = "lampiran"
"""Names in a data folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What one collector is told: its data folder, its region's name and fixed zone, and the settings of its parts.

    ``report`` names the file of the office's names and texts (``config/report.toml``); without it those stay empty.
    ``mail`` names the mail account (TOML of mode 0600) by which the API sends reports; without it it sends none.
    """

    data: Path
    zone: Literal["WIB", "WITA", "WIT"]
    region: str = ""
    report: Path | None = None
    mail: Path | None = None
    register: RegisterSettings = field(default_factory=RegisterSettings)
    listen: Listen = field(default_factory=Listen)
    live: LiveSettings = field(default_factory=LiveSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    planning: PlanningSettings = field(default_factory=PlanningSettings)
    incidents: IncidentSettings = field(default_factory=IncidentSettings)
    duties: DutySettings = field(default_factory=DutySettings)
    feed: FeedSettings = field(default_factory=FeedSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)

    @property
    def place(self) -> Zone:
        """The zone as an object."""
        return ZONES[self.zone]

    def report_settings(self) -> ReportSettings:
        """Read the office's file; ConfigError."""
        if self.report is None:
            return ReportSettings()
        settings = load(ReportSettings, self.report)
        found = settings.timestamp.authorities
        here = self.report.resolve().parent
        return replace(settings, timestamp=replace(settings.timestamp, authorities=here / found)) if found else settings


def read(path: Path) -> Settings:
    """Read a configuration file; raise ConfigError."""
    settings = load(Settings, path)
    here = path.resolve().parent
    listen = settings.listen
    return replace(
        settings,
        data=here / settings.data,
        report=here / settings.report if settings.report else None,
        mail=here / settings.mail if settings.mail else None,
        listen=replace(
            listen,
            certificate=here / listen.certificate if listen.certificate else None,
            key=here / listen.key if listen.key else None,
            ca=here / listen.ca if listen.ca else None,
        ),
        feed=replace(settings.feed, ca=here / settings.feed.ca if settings.feed.ca else None),
    )


def of_folder(data: Path) -> Settings:
    """Return the settings of a data folder: of its ``collector.toml``, else defaults in the zone of its journal."""
    if (data / FILE).is_file():
        return read(data / FILE)
    if not (data / JOURNAL).is_file():
        raise ConfigError(f"{data}: neither {FILE} nor {JOURNAL} is in it; name the data folder, or use --config FILE")
    zone = meta_of(data / JOURNAL)["zone"]
    return replace(loads(Settings, f'data = "."\nzone = "{zone}"\n', source=str(data / JOURNAL)), data=data)
