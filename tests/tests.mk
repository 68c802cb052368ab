# SPDX-License-Identifier: GPL-2.0-only
# Tests, benchmarks and the demo. Included by the Makefile.
unit_src := $(wildcard tests/unit/*.c)
bpf_test_src := $(wildcard tests/vm/bpf/*.bpf.c)
vm_src := $(wildcard tests/vm/cases/*/*.c)
vm_lib_src := $(wildcard tests/vm/rig/lib/*.c)
bench_src := $(wildcard tests/bench/*.c tests/demo/*.c)

bpf_test_obj := $(bpf_test_src:tests/vm/bpf/%.c=$(O)/tests/vm/%.o)
vm_obj := $(vm_src:%.c=$(O)/%.o)
vm_lib_obj := $(vm_lib_src:%.c=$(O)/%.o)
unit_obj := $(patsubst %.c,$(O)/unit/%.o,$(lib_src) $(filter-out cli/main.c,$(cli_src)))

unit_bin := $(unit_src:%.c=$(O)/%)
# Without their rooms: a case is known by its name alone, and runs others from its own folder.
vm_bin := $(addprefix $(O)/tests/vm/,$(notdir $(vm_src:.c=)))
bench_bin := $(bench_src:%.c=$(O)/%)
fuzz_src := $(wildcard tests/fuzz/*.c)
fuzz_bin := $(fuzz_src:tests/fuzz/%.c=$(O)/fuzz/%)

TEST_LIBS = $(call pkgs,--libs,cmocka $(BPF_LIBS) libcjson) -pthread
CLI_TEST_LIBS = $(TEST_LIBS) $(call pkgs,--libs,libkmod)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

.PHONY: tests unit model fuzzers fuzz stress test test-all test-debug coverage demo bench check shell size test-table mutants

help::
	@echo 'make unit            unit tests, no privileges'
	@echo 'make model           checks the models of bpf/kplug_sync.h; needs spin'
	@echo 'make test            each test, in virtual machines [KERNEL=6.12] [MACHINE=msi] [CASE=GLOB] [JOBS=CPUs]'
	@echo 'make test-all        the same with all repetitions, and each on every machine that it can run on [KPLUG_SCALE=1]'
	@echo 'make test-debug      all cases on a debug kernel, which is built first (once, 10 to 25 minutes) [MACHINE=msi] [CASE=GLOB]'
	@echo 'make coverage        the same without watchers: which lines of modules, library and command are run [MACHINE=msi] [CASE=GLOB]'
	@echo 'make check           compilers, sparse, clang-tidy and others find nothing; tests/check/exceptions says what they may'
	@echo 'make size            lines of code by kernel module and room'
	@echo 'make test-table      which cases show which ioctl, hook, kind of memory, command, source file and claim of the README'
	@echo 'make mutants         which of N mistakes, put into the kernel modules one at a time, the cases notice [N=60] [SEED=commit]'
	@echo 'make fuzz            the parsers of library and command under libFuzzer, 600 s each [SECONDS=]'
	@echo 'make stress          everything at once, in a virtual machine, 600 s [SECONDS=] [SEED=] [KERNEL=6.12] [MACHINE=msi]'
	@echo 'make demo            the main job, in a virtual machine'
	@echo 'make bench           benchmarks, in a virtual machine, to build/bench/results.json'
	@echo 'make shell           a shell in a virtual machine [KERNEL=6.12] [MACHINE=msi]'

tests: lib wd $(bpf_test_obj) $(vm_bin) $(bench_bin) $(addprefix $(O)/tests/vm/rig/tool/,tsc_khz man_example)

$(O)/tests/vm/%.bpf.o: tests/vm/bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# The headers of the rig and of the plugins, also where the library has a folder of that name.
$(vm_obj) $(vm_lib_obj): CPPFLAGS += -iquote tests/vm/rig -iquote tests/vm

$(foreach obj,$(vm_obj),$(eval $(O)/tests/vm/$(notdir $(obj:.o=)): $(obj)))
$(bench_bin): %: %.o
$(vm_bin) $(bench_bin): $(vm_lib_obj) $(wd_a) $(lib_a)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS) $(call pkgs,--libs,liburing)

# Runs on the host, whatever its libraries.
$(O)/tests/vm/rig/tool/tsc_khz: $(O)/tests/vm/rig/tool/tsc_khz.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $<

# The program in the manual page, for the guest to run.
$(O)/tests/vm/rig/tool/man_example: lib/libkplug.3 $(lib_a)
	$(call say,LD,$@)
	$(Q)sed '1,/example begins/d;/example ends/,$$d;s/\\e/\\/g;s/\\-/-/g' $< >$@.c
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $@.c $(lib_a) $(TEST_LIBS)

# Unit tests have objects of their own, with the sanitizers.
$(O)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(unit_bin): $(O)/tests/unit/%: $(O)/unit/tests/unit/%.o $(unit_obj)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(CLI_TEST_LIBS)

# libFuzzer is clang's, and so are all objects of a fuzzer.
$(O)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CLANG) $(ALL_CFLAGS) $(CPPFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(fuzz_bin): $(O)/fuzz/%: $(O)/fuzz/obj/tests/fuzz/%.o $(patsubst $(O)/unit/%,$(O)/fuzz/obj/%,$(unit_obj))
	$(call say,LD,$@)
	$(Q)$(CLANG) $(CFLAGS) $(SANITIZE) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(CLI_TEST_LIBS)

fuzzers: $(fuzz_bin)

unit: $(unit_bin)
	@rc=0; for t in $(unit_bin); do $$t || rc=1; done; exit $$rc

model:
	@tests/model/run.sh

test test-all test-debug:
	@tests/vm/rig/run.sh $(patsubst test%,-%,$(filter test-%,$@)) $(if $(KERNEL),--kernel '$(KERNEL)') $(if $(MACHINE),--machine '$(MACHINE)') $(if $(CASE),--case '$(CASE)')

# With objects of its own. The whole fails below 95 % of the modules' lines and 90 % of the libraries'.
coverage:
	@O=$(O)/coverage tests/vm/rig/run.sh --coverage $(if $(KERNEL),--kernel '$(KERNEL)') $(if $(MACHINE),--machine '$(MACHINE)') $(if $(CASE),--case '$(CASE)')

demo bench check shell:
	@tests/vm/rig/run.sh $(if $(KERNEL),--kernel '$(KERNEL)') $(if $(MACHINE),--machine '$(MACHINE)') --$@

size:
	@tests/check/size.sh

test-table:
	@tests/check/table.sh

# By hand: minutes for each.
mutants:
	@tests/vm/rig/mutants.sh $(or $(N),60) $(or $(SEED),$(shell git rev-parse --short=12 HEAD))

fuzz:
	@KPLUG_SECONDS=$(or $(SECONDS),600) tests/vm/rig/run.sh --fuzz

stress:
	@KPLUG_SECONDS=$(or $(SECONDS),600) KPLUG_SEED=$(SEED) \
		tests/vm/rig/run.sh --case stress --kernel '$(or $(KERNEL),6.12)' --machine '$(or $(MACHINE),msi)'
