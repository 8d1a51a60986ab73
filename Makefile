# Everything a contributor runs. Each target installs what it needs and shows what it does.

SWIFT ?= swift
FORMATTED := Package.swift $(wildcard Sources Tests Benchmarks)

.PHONY: help demo test check format lint docs fuzz kill-rounds chaos bench bench-receiver bench-consumer profile-receiver deps

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

demo: ## Show a webhook travel from a pretend CRM to a database
	@scripts/deps.sh build
	@scripts/step.sh "building (a debug build is the quickest to make)"
	@$(SWIFT) build --product hookferry
	@scripts/step.sh "running the demo"
	@"$$($(SWIFT) build --product hookferry --show-bin-path)/hookferry" demo

# One test after the other: many start processes, and time-outs must mean something on two cores.
test: ## Build and run every test
	@scripts/deps.sh test
	@scripts/step.sh "building the programs and their tests"
	@$(SWIFT) build --build-tests
	@scripts/step.sh "running the tests"
	@$(SWIFT) test --skip-build --no-parallel

check: lint test ## What must pass before a change goes in: format, lint, tidy and tests

format: ## Rewrite the sources in the project's format
	@$(SWIFT) format --in-place --recursive $(FORMATTED)

lint: ## Check format and style without changing anything
	@scripts/step.sh "checking the format"
	@$(SWIFT) format lint --strict --recursive $(FORMATTED)

fuzz: ## Feed the receiver's parts 5 million inputs that nobody sent
	@scripts/deps.sh build
	@scripts/step.sh "building the fuzzer"
	@"$$(scripts/build-release.sh hookferry-fuzz)/hookferry-fuzz" --inputs 5000000

kill-rounds: ## Kill the receiver 50 times under load and compare the topic with its answers
	@scripts/deps.sh test
	@$(SWIFT) build --build-tests
	@HOOKFERRY_KILL_ROUNDS=50 $(SWIFT) test --skip-build --no-parallel --filter ReceiverKillTests

SEEDS ?= 1-200

# CASE is stuck-record, dead-api or burst.
chaos: ## Run consumers through 200 seeded scenarios of faults; SEEDS="1 2 3" or CASE=... picks some
	@scripts/deps.sh build
	@scripts/step.sh "building the consumer and its conductor"
	@$(SWIFT) build --product hookferry-consumer
	@$(SWIFT) build --product hookferry-chaos
	@"$$($(SWIFT) build --show-bin-path)/hookferry-chaos" $(if $(CASE),--case $(CASE),--seeds "$(SEEDS)")

docs: ## Write docs/CONFIG.md and docs/METRICS.md from the declarations
	@scripts/deps.sh build
	@HOOKFERRY_WRITE_DOCS=1 $(SWIFT) test --filter theReferenceIsUpToDate

bench-receiver: ## Measure the receiver against a floor in the same run, and its limits
	@scripts/deps.sh bench
	@Benchmarks/receiver.sh
	@Benchmarks/limits.sh

bench: bench-receiver ## The same

bench-consumer: ## Measure the consumer's engine, its calls, its latency and its memory
	@scripts/deps.sh bench
	@Benchmarks/consumer.sh

profile-receiver: ## Show where the receiver's CPU time goes
	@scripts/deps.sh bench
	@Benchmarks/profile.sh

deps: ## Install what building, testing and measuring need
	@scripts/deps.sh build test bench
