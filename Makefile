# From a fresh checkout: `make run` shows Wardlink, `make test` tests all of it.
# Both bring their own PostgreSQL unless DATABASE_URL names another.

# rustup puts cargo here and not every shell has been told.
export PATH := $(PATH):$(HOME)/.cargo/bin

CARGO_TARGET_DIR ?= target
DEBUG := "$(CARGO_TARGET_DIR)/debug/wardlink"
RELEASE := "$(CARGO_TARGET_DIR)/release/wardlink"

.DEFAULT_GOAL := help
.PHONY: help run test endurance bench bench-sign-in faults faults-short fuzz mutants openapi conformance check sbom prerequisites

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

run: prerequisites ## Build Wardlink and serve it with demonstration data
	cargo build --release --locked
	exec $(RELEASE) demo --serve

test: prerequisites ## Run every test, against a PostgreSQL that is thrown away afterwards
	cargo build --locked
	$(DEBUG) with-postgres --disposable -- cargo test --locked

endurance: prerequisites ## Run the tests that are about many calls with as many as a release is tried with
	cargo build --locked
	export WARDLINK_TEST_CALLS=20000 WARDLINK_TEST_CLEAN_RUNS=1000 && \
		$(DEBUG) with-postgres --disposable -- cargo test --locked --test api -- \
			one_connection:: under_concurrent_writers_there_is_no_false_alarm

bench: prerequisites ## Measure, against a PostgreSQL as safe and as slow as in production
	cargo build --release --locked
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(RELEASE) with-postgres --data "$$folder" -- python3 bench/run.py --wardlink $(RELEASE)

bench-sign-in: prerequisites ## Compare how long refused sign-ins take: does that tell who has an account?
	cargo build --release --locked
	$(RELEASE) with-postgres --disposable -- python3 bench/sign_in.py --wardlink $(RELEASE)

faults: prerequisites ## Break it on purpose, half an hour long, and look whether anything was lost
	cargo build --release --locked
	python3 bench/faults/run.py --wardlink $(RELEASE)

faults-short: prerequisites ## The same in five minutes
	cargo build --release --locked
	python3 bench/faults/run.py --wardlink $(RELEASE) --short

# The sanitizer is not in a stable compiler unless it is told that it is none.
fuzz: ## Feed every parser of what comes from outside with anything, 20 seconds each
	export RUSTC_BOOTSTRAP=1 CARGO_PROFILE_DEV_DEBUG=0 && cargo fuzz build --dev && for target in $$(cargo fuzz list); do \
		mkdir -p fuzz/corpus/$$target fuzz/seeds/$$target; \
		cargo fuzz run --dev $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-max_total_time=$${FUZZ_SECONDS:-20} -print_final_stats=1 || exit 1; \
	done

mutants: prerequisites ## Change the rules one by one and see whether a unit test notices: a night, or FILE=src/audit/note.rs
	cargo mutants $(if $(FILE),--file $(FILE))

openapi: prerequisites ## Write the API's description to openapi/wardlink.json
	cargo build --locked
	mkdir -p openapi
	$(DEBUG) openapi > openapi/wardlink.json.new
	mv openapi/wardlink.json.new openapi/wardlink.json

conformance: prerequisites ## Hold the service against its description, with Schemathesis
	cargo build --locked
	python3 openapi/conformance.py --wardlink $(DEBUG)

check: prerequisites ## Check format and lints
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

sbom: ## Write what the binary is made of to target/wardlink.cdx.json (CycloneDX)
	mkdir -p "$(CARGO_TARGET_DIR)"
	python3 .ci/sbom.py "$(CARGO_TARGET_DIR)/wardlink.cdx.json"

prerequisites:
	@docker/prerequisites.sh
