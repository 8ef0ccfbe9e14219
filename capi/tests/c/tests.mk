# The C tests. They see nothing but an installed copy of the library, through pkg-config.

tests := $(capi)/tests/c
work := $(TARGET_DIR)/capi-tests
stage := $(work)/installed
CC := gcc
CXX := g++
warnings := -Wall -Wextra -Werror -Wpedantic -Wshadow
c11 := $(CC) -std=c11 -D_GNU_SOURCE $(warnings)
cxx17 := $(CXX) -std=c++17 $(warnings)
pkg_config = PKG_CONFIG_PATH=$(stage)/lib/pkgconfig pkg-config
shared = $$($(pkg_config) --cflags --libs ipgate)
static = $$($(pkg_config) --static --cflags --libs ipgate | sed 's/-lipgate/-l:libipgate.a/')
programs := api admit cases site_cases images poll site site_changes site_counts site_page site_poll report threads fork unload

# Names what is missing before anything else fails for it.
need = @for tool in $(1); do command -v $$tool > /dev/null \
	|| { echo "$$tool is missing: see the packages in capi/README.md" >&2; exit 1; }; done

.PHONY: stage
stage:
	$(call need,$(CC) $(CXX) pkg-config nm readelf valgrind)
	$(MAKE) --no-print-directory -f $(capi)/Makefile install PREFIX=$(stage) DESTDIR= > /dev/null
	printf '10.0.1.0/24:office_ABC\n' > $(work)/image.list
	cd $(root) && $(CARGO) run -q -p ipgate-cli -- compile $(work)/image.list -o $(work)/list.image > /dev/null
	mkdir -p $(work)/fleet/apps
	printf '10.0.0.0/8:corp\n' > $(work)/fleet/default.list
	printf '192.0.2.7:partner\n' > $(work)/fleet/apps/shop.list
	cd $(root) && $(CARGO) run -q -p ipgate-cli -- compile --site $(work)/fleet -o $(work)/site.image > /dev/null

# Compiles each program into $(work)/$(1), with the compiler and flags $(2), against the library $(3).
define compile
	mkdir -p $(work)/$(1)
	for program in $(programs); do \
	    $(2) -g -o $(work)/$(1)/$$program $(tests)/$$program.c $(3) -lpthread -ldl || exit 1; \
	done
endef

# Runs the programs $(2) of $(work)/$(1) under the command $(3).
define run
	for program in $(2); do \
	    echo "== $(1): $$program"; \
	    (cd $(work)/$(1) && IPGATE_LIBRARY=$(stage)/lib/libipgate.so IPGATE_CASES=$(root)/tests/cases IPGATE_IMAGE=$(work)/list.image IPGATE_SITE_IMAGE=$(work)/site.image \
	        LD_LIBRARY_PATH=$(stage)/lib env $(3) ./$$program) || exit 1; \
	done
endef

.PHONY: test-threads test-shared test-static test-cxx test-installed
test: test-installed test-shared test-static test-cxx

test-installed: stage
	sh $(tests)/installed.sh $(stage) $(version) $(soname) $(work)

test-shared: stage
	$(call compile,c11,$(c11) -O1,$(shared))
	$(call run,c11,$(programs),)

test-static: stage
	$(call compile,static,$(c11) -O1,$(static))
	$(call run,static,$(filter-out unload,$(programs)),)

test-cxx: stage
	$(call compile,c++17,$(cxx17) -O1 -x c++,$(shared))
	$(call run,c++17,$(programs),)

# Fair, or the writer of the threaded test waits for ever behind its readers.
memcheck := valgrind -q --fair-sched=yes --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
	--trace-children=yes

test-valgrind: test-shared
	$(call run,c11,$(filter-out fork,$(programs)),IPGATE_SLOW=1 $(memcheck))
	$(call run,c11,fork,IPGATE_SLOW=1 $(memcheck) --suppressions=$(tests)/fork.supp --num-callers=60 \
	    --errors-for-leak-kinds=definite)

# ThreadSanitizer with all of the library, the standard library's part included: without that, what it orders by
# fences looks like races (and helgrind takes every atomic for one). Needs a nightly toolchain with its sources.
tsan_target := $(shell rustc -vV | sed -n 's/^host: //p')
test-threads:
	$(call need,$(CC))
	@if ! rustc +nightly --print sysroot > /dev/null 2>&1 \
	    || ! test -d "$$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library"; then \
	    echo "test-threads: SKIPPED: rustup toolchain install nightly --component rust-src" >&2; exit 0; fi; \
	set -e; mkdir -p $(work)/threads; \
	cd $(root) && RUSTFLAGS=-Zsanitizer=thread $(CARGO) +nightly build -Zbuild-std --release -p ipgate-capi \
	    --target $(tsan_target) --target-dir $(TARGET_DIR)/tsan; \
	cp $(TARGET_DIR)/tsan/$(tsan_target)/release/libipgate_capi.so $(work)/threads/$(soname); \
	cd $(work)/threads; \
	$(c11) -O1 -g -fno-builtin -fsanitize=thread -I$(capi)/include -o threads $(tests)/threads.c $(tests)/tsan.c \
	    ./$(soname) -Wl,-rpath,$(work)/threads -Wl,--export-dynamic -lpthread; \
	echo "== ThreadSanitizer: threads"; IPGATE_SLOW=1 ./threads

test-sanitizers: stage
	$(call compile,sanitized,$(c11) -O1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all,$(shared))
	$(call run,sanitized,$(programs),ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1)

comma := ,
