# Every target first brings .venv up to date with pyproject.toml; nothing needs to be installed by hand.
PYTHON ?= python3
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint notebooks bench parity docs clean
.NOTPARALLEL: # one pip at a time in .venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

demo: .venv/.installed-dev ## train on handwritten digits, pictures into out/ (ARGS="--seed 1")
	.venv/bin/python examples/digits.py $(ARGS)

test: .venv/.installed-dev ## tests, doctests and notebooks (ARGS="-k matmul")
	.venv/bin/python -m pytest -n auto -q $(ARGS)

lint: .venv/.installed-dev ## ruff and mypy
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy

notebooks: .venv/.installed-dev ## run the notebooks and keep their outputs (ARGS="-k table")
	.venv/bin/python -m pytest -n auto -q notebooks --overwrite $(ARGS)

bench: .venv/.installed-peers ## time against other libraries, which are large and installed only for this
	.venv/bin/python -m benchmarks $(ARGS)

parity: .venv/.installed-peers ## compare layers, losses and optimizers with PyTorch
	.venv/bin/python -m pytest -n auto -q tests/parity $(ARGS)

docs: .venv/.installed-docs ## build the site into out/docs
	.venv/bin/python -m sphinx -q -W --keep-going -b html docs out/docs

clean: ## remove outputs and caches; .venv stays
	rm -rf out build dist docs/api docs/notebooks .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed-dev:   EXTRAS := all,dev
.venv/.installed-peers: EXTRAS := all,dev,peers
.venv/.installed-docs:  EXTRAS := all,dev,docs

# .unfinished becomes the stamp only when all went well: an install that was cut short is seen as such and begun
# afresh. It keeps the time of the start, so that an edit of pyproject.toml during the install is not missed.
.venv/.installed-%: pyproject.toml
	@{ [ ! -e .venv/.unfinished ] && .venv/bin/python -m pip --version; } >/dev/null 2>&1 || rm -rf .venv
	@[ -d .venv ] || $(PYTHON) -c "$$CHECK_PYTHON" || { echo 'Name another Python: make PYTHON=/path/to/python3' >&2; exit 1; }
	@mkdir -p .venv && touch .venv/.unfinished
	@[ -x .venv/bin/python ] || $(PYTHON) -m venv .venv
	@echo 'Installing into .venv: $(EXTRAS) (the first time takes a minute or more)'
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@mv .venv/.unfinished $@

define CHECK_PYTHON
import sys
if sys.version_info < (3, 11):
    sys.exit('Python 3.11 or newer is needed; this is %d.%d (%s)' % (sys.version_info[:2] + (sys.executable,)))
try:
    import ensurepip
except ImportError:
    sys.exit('%s cannot make a virtual environment: ensurepip is missing (Debian: python3-venv)' % sys.executable)
endef
export CHECK_PYTHON
