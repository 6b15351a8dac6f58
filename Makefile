# The commands of the house. On a fresh machine: `make demo`, `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: browser help demo build web test test-tools lint bench docs deb setup

DATA ?= data/demo
LISTEN ?= 127.0.0.1:8080

help:
	@echo 'make demo    build and serve the demo zone on http://$(LISTEN)'
	@echo 'make test    install what tests need, run every test'
	@echo 'make browser only what a real browser tests'
	@echo 'make build   release binary: target/release/buting'
	@echo 'make lint    format, clippy, licences, types'
	@echo 'make bench   measure'
	@echo 'make docs    the book'
	@echo 'make deb     Debian package in target/'
	@echo 'make setup   tools that developers want'

demo: build
	target/release/buting demo --listen $(LISTEN) --data $(DATA)

build: web
	cargo build --release -p buting

# What the binary embeds: style, scripts, icons.
web: web/node_modules/.package-lock.json
	cd web && npm run --silent build

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

test: web test-tools
	scripts/with-postgres.sh scripts/test.sh

# What a real browser tests, alone: the flows, and every page of every role.
browser: web test-tools
	cargo build -p buting
	scripts/browse.sh

test-tools:
	scripts/install-test-tools.sh

lint: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p buting --all-targets --features oidc -- -D warnings
	@if ! command -v cargo-deny >/dev/null; then \
	    echo 'cargo-deny is not installed (make setup): bans, licences, sources and advisories were not checked'; \
	  else cargo deny --all-features check bans licenses sources; \
	    if cargo deny fetch db; then cargo deny --all-features check advisories; \
	    else echo 'the advisories could not be fetched (no network?): known vulnerabilities were not checked'; fi; fi
	cd web && npm run --silent check

bench: web
	cargo run --release -p bench -- run $(BENCH)
	BUTING_SIMULATION=10000 cargo test --release -p buting --test it -- --nocapture year_of_random random_walks

docs:
	@command -v mdbook >/dev/null || { echo 'The book needs mdbook: make setup. Its pages are plain text in docs/src.'; exit 1; }
	mdbook build docs

deb: build
	scripts/make-deb.sh

setup: test-tools
	command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest@0.9.143
	command -v cargo-deny >/dev/null || cargo install --locked cargo-deny@0.20.2
	command -v mdbook >/dev/null || cargo install --locked mdbook@0.5.4
