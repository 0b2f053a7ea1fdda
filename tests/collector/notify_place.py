"""A notifier on a clock that is moved by hand, and the file of its channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.clock import NS, ManualClock
from collector.feeds.notices import OPEN, Sight
from collector.feeds.notify import Notifier, View
from collector.feeds.notify_settings import NotifySettings


def channels(folder: Path, **urls: str) -> Path:
    path = folder / "notify.urls"
    path.write_text("# channels\n" + "".join(f"{name} {url}\n" for name, url in urls.items()), encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass
class Place:
    """A notifier on a clock that is moved by hand, which sees what the test says."""

    folder: Path
    settings: NotifySettings
    clock: ManualClock = field(default_factory=lambda: ManualClock(10**18, boot_ns=10**15, boot_id="b"))
    seen: dict[str, str] = field(default_factory=dict)
    judged: bool = True
    finding: bool = False

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """Start it anew, as after kill -9."""
        self.notifier = Notifier(self.folder, self.settings, view=self.view, clock=self.clock)

    def view(self) -> View:
        seen = [Sight("opd", ("opd", code), code, state, "tinggi") for code, state in self.seen.items()]
        key = "temuan", "over_allocation PD01 unduh"
        found = [Sight("temuan", key, "PD01", OPEN, "tinggi", begun_ns=self.clock.now().wall_ns)]
        return View((*seen, *(found if self.finding and self.judged else ())), self.judged)

    def after(self, seconds: int, **seen: str) -> None:
        """Let time pass, then look at these OPDs."""
        self.clock.advance(seconds * NS)
        self.seen.update(seen)
        self.notifier.step()

    def flip(self, **seen: str) -> None:
        """Let states change and stand."""
        self.after(15, **seen)
        self.after(200)
