.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/ready  ## Make the environment in .venv/

$(VENV)/ready: pyproject.toml constraints.txt
	@echo "making the environment in $(VENV)/ (some 250 packages with TensorFlow; minutes on a slow line)"
	@test -x $(BIN)/uv || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python \
		--constraint constraints.txt --editable '.[crawler,labeling,training,app,export,postgres,dev]'
	@touch $@

demo: setup  ## The whole way, offline: crawl a small site, train, classify
	@$(BIN)/python -m demo

test: setup  ## All tests
	@bash tests/system-packages.sh
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: setup  ## Lint and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

label: setup  ## Serve the labeling tool
	@$(BIN)/python -m labeling

window: setup  ## Open the window: drop a meme
	@$(BIN)/python memeEraML.py

constraints:  ## Pin the newest versions that fit together
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--no-emit-index-url --no-header --no-annotate pyproject.toml --output-file constraints.txt

clean:  ## Remove the environment and the demo's data; never your own
	@rm -rf $(VENV) data/demo

.PHONY: help setup demo test check label window constraints clean
