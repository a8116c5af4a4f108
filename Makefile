# Two commands need nothing but Python and make: `make demo` and `make test`.
PYTHON ?= python3
ARGS ?=
RUNS ?=
SECONDS ?= 60
SAMPLE ?=
VENV := .venv
AGREEMENT := .venv-agreement
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-agreement test-browser fuzz mutants lint clean

help:
	@echo "make demo              the example behind a real reverse proxy, until Ctrl-C"
	@echo "make demo ARGS=--once  the same, ending after its transcript"
	@echo "make test              the tests, with coverage; ARGS go to pytest"
	@echo "make test-agreement    ask other packages who the client is, and write docs/agreement.md"
	@echo "make test-browser      press the buttons of the example's page in Chromium"
	@echo "make fuzz              break the invariants, for SECONDS=60 or for RUNS=10000000"
	@echo "make mutants           change the package in one place at a time; SAMPLE=60 does 60 of them"
	@echo "make lint              ruff and mypy"
	@echo "make clean             remove what these commands made"

demo: $(VENV)/.demo
	@$(BIN)/python -m tests.demo $(ARGS)

test: $(VENV)/.test
	$(BIN)/pytest --cov $(ARGS)

# In an environment of its own, as the packages are many; the migrations of all would take longer.
test-agreement: $(AGREEMENT)/.httpxforwardedfor
	$(AGREEMENT)/bin/pytest --ds tests.agreement.settings --nomigrations tests/agreement $(ARGS)

test-browser: $(VENV)/.browser
	@missing=; \
	command -v chromium >/dev/null || missing=chromium; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	if [ "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -qq --yes --no-install-recommends $$missing; \
	elif [ "$$missing" ]; then \
	  echo "Missing: $$missing. On Debian: apt install $$missing" >&2; exit 1; \
	fi
	$(BIN)/pytest tests/browser $(ARGS)

# RUNS counts executions over all targets. What a run found new is kept by ARGS=--merge.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz $(if $(RUNS),--runs $(RUNS),--seconds $(SECONDS)) $(ARGS)

# Another sample for each commit, and the same one for the same commit.
mutants: $(VENV)/.mutation
	$(BIN)/python -m tests.mutation $(if $(SAMPLE),--sample $(SAMPLE) --seed "$$(git rev-parse HEAD)") $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(AGREEMENT) .tox .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .fuzz build dist

$(VENV)/.pip $(AGREEMENT)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 10) else \
	  "django-trustedproxy needs Python 3.10 or newer, this is " + sys.version.split()[0] + \
	  ". Try: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

# A file .group in a virtual environment says that the group of pyproject.toml is installed there.
GROUPS := $(addprefix $(VENV)/.,demo test browser fuzz mutation lint)
$(GROUPS): $(VENV)/.pip
$(AGREEMENT)/.agreement: $(AGREEMENT)/.pip
$(GROUPS) $(AGREEMENT)/.agreement: pyproject.toml
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group $(@F:.%=%)
	@touch $@

# Its metadata admits no Django after 2.1, which it works with all the same.
$(AGREEMENT)/.httpxforwardedfor: $(AGREEMENT)/.agreement
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps django-httpxforwardedfor IPy
	@touch $@
