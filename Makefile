# The two commands for a fresh machine are `make demo` and `make test`; both do all set-up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo ui test quick check wheel clean

demo: $(VENV)/.ui            ## build, train and debate, offline
	$(BIN)/persllm demo

ui: $(VENV)/.ui              ## open the web page
	$(BIN)/persllm ui

test: $(VENV)/.dev           ## all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

quick: $(VENV)/.dev          ## the tests that take seconds
	$(BIN)/python -m pytest -q -m "not slow and not browser"

check: $(VENV)/.dev          ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright
	$(BIN)/lint-imports

wheel: $(VENV)/.dev          ## build the wheel into dist/
	$(BIN)/python -m build --wheel

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ui: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[ui]"
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.ui

clean:
	rm -rf $(VENV) build dist *.egg-info
