# Everything a person types here. All that is needed is python3 (3.11 or newer, with venv and pip)
# and a package registry: the first target sets up .tools/ and .venv/, later ones find them there.

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .tools/bin/uv
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --quiet
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
SOURCES := events services projections headgate
TYPED := .venv/.typed
CHECKED = $(shell find $(SOURCES) tests \( -name '*.py' -o -type d ! -name __pycache__ \))
FAST_TESTS := fast-architecture fast-rules fast-events

export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV :=
# set from outside, it would make every start compile all modules anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types suite $(FAST_TESTS) bench chaos parity fuzz compose-test up down lock clean

help:  ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## run a real flow through Headgate with the unmodified Prefect client
	@$(BIN)/python -m headgate.demo

test: lint types suite  ## lint, types, the whole suite and its coverage

check: $(INSTALLED)  ## lint, types and the tests without I/O, in under 20 s
	@$(MAKE) --no-print-directory --jobs 3 $(if $(filter output-sync,$(.FEATURES)),--output-sync) lint types $(FAST_TESTS)

lint: $(INSTALLED)
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format . mends these:"; $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(TYPED)

$(TYPED): $(INSTALLED) $(CHECKED)  # where nothing has changed, nothing is checked again
	@$(BIN)/pyright
	@touch $@

$(FAST_TESTS): fast-%: $(INSTALLED)  # each by itself, so that they run side by side
	@$(BIN)/python -m pytest -q -k 'not redis' tests/$*

suite: $(INSTALLED)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@for pure in 'events/*' 'services/rules/*' 'projections/*'; do \
		$(BIN)/coverage report --include "$$pure" --fail-under 100 >/dev/null || \
		{ echo "coverage of $$pure is below 100 %"; exit 1; }; \
	done

bench: $(INSTALLED)  ## measure throughput and latency; writes bench/results.json; BENCH=api for a part
	@$(BIN)/python -m tests.bench

chaos: $(INSTALLED)  ## kill processes at random under load, then audit what is left
	@$(BIN)/python -m tests.chaos

parity: $(INSTALLED)  ## play random scripts on the reference and on Headgate; PARITY_N of them
	@$(BIN)/python -m tests.parity

fuzz: $(INSTALLED)  ## send what nobody should send: FUZZ_N requests, frames and entries besides
	@$(BIN)/python -m tests.fuzz

compose-test: $(INSTALLED)  ## bring compose.yaml up, run a flow run through it, kill a rule processor
	@$(BIN)/python -m tests.compose

up:  ## start everything in containers
	$(COMPOSE) up --build --detach

down:  ## stop the containers; their volumes stay
	$(COMPOSE) down

lock: $(UV)  ## renew the locks from pyproject.toml; LOCK_FLAGS=--upgrade takes newer versions
	@$(UV) $(COMPILE) $(LOCK_FLAGS) --group dev --output-file requirements.lock
	@$(UV) $(COMPILE) --constraints requirements.lock --output-file requirements-service.lock
	@echo "requirements.lock and its part for the image, requirements-service.lock, are renewed"

clean:  ## remove everything that can be made again
	rm -rf .venv .tools .demo .parity .hypothesis .pytest_cache .ruff_cache .coverage .coverage.* dist
	find $(SOURCES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Headgate needs Python 3.11 or newer; set PYTHON=" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up: uv $(UV_VERSION) into .tools/"
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(INSTALLED): requirements.lock pyproject.toml | $(UV)
	@echo "Setting up: dependencies from requirements.lock into .venv/ (about a minute the first time)"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
