"""A regency and its month, whole: offices, routers, and what must be found of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.clock import Month, Zone
from collector.simulation.hall import Reporter, reporters
from collector.simulation.papers import CONTRACTS
from collector.simulation.scenario import Office, offices
from collector.simulation.station import Station, centre, stations
from collector.simulation.traffic import Grid, grid
from collector.simulation.truth import Truth, truth


@dataclass(frozen=True, slots=True)
class Simulation:
    """A regency and its month; ``members`` are the routers of each office, ``centres`` the NOC's by contract.

    ``hall`` are the agents of the data centre.
    """

    place: Grid
    offices: tuple[Office, ...]
    members: tuple[tuple[Station, ...], ...]
    centres: tuple[Station, ...]
    hall: tuple[Reporter, ...]

    @property
    def stations(self) -> tuple[Station, ...]:
        """Every router, the offices' and the centre's."""
        return (*(station for member in self.members for station in member), *self.centres)

    @property
    def senders(self) -> tuple[Station | Reporter, ...]:
        """Every agent; the first is a router's."""
        return (*self.stations, *self.hall)

    def truths(self) -> Iterator[Truth]:
        """Yield what must be found for each office, in order, and then for each contract."""
        for office, member in zip(self.offices, self.members, strict=True):
            yield truth(self.place, office.code, [station.course for station in member])
        for (code, _, _), station in zip(CONTRACTS, self.centres, strict=True):
            yield truth(self.place, code, [station.course])


def simulation(*, opd: int, month: Month, seed: int, zone: Zone) -> Simulation:
    """Make the month of ``opd`` offices; raise SimulationError where there are not so many."""
    place, chosen = grid(month, zone), offices(opd)
    members = tuple(stations(place, office, seed=seed, number=number) for number, office in enumerate(chosen))
    every = [station for member in members for station in member]
    centres = tuple(
        centre(place, every, share=share, name=name, seed=seed, number=1000 + number)
        for number, (_, name, share) in enumerate(CONTRACTS)
    )
    return Simulation(place, chosen, members, centres, reporters(place, seed=seed))
