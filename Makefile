# `make help` lists what there is. The recipes are short; what is longer than that is in scripts/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
env := . scripts/env.sh;

.PHONY: help run test dev check checker site build samples bench soak fuzz schemathesis faults vectors fmt clean setup setup-test

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: setup build samples ## build everything and serve it on 127.0.0.1:3000, with sample bundles to try
	@scripts/serve.sh

test: setup-test check ## every check and every test
	@scripts/test.sh

dev: setup ## serve with quick builds, rebuilding and reloading on each change
	@scripts/dev.sh

check: setup-test ## formatting, lints, dependency rules, licenses, documentation; no tests
	@scripts/check.sh

checker: setup ## the static license checker, for any web server or none: target/checker/
	@scripts/site.sh checker

build: setup site ## the server with its pages inside: target/release/countersign
	@$(env) cargo build --release -p countersign

site: setup
	@scripts/site.sh islands

samples: build
	@scripts/samples.sh

bench: setup-test build checker ## what is timed, and how: see bench/
	@bench/run.sh $(if $(DATE),--date "$(DATE)")

soak: build ## MINUTES (30) of mixed traffic at 70 % of what the server does, then a minute of each kind of hostile client
	@$(env) cargo run --release --quiet -p countersign-soak -- "$$CARGO_TARGET_DIR/release/countersign" --minutes $(or $(MINUTES),30) $(SOAK)

fuzz: setup-test ## each fuzz target for FUZZ_SECONDS (60)
	@scripts/fuzz.sh

schemathesis: setup-test ## ask a server all that its OpenAPI document allows, and more
	@$(env) cargo build -p countersign && tests/schemathesis/run.sh "$$CARGO_TARGET_DIR/debug/countersign" $(EXAMPLES)

faults: setup-test ## in full what `make test` tries in a short form: kills, power cuts, full disks, databases away, a hundred installers, each bit
	@$(env) cargo nextest run --release --no-fail-fast -p countersign-license
	@$(env) FAULTS=full scripts/postgres.sh cargo nextest run --profile faults --run-ignored all --no-fail-fast --success-output immediate -p countersign --test faults
	@$(env) FAULTS=full cargo nextest run -p countersign --test http of_a_hundred_installers

vectors: ## write tests/vectors/ again from its recipes
	@node tests/vectors/make.mjs

fmt: ## format the Rust code
	@cargo fmt --all

clean: ## remove what was built; the installed tools stay
	@$(env) cargo clean

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh test
