#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine: msi
# kernel: one
# quick: KPLUG_RELOADS=5
# shows: hook:call hook:open hook:close kmod/plugin/hook.c kmod/core/main.c
# timeout: 600
# kmsg: Automounting of tracing to debugfs is deprecated
# perf, ftrace and bpftrace see every event of a device that a plugin serves, with the plugin's answer in it.
set -uo pipefail
. "$KPLUG_SRC/tests/vm/rig/tap.sh"
. "$KPLUG_SRC/tests/vm/rig/modules.sh"

N=20
tracing=/sys/kernel/tracing
# The first N results of calls.bpf.c's message 1, which counts, and their sum.
cat >/tmp/calls <<END
#!/bin/bash
for ((i = 0; i < $N; i++)); do kplug call t0 1 >/dev/null || exit 1; done
END
chmod +x /tmp/calls

# answers FILE FROM: how many of the N results from FROM on stand in the file's lines on kplug_call
answers() { grep 'kplug_call: ' "$1" | grep -Eo ' result=[0-9]+' | sort -u -t= -k2n | awk -F= -v from="$2" '$2 >= from' | wc -l; }

# start: the device, with a plugin that has counted no call
start()
{
	kplug soft create t0 && kplug buffer alloc t0 calls 4096 >/dev/null && kplug plugin load t0 "$KPLUG_TEST/calls.bpf.o"
}

runs 'the plugin is loaded' start

runs 'perf stat' perf stat -a -x, -e kplug:kplug_call -e kplug:kplug_open -o /tmp/stat /tmp/calls
is "$(awk -F, '/kplug_call/ { print $1 }' /tmp/stat)" $N 'perf stat counts every call'
is "$(awk -F, '/kplug_open/ { print $1 }' /tmp/stat)" $N 'perf stat counts every open'

# Without this it reads all of /proc/kallsyms and /lib/modules first, which takes half a minute here.
restricted=$(</proc/sys/kernel/kptr_restrict)
echo 2 >/proc/sys/kernel/kptr_restrict
runs 'perf record' perf record -q -a -e 'kplug:*' -o /tmp/perf.data /tmp/calls
perf script -i /tmp/perf.data -F event,trace >/tmp/script 2>/dev/null
echo "$restricted" >/proc/sys/kernel/kptr_restrict
is "$(grep -c 'kplug_call: ' /tmp/script)" $N 'perf record has every call'
is "$(grep -c 'kplug_close: ' /tmp/script)" $N 'perf record has every close'
is "$(answers /tmp/script $N)" $N "perf record has the plugin's answers"

echo 0 >$tracing/trace
runs 'ftrace on' sh -c "echo 1 >$tracing/events/kplug/enable"
runs 'calls' /tmp/calls
runs 'ftrace off' sh -c "echo 0 >$tracing/events/kplug/enable"
is "$(grep -c 'kplug_call: ' $tracing/trace)" $N 'ftrace has every call'
is "$(answers $tracing/trace $((2 * N)))" $N "ftrace has the plugin's answers"
echo 0 >$tracing/trace

program='tracepoint:kplug:kplug_call { @n = count(); @min = min(args.result); @max = max(args.result); }
	rawtracepoint:kplug_call { @raw = count(); }
	fentry:kplug:kplug_hook_fire /args.f->ev.hook == 2/ { @fentry = count(); }'
out=$(bpftrace -q -e "$program" -c "$BASH /tmp/calls" 2>&1)
like "$out" "@n: $N\$" 'bpftrace counts every call'
like "$out" "@min: $((3 * N))\$" "bpftrace has the plugin's first answer"
like "$out" "@max: $((4 * N - 1))\$" "bpftrace has the plugin's last answer"
like "$out" "@raw: $N\$" 'bpftrace counts on the raw tracepoint'
like "$out" "@fentry: $N\$" "bpftrace reads the event at the module's function"
kplug soft delete t0

# Unloading while events are switched on and off, by ftrace and by perf.
toggle()
{
	while [ -e /tmp/toggling ]; do
		echo 1 >$tracing/events/kplug/enable
		echo 0 >$tracing/events/kplug/enable
		perf stat -a -e kplug:kplug_call true
	done
} >/dev/null 2>&1

# reload: away and back; an event that is on holds the module for a moment
reload()
{
	rmmod kplug_soft kplug_pci kplug_memory || return 1
	for ((tries = 0; tries < 200; tries++)); do
		rmmod kplug 2>/dev/null || continue
		load_modules "$KPLUG_KMOD"
		return
	done
	return 1
}
touch /tmp/toggling
toggle &
done=0
for ((i = 0; i < ${KPLUG_RELOADS:-20}; i++)); do reload && done=$((done + 1)); done
rm /tmp/toggling
wait
is $done "${KPLUG_RELOADS:-20}" 'unloading while events are switched on and off'
runs 'after that a device and its plugin work' start
runs '... and answer' /tmp/calls
kplug soft delete t0
plan
