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
        "nadi_device",
        "device",
        "vendor",
        "model",
        "version",
        "serial",
        "protocol",
        up=_state("the device answered in the last poll"),
        info=Field("info", "1", True, "constant 1; tags tell vendor, model, version, serial, protocol"),
        uptime_seconds=_gauge(
            "s", "sysUpTime in seconds; its wraps at 497 days put right where snmpEngineTime proves them"
        ),
        uptime_ticks=_count("tick", "sysUpTime as read, 10 ms ticks, wraps at 2^32"),
        engine_seconds=_count("s", "snmpEngineTime: since the SNMP agent started (RFC 3411)"),
        engine_boots=_count("1", "snmpEngineBoots: starts of the SNMP agent (RFC 3411)"),
        cpu_utilization_ratio=_gauge("0-1", "processor time in use, mean of all processors"),
        memory_used_bytes=_count("byte", "memory in use, as the device counts it"),
        memory_size_bytes=_count("byte", "memory"),
        memory_utilization_ratio=_gauge("0-1", "memory in use, where the device tells only its share"),
        temperature_celsius=_gauge("degC", "the device's own temperature"),
        voltage_volts=_gauge("V", "supply voltage"),
        power_watts=_gauge("W", "power drawn"),
        sessions=_count("1", "connections that the device tracks now"),
        dhcp_leases=_count("1", "addresses that the device has lent now"),
        poll_duration_seconds=_gauge("s", "time that the last poll took"),
        poll_lateness_seconds=_gauge("s", "time that the last poll began after its turn"),
        last_success_timestamp_seconds=_gauge("unix s", "end of the last poll that the device answered"),
    ),
    _measurement(
        "nadi_queue",
        "device",
        "queue",
        receive_bytes_total=_counter("byte", "simple queue: octets from its target, as the router counts them (in)"),
        transmit_bytes_total=_counter("byte", "simple queue: octets to its target, as the router counts them (out)"),
        receive_dropped_packets_total=_counter("1", "simple queue: packets from its target dropped (in)"),
        transmit_dropped_packets_total=_counter("1", "simple queue: packets to its target dropped (out)"),
        bytes_total=_counter("byte", "queue tree: octets"),
        dropped_packets_total=_counter("1", "queue tree: packets dropped"),
        uptime_ticks=_count("tick", "sysUpTime as read, 10 ms ticks, wraps at 2^32"),
        counter_bits=_count("bit", "width of the octet counters: 32 or 64"),
        index=_count("1", "index of the row; evidence of a queue made anew, never an identity"),
    ),
    _measurement(
        "nadi_sensor",
        "device",
        "sensor",
        temperature_celsius=_gauge("degC", "temperature of a part"),
        voltage_volts=_gauge("V", "voltage"),
        current_amperes=_gauge("A", "current"),
        power_watts=_gauge("W", "power"),
        power_dbm=_gauge("dBm", "optical or radio power"),
        signal_decibels=_gauge("dB", "ratio of signal to noise"),
        frequency_hertz=_gauge("Hz", "frequency"),
        fan_rpm=_gauge("rpm", "speed of a fan"),
        humidity_ratio=_gauge("0-1", "relative humidity"),
        utilization_ratio=_gauge("0-1", "share in use"),
        duration_seconds=_gauge("s", "a time that the device counts"),
        items=_gauge("1", "how many there are: sessions, tunnels, leases"),
        ok=_state("the part works, by the device's own word"),
        code=_count("code", "the device's own number of the state"),
    ),
    _measurement(
        "nadi_ups",
        "ups",
        "phase",
        up=_state("the UPS answers and its values are not stale"),
        status=_count("code", "1 line, 2 battery, 3 bypass, 4 off, 5 boost, 6 trim, 7 economy, 8 battery test"),
        on_battery=_state("the load is on battery; absent when stale"),
        on_bypass=_state("the load is on the bypass, without protection"),
        output_off=_state("the output is off"),
        low_battery=_state("the battery is nearly empty"),
        replace_battery=_state("the UPS asks for a new battery"),
        overload=_state("the load is more than the UPS can carry"),
        battery_charge_ratio=_gauge("0-1", "charge"),
        battery_runtime_seconds=_gauge("s", "time left at the present load"),
        time_on_battery_seconds=_gauge("s", "since the load went to battery; 0 on line"),
        battery_voltage_volts=_gauge("V", "battery"),
        battery_current_amperes=_gauge("A", "battery; positive is discharge in RFC 1628, vendors differ"),
        battery_temperature_celsius=_gauge("degC", "battery"),
        battery_installed_timestamp_seconds=_gauge("unix s", "when the battery was put in"),
        ambient_temperature_celsius=_gauge("degC", "air at the UPS"),
        load_ratio=_gauge("0-1", "load of what the UPS can carry; of several phases the highest"),
        input_voltage_volts=_gauge("V", "input; of several phases the first"),
        input_frequency_hertz=_gauge("Hz", "input"),
        input_current_amperes=_gauge("A", "input"),
        input_power_watts=_gauge("W", "input; of several phases the sum"),
        input_failures_total=_counter("1", "times the input was out of tolerance"),
        output_voltage_volts=_gauge("V", "output; of several phases the first"),
        output_frequency_hertz=_gauge("Hz", "output"),
        output_current_amperes=_gauge("A", "output"),
        output_power_watts=_gauge("W", "output; of several phases the sum"),
        output_energy_watt_hours=_gauge("Wh", "energy given since the counter was set to 0"),
        bypass_voltage_volts=_gauge("V", "bypass; of several phases the first"),
        bypass_frequency_hertz=_gauge("Hz", "bypass"),
        bypass_current_amperes=_gauge("A", "bypass"),
        bypass_power_watts=_gauge("W", "bypass; of several phases the sum"),
        self_test_passed=_state("result of the last self-test; absent when there was none or while it runs"),
        self_test_timestamp_seconds=_gauge("unix s", "last self-test"),
        alarms=_count("1", "alarms present now"),
        last_update_timestamp_seconds=_gauge("unix s", "when the UPS was last heard"),
    ),
    _measurement(
        "nadi_environment",
        "device",
        "sensor",
        temperature_celsius=_gauge("degC", "air"),
        dew_point_celsius=_gauge("degC", "dew point"),
        dew_distance_celsius=_gauge("degC", "how far the air is above its dew point"),
        humidity_ratio=_gauge("0-1", "relative humidity"),
        airflow_metres_per_second=_gauge("m/s", "air flow"),
        water_detected=_state("water where none should be"),
        smoke_detected=_state("smoke"),
        door_open=_state("a door stands open"),
        motion_detected=_state("somebody moves"),
        contact_closed=_state("a dry contact is closed"),
        contact_alarm=_state("a dry contact is in the state that its unit calls an alarm"),
        power_present=_state("a voltage is there"),
        voltage_volts=_gauge("V", "an analogue input"),
        alarm=_state("the unit calls the sensor's value an alarm"),
        ok=_state("the sensor is connected and works"),
        code=_count("code", "the unit's own number of the state"),
    ),
    _measurement(
        "nadi_ats",
        "ats",
        "phase",
        source=_count("code", "which input carries the load: 1 the first (PLN), 2 the second (genset), 0 none"),
        mains_present=_state("the first input is in tolerance"),
        second_present=_state("the second input is in tolerance"),
        redundant=_state("both inputs could carry the load"),
        ok=_state("the switch works, by its own word"),
        input_voltage_volts=_gauge("V", "of the input that the tag names"),
        input_frequency_hertz=_gauge("Hz", "of the input that the tag names"),
        output_voltage_volts=_gauge("V", "output"),
        output_current_amperes=_gauge("A", "output"),
        output_power_watts=_gauge("W", "output"),
        load_ratio=_gauge("0-1", "load of what the switch can carry"),
    ),
    _measurement(
        "nadi_pdu",
        "device",
        "circuit",
        current_amperes=_gauge("A", "current of an inlet, bank, phase or outlet"),
        voltage_volts=_gauge("V", "voltage"),
        power_watts=_gauge("W", "active power"),
        apparent_power_volt_amperes=_gauge("VA", "apparent power"),
        power_factor=_gauge("0-1", "active by apparent power"),
        frequency_hertz=_gauge("Hz", "frequency"),
        energy_watt_hours=_gauge("Wh", "energy since the counter was set to 0"),
        load_ratio=_gauge("0-1", "load of what the circuit can carry"),
        on=_state("an outlet gives power"),
        alarm=_state("the unit calls the load an alarm"),
        code=_count("code", "the unit's own number of the state"),
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
