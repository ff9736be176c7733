# Leither Edge. `make` alone lists the targets.
PROFILE ?= pi-zero
STATE   ?= .leither
LISTEN  ?= loopback
PORT    ?= 8040
DNS     ?=
REDIS   ?=
DATA    ?=
CARD    ?=
PYTHON  ?= python3
VENV    := .venv/bin
# In quotes the shell leaves ~ as it is.
HOMED    = $(patsubst ~/%,$(HOME)/%,$(1))
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help run test slow lint bench mpy image image-sources image-legal image-check image-configs qemu image-test image-radio radio-test arm-bench arm-test pictures lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nSettings: PROFILE=%s STATE=%s LISTEN=%s PORT=%s CARD=%s PYTHON=%s\n' '$(PROFILE)' '$(STATE)' '$(LISTEN)' '$(PORT)' '$(CARD)' '$(PYTHON)'

.venv/.ready-run: requirements/run.lock install.sh leither_edge/ledger/_tree_hash.c
	@PYTHON='$(PYTHON)' ./install.sh run

.venv/.ready-test: requirements/dev.lock install.sh leither_edge/ledger/_tree_hash.c
	@PYTHON='$(PYTHON)' ./install.sh test

run: .venv/.ready-run ## start a node with its setup page here (LISTEN=all lets a phone in, DNS=5300 answers names of keys there, REDIS=6379 Redis clients)
	@exec $(VENV)/python -m appliance.supervisor --profile '$(PROFILE)' --state '$(call HOMED,$(STATE))' --listen '$(LISTEN)' --port '$(PORT)' \
		$(if $(DNS),--dns-port '$(DNS)') $(if $(REDIS),--redis-port '$(REDIS)') $(if $(DATA),--data '$(call HOMED,$(DATA))') $(if $(CARD),--card '$(call HOMED,$(CARD))')

# One more than there are cores: some tests wait for the disk.
test: .venv/.ready-test ## run the fast tests, a real browser among them, on as many cores as there are
	@$(VENV)/python -m pytest -n $(shell expr $$(nproc) + 1) --maxprocesses 5

slow: .venv/.ready-test ## run the tests marked slow: long crash tests, soaks
	@$(VENV)/python -m pytest -m slow

lint: .venv/.ready-test ## check style and the shell scripts
	@$(VENV)/python -m ruff check .
	@shellcheck install.sh .ci/run tests/radio/run tests/mpy/install

bench: .venv/.ready-test ## measure against peers in the same run: tables on the terminal
	@for program in tests/bench/[a-z]*.py; do $(VENV)/python "$$program" --quick || exit 1; done

.venv/.ready-mpy: .venv/.ready-test install.sh
	@PYTHON='$(PYTHON)' ./install.sh mpy

mpy: .venv/.ready-mpy ## hold core to MicroPython: subset, sizes, golden vectors on two ports, smallest heap
	@tests/mpy/install
	@$(VENV)/python -m tests.mpy.check

.venv/.ready-arm: .venv/.ready-test install.sh
	@PYTHON='$(PYTHON)' ./install.sh arm

arm-bench: .venv/.ready-arm ## measure a pulse, signature checks and the idle node on 32-bit ARM under qemu (ARM_OPTIONS=--help)
	@$(VENV)/python -m tests.bench.arm $(ARM_OPTIONS)

.venv/.ready-image: .venv/.ready-run install.sh
	@PYTHON='$(PYTHON)' ./install.sh image

.venv/.ready-qemu: .venv/.ready-test install.sh
	@PYTHON='$(PYTHON)' ./install.sh qemu

image: .venv/.ready-image ## build the flashable image of PROFILE (two hours the first time; BUILDROOT_DIR= BR2_DL_DIR= SOURCES=debian)
	@$(VENV)/python image/build.py '$(PROFILE)'

image-sources: .venv/.ready-image ## fill the download folder from the Debian archive and PyPI alone
	@$(VENV)/python image/build.py --only-sources '$(PROFILE)'

image-legal: .venv/.ready-image ## collect licences and manifest of the built image into legal-info.tar.xz beside it
	@$(VENV)/python image/build.py --legal '$(PROFILE)'

image-check: .venv/.ready-test ## check fragments, symbols, sizes and scripts of the image without a Buildroot tree
	@$(VENV)/python -m image.check

image-configs: .venv/.ready-run ## make the defconfigs of the boards anew from their fragments
	@$(VENV)/python -m image.check --write

radio-test: .venv/.ready-test ## test Wi-Fi on simulated radios in a real kernel
	@tests/radio/run

qemu: .venv/.ready-qemu ## start the built image in QEMU, its portal on a local port
	@$(VENV)/python -m image.tests.emulate --profile '$(PROFILE)' $(QEMU_OPTIONS)

image-test: .venv/.ready-qemu ## test the built image in QEMU, from outside (IMAGE_TEST_OPTIONS=--quick: few power cuts)
	@$(VENV)/python -m pytest image/tests --profile '$(PROFILE)' $(IMAGE_TEST_OPTIONS)

image-radio: .venv/.ready-qemu ## test the built image's Wi-Fi in QEMU on simulated radios (as root, some minutes)
	@image/tests/neighbours/run --profile '$(PROFILE)'

arm-test: .venv/.ready-arm ## run the tests of the store and the content store on 32-bit ARM under qemu (some minutes)
	@$(VENV)/python -m tests.arm_store

pictures: .venv/.ready-qemu ## take the README's pictures anew, from a built pi-zero image (PICTURE_OPTIONS=--help)
	@$(VENV)/python -m docs.pictures.take $(PICTURE_OPTIONS)

lock: .venv/.ready-test ## make the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml --extra cli -o requirements/run.lock
	$(COMPILE) pyproject.toml --extra dev -c requirements/run.lock -o requirements/dev.lock
	$(COMPILE) requirements/pycose.in -o requirements/pycose.lock
	$(COMPILE) requirements/radio.in -o requirements/radio.lock
	$(COMPILE) requirements/cyclonedx.in -o requirements/cyclonedx.lock
	$(COMPILE) requirements/ledger-peers.in -o requirements/ledger-peers.lock
	$(COMPILE) requirements/plot.in -o requirements/plot.lock
	$(COMPILE) requirements/libtorrent.in -o requirements/libtorrent.lock
	$(COMPILE) requirements/codec-peers.in -o requirements/codec-peers.lock
	$(COMPILE) requirements/dns-sd.in -o requirements/dns-sd.lock
	$(COMPILE) requirements/noise.in -o requirements/noise.lock

clean: ## remove what was built and installed here; the node's data stays
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
