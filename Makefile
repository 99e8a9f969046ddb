# The two commands: `make demo` and `make test`. Everything they install stays in .venv and .tools.

# the first interpreter that is new enough; PYTHON=... overrides
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
# hashes and no addresses: the lock is good for every index and mirror
LOCKED := --quiet --upgrade --universal --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help install anvil browser engines demo test fuzz check docs lock contracts sample clean

help: ## List what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: .venv/.ready ## Install what is locked into .venv

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'exposure needs Python 3.11 or later.' >&2; \
		echo "  why: '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; \
		echo '  fix: install a newer Python and name it, for example: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; \
		exit 1; }
	@echo 'Installing into .venv (once, about a minute) ...'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

anvil: .venv/.ready ## Get anvil, the Ethereum node of demo and tests, unless it is there
	@$(BIN)/python tools/get_anvil.py

browser: .venv/.ready ## Get Chromium, the browser that the tests of the pages drive, unless it is there
	@$(BIN)/python tools/get_browser.py

engines: .venv/.engines ## Install what the tests of the engines need: Dask, Spark, and Java where there is none

.venv/.engines: .venv/.ready tools/engines.lock
	@echo 'Installing Dask and Spark into .venv, for the tests (once, about a minute) ...'
	@$(PIP) install --require-hashes -r tools/engines.lock
	@touch $@

demo: .venv/.ready ## Run the sample incident end to end, on a real EVM
	@$(BIN)/python tools/get_anvil.py || echo 'Going on without it: the demo reads the same chain from files.' >&2
	@$(BIN)/exposure demo || test $$? -eq 1  # 1: done, and something needs a person, as in a real incident

test: anvil browser engines ## Run the tests
	$(BIN)/pytest -q -n auto --dist loadfile

SECONDS ?= 60
fuzz: .venv/.ready ## Look for bytes that break the readers of logs, for SECONDS
	@$(PIP) install --require-hashes -r tools/fuzz.lock
	$(BIN)/python -m tests.fuzz.fuzz_logs $(SECONDS)

check: .venv/.ready ## Lint, format, types, generated documents in step with the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy exposure
	$(BIN)/python -m exposure.docs --check

docs: .venv/.ready ## Write the generated pages of docs/ again from the code
	$(BIN)/python -m exposure.docs

lock: ## Refresh the locked versions (needs uv)
	uv --no-config pip compile $(LOCKED) --group dev pyproject.toml -o requirements.lock
	uv --no-config pip compile $(LOCKED) --python-version 3.11 tools/node.in -o tools/node.lock
	uv --no-config pip compile $(LOCKED) --python-version 3.11 tools/fuzz.in -o tools/fuzz.lock
	uv --no-config pip compile $(LOCKED) --python-version 3.11 -c requirements.lock tools/engines.in -o tools/engines.lock

contracts: .venv/.ready ## Compile the drill's contracts again
	$(BIN)/python -m exposure.drill.build_contracts

sample: anvil ## Make sample_data again
	$(BIN)/exposure drill sample_data --preset sample --seed 1 --force

clean: ## Remove what make and the tools made
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis dist demo-case
	find exposure tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
