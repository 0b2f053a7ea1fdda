"""The place of a day in the laboratory: what is registered, and how its agents and servers are set."""

from __future__ import annotations

from tests.lab.namespaces import CENTRE_ADDRESS
from tests.lab.routers import TRAP_PORT

RATES = ("10mbit", "20mbit", "8mbit", "40mbit", "100mbit")
"""Lines of the routers r1, r2, r3 of three OPD, of r4, behind which the Internet is, and of the server r5."""

OPD = {1: ("DUKCAPIL", "tinggi", 10), 2: ("BPKAD", "sedang", 20), 3: ("DISDIK", "dasar", 8)}
"""Code, class, and Mbps of the determination, by the router's number."""

WAN = "ether1-wan"
DEVICES = {
    "noc": ("rtr-noc", "srv-pusat"),
    "poller": ("rtr-disdik", "rtr-hulu"),
    "r1": ("rtr-dukcapil",),
    "r2": ("rtr-bpkad",),
    "r5": ("srv-portal", "ups-portal"),
}
"""The agents, and the devices they speak of. All but the poller run where their name says."""

PORTAL = f"{CENTRE_ADDRESS[:-1]}15"
UPSD_PORT, WEB_PORT, NAME_PORT = 3493, 8080, 53

COLLECTOR = """\
data = "data"
zone = "WIB"
region = "Kabupaten Laboratorium"
[listen]
host = "{host}"
port = {port}
certificate = "server.pem"
key = "server.key"
ca = "ca.pem"
[evaluation]
weekdays = [0, 1, 2, 3, 4, 5, 6]
[feed]
url = "http://127.0.0.1:{feed}"
"""

PROMETHEUS = """\
global: {{scrape_interval: 30s, scrape_timeout: 20s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: nadi
    scheme: https
    authorization: {{credentials_file: {token}}}
    tls_config: {{ca_file: {ca}}}
    static_configs: [{{targets: ["{host}:{port}"]}}]
"""

_AGENT = """\
name = "{name}"
state = "{folder}/{name}"
interval = {interval}
{more}
[collector]
url = "{url}"
ca = "{folder}/ca.pem"
timeout = 5.0
"""

_PORTS = """\
[[device]]
name = "{device}"
[device.inputs.interfaces]
[device.inputs.tc]
interval = 60
include = ["{shaped}"]
"""

_NOC = f"""\
{_PORTS.format(device="rtr-noc", shaped="opd*")}
[device.inputs.ping]
interval = 30
{{pinged}}
[[device]]
name = "srv-pusat"
[device.inputs.host]
[device.inputs.http]
[[device.inputs.http.target]]
name = "portal"
url = "http://{PORTAL}:{WEB_PORT}/index.html"
text = "Portal"
[[device.inputs.http.target]]
name = "nadi"
url = "{{url}}/openapi.json"
status = [401]
ca = "{{folder}}/ca.pem"
[device.inputs.tcp]
[[device.inputs.tcp.target]]
name = "portal-web"
host = "{PORTAL}"
port = {WEB_PORT}
"""

_SERVER = f"""\
[[device]]
name = "srv-portal"
[device.inputs.host]
[device.inputs.interfaces]
[device.inputs.host_clock]
[device.inputs.host_security]
[device.inputs.host_updates]
[device.inputs.ping]
[[device.inputs.ping.target]]
name = "gerbang"
host = "{CENTRE_ADDRESS}"
[device.inputs.dns]
[[device.inputs.dns.target]]
name = "dns-noc"
server = "{CENTRE_ADDRESS}"
port = {NAME_PORT}
query = "portal.contoh.go.id"
expected = ["{PORTAL}"]
[device.inputs.backup_restic]
interval = 300
cache = "{{folder}}/cache"
[[device.inputs.backup_restic.job]]
name = "portal"
repository = "{{folder}}/repository"
password_file = "{{folder}}/password"
host = "srv-portal"
sources = ["{{folder}}/web"]
log = "{{folder}}/restic.log"
verified_file = "{{folder}}/verified"
restore_test_file = "{{folder}}/restored"
[device.inputs.backup_files]
interval = 300
[[device.inputs.backup_files.job]]
name = "pengaturan"
files = "{{folder}}/copies/*.tar.gz"
checksums = ".sha256"
[[device]]
name = "ups-portal"
[device.inputs.nut]
ups = "portal"
port = {UPSD_PORT}
"""

_PING = """\
[[device.inputs.ping.target]]
name = "r{number}"
host = "{address}"
"""

_SNMP = """\
[[snmp]]
device = "{device}"
host = "{address}"
credential = "v3"
"""


def agents(*, url: str, folder: str, addresses: dict[int, str]) -> dict[str, str]:
    """Return the configuration of every agent."""
    pinged = "".join(_PING.format(number=number, address=addresses[number]) for number in OPD)
    bodies = {
        "noc": _NOC.format(pinged=pinged, url=url, folder=folder),
        "poller": f'[traps]\nhost = "{CENTRE_ADDRESS}"\nport = {TRAP_PORT}\n'
        + "".join(
            _SNMP.format(device=device, address=addresses[number])
            for device, number in (("rtr-disdik", 3), ("rtr-hulu", 4))
        ),
        "r1": _PORTS.format(device="rtr-dukcapil", shaped=WAN),
        "r2": _PORTS.format(device="rtr-bpkad", shaped=WAN),
        "r5": _SERVER.format(folder=folder),
    }
    more = {"poller": f'credentials = "{folder}/snmp.toml"'}
    heads = {
        name: _AGENT.format(name=name, folder=folder, interval=10, url=url, more=more.get(name, "")) for name in bodies
    }
    return {name: heads[name] + body for name, body in bodies.items()}


_DEVICE = '[[device]]\ncode = "{code}"\nname = "{code}"\nsite = "{site}"\nsource = "{source}"\n{more}'

_LINK = """\
[[link]]
code = "{code}"
device = "{device}"
interface = "{interface}"
unduh = "{unduh}"
vantage = "{vantage}"
medium = "serat optik"
owner = "Kabupaten"
maintainer = "{maintainer}"
active_from = {since}
{more}
"""

_ALLOCATION = """\
[[opd]]
code = "{opd}"
name = "Dinas {opd}"
priority = "{priority}"
site = "{site}"
[[allocation]]
opd = "{opd}"
number = "500.12/{opd}/2026"
date = 2026-01-02
legal_basis = "Peraturan Bupati"
official = "Kepala Dinas"
priority = "{priority}"
down_mbps = {mbps}
up_mbps = {mbps}
floor_down_mbps = 1
floor_up_mbps = 1
valid_from = {since}
"""

_REST = """\
[[contract]]
code = "internet"
provider = "PT Penyedia Laboratorium"
number = "027/LAB/2026"
down_mbps = 40
up_mbps = 40
cost_rupiah_month = 9_000_000
valid_from = {since}
valid_to = 2027-01-01
[[server]]
device = "srv-portal"
role = "aplikasi"
opd = "DUKCAPIL"
location = "Rak A1"
insured_until = 2027-06-30
ups = ["ups-portal"]
[[server]]
device = "srv-pusat"
role = "jaringan"
location = "Rak A2"
[[ups]]
device = "ups-portal"
battery_installed = 2025-05-01
battery_life_years = 4
[[backup]]
code = "portal-harian"
server = "srv-portal"
job = "portal"
engine = "restic"
tape_copies = 0
[[backup]]
code = "pengaturan-harian"
server = "srv-portal"
job = "pengaturan"
engine = "files"
tape_copies = 0
"""


def inventory(since: str) -> str:
    """Return the inventory; lines and determinations hold from ``since``, a local time on five minutes."""
    text = '[[site]]\ncode = "pusat"\nname = "Pusat"\n'
    text += "".join(f'[[site]]\ncode = "kantor-{number}"\nname = "Kantor {number}"\n' for number in OPD)
    kinds = {"srv": "server", "ups": "ups"}
    for source, devices in DEVICES.items():
        for code in devices:
            kind = kinds.get(code[:3], "router")
            text += _DEVICE.format(code=code, site="pusat", source=source, more=f'kind = "{kind}"\n')
    for number, (opd, priority, mbps) in OPD.items():
        text += _ALLOCATION.format(opd=opd, priority=priority, site=f"kantor-{number}", mbps=mbps, since=since)
        text += _lines(number, opd, since)
    text += _LINK.format(
        code="hulu-utama", device="rtr-noc", interface="opd4", unduh="receive", vantage="noc", maintainer="Penyedia",
        since=since, more='role = "uplink"\ncontract = "internet"\nport_mbps = 100',
    )  # fmt: skip
    return text + _REST.format(since=since)


def _lines(number: int, opd: str, since: str) -> str:
    """Return a line at the OPD's end, and for the first also at the centre's."""
    name = opd.lower()
    more = f'opd = "{opd}"\nport_mbps = 100\nlimited = true\n'
    both = {"maintainer": "WAN", "since": since}
    probed = f'{more}probe = "rtr-noc/r{number}"\ncontract = "internet"\n'
    text = _LINK.format(
        code=f"wan-{name}", device=f"rtr-{name}", interface=WAN, unduh="receive", vantage="opd", more=probed, **both
    )
    if number == 1:
        text += _LINK.format(
            code=f"noc-{name}", device="rtr-noc", interface=f"opd{number}", unduh="transmit", vantage="noc",
            more=f'{more}same_as = "wan-{name}"\n', **both,
        )  # fmt: skip
    return text
