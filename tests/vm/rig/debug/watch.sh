# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by guest.sh on the debug kernel, whose watchers may go blind: lockdep stops at its first complaint, whoever it is
# of, and DMA-API debugging when its memory is used up.
DEBUG=/sys/kernel/debug
# How much longer than on a stock kernel a case may take.
# shellcheck disable=SC2034 # in guest.sh
SLOWER=6

# KASAN's own reports do not panic (kasan_multi_shot): the taint tells of them.
watch_begin()
{
	blind | sed 's/^/at boot: /' >&2
	echo 1 >/proc/sys/kernel/panic_on_warn
	echo scan >$DEBUG/kmemleak
	echo clear >$DEBUG/kmemleak
}

# blind: prints which of the watchers do not watch
blind()
{
	local taint
	grep -q '^ debug_locks: *1$' /proc/lockdep_stats || echo "lockdep is off"
	[ "$(<$DEBUG/dma-api/disabled)" = N ] || echo "DMA-API debugging is off"
	# Of modules: out of the tree, unsigned. All else is a complaint, KASAN's among them.
	taint=$(</proc/sys/kernel/tainted)
	[ $((taint & ~(1 << 12 | 1 << 13))) = 0 ] || echo "the kernel is tainted: $taint"
}

locked_down() { ! [[ $(</sys/kernel/security/lockdown) = '[none]'* ]]; }

# leaks: prints what kmemleak finds. What is younger than five seconds it finds the next time, and tells whose it is.
leaks()
{
	locked_down && return # nobody may ask
	{ echo scan >$DEBUG/kmemleak; } 2>/dev/null || echo "kmemleak is off"
	# What a CPU was moving meanwhile is seen by the next scan.
	! grep -q . $DEBUG/kmemleak || echo scan >$DEBUG/kmemleak
	cat $DEBUG/kmemleak
	echo clear >$DEBUG/kmemleak
}

sin() { busybox insmod "$KPLUG_KMOD/../debug/wrong.ko" "what=$1" 2>/dev/null; }

# provoke SIN REGEX TEXT: the watcher complains
provoke()
{
	dmesg --clear
	sin "$1"
	like "$(dmesg -t)" "$2" "$3"
}

# watch_end: after the last case, TAP: nothing is left, and all watchers were awake, as they still are. From here on the
# host does not mind what the kernel says.
watch_end()
{
	. /src/tests/vm/rig/tap.sh
	is "$(blind)" '' 'the watchers are awake'
	is "$(<$DEBUG/dma-api/error_count)" 0 'DMA-API debugging has found nothing'
	if locked_down; then
		skip 'no module to provoke them is let in: the kernel is locked down'
		plan
	fi
	sleep 6
	is "$(leaks; leaks)" '' 'kmemleak finds nothing'
	echo 0 >/proc/sys/kernel/panic_on_warn
	echo '<1>kplug rig: the watchers are provoked from here' >/dev/kmsg
	# First: any other complaint switches lockdep off.
	provoke deadlock 'possible circular locking dependency' 'lockdep sees two locks taken crosswise'
	sin leak
	sleep 6
	like "$(leaks; leaks)" 'size 1024' 'kmemleak sees memory that nobody knows of'
	provoke use_after_free 'KASAN: slab-use-after-free' 'KASAN sees freed memory used'
	provoke out_of_bounds 'KASAN: vmalloc-out-of-bounds' '... and what is past the end'
	provoke shift 'UBSAN: shift-out-of-bounds' 'UBSAN sees a shift by too much'
	provoke corrupt_list 'list_add double add' 'a list that is broken'
	provoke sleep_in_atomic 'sleeping function called from invalid context' 'sleep under a spin lock'
	provoke unmap_nothing 'DMA-API: .*device driver tries to free DMA memory it has not allocated' 'what was never mapped'
	plan
}
