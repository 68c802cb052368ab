# SPDX-License-Identifier: GPL-2.0-only
VERSION := $(shell sed -n 's/^KPLUG_VERSION := //p' kmod/Kbuild)

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/kplug
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
DKMSDIR ?= $(PREFIX)/src/kplug-$(VERSION)

O ?= build
KDIR ?= /lib/modules/$(shell uname -r)/build
KMOD_OUT ?= $(O)/kmod
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))';
MAKEFLAGS += --no-print-directory
endif

ALL_CFLAGS := -std=gnu11 -Wall -Wextra $(if $(DEV),-Werror) -D_GNU_SOURCE -DKPLUG_VERSION='"$(VERSION)"' \
	-DKPLUG_DATADIR='"$(DATADIR)"' -I. -Ilib -Icli -Ikmod/uapi $(CFLAGS)
BPF_CFLAGS := -g -O2 -Wall $(if $(DEV),-Werror) -target bpf -mcpu=v3 -I. -Ibpf -Ikmod/uapi

# Asked only when something is compiled.
pkgs = $(shell $(PKG_CONFIG) $(1) $(2) || echo missing-packages:$(2))
BPF_LIBS = libbpf libelf zlib
LIB_LIBS = $(call pkgs,--libs,$(BPF_LIBS))
CLI_LIBS = $(call pkgs,--libs,$(BPF_LIBS) libcjson libkmod)

lib_src := $(wildcard $(addprefix lib/,base/*.c device/*.c buffer/*.c plugin/*.c))
cli_src := $(wildcard cli/*.c cli/output/*.c cli/cmd/*.c)
bpf_src := $(wildcard bpf/*.bpf.c)
man := cli/kplug.1 lib/libkplug.3 lib/wd/kplug-wd.7

lib_obj := $(lib_src:%.c=$(O)/%.o)
cli_obj := $(cli_src:%.c=$(O)/%.o)
bpf_obj := $(bpf_src:%.c=$(O)/%.o)

lib_a := $(O)/lib/libkplug.a
lib_so := $(O)/lib/libkplug.so.0
kplug := $(if $(cli_src),$(O)/cli/kplug)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib cli bpf modules install uninstall install-dkms clean help version compile_commands.json
all: lib cli bpf wd

help::
	@echo 'make                 library, command and example plugins, into $$(O) (build)'
	@echo 'make modules         kernel modules, for the running kernel or KDIR=...'
	@echo 'make install         library, headers, command, manual pages, plugins, DKMS source tree (PREFIX, DESTDIR)'
	@echo 'make uninstall       takes the same away'
	@echo 'make clean           removes build/ (the cached root in ~/.cache/kplug stays)'
	@echo 'make version         prints the version; make compile_commands.json is for editors and clangd'
	@echo 'Variables: V=1 shows commands, DEV=1 adds -Werror; CC CLANG PKG_CONFIG CFLAGS O'

lib: $(if $(lib_src),$(lib_a) $(lib_so))
cli: $(kplug)
bpf: $(bpf_obj)

$(O)/cli/cmd/plugin_new.o: CPPFLAGS += -DKPLUG_INCLUDE_DIR='"$(DATADIR)/include"'
$(lib_obj): CPPFLAGS += -fPIC -fvisibility=hidden

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(lib_a): $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(lib_so): $(lib_obj) lib/libkplug.map
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libkplug.so.0 -Wl,--version-script=lib/libkplug.map \
		-Wl,--no-undefined -o $@ $(lib_obj) $(LIB_LIBS)
	$(Q)ln -sf libkplug.so.0 $(O)/lib/libkplug.so

$(O)/cli/kplug: $(cli_obj) $(lib_a)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# Kernels before 6.13 have no MO=, so the build folder gets links to the sources.
# Kbuild would take our O= for its own.
modules: MAKEOVERRIDES := $(filter-out O=%,$(MAKEOVERRIDES))
modules:
	@mkdir -p $(KMOD_OUT)
	$(Q)find $(KMOD_OUT) -xtype l -delete
	$(Q)cp -rsf $(CURDIR)/kmod/. $(KMOD_OUT)/
	$(Q)$(MAKE) -C $(KDIR) M=$(abspath $(KMOD_OUT)) $(if $(DEV),KCFLAGS=-Werror) modules

version:
	@echo $(VERSION)

# What a build of all but the modules would run: a line "... -c -o OBJECT FILE" each.
to_json := s/["\\]/\\&/g;s|.* \(.*\)|{"directory": "$(CURDIR)", "file": "\1", "command": "&"},|p
compile_commands.json:
	@$(MAKE) -nB V=1 all tests $(patsubst %.c,$(O)/unit/%.o,$(unit_src)) 2>/dev/null | \
		sed -n '/ -c -o /{$(to_json)}' | sed '1s/^/[/;$$s/,$$/]/' >$@

pc_file = sed 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@INCLUDEDIR@|$(INCLUDEDIR)|;s|@VERSION@|$(VERSION)|' $(1)

install: all install-dkms
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/kplug \
		$(DESTDIR)$(DATADIR)/include $(DESTDIR)$(DATADIR)/plugins $(DESTDIR)$(COMPDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man7
	install $(O)/cli/kplug $(DESTDIR)$(BINDIR)/
	install -m 644 cli/kplug.bash-completion $(DESTDIR)$(COMPDIR)/kplug
	install -m 644 $(lib_a) $(lib_so) $(DESTDIR)$(LIBDIR)/
	ln -sf libkplug.so.0 $(DESTDIR)$(LIBDIR)/libkplug.so
	$(call pc_file,lib/libkplug.pc.in) >$(DESTDIR)$(LIBDIR)/pkgconfig/libkplug.pc
	install -m 644 lib/libkplug.h kmod/uapi/kplug_uapi.h bpf/edu.h bpf/list.h bpf/kplug_sync.h $(DESTDIR)$(INCLUDEDIR)/kplug/
	install -m 644 bpf/kplug.bpf.h bpf/kplug_sync.h vmlinux.h kmod/uapi/kplug_uapi.h $(DESTDIR)$(DATADIR)/include/
	install -m 644 $(bpf_obj) $(DESTDIR)$(DATADIR)/plugins/
	@$(MAKE) install-wd
	$(foreach m,$(man),sed 's|@VERSION@|$(VERSION)|' $(m) >$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) :
	$(if $(DESTDIR),,-ldconfig)

install-dkms:
	install -d $(addprefix $(DESTDIR)$(DKMSDIR)/,. $(notdir $(patsubst %/,%,$(wildcard kmod/*/))))
	cd kmod && for f in Kbuild */*.[ch] */*.awk; do install -m 644 $$f $(abspath $(DESTDIR))$(DKMSDIR)/$$f || exit; done
	sed 's|@VERSION@|$(VERSION)|' kmod/dkms.conf.in >$(DESTDIR)$(DKMSDIR)/dkms.conf

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/kplug $(DESTDIR)$(COMPDIR)/kplug $(foreach l,libkplug libkplug-wd,$(addprefix $(DESTDIR)$(LIBDIR)/,$(l).a $(l).so* pkgconfig/$(l).pc)) \
		$(foreach m,$(man),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -rf $(DESTDIR)$(INCLUDEDIR)/kplug $(DESTDIR)$(DATADIR) $(DESTDIR)$(DKMSDIR)

clean:
	rm -rf $(O)

include lib/wd/wd.mk tests/tests.mk

-include $(shell find $(O) -name '*.d' 2>/dev/null)
