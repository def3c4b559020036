# studio-ledger: what a person or a CI types. `make help` lists it.
#
#   make demo PYTHON=/path/to/python3.12     to choose the interpreter (3.11 or newer)
#
# Works with GNU make 3.81 (macOS) and 4.x. Everything is installed into .venv, nothing elsewhere.

# The first of these that is new enough.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test versions check docs tamper faults races failover fuzz bench clean

# What an installation depends on; the sources themselves are linked, not copied.
PINS := constraints.txt pyproject.toml Makefile
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --constraint constraints.txt

COG := $(BIN)/python -m cogapp -U -p "import sys; sys.path[:0] = ['.', 'plugins']"
GENERATED := README.md docs/reference/*.md
SPHINX := $(BIN)/sphinx-build -q -W --keep-going -b html

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

demo: $(VENV)/.installed ## set up .venv and run the sample campus, from its log to its views
	$(BIN)/studio-ledger --ledger demo.db demo

test: $(VENV)/.installed-dev ## set up .venv and run all tests (a real PostgreSQL is brought along)
	$(BIN)/python -m pytest -n $(WORKERS)

# Each interpreter has an environment of its own, so that going back and forth costs nothing.
PYTHONS := 3.11 3.12 3.13 3.14
RUN ?= all

versions: ## run all tests on each Python from 3.11 on that is found, or with RUN=ends on the oldest and newest
	@found=""; \
	for version in $(PYTHONS); do \
	  for python in "python$$version" "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/"$$version".*/bin/python; do \
	    "$$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$$version')" 2>/dev/null || continue; \
	    found="$$found $$version=$$python"; break; \
	  done; \
	done; \
	set -- $$found; \
	if [ $$# -eq 0 ]; then echo "studio-ledger found none of Python $(PYTHONS). Install one" >&2; exit 1; fi; \
	echo "Found:$$found"; \
	if [ "$(RUN)" = ends ] && [ $$# -gt 2 ]; then oldest=$$1; shift $$(($$# - 1)); set -- "$$oldest" "$$1"; fi; \
	for one; do \
	  echo "Python $${one%%=*}"; \
	  $(MAKE) --no-print-directory test VENV=".venv-$${one%%=*}" PYTHON="$${one#*=}" || exit 1; \
	done

check: $(VENV)/.installed-dev ## style, types, floors, and whether the docs build and are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(COG) --check $(GENERATED)
	$(SPHINX) docs docs/_build/html

docs: $(VENV)/.installed-dev ## bring generated pages up to date and build docs/_build/html
	$(COG) -r $(GENERATED)
	$(SPHINX) docs docs/_build/html
	@echo "docs/_build/html/index.html"

tamper: $(VENV)/.installed-dev ## change a signed ledger past its guards, 40 times in each way: the table of the docs
	$(BIN)/python -m tests.faults.tampering

SECONDS ?=
SEED ?= 1

faults: $(VENV)/.installed-dev ## crash, fail and cut the power at every call, for SECONDS=600: the table of the docs
	$(BIN)/python -m tests.faults.harness --seconds $(or $(SECONDS),600) --seed $(SEED)

ROUNDS ?=

races: $(VENV)/.installed-dev ## 64 processes race for a slot, halves, a job, or equipment, ROUNDS=1000: the tables of the docs
	$(BIN)/python -m tests.faults.races --rounds $(or $(ROUNDS),1000) --seed $(SEED)
	$(BIN)/python -m tests.faults.equipment_races --rounds $(or $(ROUNDS),1000)

failover: $(VENV)/.installed-dev ## kill the primary under writers, ROUNDS=20: the table of the docs
	$(BIN)/python -m tests.faults.failover --rounds $(or $(ROUNDS),20) --seed $(SEED)

ROW ?=

SHARES ?=

bench: $(VENV)/.installed-dev ## measure beside limits and peers, ROW=name[,name] or all: a table (15 minutes)
	@$(BIN)/python -m tests.benchmarks --row "$(ROW)" $(if $(SHARES),--shares)

# Coverage-guided where atheris is at hand, and it is not a must: PyPI has it for Linux alone.
fuzz: $(VENV)/.installed-dev ## try every surface with hostile input, for SECONDS=60 each: the table of the docs
	-$(INSTALL) --group fuzz
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) --seed $(SEED)

clean: ## remove .venv, the demo's ledger and everything else that can be made again
	rm -rf .venv .venv-* build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f demo.db demo.db-* demo.views.db*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One line for whatever is missing: this is the first thing that a newcomer may read.
$(VENV)/.python:
	@python=""; \
	for found in $(PYTHON); do \
	  "$$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { python=$$found; break; }; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "studio-ledger needs Python 3.11 or newer, and found none as: $(PYTHON). Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	  echo "$$python cannot make a virtual environment: on Debian or Ubuntu, install its package $$package (apt-get install $$package), then say make again" >&2; exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
	@touch $@

# pip and hatchling first: pip for dependency groups, hatchling so that building needs no second download.
$(VENV)/.installed: $(VENV)/.python $(PINS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip hatchling
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(PINS)
	$(INSTALL) --editable . --group dev
	@touch $@
