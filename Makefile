# Two commands do all the set-up: `make demo` and `make test`. Each makes .venv on its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CLIENTS := $(VENV)/clients/.installed
PYTEST_ARGS ?=
# What says whether a dependency still does what we need of it: every room, and the tool from end to end.
CORE := tests/unit tests/property $(addprefix tests/acceptance/test_,the_loop.py examples.py inventories.py queries.py)
# These need more than the tool: a fuzzer of APIs, other people's clients, an editor.
CORE_ARGS := $(CORE) $(addprefix --ignore=tests/unit/,sandbox/test_sandbox_openapi.py sandbox/test_sandbox_real_clients.py schema/test_editors.py)
BENCH_ARGS ?=
# The tests start the tool hundreds of times: let Python keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-spark test-minimum test-newest check format bench fuzz soak build clean

help: ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /	/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.x"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group dev -e '.[sandbox,postgres,inventory]'
	@touch $@

# Other people's clients for the tests of the sandbox, in a folder of their own; without an index those tests are skipped.
$(CLIENTS): constraints-clients.txt | $(STAMP)
	@rm -rf $(VENV)/clients
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --target $(VENV)/clients -r $< \
	  && touch $@ || { rm -rf $(VENV)/clients; echo "the real clients could not be installed; their tests will be skipped"; }

demo: $(STAMP) ## The whole loop against the embedded sandbox.
	@$(BIN)/declarative demo

test: $(STAMP) $(CLIENTS) ## The tests, on every core.
	@$(BIN)/python -m pytest -n auto --dist worksteal -q $(PYTEST_ARGS)

test-spark: $(STAMP) ## The tests that need Spark and Java 17; installs Spark, which has 400 MB.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	@$(BIN)/python -m pytest -q -m spark -o timeout=900 $(PYTEST_ARGS)

.venv-minimum/.installed: pyproject.toml constraints-minimum.txt
.venv-newest/.installed: pyproject.toml
.venv-%/.installed:
	@rm -rf .venv-$* && $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	  $(if $(wildcard constraints-$*.txt),-c constraints-$*.txt) --group core -e '.[sandbox,postgres,inventory]'
	@touch $@

test-minimum: .venv-minimum/.installed ## The core of the tests with the lowest versions that pyproject.toml allows.
	@$(dir $<)bin/python -m pytest -n auto --dist worksteal -q $(CORE_ARGS) $(PYTEST_ARGS)

test-newest: .venv-newest/.installed ## The same with the newest; `rm -r .venv-newest` looks for newer ones.
	@$(dir $<)bin/python -m pytest -n auto --dist worksteal -q $(CORE_ARGS) $(PYTEST_ARGS)

check: $(STAMP) ## Lint, types, layers, schemas, documents.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.check_project
	@$(BIN)/python docs/generate.py --check
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(STAMP) ## Format the code.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## Benchmarks: figures, ratios, targets.
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

fuzz: $(STAMP) ## A minute of damaged manifests; prints counts and the seed.
	@$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

soak: $(STAMP) ## Minutes of seeded faults; prints counts and seeds.
	@$(BIN)/python -m pytest -q -m soak $(PYTEST_ARGS)

build: $(STAMP) ## Wheel and sdist.
	@$(BIN)/python -m build

clean: ## Remove what the targets made.
	@rm -rf $(VENV) .venv-minimum .venv-newest build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
