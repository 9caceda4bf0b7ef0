# Two commands matter: `make run` and `make test`. Only Python >= 3.11, make and a package index are needed.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Of what is installed only what is used is ever compiled, when it is used first.
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --quiet --require-hashes --no-deps --no-compile
REQUIREMENTS := backend/requirements
WEB := backend/web/node_modules
# One more than there are processors: tests wait for browsers and servers, which need processors, too.
JOBS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")

# No package stands in two of the requirement files, so that all are installed at the same time, as are the browser's.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=3
endif
DEV := $(VENV)/base.stamp $(VENV)/dev.stamp

# Compiled modules are kept, whatever the shell says: each of a dozen processes would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: conformance run test check style types layers document bench year screenshots requirements clean

# Sets up, starts database, web and worker, prints the address and the demo accounts. Ctrl-C stops everything.
run: $(VENV)/base.stamp $(WEB)/.stamp
	@exec $(PY) backend/manage.py run

# Every check and every test; the last line is pytest's. With THOROUGH=1, as before a release, the tests that try
# much of the same (a year of families, random days of telephones, random requests) try more of it. Types, of one
# process's work half a minute, are checked beside everything else; what is wrong with them is said at the end. One
# process reads all tests first: compiled by then, they are read in half the time by each of the others.
test: $(DEV) $(WEB)/.stamp
	@said=$$(mktemp); $(MAKE) --no-print-directory types >"$$said" 2>&1 & types=$$!; \
	$(MAKE) --no-print-directory layers style && { $(PY) -m pytest --collect-only --quiet >/dev/null; \
	$(PY) -m pytest --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder --durations 25 --durations-min 5; }; \
	tests=$$?; wait $$types || { cat "$$said"; tests=1; }; rm -f "$$said"; exit $$tests

check: types layers style

types document layers style: $(DEV) $(WEB)/.stamp

style:
	$(PY) -m ruff check
	$(PY) -m ruff format --check

types:
	$(PY) -m mypy

layers:
	$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

# The API's document by itself; a test writes and validates it, too.
document:
	$(PY) backend/manage.py spectacular --validate --fail-on-warn --file /dev/null

# Random and hostile requests against the OpenAPI document: `make test` sends some, this many more, other ones each time.
# `make conformance SEED=7` sends those of the seed 7 again.
SEED ?= $(shell date +%s)
EXAMPLES ?= 50
conformance: $(DEV)
	CONFORMANCE_SEED=$(SEED) CONFORMANCE_EXAMPLES=$(EXAMPLES) $(PY) -m pytest tests/api/test_conformance.py

# The figures of the README; prints a table and writes bench.json. BENCH_SCALE=small takes under five minutes.
bench: $(DEV)
	@exec $(PY) -m tests.bench

# A county's year in the real engine; FAMILIES=1000 takes up to an hour on two cores, 10,000 four to five. Prints the
# months and what was found, writes year.json; Ctrl-C ends it with the day and judges what was lived so far. With
# KEEP=folder the same command goes on with the day after.
FAMILIES ?= 10000
year: $(DEV)
	@exec $(PY) -m tests.year $(FAMILIES) $(if $(KEEP),--keep $(KEEP))

# The README's pictures, from a fresh demo; Chromium must be there.
screenshots: $(DEV) $(WEB)/.stamp
	$(PY) -m tests.browser.screenshots

# Pins the newest versions that fit the .in files, for Linux and macOS, Python 3.11 and later. What base.txt has is left
# out of dev.txt, in the versions of base.txt (dev.in says so).
requirements: $(DEV)
	cd $(REQUIREMENTS) && for name in base dev web; do \
		../../$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make requirements" \
			$$([ $$name != dev ] || sed -n 's/^\([a-z0-9._-]*\).*==.*/--no-emit-package \1/p' base.txt | sort -u) \
			--output-file $$name.txt $$name.in || exit 1; \
	done

$(VENV)/base.stamp: $(REQUIREMENTS)/base.txt | $(PY)
	@echo "Installing what the system runs on ($<) ..."
	@$(PIP) -r $<
	@touch $@

$(VENV)/dev.stamp: $(REQUIREMENTS)/dev.txt | $(PY)
	@echo "Installing what the checks need ($<) ..."
	@$(PIP) -r $<
	@touch $@

# What browsers load. npm comes from the machine or, where there is none, as a package.
$(WEB)/.stamp: backend/web/package-lock.json | $(PY)
	@echo "Installing what browsers load ($<) ..."
	@command -v npm >/dev/null || $(PIP) -r $(REQUIREMENTS)/web.txt
	@cd backend/web && PATH="$$PATH:$(abspath $(VENV))/bin" npm ci --silent --no-progress
	@touch $@

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed: make PYTHON=/path/to/python3 ...")'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "No virtual environment: is the venv module there (Debian: python3-venv)?" >&2; exit 1; }

# Removes what the commands above made, the demo's data included.
clean:
	test ! -L .jieqin/postgres || rm -rf "$$(readlink .jieqin/postgres)"
	rm -rf $(VENV) $(WEB) .jieqin .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
