# SPDX-License-Identifier: GPL-2.0-only
# The porting layer for WinDriver programs: library, plugin header, sample, guide. Included by the Makefile.
wd_src := $(wildcard lib/wd/*.c)
wd_obj := $(wd_src:%.c=$(O)/%.o)
wd_a := $(O)/lib/wd/libkplug-wd.a
wd_so := $(O)/lib/wd/libkplug-wd.so.0
wd_bpf_obj := $(patsubst %.c,$(O)/%.o,$(wildcard lib/wd/sample/*.bpf.c))
wd_guide := $(patsubst %.c,$(O)/%.o,$(wildcard lib/wd/guide/*.bpf.c))
wd_prog := $(O)/lib/wd/sample/td41 $(O)/lib/wd/guide/buffer_before $(O)/lib/wd/guide/buffer_after

.PHONY: wd install-wd
wd: $(wd_a) $(wd_so) $(wd_bpf_obj) $(wd_guide) $(wd_prog)

$(wd_obj) $(wd_prog:=.o): CPPFLAGS += -fPIC -fvisibility=hidden -Ilib/wd -Ibpf -DKPLUG_PLUGIN_DIR='"$(DATADIR)/plugins"'

$(wd_a): $(wd_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(wd_so): $(wd_obj) lib/wd/libkplug-wd.map $(lib_so)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libkplug-wd.so.0 -Wl,--version-script=lib/wd/libkplug-wd.map \
		-Wl,--no-undefined -o $@ $(wd_obj) -L$(O)/lib -lkplug -pthread

$(O)/lib/wd/%.bpf.o: lib/wd/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Ilib/wd -MMD -MP -c -o $@ $<

$(wd_prog): %: %.o $(wd_a) $(lib_a)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) -pthread

install-wd: wd
	install -m 644 $(wd_a) $(wd_so) $(DESTDIR)$(LIBDIR)/
	ln -sf libkplug-wd.so.0 $(DESTDIR)$(LIBDIR)/libkplug-wd.so
	$(call pc_file,lib/wd/libkplug-wd.pc.in) >$(DESTDIR)$(LIBDIR)/pkgconfig/libkplug-wd.pc
	install -m 644 lib/wd/windrvr.h lib/wd/wdc_lib.h $(DESTDIR)$(INCLUDEDIR)/kplug/
	install -m 644 lib/wd/kp.bpf.h lib/wd/wire.h $(DESTDIR)$(DATADIR)/include/
	install -m 644 $(wd_bpf_obj) $(DESTDIR)$(DATADIR)/plugins/
