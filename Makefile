# SPDX-License-Identifier: BSD-3-Clause
#
# kturn: a TURN relay whose data path runs in the Linux kernel.
# `make help` lists what can be made; everything made goes below build/.

BUILD	?= build
PREFIX	?= /usr/local
KVER	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KVER)/build

# As many jobs as there are processors, if nobody says how many. Several goals are meant one after the other.
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

OPT	?= -O2 -g
PKGS	:= libnl-3.0 libnl-genl-3.0 libevent libevent_pthreads json-c libssl libcrypto \
	   sqlite3 hiredis libpq
CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/local/sbin/bpftool /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wpointer-arith -Wvla
HARDEN	:= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	   -fno-sanitize-recover=undefined

PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))

CPPFLAGS += -D_GNU_SOURCE -Iuserspace -Ikmod/uapi -Ikmod
CFLAGS_ALL = -std=gnu11 $(WARN) -pthread $(PKG_CFLAGS)
# libunistring has no file for pkg-config.
LDLIBS_ALL = -Wl,--as-needed $(PKG_LIBS) -lunistring -pthread -lm

# The program for XDP needs more than the rest; without, there is no XDP.
XDP_TOOLS := $(shell command -v $(CLANG) >/dev/null && command -v $(BPFTOOL) >/dev/null && \
	       pkg-config --exists libbpf && echo yes)
XDP_SKEL := $(if $(XDP_TOOLS),$(BUILD)/xdp/kturn_xdp.skel.h)
ifneq ($(XDP_TOOLS),)
CPPFLAGS += -DKTURN_HAVE_XDP -isystem $(BUILD)/xdp
PKGS	+= libbpf
endif

# Dependencies point one way: kturnd -> userdb, net, fastpath -> turn -> stun.
LAYERS	:= userdb net fastpath turn stun
OBJ	:= $(BUILD)/obj
SAN	:= $(BUILD)/san

sources  = $(wildcard userspace/$(1)/*.c)
objects  = $(patsubst %.c,$(1)/%.o,$(2))
# The daemon's parts but its main file, for tests that drive them.
DAEMON_PARTS := $(filter-out userspace/kturnd/main.c,$(call sources,kturnd))
# Likewise of the load generator.
BENCH_PARTS := $(filter-out userspace/bench/main.c,$(call sources,bench))

UNIT	:= $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
VMTEST	:= $(patsubst tests/fastpath/%.c,%,$(wildcard tests/fastpath/test_*.c))
VMTEST_HELPERS := $(filter-out tests/fastpath/test_%.c %.bpf.c,$(wildcard tests/fastpath/*.c))
VMTEST_BPF := $(if $(XDP_TOOLS),$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fastpath/*.bpf.c)))
FUZZ	:= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
BENCH	:= $(patsubst tests/bench/%.c,%,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
BENCH_BPF := $(if $(XDP_TOOLS),$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.bpf.c)))

PROGRAMS := kturnd kturnctl kturn-bench

.PHONY: all programs libraries module install uninstall clean help deps \
	unit-tests vm-tests fuzzers sanitized test test-programs test-kernels test-debug \
	demo bench bench-load bench-streams scale lint
.DELETE_ON_ERROR:
.SECONDARY:

all: programs module	## kturnd, kturnctl, kturn-bench and, where kernel headers are found, kturn.ko

programs: libraries $(PROGRAMS:%=$(BUILD)/%)	## the userspace programs only
	@[ -n "$(XDP_TOOLS)" ] || echo "XDP: left out: it needs clang, bpftool and libbpf" \
		"(Debian: apt-get install clang bpftool libbpf-dev)"

libraries:
	@pkg-config --exists --print-errors $(PKGS) && \
		echo '#include <unistr.h>' | $(CC) -fsyntax-only -xc - || \
		{ echo "Libraries are missing: 'make deps' installs them (Debian 12, as root)."; exit 1; }

module:		## kturn.ko for the kernel KVER (the running one by default)
	@if [ -e $(KDIR)/Makefile ]; then \
		tests/vm/build-module --kdir $(KDIR) kmod $(BUILD)/kmod/$(KVER) && \
		ln -sf kmod/$(KVER)/kturn.ko $(BUILD)/kturn.ko; \
	else \
		echo "kturn.ko: not built: no kernel headers in $(KDIR)" \
		     "(Debian: apt-get install linux-headers-$(KVER))"; \
	fi

# --- the program for XDP ----------------------------------------------------

define compile_bpf
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	@$(CLANG) -target bpf -O2 -g -Wall -Wextra -Werror -isystem /usr/include/$(shell $(CC) -print-multiarch) \
		-c -o $@ $<
endef

$(BUILD)/xdp/%.bpf.o: userspace/xdp/%.bpf.c userspace/xdp/kturn.bpf.h
	$(compile_bpf)
$(BUILD)/tests/%.bpf.o: tests/%.bpf.c userspace/xdp/kturn.bpf.h
	$(compile_bpf)

$(BUILD)/xdp/%.skel.h: $(BUILD)/xdp/%.bpf.o
	@echo "  SKEL  $@"
	@$(BPFTOOL) gen skeleton $< name $* >$@

# --- programs ---------------------------------------------------------------

define layer
$(OBJ)/lib$(1).a: $(call objects,$(OBJ),$(call sources,$(1)))
$(SAN)/lib$(1).a: $(call objects,$(SAN),$(call sources,$(1)))
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

%.a:
	@mkdir -p $(@D); rm -f $@
	@ar rcs $@ $^

LIBS_OBJ := $(LAYERS:%=$(OBJ)/lib%.a)
LIBS_SAN := $(LAYERS:%=$(SAN)/lib%.a)

$(OBJ)/%.o: %.c | libraries $(XDP_SKEL)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(EXTRA_CPPFLAGS) $(OPT) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(SAN)/%.o: %.c | libraries $(XDP_SKEL)
	@mkdir -p $(@D)
	@echo "  CC    $< (sanitized)"
	@$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(EXTRA_CPPFLAGS) $(SANITIZE) $(CFLAGS) -MMD -MP -c -o $@ $<

# The daemon's parts as a library, of which a program takes what it names.
$(OBJ)/libdaemon.a: $(call objects,$(OBJ),$(DAEMON_PARTS))
$(SAN)/libdaemon.a: $(call objects,$(SAN),$(DAEMON_PARTS))

LINK = @echo "  LINK  $@"; mkdir -p $(@D); $(CC) $(LDFLAGS) -o $@

$(BUILD)/kturnd: $(call objects,$(OBJ),$(call sources,kturnd)) $(LIBS_OBJ)
	$(LINK) -pie $^ $(LDLIBS_ALL)
# kturnctl reads the daemon's configuration, with the daemon's own parts.
$(BUILD)/kturnctl: $(call objects,$(OBJ),$(call sources,kturnctl)) $(OBJ)/libdaemon.a $(LIBS_OBJ)
	$(LINK) -pie $^ $(LDLIBS_ALL)
$(BUILD)/kturn-bench: $(call objects,$(OBJ),$(call sources,bench)) $(LIBS_OBJ)
	$(LINK) -pie $^ $(LDLIBS_ALL)
$(SAN)/kturnd: $(call objects,$(SAN),$(call sources,kturnd)) $(LIBS_SAN)
	$(LINK) -fsanitize=address,undefined $^ $(LDLIBS_ALL)
$(SAN)/kturnctl: $(call objects,$(SAN),$(call sources,kturnctl)) $(SAN)/libdaemon.a $(LIBS_SAN)
	$(LINK) -fsanitize=address,undefined $^ $(LDLIBS_ALL)
$(SAN)/kturn-bench: $(call objects,$(SAN),$(call sources,bench)) $(LIBS_SAN)
	$(LINK) -fsanitize=address,undefined $^ $(LDLIBS_ALL)

# --- tests ------------------------------------------------------------------

# The harness defines the functions of fixtures without declaring them.
TEST_CPPFLAGS := -isystem tests/kselftest -Itests/fastpath -Wno-missing-prototypes
$(SAN)/tests/%.o: EXTRA_CPPFLAGS = $(TEST_CPPFLAGS)
$(OBJ)/tests/%.o: EXTRA_CPPFLAGS = $(TEST_CPPFLAGS)
# A file of the module, outside the kernel.
$(SAN)/tests/unit/test_wheel.o: EXTRA_CPPFLAGS = $(TEST_CPPFLAGS) -isystem tests/unit/kernel

$(OBJ)/libgenerator.a: $(call objects,$(OBJ),$(BENCH_PARTS))
$(SAN)/libgenerator.a: $(call objects,$(SAN),$(BENCH_PARTS))
$(BUILD)/tests/unit/%: $(SAN)/tests/unit/%.o $(SAN)/libdaemon.a $(SAN)/libgenerator.a $(LIBS_SAN)
	$(LINK) -fsanitize=address,undefined $^ $(LDLIBS_ALL)
$(BUILD)/tests/fuzz/%: $(SAN)/tests/fuzz/%.o $(call objects,$(SAN),$(VMTEST_HELPERS)) \
		       $(SAN)/libdaemon.a $(LIBS_SAN)
	$(LINK) -fsanitize=address,undefined $^ $(LDLIBS_ALL)
$(BUILD)/tests/fastpath/%: $(OBJ)/tests/fastpath/%.o \
			   $(call objects,$(OBJ),$(VMTEST_HELPERS)) $(LIBS_OBJ)
	$(LINK) -pie $^ $(LDLIBS_ALL)
$(BUILD)/tests/bench/%: $(OBJ)/tests/bench/%.o $(OBJ)/libgenerator.a $(LIBS_OBJ)
	$(LINK) -pie $^ $(LDLIBS_ALL)

sanitized: $(PROGRAMS:%=$(SAN)/%)
unit-tests: $(UNIT:%=$(BUILD)/tests/unit/%)
vm-tests: $(VMTEST:%=$(BUILD)/tests/fastpath/%) $(VMTEST_BPF)
fuzzers: $(FUZZ:%=$(BUILD)/tests/fuzz/%)
bench-programs: $(BENCH:%=$(BUILD)/tests/bench/%) $(BENCH_BPF)
test-programs: programs sanitized unit-tests vm-tests fuzzers bench-programs

deps:		## install what building and testing need (Debian 12, as root)
	@tests/install-deps

# The libraries' flags are asked for when a recipe runs, so what `deps` has
# just installed is found by the second make.
test: deps	## build everything, run every test; ends with a count
	@$(MAKE) --no-print-directory test-programs
	@tests/vm/build-module 6.1
	@tests/run

test-kernels: deps	## build the module for 6.1, 6.12 and 7.2 and test it on each
	@$(MAKE) --no-print-directory programs vm-tests fuzzers
	@tests/run --kernels 6.1,6.12,7.2

test-debug: deps	## test the module on a kernel with KASAN, lockdep, kmemleak (built at first)
	@$(MAKE) --no-print-directory programs vm-tests fuzzers
	@tests/run --kernels 6.12-debug

demo: deps	## relay a real client's traffic through the module, in a VM
	@$(MAKE) --no-print-directory programs
	@tests/demo/demo

bench: deps	## instructions per relayed packet, ours beside coturn's
	@$(MAKE) --no-print-directory programs bench-programs
	@tests/bench/bench

bench-load: deps	## throughput, loss and latency of coturn and kturnd, by kturn-bench
	@$(MAKE) --no-print-directory programs
	@tests/bench/load

bench-streams: deps	## instructions per packet of clients over TCP and TLS
	@$(MAKE) --no-print-directory programs
	@tests/bench/streams

scale: deps	## what a million channels cost: creation, memory, packets
	@$(MAKE) --no-print-directory programs bench-programs
	@tests/bench/scale

lint: deps	## checkpatch, sparse, clang-tidy (deeper than in make test)
	@tests/lint --deep

install: programs	## install programs, a systemd unit and, when built, the module
	install -d $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(PROGRAMS:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/sbin/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@SBIN@,$(PREFIX)/sbin,' userspace/kturnd/kturnd.service.in \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/kturnd.service
	install -d $(DESTDIR)$(PREFIX)/lib/modprobe.d
	sed 's,@SBIN@,$(PREFIX)/sbin,' userspace/kturnctl/modprobe.conf.in \
		>$(DESTDIR)$(PREFIX)/lib/modprobe.d/kturn.conf
	if [ -e $(BUILD)/kmod/$(KVER)/kturn.ko ]; then \
		install -D -m 644 $(BUILD)/kmod/$(KVER)/kturn.ko \
			$(DESTDIR)/lib/modules/$(KVER)/updates/kturn.ko; \
		[ -n "$(DESTDIR)" ] || depmod $(KVER); \
	fi

uninstall:	## remove what install installed
	rm -f $(PROGRAMS:%=$(DESTDIR)$(PREFIX)/sbin/%)
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/kturnd.service
	rm -f $(DESTDIR)$(PREFIX)/lib/modprobe.d/kturn.conf
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/kturn.ko

clean:		## remove build/
	rm -rf $(BUILD)

help:		## this text
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(OBJ) $(SAN) -name '*.d' 2>/dev/null)
