# What people do with the project, a target each. `make help` lists them.

CARGO ?= cargo
FUZZ_SECONDS ?= 300
FUZZ_SMOKE_SECONDS ?= 5
PREFIX ?= /usr/local
DESTDIR ?=
command := $(or $(CARGO_TARGET_DIR),target)/debug/ipgate

# Debian packages that the tests use beside Rust; kubectl comes by others, too.
TEST_PACKAGES := gcc g++ make pkg-config binutils curl openssl valgrind python3 python3-venv \
	protobuf-compiler libprotobuf-dev etcd-server etcd-client systemd nginx caddy haproxy nftables iproute2 \
	$(if $(shell command -v kubectl),,kubernetes-client)
NGINX_PACKAGES := $(shell $(MAKE) -s --no-print-directory -C nginx packages)
LUA_PACKAGES := nginx libnginx-mod-http-lua luajit2 curl wrk python3

# What has to pass before a change lands, in this order. Each can be run alone, and says how long it took.
STAGES := setup format directions scripts lint links deny msrv unit doc pictures-check bench-smoke capi lua nginx-test \
	fleet fuzz-smoke
stage = @scripts/stage $@

# They share target/, and setup comes first.
.NOTPARALLEL:
.PHONY: help test $(STAGES) fuzz nginx nginx-bench nginx-demo fleet-demo install router pictures

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

test: ## everything that has to pass before a change lands
	$(stage) $(MAKE) --no-print-directory $(STAGES)

setup: ## installs what the tests need, where it is missing
	$(stage) scripts/setup $(TEST_PACKAGES) $(NGINX_PACKAGES) $(LUA_PACKAGES)

format: ## fails where rustfmt would change something
	$(stage) $(CARGO) fmt --all --check

directions: ## fails where an import leads upward or in a circle
	$(stage) scripts/directions

scripts: ## tests of the scripts
	$(stage) scripts/tests/directions
	$(stage) scripts/tests/stage

lint: ## clippy, warnings denied, with every feature and with none
	$(stage) $(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(stage) $(CARGO) clippy -p ipgate --no-default-features -- -D warnings

links: ## fails where a page links to what is not there
	$(stage) scripts/links

deny: ## licences, sources, bans and advisories of the dependencies
	$(stage) scripts/deny

msrv: ## the oldest Rust that Cargo.toml promises
	$(stage) scripts/msrv

unit: ## unit, integration, example, command and documentation tests
	$(stage) scripts/unit $(CARGO) test --workspace --exclude ipgate-nginx-tests --all-features

doc: ## documentation, warnings denied
	$(stage) env RUSTDOCFLAGS="-D warnings" $(CARGO) doc -p ipgate-lpm -p ipgate -p ipgate-capi -p ipgate-sources -p ipgate-tower \
		-p ipgated --no-deps --all-features

pictures: ## what the README shows of the command
	$(CARGO) build --quiet -p ipgate-cli
	scripts/pictures $(command) docs/pictures

pictures-check: ## fails where the README shows what the command no longer says
	@$(CARGO) build --quiet -p ipgate-cli
	$(stage) scripts/pictures --check $(command) docs/pictures

bench-smoke: ## every benchmark once, for its answers and not for its figures
	$(stage) $(CARGO) test --workspace --exclude ipgate-nginx-tests --all-features $(patsubst %,--bench %, \
		client gate site ways update layer decide crates)

fuzz-smoke: ## every fuzz target for a few seconds
	$(stage) env FUZZ_SEED=1 scripts/fuzz $(FUZZ_SMOKE_SECONDS)

fuzz: ## every fuzz target for FUZZ_SECONDS (300)
	@scripts/fuzz $(FUZZ_SECONDS)

capi: ## the C interface: C tests, valgrind, sanitizers
	$(stage) $(MAKE) --no-print-directory -C capi test test-valgrind test-sanitizers test-threads

lua: ## the Lua binding inside a real nginx
	$(stage) $(MAKE) --no-print-directory -C integrations/lua test

nginx: ## the nginx modules, for the nginx that is installed
	$(MAKE) --no-print-directory -C nginx debian

nginx-test: ## the nginx modules against real nginx processes
	$(stage) $(MAKE) --no-print-directory -C nginx test

nginx-bench: ## what a request costs, beside stock nginx
	$(MAKE) --no-print-directory -C nginx bench

nginx-demo: setup ## an nginx on 127.0.0.1 with a list to edit
	$(MAKE) --no-print-directory -C nginx demo

# The commands are those that the unit tests have built.
fleet: ## real sources, daemons and nginx: a write is in force in every router, as are the commands of the older systems
	@$(CARGO) test --quiet --workspace --exclude ipgate-nginx-tests --all-features --no-run
	@$(MAKE) --no-print-directory -C nginx debian
	$(stage) daemon/scripts/fleet-demo $(CURDIR)/nginx/build/debian-shared $(dir $(command)) < /dev/null
	$(stage) daemon/scripts/old-commands $(CURDIR)/nginx/build/debian-shared $(abspath $(dir $(command)))

fleet-demo: setup ## the same, to play with
	@$(CARGO) build -p ipgated -p ipgate-cli
	@$(MAKE) --no-print-directory -C nginx debian
	@daemon/scripts/fleet-demo $(CURDIR)/nginx/build/debian-shared $(dir $(command))

install: ## libipgate with header and pkg-config file, under DESTDIR and PREFIX
	$(MAKE) --no-print-directory -C capi install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

router: ## the example router on 127.0.0.1
	$(CARGO) run --release --example router

# Peers are compiled for the native CPU and ipgate for the default one, in one process. Real tables, one prefix a
# line, are read where IPGATE_BENCH_V4 and IPGATE_BENCH_V6 name them; IPGATE_BENCH_BEFORE names the crates.tsv of a run
# to compare with.
RESULTS ?= $(CURDIR)/target/bench

.PHONY: bench bench-dpdk bench-page

bench: ## the table beside other crates; BENCH="v4-map-full v6-*" picks cases, IPGATE_BENCH_PASSES=1 is quick
	@mkdir -p $(RESULTS)
	IPGATE_BENCH_TSV=$(RESULTS)/crates.tsv RUSTC_WRAPPER=$(CURDIR)/lpm/benches/crates/native \
		$(CARGO) bench -p ipgate-bench --bench crates --target-dir target/native-peers -- $(BENCH) > $(RESULTS)/crates.txt
	@cat $(RESULTS)/crates.txt

bench-dpdk: ## the table beside DPDK's rte_fib, rte_fib6 and rte_lpm, with their own bulk calls
	@scripts/setup pkg-config libdpdk-dev
	@mkdir -p $(RESULTS)
	cd lpm/benches/peers && IPGATE_BENCH_TSV=$(RESULTS)/dpdk.tsv \
		$(CARGO) run --release --target-dir $(CURDIR)/target/dpdk -- $(BENCH) > $(RESULTS)/dpdk.txt
	@cat $(RESULTS)/dpdk.txt

bench-page: ## curves and tables of the last `make bench` into docs/bench.md
	python3 -m venv target/plot
	target/plot/bin/pip install --quiet --disable-pip-version-check 'matplotlib>=3.9,<4'
	target/plot/bin/python lpm/benches/plot.py $(RESULTS) docs/bench.md
