#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh ROOT KERNEL MACHINE MODE CASE COMMAND LIMIT: one guest, from initramfs to verdict. Ends with 0 only on a good
# verdict. MODE: cases, exec, demo, bench, shell. What the guest leaves is in $VM/run/KERNEL-MACHINE-MODE/. Where it stalls at
# boot, or a case leaves the modules busy, it is booted again for the rest, twice at most: KPLUG_BOOTS tells how often it was,
# KPLUG_AFTER the last case that has ended.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh
. ./count.sh

root=$1 kernel=$2 machine=$3 mode=$4 case=$5 command=$6 limit=$7
run=$VM/run/$kernel-$machine-$mode
in=/srv/${run##*/} # the same, as QEMU sees it
short=$(cut -d. -f1,2 <<<"$kernel")

boots=${KPLUG_BOOTS:-0}
[ "$boots" != 0 ] || rm -rf "${run:?}"
mkdir -p "$run/res"
echo "FAIL no verdict" >"$run/verdict"
: >>"$run/earlier"
: >"$run/lines" && : >"$run/live"
rm -f "$run/disk" "$run/nvme" "$run/fast"
truncate -s 16M "$run/disk" "$run/fast"
head -c 1M /dev/zero | tr '\0' '\245' >"$run/nvme" # what a read has brought can be told
printf '%s=%q\n' MACHINE "$machine" MODE "$mode" CASE "$case" COMMAND "$command" LIMIT "$limit" \
	ALL "${KPLUG_ALL:-}" FIRST "${KPLUG_FIRST:-}" AFTER "${KPLUG_AFTER:-}" SCALE "${KPLUG_SCALE:-}" \
	KPLUG_SECONDS "${KPLUG_SECONDS:-}" KPLUG_CALLS "${KPLUG_CALLS:-}" KPLUG_SEED "${KPLUG_SEED:-}" \
	KPLUG_SWAPS "${KPLUG_SWAPS:-}" KPLUG_KILLS "${KPLUG_KILLS:-}" KPLUG_RELOADS "${KPLUG_RELOADS:-}" KPLUG_PULLS "${KPLUG_PULLS:-}" \
	KPLUG_UNBINDS "${KPLUG_UNBINDS:-}" KPLUG_READS "${KPLUG_READS:-}" \
	COVERAGE "${KPLUG_COVERAGE:-}" \
	>"$run/res/job"

make_initramfs()
{
	local tree=$run/initramfs n=10 module
	mkdir -p "$tree"/{bin,modules,proc,dev,root}
	cp "$root/bin/busybox" "$tree/bin/"
	cp init "$tree/init"
	while read -r _ module; do
		xz -dc "$root$module" >"$tree/modules/$n-$(basename "$module" .xz)"
		n=$((n + 1))
	done < <(is_debug "$kernel" || for module in 9pnet_virtio 9p; do
		chroot "$root" modprobe -S "$kernel" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++')
	(cd "$tree" && find . | cpio --quiet -o -H newc) >"$run/initramfs.cpio"
	rm -rf "$tree"
}

# init_on_alloc=0: Debian zeroes all pages by default, and a test of our own zeroing could not fail.
# norandmaps: QEMU translates code anew for each address that it runs at, and keeps it all: to clear a page in which a
# library once was took minutes.
# nokaslr: whether half of the memory is to be had in pieces of 512 MiB is not left to where the kernel lies this time.
append="init_on_alloc=0 norandmaps nokaslr console=ttyS0 loglevel=5 tsc=reliable panic=-1 panic_on_warn=1 oops=panic rcupdate.rcu_cpu_stall_timeout=60"
append+=" tsc_early_khz=$("$VM/out/user/tests/vm/rig/tool/tsc_khz")"
board=(-M q35)
image=/boot/vmlinuz-$kernel
memory=2048M
if is_debug "$kernel"; then
	image=/opt/bzImage
	short=debug
	# Not at boot: a debug kernel has much to say of itself. guest.sh sets panic_on_warn. Without no5lvl, and after a
	# first report, KASAN and lockdep may be blind.
	append=${append/panic_on_warn=1 /}" kasan_multi_shot no5lvl"
fi
case $machine in
msi | rt) ;;
intx | kexec) append+=" pci=nomsi" ;;
iommu)
	board=(-M "q35,kernel-irqchip=split" -device "intel-iommu,intremap=on")
	append+=" intel_iommu=on"
	# Of each arena's 4 GiB of kernel addresses KASAN keeps a shadow: 512 MiB.
	near=512M
	! is_debug "$kernel" || { memory=4608M && near=1536M; }
	board+=(-object "memory-backend-ram,id=near,size=$near" -numa "node,memdev=near,cpus=0-1"
		-object "memory-backend-ram,id=far,size=$((${memory%M} - ${near%M}))M" -numa "node,memdev=far")
	;;
bounce) append+=" swiotlb=force" ;;
selinux) append+=" lsm=lockdown,selinux,bpf selinux=1 enforcing=1" ;;
# Where modules cannot be signed the case does it, after they are in.
lockdown)
	! is_debug "$kernel" || append+=" lockdown=integrity"
	board=(-M "q35,kernel-irqchip=split" -device "intel-iommu,intremap=on")
	append+=" intel_iommu=on"
	;;
*) die "no machine '$machine' (msi, intx, iommu, bounce, rt, selinux, lockdown, kexec)" ;;
esac

make_initramfs
[ "$machine" != kexec ] || cp "$run/initramfs.cpio" "$run/res/" # for the second kernel

# fsrm=off, erms=off: told that "rep movsb" and "rep stosb" are fast, the kernel copies and clears by them, and QEMU
# emulates each byte as a turn of a loop. Without the flags a guest takes a sixth less.
# QEMU is the root's own: before 8.1, it could run code that the kernel, on its other CPU, had already replaced.
# The port at 0xe is empty: cases plug into it (rig_plug()). QEMU does not bring its link up again after a reset, which it
# does for one as slow as that at 6.
# Slots 4, 8, 12, ... share one legacy interrupt line; 5 and 9 another, which the two edu devices have for themselves.
qemu=(qemu-system-x86_64 "${board[@]}" -accel "tcg,thread=multi" -cpu "max,fsrm=off,erms=off" -smp 2 -m "$memory"
	-nodefaults -no-user-config -display none -no-reboot
	-kernel "$image" -initrd "$in/initramfs.cpio" -append "$append"
	-serial "file:$in/console" -serial "file:$in/lines"
	-device "edu,addr=5" -device "edu,addr=9,dma_mask=0xffffffffffffffff"
	-device "pcie-root-port,id=below,addr=6,chassis=1,x-speed=5" -device "e1000e,bus=below" -device "igb,addr=7"
	-drive "file=$in/disk,format=raw,if=none,id=disk" -device "virtio-blk-pci,drive=disk,addr=0x1c"
	-drive "file=$in/nvme,format=raw,if=none,id=nvme,throttling.iops-total=20"
	-drive "file=$in/fast,format=raw,if=none,id=fast"
	-device "nvme,id=nvme,serial=kplug,addr=0xa" -device "nvme-ns,bus=nvme,drive=nvme,nsid=1"
	-device "nvme-ns,bus=nvme,drive=fast,nsid=2,logical_block_size=4096,physical_block_size=4096"
	-device "virtio-serial-pci,addr=0x14" -device "virtconsole,chardev=live"
	-device "pcie-root-port,id=empty,addr=0xe,chassis=2"
	-chardev "socket,id=monitor,path=$in/monitor,server=on,wait=off" -mon "chardev=monitor"
	-chardev "socket,id=guest,path=$in/monitor" -device "virtserialport,chardev=guest,name=monitor")
for s in "root /mnt 4 ro" "src /src 8 ro" "out /out 0xc ro" "res $in/res 0x10 rw"; do
	read -r tag path slot access <<<"$s"
	qemu+=(-fsdev "local,id=$tag,path=$path,security_model=none$([ "$access" = rw ] || echo ,readonly=on)"
		-device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag,addr=$slot")
done

if [ "$mode" = shell ]; then
	qemu+=(-chardev "stdio,id=live,signal=off")
	./in-root.sh "$root" "${qemu[@]}" || true
	exit
fi
qemu+=(-chardev "file,id=live,path=$in/live")
./in-root.sh "$root" "${qemu[@]}" </dev/null >"$run/qemu.log" 2>&1 &
pid=$!
trap 'kill -KILL $pid 2>/dev/null || true' EXIT

if [ "$mode" = cases ]; then
	./show.sh lines "$short" "$machine" "$run/res" "$run/lines" "$pid" &
else
	./show.sh live "$run/live" "$pid" &
fi
shower=$!

# The guest says ahead how long its next step may take; two minutes more, or it is stuck. One in thirty stalls before its
# first step, seconds after the start: that is not waited for so long while there is another try.
patience=60
! is_debug "$kernel" || patience=180
[ "$boots" -lt 2 ] || patience=$((patience + 120))
wait_for()
{
	local seen=0 now since=$SECONDS allowed=$patience
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.2
		now=$(wc -l <"$run/lines")
		if [ "$now" != "$seen" ]; then
			seen=$now since=$SECONDS
			allowed=$(awk '$1 == "BEGIN" { t = $3 } END { print t + 120 }' "$run/lines")
		fi
		[ $((SECONDS - since)) -le "$allowed" ] || return 1
	done
	wait "$pid"
}

why=
if ! wait_for; then
	why="the guest hung, or QEMU failed"
	[ -s "$run/lines" ] || why="no sign of the guest in $patience s, or QEMU failed"
fi
kill -KILL "$pid" 2>/dev/null || true
wait "$shower" || true

splat='WARNING:|BUG:|KASAN|UBSAN|KCSAN|Oops|Kernel panic|general protection|rcu.*(stall|detected)|lockdep|circular locking|blocked for more than|soft lockup|DMA-API|Call Trace'
# What the debug kernel's last case provokes is meant.
sed '/kplug rig: the watchers are provoked from here/,$d' "$run/console" >"$run/unprovoked"
if grep -aEq "$splat" "$run/unprovoked"; then why="the kernel complained"; fi
last=$(tail -n 1 "$run/lines")
[[ $last =~ ^VERDICT\ pass=[0-9]+\ fail=[0-9]+\ skip=[0-9]+$ ]] || why=${why:-the guest ended without a verdict}

# again ARGUMENTS REASON: boots again, to go on after the last case that has ended
again()
{
	local reason=${*: -1} last
	[ "$boots" -lt 2 ] || return 0
	echo "$short $machine: $reason; booting again"
	echo "$short $machine: $reason" >>"$VM/run/again"
	cp "$run/console" "$run-crashed"
	last=$(awk '$1 == "CASE" { n = $2 } END { print n }' "$run/lines")
	cat "$run/lines" >>"$run/earlier"
	KPLUG_BOOTS=$((boots + 1)) KPLUG_AFTER=${last:-${KPLUG_AFTER:-}} exec ./boot.sh "${@:1:$#-1}"
}

# The cases that were to run in this boot and have not ended.
unrun=$(awk '$1 == "CASES" { n = $2 } $1 == "CASE" && $2 != "watchers" { n-- } END { print n + 0 }' "$run/lines")
left=$(awk '$1 == "LEFT" { print $2 }' "$run/lines")
if [ -z "$why" ] && [ -n "$left" ] && [ "$unrun" != 0 ]; then
	again "$@" "$left left the modules busy, $unrun cases are to come"
	why="$left left the modules busy, and not for the first time"
fi

# QEMU's emulation of two CPUs sometimes crashes a kernel that patches itself: while it boots, or by a breakpoint of the
# patching that one CPU still sees. That says nothing of kplug, so the guest gets another try, unless a case had failed
# before, and we say so.
ours=1
if ! grep -Eq '^(BEGIN|CASES)' "$run/lines" || grep -aq 'Oops: int3:' "$run/console"; then ours=; fi
if awk '$1 == "CASE" && $4 > 0 { bad = 1 } END { exit !bad }' "$run/lines"; then ours=1; fi
if [ -n "$why" ] && [ -z "$ours" ]; then again "$@" "$why, and not for kplug's sake (see $run-crashed)"; fi

during=$(awk '$1 == "BEGIN" { d = $2 } $1 == "CASE" { d = "" } END { print d ? d : "no case" }' "$run/lines")
if [ -n "$why" ]; then
	why+=", during $during"
	[ "$unrun" = 0 ] || why+="; $unrun cases have not ended"
	echo "$short $machine: $why; from $run/console:"
	# From the first complaint on, or else the end.
	{ grep -aE -m 1 -A 59 "$splat" "$run/console" || tail -n 60 "$run/console"; } | sed 's/^/      /'
	cat "$run/qemu.log"
fi
[ "$mode" != cases ] || last=$(count_guest "$run/earlier" "$run/lines" "$why")
[ "$mode" = cases ] || [ -z "$why" ] || last="VERDICT pass=0 fail=1 skip=0 $why"
echo "$last" >"$run/verdict"
[[ $last == *\ fail=0\ * ]]
