"""What happens by the clock: the only door to apscheduler.

A job decides from what is on disk whether something is due, never from the scheduler's memory; so each runs
once at the start as well, and a collector that was down at the hour catches up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from agent.clock import Clock, Zone

log = logging.getLogger(__name__)

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its name, its work, and when (local time, cron fields; ``minute="*/5"`` is every five minutes)."""

    name: str
    work: Work
    hour: str
    minute: str
    day_of_week: str = "*"


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a job so far: runs, failures, and the last one's end and fault ("" when it went well)."""

    runs: int = 0
    failures: int = 0
    ended_ns: int | None = None
    fault: str = ""


class Jobs:
    """Runs jobs one at a time, counts and keeps what failed."""

    def __init__(self, jobs: Sequence[Job], *, clock: Clock, zone: Zone) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._lock = threading.Lock()
        self._standing = {job.name: Standing() for job in jobs}
        self._scheduler = BackgroundScheduler(
            timezone=zone.tzinfo,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Run every job once, in order, in the background, and then by the clock."""
        zone = self._scheduler.timezone
        for job in self._jobs.values():
            trigger = CronTrigger(hour=job.hour, minute=job.minute, day_of_week=job.day_of_week, timezone=zone)
            self._scheduler.add_job(self.run, args=[job.name], id=f"start {job.name}")
            self._scheduler.add_job(self.run, trigger, args=[job.name], id=job.name)
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more; the job under way is waited for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def run(self, name: str) -> None:
        """Run one job now; whatever it raises is counted, logged and shown, and ends nothing else."""
        fault = ""
        try:
            self._jobs[name].work()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            again = fault == self._standing[name].fault
            log.error("job %s failed: %s", name, fault, exc_info=None if again else error)
        with self._lock:
            before = self._standing[name]
            self._standing[name] = replace(
                before,
                runs=before.runs + 1,
                failures=before.failures + bool(fault),
                ended_ns=self._clock.now().wall_ns,
                fault=fault,
            )

    @property
    def standing(self) -> Mapping[str, Standing]:
        """Every job's standing, by name."""
        with self._lock:
            return dict(self._standing)
