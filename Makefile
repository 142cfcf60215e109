# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Needs Debian 12 and nothing else: what is missing is installed (as root) or named (otherwise).
# All that is made here goes to build/.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
FIRMWARE ?= uefi
MACHINES ?= 1
STORE ?= files
ROUNDS ?= 3
export PYTHON FIRMWARE MACHINES STORE

# This checkout is the collection, nothing of it is kept in anybody's home, and Ansible insists on a UTF-8 locale.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/link
export ANSIBLE_HOME := $(CURDIR)/build/home/.ansible
export LC_ALL := C.UTF-8

VENV := $(CURDIR)/build/venv/bin
RUN := PYTHONPATH=tests $(VENV)/python -m steps.run

# What is installed is locked, with hashes; `make lock` renews the locks.
DAEMON := roles/bootd/files/requirements-host.lock
CONTROLLER := tests/locks/ansible.lock
TESTS := tests/locks/tests.lock

# What bootd is measured with: its peers are the system's packages.
SYSTEM_PYTHON ?= /usr/bin/python3

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Boot a machine from the network in an isolated lab (FIRMWARE=bios, MACHINES=3, STORE=kubernetes)
	@tests/setup/packages venv lab $(if $(filter kubernetes,$(STORE)),cluster)
	@tests/setup/venv $(DAEMON) $(CONTROLLER)
	@tests/setup/link
	@PATH="$(VENV):$$PATH" PYTHONPATH=tests exec python -m lab.demo

.PHONY: demo-harvester
demo-harvester: ## Make a cluster of three machines in the lab, two of which go wrong at first (STORE=kubernetes)
	@tests/setup/packages venv lab $(if $(filter kubernetes,$(STORE)),cluster)
	@tests/setup/venv $(DAEMON) $(CONTROLLER)
	@tests/setup/link
	@PATH="$(VENV):$$PATH" PYTHONPATH=tests exec python -m lab.harvester

.PHONY: test
test: venv ## Run everything CI runs
	@tests/setup/packages lint ansible wire lab installers cluster page
	@$(RUN)

.PHONY: lint
lint: venv ## ruff, mypy, shellcheck, yamllint, ansible-lint, reuse
	@tests/setup/packages lint
	@$(RUN) lint

.PHONY: unit
unit: venv ## Unit tests, pure and quick, and the HTTP and TFTP servers on loopback
	@$(RUN) unit

.PHONY: contract
contract: venv ## What every store keeps to; killed processes, full disks, vanished directories
	@tests/setup/packages cluster
	@$(RUN) contract

.PHONY: api
api: venv ## bootd and the modules against a real API server
	@tests/setup/packages cluster
	@$(RUN) api

.PHONY: sanity
sanity: venv ## ansible-test sanity
	@$(RUN) sanity

.PHONY: cores
cores: venv ## Plugins and roles on each ansible-core that there is a Python for
	@$(RUN) cores

.PHONY: collection
collection: venv ## Build the tarball, install it elsewhere, read the documentation of all it holds
	@$(RUN) collection

.PHONY: docs
docs: venv ## Check the plugins' documentation and the changelog fragments, and build the site
	@$(RUN) docs

.PHONY: site
site: venv ## Build the documentation site, of files alone, into build/site
	@PATH="$(VENV):$$PATH" PYTHONPATH=tests $(VENV)/python -m docsite.build

.PHONY: molecule
molecule: venv ## Role scenarios
	@tests/setup/packages ansible
	@$(RUN) molecule

.PHONY: integration
integration: venv ## ansible-test integration: the modules against a real daemon on loopback
	@tests/setup/packages ansible
	@$(RUN) integration

.PHONY: page
page: venv ## The page in Chromium, and pictures of it in build/pictures
	@tests/setup/packages page
	@$(RUN) page

.PHONY: wire
wire: venv ## Real DHCP, TFTP and HTTP clients against the daemon, in network namespaces (root)
	@tests/setup/packages wire
	@$(RUN) wire

.PHONY: daemon
daemon: venv ## The running daemon: hostile input, ten thousand machines, kill -9, full disks (root)
	@tests/setup/packages wire
	@$(RUN) daemon

.PHONY: e2e
e2e: venv ## Machines in QEMU that boot from the network (root)
	@tests/setup/packages wire lab installers cluster page
	@$(RUN) e2e

.PHONY: boot-matrix
boot-matrix: venv ## Boot machines of every kind in every network, and write docs/boot-matrix.md (root)
	@tests/setup/packages lab wire
	@BOOT_MATRIX_PAGE=write $(RUN) boot-matrix

.PHONY: bench-venv
bench-venv: venv
	@tests/setup/packages bench
	@PYTHON=$(SYSTEM_PYTHON) tests/setup/venv --in build/bench-venv $(DAEMON)

.PHONY: bench
bench: bench-venv ## bootd beside its peers, by turns in one run, into build/bench (root; ONLY=dhcp ROUNDS=3)
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m bench.run $(if $(ONLY),--only $(ONLY)) --rounds $(ROUNDS) $(BENCH)

.PHONY: storm
storm: bench-venv ## A thousand machines boot at once, by bootd and by dnsmasq with nginx (MACHINES=1000, ROUNDS=3; root)
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m storm --rounds $(ROUNDS) \
		--machines $(if $(filter command line environment,$(origin MACHINES)),$(MACHINES),1000)

.PHONY: bench-report
bench-report: venv ## Write docs/performance.md and its pictures of what `make bench` has measured
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m bench.report

.PHONY: growth
growth: bench-venv ## What an OFFER, a script, memory and a start cost bootd with 10 to 10,000 machines (ROUNDS=3; root)
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m storm.growth --rounds $(ROUNDS)

.PHONY: api-writes
api-writes: venv ## What a Kubernetes API sees of machines that boot
	@tests/setup/packages cluster
	@PYTHONPATH=plugins/module_utils:build/link:tests $(VENV)/python -m storm.api_writes

.PHONY: scaling-page
scaling-page: venv ## Write the figures of docs/scaling.md, of the last make storm, growth and api-writes
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m storm.page

.PHONY: timeline
timeline: venv ## What machines in QEMU wait for while they boot, into docs/boot-timeline.svg (root)
	@tests/setup/packages lab wire bench
	@PYTHONPATH=plugins/module_utils:tests $(VENV)/python -m timeline

.PHONY: build
build: venv ## Build the collection's tarball into build/dist
	@$(VENV)/ansible-galaxy collection build --force --output-path build/dist

.PHONY: format
format: venv ## Format the Python files
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format .

.PHONY: venv
venv: ## Make build/venv with all that the tests import
	@tests/setup/packages venv
	@tests/setup/venv $(DAEMON) $(CONTROLLER) $(TESTS)
	@tests/setup/link

.PHONY: lock
lock: ## Renew the lock files: the newest releases that the requirements allow
	@tests/setup/packages venv
	@tests/setup/lock

.PHONY: newest
newest: ## unit, contract and wire on the newest releases of everything (PYTHON=python3.13; root)
	@tests/setup/packages venv wire cluster
	@tests/setup/newest
	@tests/setup/link
	@PYTHONPATH=tests build/venv-newest/bin/python -m steps.newest
	@PYTHONPATH=tests build/venv-newest/bin/python -m steps.run unit contract wire

.PHONY: clean
clean: ## Remove what was made, but keep the venv and caches
	@rm -rf build/demo build/demo-harvester build/dist build/test build/tree

.PHONY: distclean
distclean: ## Remove everything that was made
	@rm -rf build
