# What one types here: `make demo`, `make test`. Both set up what they need in .venv.
# Needs Python 3.11 or newer, git and make; another Python: make PYTHON=/path/to/python ...

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
SOURCES := src tests scripts benchmarks examples
# Stamps: younger than what the set-up depends on, if it is still right.
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
NEEDS := pyproject.toml constraints.txt | $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench docs lint types format wheel audit clean

help:  ## Show these targets.
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

setup: $(READY_DEV)  ## Set up the environment with all development tools.

demo: $(READY)  ## Segment organs of a real CT and MR; writes demo-output/.
	@$(BIN)/vesal demo -o demo-output

# Two processes with a thread each: two threads in one process wait for each other half of the time.
# Each begins with half of the tests in their order, which keeps most fixtures in one of them; who is
# done takes half of what the other has left, so that none is idle at the end.
# With bytecode kept, as each test of the command line would compile the whole package again.
test: lint types  ## Everything: lint, types and all tests.
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

bench: setup  ## The README's table of quality: vesal-mini and baselines on the declared test set.
	$(BIN)/python benchmarks/quality.py --workers 2

docs: setup  ## The documentation as a site, in site/; warnings are errors.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lint: setup  ## Style, formatting, floors, sizes.
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_sizes.py

types: setup  ## Types of the sources and the tests; that Windows has what the sources use.
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --no-warn-unreachable --cache-dir .mypy_cache/win32 src

format: setup  ## Format the code and mend what ruff can mend.
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

wheel:  ## Build wheel and sdist, install the wheel in an empty environment, run it offline.
	@sh scripts/check_wheel.sh "$$(PYTHON='$(PYTHON)' sh scripts/find_python.sh)"

# In an environment of its own. Strict: what the database does not answer for is an error, not a pass.
audit: $(BIN)/python  ## Known weaknesses of what is pinned; asks pip-audit's database.
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/pip --disable-pip-version-check -qq install pip-audit
	@$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt

clean:  ## Remove the environment and what the tools left.
	rm -rf $(VENV) demo-output site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

$(BIN)/python:
	@python="$$(PYTHON='$(PYTHON)' sh scripts/find_python.sh)" && "$$python" -m venv $(VENV)

$(READY): $(NEEDS)
	@echo "setting up $(VENV) for vesal (once)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(READY_DEV): $(NEEDS)
	@echo "setting up $(VENV) for development (once)"
	@$(PIP) install -c constraints.txt -e '.[curate,dev,dicom,docs,evaluate,hub,mesh,onnx,ray,remote,server,train]'
	@$(PIP) install --no-deps monailabel==0.8.5 || echo "no monailabel client: its tests are skipped"
	@sh scripts/install_for_tests.sh
	@touch $(READY) $@
