# make run | make run PHOTOS=~/Pictures | make demo | make test | make help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTOS ?=
REQUIREMENTS := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1 && echo requirements-gpu.txt || echo requirements.txt)

.PHONY: help run demo test test-all lint bench clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: demo  ## index the demo collection, or PHOTOS=folder, and open the app
	$(BIN)/sightline serve --watch

demo: $(VENV)/.installed  ## the same without the server: environment, pictures, index
ifeq ($(PHOTOS),)
	$(BIN)/python data/demo.py demo
	$(BIN)/sightline index demo
else
	$(BIN)/sightline index $(PHOTOS)
endif

test: $(VENV)/.installed-dev  ## the tests; slow and GPU ones are skipped
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile

test-all: $(VENV)/.installed-dev  ## all tests, the slow ones and, where there is a GPU, its own
	SIGHTLINE_TEST_ALL=1 $(BIN)/python -m pytest

lint: $(VENV)/.installed-dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev  ## measure indexing and searching on this machine
	$(BIN)/python -m bench.library

clean:  ## remove what was made here; your library and photos stay
	rm -rf $(VENV) demo

$(VENV)/.installed: requirements.txt requirements-gpu.txt pyproject.toml
	$(PYTHON) scripts/install.py $(VENV) $(REQUIREMENTS)
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	# clip-benchmark's own dependencies pin an old torch stack; the tests compare with its functions alone
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps clip-benchmark==1.6.2
	touch $@
