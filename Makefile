# Needs make and python3 >= 3.11 (PYTHON=… for another one); everything else is installed into .venv and the user's cache.
PYTHON ?= python3
NAME ?= chippool
# Two for each of the cores that CI has: a cluster test waits half of its time.
WORKERS ?= 4
FLEET ?= examples/fleets/small.yaml
BIN := .venv/bin
MAKEFLAGS += --no-print-directory
COMPILED = path="$$($(BIN)/python -m tools.compiled)" && PYTHONPATH="$$path"
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what the project needs into .venv (from PyPI), if it isn't there.
	@$(PYTHON) tools/bootstrap.py

# To see it

.PHONY: demo
demo: setup ## A control plane with 60 nodes, the operator, and a story of two minutes. KEEP=1 leaves it up.
	@$(BIN)/python -m tools.demo

.PHONY: plane-up
plane-up: setup ## Start a control plane and print its KUBECONFIG and PATH. FLEET=file NAME=name
	@$(BIN)/python -m tools.plane up --name $(NAME) --fleet $(FLEET)

.PHONY: plane-down
plane-down: setup ## Take it down and remove all it wrote. NAME=name
	@$(BIN)/python -m tools.plane down --name $(NAME)

.PHONY: kind-up
kind-up: setup ## A kind cluster (needs kind and Docker) with chips by label, chippool and the examples on it.
	@$(BIN)/python -m tools.kind up

.PHONY: kind-test
kind-test: setup ## The cluster tests on it, in place of the examples.
	@$(BIN)/python -m tools.kind clear
	@KUBECONFIG=build/kind/kubeconfig CHIPPOOL_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster

.PHONY: kind-down
kind-down: setup ## Delete the kind cluster.
	@$(BIN)/python -m tools.kind down

# To check it

.PHONY: test
test: setup ## All tests: unit, laws, scenarios, examples, and the cluster tests on a real control plane.
	@$(BIN)/python -m tools.plane build > /dev/null
	@$(BIN)/python -m tools.neighbours > /dev/null
	@$(COMPILED) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10

.PHONY: test-unit
test-unit: setup ## The tests that need no control plane.
	$(BIN)/python -m pytest -m "not plane"

.PHONY: monitoring-test
monitoring-test: setup ## Dashboards, alerts and rules: a real Prometheus beside two replicas, promtool, Grafana's types.
	@$(BIN)/python -m tools.plane build > /dev/null
	@$(BIN)/python -m pytest tests/monitoring tests/cluster/test_monitoring.py

.PHONY: pictures
pictures: setup ## What the panels of the dashboards get in a story of a minute, drawn by us into docs/images/
	@CHIPPOOL_PACE=12 CHIPPOOL_PANELS=build/monitoring/panels.json $(BIN)/python -m pytest -q tests/cluster/test_monitoring.py
	@$(BIN)/python -m tools.monitoring.picture build/monitoring/panels.json docs/images

.PHONY: conformance
conformance: setup ## Other schedulers' facts played by the core: pass, fail, not applicable and why. CASES=folder
	@PYTHONPATH=operator:. $(BIN)/python -m tests.conformance $(or $(CASES),tests/conformance/cases)

.PHONY: verify
verify: generate lint types contracts ## Generated files are current, style, types, floors; nothing left to commit.
	git diff --exit-code

.PHONY: generate
generate: setup ## Write what is made from code: crds/ and the chart's copy, its values and what it renders, pages, dashboards, rules.
	$(BIN)/python -m chippool.api.schema crds helm/chippool/crds
	$(BIN)/python -m tools.monitoring helm/chippool
	$(BIN)/python -m tools.chart helm/chippool
	$(BIN)/python -m tools.manifests
	$(BIN)/python -m tools.reference docs/reference
	$(BIN)/python -m tools.pictures docs/explanation/pictures

.PHONY: lint
lint: setup ## ruff: rules and format.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: setup ## mypy, strict.
	$(BIN)/mypy

.PHONY: contracts
contracts: setup ## import-linter: the floors of the house.
	$(BIN)/lint-imports

.PHONY: docs
docs: setup ## The documentation's site, built strictly, into build/site.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo build/site/index.html

# To measure it

.PHONY: screens
screens: setup ## Take the pictures of `top`, `explain` and the board that the documents show, into docs/images.
	@$(BIN)/python -m tools.screens docs/images
	@$(BIN)/python -m tools.board.screens

.PHONY: bench
bench: bench-core bench-cluster ## Both benchmarks.

.PHONY: bench-core
bench-core: setup ## Time of one decision by nodes and pending workloads, into build/bench/core.json, and a report beside it.
	@$(COMPILED) $(BIN)/python -m tools.bench.core --rows build/bench/core.json --output build/bench/core-report.json

.PHONY: bench-scrape
bench-scrape: setup ## Time and size of a scrape at 15,000 nodes, 200 queues and 10 classes, into build/bench/scrape.json.
	@$(COMPILED) $(BIN)/python -m tools.bench.scrape --output build/bench/scrape.json

.PHONY: bench-board
bench-board: setup ## First paint and updates of the board at 5,000 nodes and 2,000 workloads, into build/bench/board.json.
	@$(COMPILED) $(BIN)/python -m tools.bench.board --output build/bench/board.json

.PHONY: bench-cluster
bench-cluster: setup ## Pods a second on a control plane beside plain Jobs and Kueue, into build/bench/cluster.json, and a report beside it.
	@$(COMPILED) $(BIN)/python -m tools.bench.cluster --rows build/bench/cluster.json --output build/bench/cluster-report.json

.PHONY: proof
proof: setup ## What takes too long for CI, into proof/: benchmarks, scale, real traces. DATA=folder of the openb lists GAVEL=folder of Gavel's jobs DEMAND=hourly demand
	@$(COMPILED) $(BIN)/python -m tools.proof --data "$(DATA)" --gavel "$(GAVEL)" --demand "$(DEMAND)"
	@$(COMPILED) CHIPPOOL_PROOF=1 $(BIN)/python -m pytest tests/cluster/test_leaders.py tests/cluster/test_outages.py

.PHONY: clean
clean: ## Remove .venv, caches and build/; the user's cache folder stays.
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
