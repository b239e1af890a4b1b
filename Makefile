# Every target sets up all that it needs. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?=

.PHONY: help run test check format bench chaos-payments lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(VENV)/.run: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/.run ## start everything: database, web, worker, sandbox
	@$(BIN)/python -m config.launcher

test: $(VENV)/.dev ## the whole suite, in parallel, against a real PostgreSQL
	@$(BIN)/python manage.py translations compile
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev ## format, lint, types, contracts, migrations, translations, deployment settings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python manage.py translations compile
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m config.database manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py translations check
	@set -a; . deploy/example.env; $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/.dev ## rewrite the code in the house format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(VENV)/.dev ## measure, each figure beside its limit or a peer in the same run (TOPICS="submit pages" for some)
	@$(BIN)/python -m bench $(TOPICS)

N ?= 100000
chaos-payments: $(VENV)/.dev ## let N=100000 people pay while everything breaks, then compare our books with the gateways'
	@$(BIN)/python -m tests.chaos --payments $(N)

lock: ## resolve the dependencies anew
	@test -x $(BIN)/uv || ($(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove the environment and all local data
	rm -rf $(VENV) var
