# make demo: see it work.  make test: see that it works.  Both start from nothing but Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# the version that the figures in README and docs were made with; any that pyproject.toml admits will do
TORCH ?= torch==2.13.0
RUN ?= runs/demo
MINUTES ?= 3
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint types unit coverage install format clean help

help:
	@echo "make demo    search networks for cancer drug response for $(MINUTES) minutes, post-train, report"
	@echo "make test    install, lint, type-check, run the tests"
	@echo "make coverage  run the tests and show which lines they reach"
	@echo "make format  format the code"
	@echo "make clean   remove the virtual environment and caches"

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing into $(VENV); the first time this downloads torch, which takes a while"
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet "$(TORCH)"
	@$(BIN)/python -m pip install --quiet --editable ".[chem,excel,hpo]" --group dev
	@touch $@

demo: install
	@$(BIN)/python -m cellwright data get gdsc
	@if test -e $(RUN)/run.json; then \
		$(BIN)/python -m cellwright resume $(RUN) --minutes $(MINUTES); \
	else \
		$(BIN)/python -m cellwright search uno --method a3c --workers 2 --minutes $(MINUTES) \
			--epochs 1 --fraction 0.1 --seed 1 --out $(RUN); \
	fi
	@$(BIN)/python -m cellwright posttrain $(RUN) --top 3 --seeds 1 --epochs 2
	@$(BIN)/python -m cellwright report $(RUN)

test: lint types unit

lint: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: install
	@$(BIN)/mypy

unit: install
	@$(BIN)/pytest -n 2

coverage: install
	@$(BIN)/pytest -n 2 --cov --cov-report=term-missing:skip-covered

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
