# make run   the monitor with played services, live, no credentials
# make test  everything that guards it
PYTHON ?= python3
# What was compiled once is used by all processes that follow, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test chaos bench lint pictures clean
.DEFAULT_GOAL := run

# Compiled is what is used, when it is used first: all that is installed would take longer than the installing.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -r $(1)
	@touch $(VENV)/ready $@
endef

$(VENV)/ready: requirements.txt constraints.txt
	$(call install,requirements.txt)

# The requirements of `run` are among these: one call for all is quicker than two.
$(VENV)/ready-dev: requirements.txt requirements-dev.txt constraints.txt
	$(call install,requirements-dev.txt)

run: $(VENV)/ready
	@exec $(BIN)/python -m salina_monitor sandbox

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2

# Some tests wait for servers, so three share two cores, then two Chromiums. What measures time
# comes last, by itself, and so does the short chaos walk. `make test WORKERS=0 BROWSERS=0` runs one after the other.
WORKERS ?= 3
BROWSERS ?= 2

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not alone and not e2e and not long"
	$(BIN)/python -m pytest -n $(BROWSERS) --dist loadfile --no-loadscope-reorder -m "not alone" tests/e2e
	$(BIN)/python -m pytest -m "alone or long"

chaos: $(VENV)/ready-dev
	$(BIN)/python -m pytest -m long

bench: $(VENV)/ready-dev
	$(BIN)/python -m tests.bench --write

pictures: $(VENV)/ready-dev
	$(BIN)/python -m tests.support.pictures

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
