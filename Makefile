# Everything bootstraps itself from python3, make and a package registry: a venv in .venv, uv inside it.
PYTHON ?= python3
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WORKERS ?= 3
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-config \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# The wheel carries the checker itself; asking a registry for a newer one helps nobody here.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# With less memory than this it throws away what it knows again and again.
export NODE_OPTIONS := --max-old-space-size=6144

# Tests start hundreds of processes, and each would compile every module that it loads.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt bench lock clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: $(VENV)/.stamp-dev ## Make .venv with everything needed to run, test and check

demo: $(VENV)/.stamp-run ## Play the demo shop's story, then serve it
	$(BIN)/bottega demo

test: $(VENV)/.stamp-dev ## Run the tests (WORKERS=3 processes); those of tidiness belong to check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --ignore tests/tidy

check: $(VENV)/.stamp-dev ## Lint, formatting, types, import layers, tidiness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --threads 2
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/tidy

fmt: $(VENV)/.stamp-dev ## Format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.stamp-dev ## Measure, and print the table of docs/benchmarks.md
	$(BIN)/python -m benchmarks

lock: $(UV) ## Lock the requirements again (UPGRADE=--upgrade for newer versions)
	$(LOCK) $(UPGRADE) pyproject.toml --extra build --extra weights --override requirements-left-out.txt \
		--output-file requirements.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra build --extra weights --extra dev --override requirements-left-out.txt \
		--constraint requirements.txt --no-annotate \
		--output-file requirements-dev.txt

clean: ## Remove .venv and the caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "bottega needs Python 3.11 or newer, and $(PYTHON) is older or missing:" \
			"install one, then say which, for example: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a venv: on Debian and Ubuntu install the package python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.stamp-run: requirements.txt pyproject.toml | $(UV)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --require-hashes -r requirements.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.stamp-dev: requirements-dev.txt $(VENV)/.stamp-run
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --require-hashes -r requirements-dev.txt
	@touch $@
