# `make run` and `make test` do everything on a machine that has python3 >= 3.11 and make; `make help` lists the rest.
PYTHON ?= python3
PYTEST := .venv/bin/python -m pytest --numprocesses 2 --no-loadscope-reorder --timings $(if $(CI),30,8)
.DEFAULT_GOAL := run
.PHONY: run test test-exhaustive check check-style check-types check-imports format lock clean help setup setup-tests

run: setup ## the demo company in the embedded cloud; BILL=path: a real bill alone
	@.venv/bin/outlay run $(if $(BILL),--bill "$(BILL)") $(ARGS)

test: setup-tests ## the tests, and the checks beside them; ARGS="tests/engine/sql -k anomalies": these tests alone, and no checks
	@$(PYTEST) -m "not exhaustive" $(if $(ARGS),$(ARGS),--checks --leave-out-proven)

test-exhaustive: ## the tests that take minutes: every fault, every permission, the cdk command, scale; takes ARGS too
	@$(PYTHON) local/bootstrap.py --cli --browser
	@$(PYTEST) -m exhaustive $(ARGS)

check: check-style check-types check-imports ## style, types and import rules

check-style: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

check-types: setup
	@.venv/bin/mypy

check-imports: setup
	@.venv/bin/lint-imports

format: setup ## fix what ruff can fix: layout, order of imports
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

# The lock names no index. Pins stay while pyproject.toml allows them.
lock: setup ## pin and hash what pyproject.toml names; ARGS=--upgrade: the newest of everything
	@.venv/bin/uv pip compile pyproject.toml --group synth --group local --group test --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --no-emit-find-links $(ARGS) -o requirements.lock

clean: ## remove everything that was installed or made
	rm -rf .venv .outlay cdk.out infra/cli/node_modules tests/browser/node_modules

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 | \2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

setup:
	@$(PYTHON) local/bootstrap.py

setup-tests:
	@$(PYTHON) local/bootstrap.py --browser
