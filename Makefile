# `make run` starts Nadi on this machine; `make test` is the one check. Everything they need they install.
SHELL := /bin/bash
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet --quiet
# What the tests need beside Python: namespaces, shaped links, load, readers of PDF files, and real peers.
DEBIAN := iproute2 iperf3 ethtool iputils-ping nftables poppler-utils qpdf snmpd snmp nut-server nut-client libnss3-tools \
  libusb-0.1-4 openssl systemd restic borgbackup postgresql pgbackrest bacula-director bacula-director-sqlite3 bacula-sd bacula-fd bacula-console \
  sqlite3 sg3-utils mt-st smartmontools dnsmasq-base chrony softhsm2 victoria-metrics prometheus prometheus-alertmanager \
  mmdebstrap systemd-container openssh-client dpkg-dev
# apcupsd conflicts with nut-client, so it is unpacked and not installed.
APCUPSD := build/debian/sbin/apcupsd

# Pythons and processors for which `make bundle` takes wheels: Debian 12, Ubuntu 24.04, Debian 13.
BUNDLE_PYTHONS ?= 3.11-x86_64 3.12-x86_64 3.13-x86_64 3.11-aarch64 3.12-aarch64 3.13-aarch64

.PHONY: run test lint unit test-lab test-deploy bench bundle lock debian clean

run: $(VENV)/collector.stamp
	@$(BIN)/nadi try

test: debian $(APCUPSD) $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory lint unit

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy ansible/bundle.py ansible/roles/nadi/filter_plugins/nadi.py

# Much of the time the tests wait for real peers, so two workers take little more than half of it.
unit: $(VENV)/dev.stamp $(VENV)/deploy.stamp
	$(BIN)/pytest -m "not slow and not deploy" -n 2 --dist loadfile

# What takes longer: the network laboratory with real 300-second bins (root), the OpenAPI role by role, a simulated year,
# a short day of the laboratory, the life of the private CA; about half an hour in all.
test-lab: debian $(VENV)/dev.stamp $(VENV)/deploy.stamp
	$(BIN)/pytest -m slow

# Ansible against Debian systems booted in network namespaces (root, about 20 minutes).
test-deploy: debian $(VENV)/dev.stamp $(VENV)/deploy.stamp
	$(BIN)/pytest tests/deploy -m deploy -rP --durations=0

# What a site without internet is installed from: build/bundle/nadi-VERSION, of the last commit.
bundle: $(VENV)/collector.stamp
	@$(BIN)/python ansible/bundle.py $(BUNDLE_PYTHONS)

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

# Locks every package with its hashes and without any index address.
lock: $(VENV)/dev.stamp
	$(PIP) install uv
	for extra in agent poller collector dev; do \
	  $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --extra $$extra pyproject.toml -o requirements/$$extra.txt; done
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --constraint requirements/dev.txt --extra deploy pyproject.toml -o requirements/deploy.txt
	echo 'setuptools>=77' | $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --python-version 3.11 - -o requirements/build.txt

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

debian:
	@missing=$$(dpkg-query -W -f='$${Package} $${db:Status-Status}\n' $(DEBIAN) 2>/dev/null | awk '$$2=="installed"{print $$1}' \
	  | sort | comm -13 - <(printf '%s\n' $(DEBIAN) | sort)); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=240 $$missing >/dev/null; \
	  else echo "not root: cannot install" $$missing "; the tests that need them will say so" >&2; fi; fi

$(APCUPSD): | debian
	@mkdir -p build/debian && cd build/debian && apt-get download -qq apcupsd >/dev/null 2>&1 \
	  && dpkg -x apcupsd_*.deb . && rm -f apcupsd_*.deb && touch sbin/apcupsd \
	  || echo "apcupsd cannot be fetched; the tests that need it will say so" >&2

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Nadi needs Python 3.11 or newer; set PYTHON=")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; } \
	  || { echo "python3-venv is missing; run: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.txt requirements/build.txt pyproject.toml | $(VENV)/bin/pip
	@echo "installing requirements/$*.txt into $(VENV)"
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --require-hashes -r requirements/$*.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
