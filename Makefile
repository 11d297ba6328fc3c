# Two commands do all the set-up, with Python 3.11 or newer and nothing else:
#
#   make demo       the embedded model on the embedded benchmark: sample, grade, print the table
#   make test       lint, types and tests
#   make test-long  the tests that take minutes each
#   make evidence   what the methods do for the embedded models: all runs and tables of docs/evidence.md (hours; goes
#                   on where it was; SIZE=small takes less, STUDIES="guide btp" some of them)
#
# PYTHON=/path/to/python chooses the interpreter. An unchanged .venv is used again.

VENV := .venv
comma := ,
PY := $(VENV)/bin/python
INPUTS := pyproject.toml constraints.txt Makefile

.DEFAULT_GOAL := help
.PHONY: help demo test test-long lint types evidence clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.installed
	$(PY) -m eg_cfg demo --output-dir .demo

test: lint types
	$(PY) -m pytest -n 2 --dist loadgroup -m "not long" --durations=25

test-long: $(VENV)/.installed-dev
	$(PY) -m pytest -n 2 --dist loadgroup -m long

evidence: $(VENV)/.installed
	$(PY) -m recipes.evidence $(STUDIES) --size $(or $(SIZE),full) --out runs/evidence

lint: $(VENV)/.installed-dev
	$(PY) -m ruff check .

types: $(VENV)/.installed-dev
	$(PY) -m mypy

# The stamps are made last, so an installation that was cut short is done again.
$(VENV)/.installed: $(INPUTS)
	@$(MAKE) --no-print-directory _install WHAT=.
	@touch $@

$(VENV)/.installed-dev: $(INPUTS)
	@$(MAKE) --no-print-directory _install WHAT='.[dev]'
	@touch $(VENV)/.installed $@

.PHONY: _install
_install:
	@set -e; \
	for candidate in $(or $(PYTHON),python3.11 python3 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "error: expected Python 3.11 or newer as $(or $(PYTHON),python3.11$(comma) python3 or python), found none: install it, or run make with PYTHON=/path/to/python" >&2; \
		exit 2; \
	fi; \
	"$$found" -m venv $(VENV) || { echo "error: $$found cannot make a virtual environment: install its venv module (on Debian and Ubuntu: python3-venv)" >&2; exit 2; }; \
	echo "installing into $(VENV) ..."; \
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(WHAT)'

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache
