# Every target first brings .venv up to date with pyproject.toml; nothing needs to be installed by hand.
PYTHON      ?= python3
VENV        ?= .venv
CONSTRAINTS ?=
ARGS        ?=
PIP         := --quiet --disable-pip-version-check --no-compile # modules are compiled when first imported: twice as fast
PREFIX      := import sys; print(sys.base_prefix)

.DEFAULT_GOAL := help
.PHONY: help demo test smoke versions lint notebooks bench bench-functions parity gpu docs clean
.NOTPARALLEL: # one pip at a time in .venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed-demo ## train on handwritten digits, pictures into out/ (ARGS="--seed 1", ARGS="--ranks 2")
	$(VENV)/bin/python examples/digits.py $(ARGS)

test: $(VENV)/.installed-dev ## tests, doctests and notebooks (ARGS="-k matmul")
	$(VENV)/bin/python -m pytest -n auto --dist worksteal -q $(ARGS)

smoke: $(VENV)/.installed-dev ## the laws of every primitive and the demo: enough to see that a Python will do
	$(VENV)/bin/python -m pytest -n auto -q tests/test_laws.py tests/test_elementwise.py $(ARGS)
	$(VENV)/bin/python examples/digits.py

versions: ## the tests for every Python found here, with the newest packages and with the oldest
	@.ci/versions

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(VENV)/bin/python -m ruff check
	$(VENV)/bin/python -m ruff format --check
	$(VENV)/bin/python -m mypy

notebooks: $(VENV)/.installed-dev ## run the notebooks and keep their outputs (ARGS="-k table")
	$(VENV)/bin/python -m pytest -n auto -q notebooks --overwrite $(ARGS)

bench: $(VENV)/.installed-peers ## time against other libraries, which are large and installed only for this
	$(VENV)/bin/python -m benchmarks $(ARGS)

bench-functions: $(VENV)/.installed-peers ## write benchmarks/functions.md: every function beside PyTorch (ARGS=--quick)
	$(VENV)/bin/python -m benchmarks.functions $(ARGS)

parity: $(VENV)/.installed-peers ## compare with PyTorch, also on the samples of its own databases
	$(VENV)/bin/python -m pytest -n auto -q tests/parity $(ARGS)

gpu: $(VENV)/.installed-gpu ## on a GPU by CuPy: the laws, the demo's network, and a table of step times beside the CPU's
	$(VENV)/bin/python -m pytest -q -rs tests/test_gpu.py $(ARGS)
	$(VENV)/bin/python -m benchmarks.gpu

docs: $(VENV)/.installed-docs ## build the site into out/docs
	$(VENV)/bin/python -m sphinx -q -W --keep-going -b html docs out/docs

clean: ## remove outputs and caches; .venv and .venvs stay
	rm -rf out build dist docs/api docs/notebooks .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -path "./.venv*" -prune -o -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.installed-demo:  EXTRAS := viz,sklearn,mpi
$(VENV)/.installed-dev:   EXTRAS := all,dev
$(VENV)/.installed-gpu:   EXTRAS := all,dev,cuda
$(VENV)/.installed-peers: EXTRAS := all,dev,peers
$(VENV)/.installed-docs:  EXTRAS := all,dev,docs

# .unfinished becomes the stamp only when all went well: an install that was cut short is seen as such and begun
# afresh. It keeps the time of the start, so that an edit of pyproject.toml during the install is not missed.
$(VENV)/.installed-%: pyproject.toml $(CONSTRAINTS)
	@{ [ ! -e $(VENV)/.unfinished ] && $(VENV)/bin/python -m pip --version; } >/dev/null 2>&1 || rm -rf $(VENV)
	@[ -d $(VENV) ] || $(PYTHON) -c "$$CHECK_PYTHON" || { echo 'Name another Python: make PYTHON=/path/to/python3' >&2; exit 1; }
	@mkdir -p $(VENV) && touch $(VENV)/.unfinished
	@[ -x $(VENV)/bin/python ] || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV): $(EXTRAS) (the first time takes a minute or more)'
	@$(VENV)/bin/python -m pip install $(PIP) $(CONSTRAINTS:%=--constraint %) --editable '.[$(EXTRAS)]'
	@mv $(VENV)/.unfinished $@

# An environment that another Python made than the one named gives way to it.
ifneq ($(origin PYTHON),file)
$(shell named=$$($(PYTHON) -c '$(PREFIX)') && [ -d $(VENV) ] && [ "$$($(VENV)/bin/python -c '$(PREFIX)')" != "$$named" ] && rm -rf $(VENV))
endif

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
