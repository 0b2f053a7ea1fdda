"""Every measurement and field that an agent may send: name, kind, unit, meaning.

The one place for names. A measurement joined to its field by ``_`` is the Prometheus name
(``nadi_interface`` + ``receive_bytes_total``). Derived names are the collector's and stand in
``collector/feeds``; a client that sends one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["counter", "gauge", "state", "info"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``counter`` only grows, ``gauge`` moves both ways, ``state`` is 0/1 or an enum, ``info`` is 1.

    ``integer`` tells the wire type: integer counters are unsigned (``u``), other integers signed (``i``).
    """

    kind: Kind
    unit: str
    integer: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: its tags, which tag names the device (the identity), and its fields."""

    name: str
    identity: str
    tags: frozenset[str]
    fields: Mapping[str, Field]


def _counter(unit: str, meaning: str) -> Field:
    return Field("counter", unit, True, meaning)


def _seconds_counter(meaning: str) -> Field:
    return Field("counter", "s", False, meaning)


def _count(unit: str, meaning: str) -> Field:
    return Field("gauge", unit, True, meaning)


def _gauge(unit: str, meaning: str) -> Field:
    return Field("gauge", unit, False, meaning)


def _state(meaning: str) -> Field:
    return Field("state", "0/1", True, meaning)


def _measurement(name: str, identity: str, *tags: str, **fields: Field) -> Measurement:
    return Measurement(name, identity, frozenset((identity, *tags)), MappingProxyType(fields))


_ALL = (
    _measurement(
        "nadi_interface",
        "device",
        "interface",
        receive_bytes_total=_counter("byte", "octets received (RFC 2863 ifHCInOctets)"),
        transmit_bytes_total=_counter("byte", "octets sent (RFC 2863 ifHCOutOctets)"),
        receive_packets_total=_counter("1", "packets received"),
        transmit_packets_total=_counter("1", "packets sent"),
        receive_errors_total=_counter("1", "ifInErrors"),
        transmit_errors_total=_counter("1", "ifOutErrors"),
        receive_discards_total=_counter("1", "ifInDiscards"),
        transmit_discards_total=_counter("1", "ifOutDiscards"),
        speed_bits_per_second=_count("bit/s", "ifHighSpeed x 10^6; 0 is unknown"),
        up=_state("ifOperStatus is up(1)"),
        admin_up=_state("ifAdminStatus is up(1)"),
        uptime_ticks=_count("tick", "sysUpTime as read, 10 ms ticks, wraps at 2^32"),
        discontinuity_ticks=_count("tick", "ifCounterDiscontinuityTime as read"),
        counter_bits=_count("bit", "width of the octet counters: 32 or 64"),
        index=_count("1", "ifIndex; evidence of an interface made anew, never an identity"),
    ),
    _measurement(
        "nadi_host",
        "host",
        "mode",
        "mountpoint",
        "fstype",
        "disk",
        "interface",
        "sensor",
        boot_time_seconds=_gauge("unix s", "time of the last boot"),
        uptime_seconds=_gauge("s", "CLOCK_BOOTTIME"),
        load1=_gauge("1", "run queue, 1 minute mean"),
        load5=_gauge("1", "run queue, 5 minute mean"),
        load15=_gauge("1", "run queue, 15 minute mean"),
        cpu_cores=_count("1", "logical processors"),
        cpu_seconds_total=_seconds_counter("processor time by mode"),
        memory_size_bytes=_count("byte", "physical memory"),
        memory_available_bytes=_count("byte", "memory that can be had without swapping"),
        swap_size_bytes=_count("byte", "swap space"),
        swap_used_bytes=_count("byte", "swap in use"),
        filesystem_size_bytes=_count("byte", "size of the file system"),
        filesystem_available_bytes=_count("byte", "space left for ordinary users"),
        filesystem_readonly=_state("mounted read-only"),
        disk_read_bytes_total=_counter("byte", "octets read"),
        disk_written_bytes_total=_counter("byte", "octets written"),
        disk_io_time_seconds_total=_seconds_counter("time with input or output under way"),
        temperature_celsius=_gauge("degC", "temperature by sensor"),
        logged_in_users=_count("1", "login sessions"),
        network_receive_bytes_total=_counter("byte", "octets received"),
        network_transmit_bytes_total=_counter("byte", "octets sent"),
    ),
    _measurement(
        "nadi_input",
        "device",
        "input",
        up=_state("the input gave its readings in this cycle"),
        duration_seconds=_gauge("s", "time the input took"),
    ),
    _measurement(
        "nadi_agent",
        "agent",
        cpu_seconds_total=_seconds_counter("processor time of the agent"),
        memory_bytes=_count("byte", "resident memory of the agent"),
        spool_bytes=_count("byte", "records that wait in the spool"),
        spool_limit_bytes=_count("byte", "bound of the spool"),
        spool_oldest_timestamp_seconds=_gauge("unix s", "oldest waiting record; absent when none waits"),
        spool_dropped_total=_counter("1", "records dropped because the spool was full"),
        spool_damaged_total=_counter("1", "records lost to damage on disk"),
    ),
)

RAW: Mapping[str, Measurement] = MappingProxyType({m.name: m for m in _ALL})
"""Raw measurements by name: what an agent or a write token may send."""
