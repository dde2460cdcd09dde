# Two commands matter: `make lab` opens the lab, `make test` proves it. Both need nothing but Python 3.11 or newer.
# What they install lies in .venv; a second call finds it there (stamp files) and starts at once.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --disable-pip-version-check -c constraints.txt
STAMPS := $(VENV)/.tuilab

.PHONY: lab test lint format bench clean
.DEFAULT_GOAL := lab
.DELETE_ON_ERROR:

lab: $(STAMPS)/lab
	@$(VENV)/bin/tuilab

# The engine is compiled before the tests are dealt out to two processes, or each of them would do it.
test: $(STAMPS)/test
	@$(PY) -c 'from engine.warm import warm_up; warm_up()'
	$(PY) -m pytest --numprocesses 2 --dist worksteal $(PYTEST_ARGS)

lint: $(STAMPS)/lint
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

format: $(STAMPS)/lint
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: $(STAMPS)/lab
	@$(VENV)/bin/tuilab bench $(BENCH_ARGS)
	@$(PY) -m tuilab.tui.charts.bench

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find engine tuilab tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "tuilab needs Python 3.11 or newer, $(PYTHON) is %d.%d: try make PYTHON=python3.13" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/lab: $(STAMPS)/venv pyproject.toml constraints.txt
	$(INSTALL) -e .
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv pyproject.toml constraints.txt
	$(INSTALL) -e '.[test]'
	@touch $@ $(STAMPS)/lab

# mypy reads the types of what the project imports, so the project is installed here too.
$(STAMPS)/lint: $(STAMPS)/venv pyproject.toml constraints.txt
	$(INSTALL) -e '.[lint]'
	@touch $@
