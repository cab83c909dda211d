# Two commands do everything on a machine that has python3 >= 3.11 and make: `make run` and `make test`.
PYTHON ?= python3
OUTLAY := .venv/bin/outlay
.DEFAULT_GOAL := run
.PHONY: run test test-exhaustive check lock clean

# The demo company in the embedded cloud; with BILL=path, a real bill alone.
run:
	@$(PYTHON) local/bootstrap.py
	@$(OUTLAY) run $(if $(BILL),--bill "$(BILL)") $(ARGS)

# Style, types, import rules and the tests; the matrices that take minutes are test-exhaustive's.
test: check
	@.venv/bin/python -m pytest -m "not exhaustive" --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# Each fault befalls the deployed template, each permission is taken from each role in turn, and the cdk command deploys a
# checkout. CI runs it after test.
test-exhaustive:
	@$(PYTHON) local/bootstrap.py --cli
	@.venv/bin/python -m pytest -m exhaustive --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check:
	@$(PYTHON) local/bootstrap.py --cli
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

# Pin and hash anew what pyproject.toml names; the lock names no index.
lock:
	@$(PYTHON) local/bootstrap.py
	@.venv/bin/uv pip compile pyproject.toml --group synth --group local --group test --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --no-emit-find-links --upgrade -o requirements.lock

clean:
	rm -rf .venv .outlay cdk.out infra/cli/node_modules
