# The task runner. `make setup` makes the environment that the other targets use.
BIN ?= .venv/bin

.PHONY: setup quick full slow nightly versions lint bench docs oracle api

setup:    ## an environment with all that developers need
	python3 -m venv .venv && $(BIN)/pip install -e '.[test,docs,dev]'

quick:    ## the tests of README's command: minutes on two cores
	$(BIN)/pytest -n 2 --dist worksteal

slow:     ## notebooks, presets, other processes, large samples
	$(BIN)/pytest -n 2 --dist worksteal -m slow

full:     ## both
	$(BIN)/pytest -n 2 --dist worksteal -m 'not nightly'

nightly:  ## hours, in parts: once per change of numerics, output kept in benchmarks/results/nightly.md
	$(BIN)/python -m tools.nightly

versions: ## both ends of what is supported and Colab's: an environment each, in build/versions
	python3 -m tools.versions

lint:     ## format, lint, types, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

bench:    ## the tables of benchmarks/results, on an idle machine; an interrupted run goes on
	$(BIN)/python -m benchmarks.accuracy
	$(BIN)/python -m benchmarks.passes
	$(BIN)/python -m benchmarks.forms
	$(BIN)/python -m benchmarks.activations --full
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.training_step

docs:     ## the site
	$(BIN)/sphinx-build -W --keep-going -q docs site

oracle:   ## what mpmath says about new or changed activations, kept in tests/data/oracle
	$(BIN)/python -m tools.oracle

api:      ## the snapshot of public names and signatures
	$(BIN)/python -m tools.public_api
