# Everything runs from a bare clone: each target makes the virtual environment it needs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that answers and is 3.11 to 3.13 (a pyenv shim may exist and not answer).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)
INSTALLED := $(VENV)/.installed
PAGE := $(VENV)/page/.installed
# The SAM CLI pins what the project does not, so it lives in a virtual environment of its own.
CLOUD := $(VENV)/cloud
ARCHITECTURE ?= x86_64
SAM := SAM_CLI_TELEMETRY=0 UV=$(CURDIR)/$(BIN)/uv ARCHITECTURE=$(ARCHITECTURE) $(CLOUD)/bin/sam
PRETTIER := $(BIN)/node $(VENV)/page/node_modules/prettier/bin/prettier.cjs --print-width 120
MODULES := "infra/dashboard/assets/**/*.js" tests/shared/*.mjs
COMPILE := $(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --quiet

.PHONY: help setup cloud browser build run test test-slow lint deploy destroy bench openapi format lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) $(PAGE) ## Make the virtual environment from the hashed locks

$(INSTALLED): tests/requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' tests/requirements.txt > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r tests/requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# With the npm that is among the locked packages, so that nobody needs one.
$(PAGE): infra/site/package.json infra/site/package-lock.json | $(INSTALLED)
	@echo "Installing the page's libraries into $(VENV)/page ..."
	@mkdir -p $(VENV)/page
	@cp infra/site/package.json infra/site/package-lock.json $(VENV)/page
	@npm="$(abspath $(BIN))/npm"; cd $(VENV)/page && \
		"$$npm" ci --loglevel error --ignore-scripts --no-audit --no-fund >/dev/null
	@touch $@

$(CLOUD)/.installed: infra/requirements.txt | $(INSTALLED)
	@test -x $(CLOUD)/bin/python || $(BIN)/python -m venv --without-pip $(CLOUD)
	@echo "Installing the SAM CLI into $(CLOUD) ..."
	@$(BIN)/uv pip install --quiet --python $(CLOUD)/bin/python --require-hashes -r infra/requirements.txt
	@touch $@

cloud: $(CLOUD)/.installed ## Install what builds, checks and deploys the stack: the SAM CLI

browser: setup ## Install a browser for the tests, unless there is one: Chromium
	@$(BIN)/python -m tests.shared.browser || { \
		echo "Installing Chromium, which the page is tested in ..."; \
		{ test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
		$(BIN)/playwright install chromium || \
		echo "It cannot be installed: install Chromium or Google Chrome. Until then, what needs one is skipped." >&2; }

build: $(CLOUD)/.installed ## Build what is deployed, into .aws-sam: sam build
	@find functions -name __pycache__ -type d -prune -exec rm -rf {} + # a function's folder is deployed as it is
	$(SAM) build $(ARGS)

run: setup ## Start the whole platform on this machine: S3, training on simulated data, API and page
	@exec $(BIN)/foretell serve $(ARGS)

test: setup cloud browser ## Run the tests that are quick, the fastest first
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow" $(ARGS)

test-slow: setup cloud browser ## Run the others: what is built, in the emulator and in containers; the page
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m slow --ignore=tests/e2e/page $(ARGS)
	@# By themselves: a browser gives up its requests whenever a container's network comes or goes.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m slow $(ARGS) tests/e2e/page

lint: setup ## Check formatting, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PRETTIER) --check --log-level warn $(MODULES)

# Not ?=: shells have a variable of that name.
ENV := dev

deploy: setup cloud ## Deploy to AWS: stack, site, first model (ENV=prod, TRANSACTIONS=orders.csv)
	@$(BIN)/python -m infra.cloud deploy --env $(ENV) $(if $(TRANSACTIONS),--transactions "$(TRANSACTIONS)") $(ARGS)

destroy: setup cloud ## Take the stack down, and keep the data (ENV=prod)
	@$(BIN)/python -m infra.cloud destroy --env $(ENV) $(if $(CONFIRM),--confirm "$(CONFIRM)") $(ARGS)

bench: setup cloud ## Measure Foretell beside a peer, and write tests/benchmarks/RESULTS.md
	$(BIN)/python -m tests.benchmarks

openapi: setup ## Write infra/api/openapi.json from what the functions declare
	$(BIN)/python -m infra.api.document

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(PRETTIER) --write --log-level warn $(MODULES)

lock: setup ## Write the locks anew from pyproject.toml and infra/site/package.json
	$(COMPILE) $(ARGS) pyproject.toml --all-extras --output-file tests/requirements.txt
	printf 'duckdb\n' | $(COMPILE) $(ARGS) - --constraint tests/requirements.txt --no-annotate \
		--output-file layers/duckdb/requirements.txt
	$(COMPILE) $(ARGS) pyproject.toml --output-file layers/runtime/requirements.txt \
		--no-emit-package botocore --no-emit-package urllib3 \
		--no-emit-package python-dateutil --no-emit-package six
	$(COMPILE) $(ARGS) --group cloud --output-file infra/requirements.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra training --constraint tests/requirements.txt \
		--output-file training/requirements.txt
	sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(COMPILE) $(ARGS) - \
		--constraint tests/requirements.txt --output-file training/backend.txt
	cd infra/site && "$(abspath $(BIN))/npm" install --package-lock-only --ignore-scripts --no-audit --no-fund

clean: ## Remove what was built and the local platform's buckets; keep the virtual environment
	rm -rf .foretell artefacts .mypy_cache .pytest_cache .ruff_cache .hypothesis
