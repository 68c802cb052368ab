/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The whole ABI of kplug: ioctls, mmap offsets, records and flags.
 *
 * For 64-bit programs only: ioctl() and mmap() of a 32-bit program fail with EOPNOTSUPP.
 *
 * Every ioctl works on an open /dev/kplug/NAME, KPLUG_SOFT_* on /dev/kplug_soft, and takes one struct whose first
 * member is its size in bytes. Structs may grow. One that is shorter than its first version is EINVAL. A longer one is
 * accepted if its unknown tail is zero and it is at most a page, else it is E2BIG. Reserved members and unknown flag
 * bits must be 0. The kernel writes members named out_*, and only on success. A published command never changes;
 * another is added instead.
 *
 * What an errno means, for all commands:
 *   EINVAL   a member is out of range, an unknown flag is set, or the struct is too short
 *   E2BIG    the struct is longer than this kernel knows and its tail is not zero, or it is longer than a page
 *   EFAULT   a pointer cannot be read or written
 *   ENOTTY   no such command
 *   EACCES   the command changes something, and the node was opened read-only; or a security policy (SELinux) refuses
 *   EPERM    a capability is missing
 *   ENODEV   the device was removed
 *   ENOMEM   no memory
 * Others are listed at their command.
 */
#ifndef KPLUG_UAPI_H
#define KPLUG_UAPI_H

#ifndef __VMLINUX_H__
#include <linux/ioctl.h>
#include <linux/types.h>
#endif

/* Version of this ABI and of what plugins see; a plugin object states the one it was built for. */
#define KPLUG_API_VERSION 2

#define KPLUG_NAME_LEN 32 /* device and plugin names, with the final NUL */
#define KPLUG_BUFFER_NAME_LEN 16 /* with the final NUL; letters, digits, '_' and '.', as BPF map names */
#define KPLUG_BUFFER_MAX (512U << 20) /* bytes in one buffer (the kernel's BPF_MAX_VAR_OFF) */
#define KPLUG_CALL_MAX 4096 /* bytes of a call's or an enable's argument */
#define KPLUG_VECTOR_MAX 2048 /* as many as MSI-X has at most */
#define KPLUG_ATTACH_MAX 64 /* bytes that a plugin attaches to an interrupt's record */
#define KPLUG_BAR_MAX 6

/* The hooks, in the order of kplug_plugin_load.prog_fds. New ones come last. */
enum kplug_hook {
	KPLUG_HOOK_OPEN,
	KPLUG_HOOK_CLOSE,
	KPLUG_HOOK_CALL,
	KPLUG_HOOK_INT_ENABLE,
	KPLUG_HOOK_INT_DISABLE,
	KPLUG_HOOK_INTERRUPT,
	KPLUG_HOOK_DEFERRED,
	KPLUG_HOOK_EVENT,
	KPLUG_HOOK_COUNT
};

/* Flags of a plugin's answer. kplug_answer() refuses any other bit. */
#define KPLUG_MINE 0x1U /* interrupt: the device raised it (claims a shared line) */
#define KPLUG_DEFER 0x2U /* interrupt: run the deferred hook */
#define KPLUG_FORWARD 0x4U /* event: tell the readers */
#define KPLUG_QUIET 0x8U /* close, event FREE and UNLOCK: the device does not use this memory */

/* Of the event hook and of a KPLUG_RECORD_EVENT record. */
enum kplug_event_code {
	KPLUG_EVENT_REMOVE = 1, /* the device is about to be removed */
	KPLUG_EVENT_SUSPEND, /* the machine is about to be suspended, to go off or to restart */
	KPLUG_EVENT_RESUME,
	KPLUG_EVENT_RESET, /* the device was reset, by the kernel or root: what was set in it is lost */
	KPLUG_EVENT_FREE, /* does the device use buffer `sequence` (id) of `file`? Only the hook gets it */
	KPLUG_EVENT_UNLOCK, /* ... lock `sequence` (id) of `file`? */
	KPLUG_EVENT_ERROR, /* the device or its link reports an error; if it needs a reset, KPLUG_EVENT_RESET follows */
};

enum kplug_irq_mode {
	KPLUG_IRQ_NONE,
	KPLUG_IRQ_INTX, /* a level line, perhaps shared */
	KPLUG_IRQ_MSI,
	KPLUG_IRQ_MSIX,
	KPLUG_IRQ_SOFT, /* the software device */
};

enum kplug_bus {
	KPLUG_BUS_PCI = 1,
	KPLUG_BUS_SOFT,
};

/* Describes the device and its state. Any open. */
struct kplug_info {
	__u32 size;
	__u32 out_api_version;
	__u32 out_bus; /* enum kplug_bus */
	__u32 out_irq_mode; /* enum kplug_irq_mode */
	__u32 out_vectors; /* 0..KPLUG_VECTOR_MAX */
	__u32 out_buffers; /* now; each part counts */
	__u32 out_dma_bits; /* DMA mask of the device at its bind: of requests that ask for none */
	__u32 out_flags; /* KPLUG_INFO_* */
	__u16 out_vendor; /* PCI ids; those of QEMU's edu on the software device */
	__u16 out_device;
	__u32 out_opens; /* open files of this node */
	__u64 out_locked; /* bytes of program memory locked now (KPLUG_DMA_LOCK), in whole pages */
	__u64 out_charged; /* bytes that count against the caller's RLIMIT_MEMLOCK, of all its user's programs */
	__u64 out_quarantined; /* bytes of memory that the device might still write: see KPLUG_BUFFER_ALLOC */
	__u64 out_bar_size[KPLUG_BAR_MAX]; /* bytes; 0: no such BAR, or not memory */
	__u64 out_interrupts; /* handled, of all vectors, since the device was bound; of one: KPLUG_IRQ_INFO */
	__u64 out_unhandled; /* of all vectors, see kplug_irq_info.out_unclaimed */
	char out_name[KPLUG_NAME_LEN];
};
#define KPLUG_INFO_PLUGIN 0x1U /* a plugin is loaded */
#define KPLUG_INFO_IOMMU 0x2U /* the device's DMA is translated */
#define KPLUG_INFO_BAR_MMAP 0x4U /* BARs can be mapped (KPLUG_MMAP_BAR) */
#define KPLUG_INFO_RESET 0x8U /* the kernel can reset the device */

enum kplug_buffer_kind {
	KPLUG_BUFFER_AUTO, /* paged behind an IOMMU, contiguous otherwise */
	KPLUG_BUFFER_PAGED,
	KPLUG_BUFFER_CONTIGUOUS,
	KPLUG_BUFFER_ARENA, /* a BPF arena of the caller's; behind an IOMMU only */
	KPLUG_BUFFER_IMPORTED, /* a dma-buf of another driver's */
	/*
	 * Contiguous, and write-combining to the CPU: for streams to the device, since reading is slow. It cannot be
	 * pinned (O_DIRECT), nor be read by bpf(BPF_MAP_LOOKUP_ELEM). Until the next boot the kernel maps the memory
	 * around it by 4 KiB.
	 */
	KPLUG_BUFFER_WC,
	KPLUG_BUFFER_KINDS
};

/*
 * Allocates a zeroed buffer that the device, plugins (as a BPF array map of one element) and programs share; or makes
 * existing memory a buffer: a BPF arena of the caller's, or a dma-buf. Needs an open for writing.
 *
 * The open file owns the buffer until KPLUG_BUFFER_FREE, the file's last close or the device's removal ends it, or
 * KPLUG_BUFFER_KEEP hands it to the device. At its end the name is free, and the memory is not the device's any more
 * (but see the next paragraph). It stays while an fd, a mapping or a pin of the map or a BPF program holds it.
 *
 * Memory that the device could still write is not given back, nor, behind an IOMMU, its device address.
 * Somebody vouches for the device: at KPLUG_BUFFER_FREE and KPLUG_DMA_UNLOCK a caller with CAP_SYS_RAWIO, else the
 * plugin's event hook; at the last close of the owner the plugin's close hook, whose event tells how many buffers and
 * locks the file had (`count`). It answers KPLUG_QUIET; or in close a positive result, then it is asked again after so
 * many ms, for 5 s at most. If nobody vouches, the memory is in quarantine, where nobody finds it, until the device is
 * removed, or reset by the kernel, which tries that when no file of the node is open any more. A software device needs
 * none of this.
 *   EEXIST      the device has a buffer of this name, or this part of it, or in another number of parts, or not of this
 *               open file's
 *   ENOPKG      this kind of memory needs the module kplug_memory, which cannot be loaded; so does a contiguous buffer
 *               that the page allocator does not have
 *   ENOMEM      not enough free memory, on the node; for a contiguous buffer: within the mask
 *   ENOSPC      there is enough free memory, but not in one piece
 *   EFBIG       more than all memory within the mask
 *   EDQUOT      over the caller's RLIMIT_MEMLOCK; or over a limit of the device (KPLUG_LIMIT); or over the limit of its
 *               memory cgroup, for which contiguous memory beyond the page allocator's (4 MiB) does not count
 *   ETIME       no place was found within timeout_ms
 *   ENXIO       the machine has no such NUMA node, or no memory on it
 *   ERANGE      dma_bits is more than the bus side allows
 *   EIO         the kernel cannot do DMA with this mask, or the memory would be bounced (swiotlb), or a dma-buf is not
 *               in one piece for the device
 *   EOPNOTSUPP  paged or arena without an IOMMU, write-combining elsewhere than on x86, a device that is not
 *               cache-coherent, or a dma-buf of a device's memory or of a driver that does not let the kernel read and
 *               write it, or may move it; contiguous, write-combining or a dma-buf where the modules' build found BPF
 *               maps that it does not know
 *   EBADF       memory_fd is not open
 *   EINVAL      also: memory_fd is not an arena's or a dma-buf's
 *   EACCES      also: memory_fd, a dma-buf's, is not open for writing
 *   EMSGSIZE    the dma-buf has less than bytes, in whole pages
 *   EFAULT      also: no mapping of the whole arena, as large as bytes says, is at arena_addr, or there is no memory
 *               for its pages
 *   EBUSY       the arena is a buffer already; or the dma-buf's memory is one of this device
 *   EOVERFLOW   the device has had KPLUG_BUFFER_ID_MAX + 1 buffers
 *   EPERM       uid is not the caller's, or gid is not one of its groups, and CAP_CHOWN is missing
 *   EPERM       also: the caller is in a user namespace of its own
 *
 * The memory counts against RLIMIT_MEMLOCK, for the user and not for the program, until it is given back: also while
 * it is kept or in quarantine. CAP_IPC_LOCK exempts. A dma-buf counts, whole, for its importer. A paged buffer's memory
 * counts until the buffer ends, even if an fd of the map is still open.
 *
 * More than KPLUG_BUFFER_MAX bytes are several parts: buffers of one name, each with its own map, id and address; all
 * but the last are whole pages. Arenas and dma-bufs have no parts. One open file owns all parts; they are kept and
 * freed together. Allocate the first part last: then a program that finds it finds the others.
 *
 * A mapping of an imported buffer may hold the dma-buf only, if the exporter maps it in its own way; an fd always holds
 * the buffer.
 *
 * The buffer has an owner, a group and a mode, as a file: they let others get its fd (both rights), map it
 * (KPLUG_MMAP_BUFFER: read; KPLUG_MMAP_HUGE: what is asked) and free it (write), besides the rights of the node.
 * CAP_DAC_OVERRIDE overrides them. Without KPLUG_BUFFER_RIGHTS they are the caller's and 0666. The fd returned here
 * does not depend on them.
 */
struct kplug_buffer_alloc {
	__u32 size;
	__u32 flags; /* KPLUG_BUFFER_RIGHTS */
	__u64 bytes; /* 1..KPLUG_BUFFER_MAX; the memory is rounded up to whole pages */
	__u32 kind; /* enum kplug_buffer_kind */
	__u32 dma_bits; /* 1..64: device addresses of this buffer have no more bits; 0: see KPLUG_INFO */
	char name[KPLUG_BUFFER_NAME_LEN];
	__u64 out_dma_addr; /* of the first byte, as the device sees it */
	__u32 out_kind; /* the one chosen */
	__u32 out_map_id; /* BPF map id */
	__u32 out_id; /* for KPLUG_MMAP_BUFFER; never used again on this device */
	__s32 out_fd; /* of the map, close-on-exec; the caller owns it */
	__u32 timeout_ms; /* contiguous: how long to look for a place, plus one more try; 0: no limit */
	__u32 mode; /* the next three: 0 without KPLUG_BUFFER_RIGHTS. Bits of 0666 */
	__u32 uid; /* in the caller's user namespace; 2^32 - 1: the caller's */
	__u32 gid;
	__s32 memory_fd; /* KPLUG_BUFFER_ARENA: the arena, _IMPORTED: the dma-buf, which the buffer holds; else 0 */
	__u32 node; /* 1 + the NUMA node for all memory; 0: any; not for an arena or a dma-buf */
	__u64 arena_addr; /* KPLUG_BUFFER_ARENA: where the caller has mapped all of it for writing; else 0 */
	__u16 part; /* which part this is, from 0, ... */
	__u16 parts; /* ... of how many; 0 and 1: the buffer is one part */
	__u32 reserved;
};
#define KPLUG_BUFFER_RIGHTS 0x1U

/*
 * Looks a buffer up. With a name: that one's part `part`, ENOENT if there is none. With an empty name: the one with the
 * lowest id that is at least `id`, ENOENT after the last; so a loop lists all. Any open; KPLUG_BUFFER_FD, which asks
 * for an fd of the map, needs an open for writing and both rights of the buffer (EACCES).
 */
struct kplug_buffer_info {
	__u32 size;
	__u32 flags; /* KPLUG_BUFFER_FD */
	char name[KPLUG_BUFFER_NAME_LEN];
	__u32 id;
	__u32 out_id;
	__u64 out_bytes;
	__u64 out_dma_addr; /* 0 if the caller may not read the buffer */
	__u32 out_kind;
	__u32 out_map_id;
	__u32 out_flags; /* KPLUG_BUFFER_KEPT */
	__s32 out_fd; /* -1 without KPLUG_BUFFER_FD */
	char out_name[KPLUG_BUFFER_NAME_LEN];
	__u32 out_mode;
	__u32 out_uid; /* as the caller's user namespace sees it */
	__u32 out_gid;
	__u16 out_part;
	__u16 out_parts; /* 1: it is all of it */
	__u64 out_addr; /* an arena's: where every program must map it; 0 without the right to read */
	__u32 part; /* with a name; else 0 */
	__u32 reserved;
};
#define KPLUG_BUFFER_FD 0x1U
#define KPLUG_BUFFER_KEPT 0x1U /* the device owns it */

/*
 * Acts on all parts of a buffer at once. Both need an open for writing.
 *   KPLUG_BUFFER_KEEP  hands a buffer of this open file to the device: it stays until KPLUG_BUFFER_FREE or the device's
 *                      removal. ENOENT: this open file owns no buffer of this name.
 *   KPLUG_BUFFER_FREE  ends a buffer that this open file or the device owns. ENOENT: no such name. EACCES: another open
 *                      file owns it; or the device does, and the caller has no right to write to it.
 */
struct kplug_buffer_name {
	__u32 size;
	__u32 reserved;
	char name[KPLUG_BUFFER_NAME_LEN];
};

/*
 * Makes a buffer a dma-buf, for drivers of other devices. It holds the memory; neither the buffer's end nor the
 * device's removal ends it. Other devices must be cache-coherent, and none bounces it (EIO), so there is nothing to
 * sync. Needs an open for writing and both rights of the buffer (EACCES). ENOENT: no such name. EOPNOTSUPP: it is
 * imported itself, or has parts.
 */
struct kplug_buffer_export {
	__u32 size;
	__u32 reserved;
	char name[KPLUG_BUFFER_NAME_LEN];
	__s32 out_fd; /* close-on-exec; of whole pages; the caller owns it */
	__u32 out_reserved;
};

/*
 * Begins, or ends, the CPU's access to a part of a buffer: between the two the program may read or write it, and the
 * device may not. Buffers of kplug's own memory need neither, since all devices are cache-coherent and nothing bounces;
 * of an imported one the exporter is asked (begin_cpu_access and end_cpu_access of struct dma_buf_ops), who may wait
 * for the devices that use it, and looks at the whole. Any open; WRITE needs one for writing. Both need the buffer's
 * rights (EACCES).
 *   EINVAL  also: neither READ nor WRITE
 *   ENOENT  the device has no such buffer
 *   ERANGE  not a part of it
 *   EINTR   a signal came while the exporter waited
 *   ENOPKG  the module kplug_memory is not loaded, so no buffer is imported: there is nothing to do
 *   The exporter may have others.
 */
struct kplug_buffer_access {
	__u32 size;
	__u32 flags; /* KPLUG_ACCESS_* */
	__u32 map_id; /* the buffer's */
	__u32 reserved;
	__u64 offset; /* in bytes */
	__u64 bytes; /* 1 or more */
};
#define KPLUG_ACCESS_READ 0x1U
#define KPLUG_ACCESS_WRITE 0x2U
#define KPLUG_ACCESS_END 0x4U /* else: begin */

/*
 * Locks memory of the calling program where it is, and maps it for the device in both directions: ordinary, shared or
 * huge pages that the program may write, but no file's (except tmpfs and memfd) and no device's. Needs an open for
 * writing. It counts against RLIMIT_MEMLOCK as a buffer does. The lock belongs to the open file and ends with it, with
 * the device, or by KPLUG_DMA_UNLOCK. Never bounced: what the device cannot reach is an error.
 *   EFAULT  a part of it is not mapped, is read-only, or is of the wrong sort
 *   EDQUOT  over RLIMIT_MEMLOCK
 *   ENOMEM  no memory; behind an IOMMU also: no device addresses left
 *   ERANGE  dma_bits is more than the bus side allows
 *   EIO     some pages are above the mask and there is no IOMMU, the memory would be bounced (swiotlb), or the kernel
 *           cannot do DMA with this mask
 *   EOPNOTSUPP  the device is not cache-coherent, or the memory is a file system's that must not be pinned for long
 *   ENOPKG  this needs the module kplug_memory, which cannot be loaded
 *   EPERM   the caller is in a user namespace of its own
 */
struct kplug_dma_lock {
	__u32 size;
	__u32 flags; /* must be 0 */
	__u64 addr; /* any alignment */
	__u64 bytes; /* 1..KPLUG_DMA_LOCK_MAX */
	__u32 dma_bits; /* as of struct kplug_buffer_alloc */
	__u32 out_id; /* of the lock, for this open file; used again after its end */
	__u32 out_count; /* of its entries: 1 behind an IOMMU, else one for each piece of physical memory */
	__u32 reserved;
};
#define KPLUG_DMA_LOCK_MAX 0x80000000U /* bytes in one lock */

/* Adjacent ones are merged. All but the first begin, all but the last end at a page's boundary. */
struct kplug_dma_entry {
	__u64 addr; /* as the device sees it */
	__u64 bytes;
};

/*
 * Copies out entries of a lock in the order of the memory, as they were made. ENOENT: no such lock of this open file.
 */
struct kplug_dma_entries {
	__u32 size;
	__u32 id;
	__u64 entries; /* pointer to struct kplug_dma_entry[max] */
	__u32 first; /* index of the first wanted */
	__u32 max;
	__u32 out_count; /* entries copied; 0: `first` is past the end; less than max is no sign of the end */
	__u32 reserved;
};

/*
 * Unlocks a lock, which the device must no longer use. If nobody vouches for that, the memory is in quarantine: see
 * KPLUG_BUFFER_ALLOC. ENOENT: no such lock of this open file.
 */
struct kplug_dma_unlock {
	__u32 size;
	__u32 id;
};

/*
 * Makes these programs the device's plugin, all hooks at one instant. Needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN in
 * the initial user namespace, and an open for writing. The device holds a reference on the programs; the fds stay the
 * caller's.
 *   EBUSY       the device has a plugin, and KPLUG_PLUGIN_REPLACE is not set
 *   EBADF       an fd is not open
 *   EINVAL      an fd is not a BPF program of type tracing, or there is no fd
 *   EPROTOTYPE  a program is not a tp_btf one of its fd's hook, or it is sleepable
 *   E2BIG       prog_count is more than KPLUG_PROG_MAX
 *   EOPNOTSUPP  an fd is given for a hook that this kernel does not have
 *   EPERM       also: the kernel is locked down (kernel_lockdown(7)), and no IOMMU confines the device: translates its
 *               DMA, isolates its interrupts, and has it in a group of its own
 */
struct kplug_plugin_load {
	__u32 size;
	__u32 flags; /* KPLUG_PLUGIN_REPLACE */
	__u64 prog_fds; /* pointer to __s32[prog_count], by enum kplug_hook; -1: the plugin does not serve the hook */
	__u32 prog_count; /* 0..KPLUG_PROG_MAX; hooks past it are not served */
	__u32 reserved;
	char name[KPLUG_NAME_LEN];
	char version[KPLUG_NAME_LEN];
};
#define KPLUG_PROG_MAX 1024 /* entries of prog_fds and prog_ids */
#define KPLUG_PLUGIN_REPLACE 0x1U /* swap: the running one is kept for KPLUG_PLUGIN_ROLLBACK, until the next swap */

/*
 * Detaches the plugin, waits until none of its programs runs, and drops the one kept for a rollback too. Needs the
 * rights of loading. ENOENT: there is no plugin.
 */
struct kplug_plugin_unload {
	__u32 size;
	__u32 reserved;
};

/*
 * KPLUG_PLUGIN_ROLLBACK takes a struct kplug_plugin_unload too. It swaps the plugin for the one before, which runs
 * with the maps that it had; a second rollback swaps back. Needs the rights of loading. ENOENT: nothing was swapped
 * since the load.
 */

/* Describes the plugin. Any open. ENOENT: no plugin, or none before it. E2BIG: prog_count is over KPLUG_PROG_MAX. */
struct kplug_plugin_info {
	__u32 size;
	__u32 flags; /* KPLUG_PLUGIN_PREVIOUS */
	__u64 prog_ids; /* pointer to __u32[prog_count]: gets BPF program ids by enum kplug_hook; 0: not served */
	__u32 prog_count; /* 0: ids are not wanted; entries past the kernel's hooks get 0 */
	__u32 out_uid; /* who loaded it, as the caller's user namespace sees it */
	__u32 out_swaps; /* of this device's plugins, rollbacks included */
	__u32 out_reserved;
	__u64 out_load_time; /* ns, CLOCK_BOOTTIME */
	__u64 out_misses; /* runs that the kernel's recursion guard skipped */
	__s64 out_last_error; /* the last negative result that it answered; 0: none */
	char out_name[KPLUG_NAME_LEN];
	char out_version[KPLUG_NAME_LEN];
};
#define KPLUG_PLUGIN_PREVIOUS 0x1U /* describes the one that a rollback would bring back */

/*
 * Sends a message to the plugin's call hook. The kernel copies `data` in, the plugin reads and writes the copy, and
 * the kernel copies it back. Needs an open for writing. A negative answer of the plugin is in out_result; it is not an
 * error of the ioctl. The plugin may leave the call pending: then the caller sleeps until another hook completes it.
 *   ENOMSG     no answer: no plugin, no call hook, or the hook did not answer
 *   E2BIG      data_size is more than KPLUG_CALL_MAX
 *   ETIMEDOUT  pending for longer than timeout_ms
 *   EINTR      a signal came while it was pending
 *   ECANCELED  the plugin was unloaded while it was pending
 * After the last three the device may still do what the call asked for; `data` is as it was.
 */
struct kplug_call {
	__u32 size;
	__u32 message;
	__u64 data; /* pointer; NULL if data_size is 0 */
	__u32 data_size;
	__u32 timeout_ms; /* how long it may be pending; 0: no limit */
	__s64 out_result;
};

/*
 * Enables a vector for this open file, whose read() and poll() then report its interrupts. `data` goes to the
 * int_enable hook, which may refuse: its negative result becomes the ioctl's error. Needs an open for writing. Closing
 * the file disables what it enabled. With KPLUG_IRQ_EVENTFD, each wake-up adds one to an eventfd until the vector is
 * disabled here, and the device's removal adds one more; the caller may close the eventfd, and read() and poll() work
 * as well.
 *   ERANGE    no such vector
 *   EALREADY  this file has enabled it
 *   E2BIG     data_size is more than KPLUG_CALL_MAX
 *   EBADF     eventfd is not open
 *   EINVAL    eventfd is not one
 */
struct kplug_irq_enable {
	__u32 size;
	__u32 vector;
	__u64 data;
	__u32 data_size;
	__u32 flags; /* KPLUG_IRQ_EVENTFD */
	__s32 eventfd; /* ignored without KPLUG_IRQ_EVENTFD */
	__u32 reserved;
};
#define KPLUG_IRQ_EVENTFD 0x1U

/*
 * Acts on a vector. All need an open for writing.
 *   KPLUG_IRQ_DISABLE  reverses KPLUG_IRQ_ENABLE; the file's last records are dropped. If no other open file has the
 *                      vector enabled, it returns when no hook of the vector runs.
 *   KPLUG_IRQ_UNMASK   unmasks an INTx line that was masked because no plugin claimed its interrupt (others: no-op)
 *   KPLUG_IRQ_TRIGGER  raises the vector by software
 *   KPLUG_IRQ_RESUME   restarts a vector that the watchdog has stopped. Needs the rights of loading a plugin
 * Errors:
 *   ERANGE      no such vector
 *   EALREADY    DISABLE: this file has not enabled it; RESUME: it is not stopped
 *   EAGAIN      TRIGGER: no file has enabled it (a software device keeps the interrupt for the first that does)
 *   EOPNOTSUPP  TRIGGER: the device cannot raise it by software (INTx)
 *   EBUSY       UNMASK: the watchdog has stopped it
 */
struct kplug_irq {
	__u32 size;
	__u32 vector;
};

/*
 * Why the watchdog has stopped a vector. It masks the vector, runs no hook, and wakes the readers once more with
 * KPLUG_RECORD_STOPPED. Only KPLUG_IRQ_RESUME restarts the vector; enabling it anew does not. CLAIMED and DENIED are of
 * INTx lines, which would hang the machine or the line's other devices.
 */
enum kplug_stop {
	KPLUG_STOP_NONE,
	KPLUG_STOP_CLAIMED, /* the plugin claims interrupts, and the line stays up or was not its device's */
	KPLUG_STOP_DENIED, /* the plugin denies interrupts, and its device keeps the line up */
	KPLUG_STOP_DEFERRED, /* the plugin defers 10,000 interrupts or more, and no deferred hook runs for a second */
	KPLUG_STOP_SLOW, /* the interrupt hook was over the module's budget (parameter irq_budget_us) several times */
};

/* Describes a vector and its state. Any open. ERANGE: no such vector. */
struct kplug_irq_info {
	__u32 size;
	__u32 vector;
	__u32 out_irq; /* Linux number, for /proc/irq */
	__u32 out_users; /* open files that have it enabled */
	__u32 out_stopped; /* enum kplug_stop */
	__u32 out_reserved;
	__u64 out_interrupts; /* handled, since the device was bound, as the next four */
	__u64 out_unclaimed; /* the plugin, or, if none answered, the device said that they were not its own */
	__u64 out_deferred; /* interrupts that the plugin deferred */
	__u64 out_wakeups; /* of readers */
	__u64 out_longest; /* ns: longest run of the interrupt hook since the last resume */
};

/*
 * Reads or writes a register. Needs CAP_SYS_RAWIO and an open for writing, since programming a bus master gives access
 * to all memory. For the same reason a locked-down kernel refuses it for PCI devices with EPERM (kernel_lockdown(7)).
 *   ERANGE  no such BAR, or the register is not inside it
 *   EINVAL  width is not 1, 2, 4 or 8, or offset is no multiple of it
 */
struct kplug_reg {
	__u32 size;
	__u32 flags; /* KPLUG_REG_WRITE */
	__u32 bar;
	__u32 width; /* bytes */
	__u64 offset; /* bytes from the BAR's start */
	__u64 value; /* to write; ignored by a read */
	__u64 out_value; /* read */
};
#define KPLUG_REG_WRITE 0x1U

/* What of a device can be limited. New ones come last. */
enum kplug_limit_what {
	KPLUG_LIMIT_BYTES, /* of all memory of this device's, in whole pages; also kept or in quarantine */
	/*
	 * of memory that kplug allocates, without an IOMMU, for requests whose DMA mask does not reach all of the
	 * machine's memory: others with such a mask need it, too
	 */
	KPLUG_LIMIT_LOW_BYTES,
	KPLUG_LIMIT_BUFFERS, /* until their memory is given back; each part counts */
	KPLUG_LIMIT_LOCKS, /* until their memory is given back */
	KPLUG_LIMIT_FILES, /* open files of the node */
	KPLUG_LIMIT_COUNT
};

/*
 * Tells, and with KPLUG_LIMIT_SET sets, how much of a device all programs together may use. A program with
 * CAP_SYS_RESOURCE counts, and goes over the limit. Over it open(), KPLUG_BUFFER_ALLOC and KPLUG_DMA_LOCK are EDQUOT. A
 * new limit ends nothing that there is. To set one needs CAP_SYS_RESOURCE in the initial user namespace (EPERM) and an
 * open for writing. EINVAL: no such limit. At the device's bind each limit is as KPLUG_LIMIT_DEFAULTS has it.
 */
struct kplug_limit {
	__u32 size;
	__u32 flags; /* KPLUG_LIMIT_SET */
	__u32 what; /* enum kplug_limit_what */
	__u32 reserved;
	__u64 max; /* with KPLUG_LIMIT_SET; 2^64 - 1: no limit */
	__u64 out_max;
	__u64 out_used;
};
#define KPLUG_LIMIT_SET 0x1U
/* By enum kplug_limit_what. Bytes have RLIMIT_MEMLOCK, by user, and files RLIMIT_NOFILE. */
#define KPLUG_LIMIT_DEFAULTS { ~0ULL, 64ULL << 20, 65536, 65536, ~0ULL }

/*
 * Software devices: ioctls of /dev/kplug_soft (module kplug_soft). They need CAP_SYS_ADMIN. A device exists until it is
 * deleted or the module is unloaded; a delete works while programs have the device open, as hot-unplug does.
 *   EEXIST, ENOENT  the name is taken; there is no such software device
 *   EINVAL  name: 1..KPLUG_NAME_LEN-1 letters, digits, '_', '-' or '.', no leading '.'; vectors or dma_bits out
 *           of range
 */
struct kplug_soft {
	__u32 size;
	__u32 vectors; /* 1..KPLUG_VECTOR_MAX; ignored by delete */
	__u32 dma_bits; /* 0: 28 as edu, or 20..64: what the DMA engine can address; ignored by delete */
	__u32 reserved;
	char name[KPLUG_NAME_LEN];
};

#define KPLUG_IOC_MAGIC 0xB7
#define KPLUG_INFO _IOWR(KPLUG_IOC_MAGIC, 0, struct kplug_info)
#define KPLUG_BUFFER_ALLOC _IOWR(KPLUG_IOC_MAGIC, 1, struct kplug_buffer_alloc)
#define KPLUG_BUFFER_INFO _IOWR(KPLUG_IOC_MAGIC, 2, struct kplug_buffer_info)
#define KPLUG_BUFFER_FREE _IOWR(KPLUG_IOC_MAGIC, 3, struct kplug_buffer_name)
#define KPLUG_PLUGIN_LOAD _IOWR(KPLUG_IOC_MAGIC, 4, struct kplug_plugin_load)
#define KPLUG_PLUGIN_UNLOAD _IOWR(KPLUG_IOC_MAGIC, 5, struct kplug_plugin_unload)
#define KPLUG_PLUGIN_INFO _IOWR(KPLUG_IOC_MAGIC, 6, struct kplug_plugin_info)
#define KPLUG_CALL _IOWR(KPLUG_IOC_MAGIC, 7, struct kplug_call)
#define KPLUG_IRQ_ENABLE _IOWR(KPLUG_IOC_MAGIC, 8, struct kplug_irq_enable)
#define KPLUG_IRQ_DISABLE _IOWR(KPLUG_IOC_MAGIC, 9, struct kplug_irq)
#define KPLUG_IRQ_UNMASK _IOWR(KPLUG_IOC_MAGIC, 10, struct kplug_irq)
#define KPLUG_IRQ_TRIGGER _IOWR(KPLUG_IOC_MAGIC, 11, struct kplug_irq)
#define KPLUG_REG _IOWR(KPLUG_IOC_MAGIC, 12, struct kplug_reg)
#define KPLUG_PLUGIN_ROLLBACK _IOWR(KPLUG_IOC_MAGIC, 13, struct kplug_plugin_unload)
#define KPLUG_DMA_LOCK _IOWR(KPLUG_IOC_MAGIC, 14, struct kplug_dma_lock)
#define KPLUG_DMA_ENTRIES _IOWR(KPLUG_IOC_MAGIC, 15, struct kplug_dma_entries)
#define KPLUG_DMA_UNLOCK _IOWR(KPLUG_IOC_MAGIC, 16, struct kplug_dma_unlock)
#define KPLUG_IRQ_RESUME _IOWR(KPLUG_IOC_MAGIC, 17, struct kplug_irq)
#define KPLUG_IRQ_INFO _IOWR(KPLUG_IOC_MAGIC, 18, struct kplug_irq_info)
#define KPLUG_BUFFER_EXPORT _IOWR(KPLUG_IOC_MAGIC, 19, struct kplug_buffer_export)
#define KPLUG_BUFFER_ACCESS _IOWR(KPLUG_IOC_MAGIC, 20, struct kplug_buffer_access)
#define KPLUG_BUFFER_KEEP _IOWR(KPLUG_IOC_MAGIC, 21, struct kplug_buffer_name)
#define KPLUG_LIMIT _IOWR(KPLUG_IOC_MAGIC, 22, struct kplug_limit)
#define KPLUG_SOFT_CREATE _IOWR(KPLUG_IOC_MAGIC, 64, struct kplug_soft)
#define KPLUG_SOFT_DELETE _IOWR(KPLUG_IOC_MAGIC, 65, struct kplug_soft)

/*
 * mmap() of the node. A BAR: shared, with the rights that KPLUG_REG wants, uncached; gone (SIGBUS) when the device is,
 * or while it has not recovered from an error.
 * A buffer: shared and read-only whatever the node was opened for; EACCES if PROT_WRITE is asked, or without the right.
 * Writers map the map's fd instead.
 * A buffer, huge: shared, with the rights that it is asked for at mmap(), which mprotect() cannot add to; by pages of
 * 2 MiB where its address and the memory's are multiples of that, filled when touched. A contiguous one (EOPNOTSUPP:
 * another); one of the page allocator's, of 4 MiB at most, by small pages at once. What pins a program's memory
 * (O_DIRECT, io_uring, ptrace) cannot use a mapping by large pages (EFAULT), and no security policy for BPF is asked.
 */
#define KPLUG_MMAP_BAR(bar) (((__u64)(bar) + 1) << 40)
#define KPLUG_MMAP_BUFFER(id) ((1ULL << 60) | ((__u64)(id) << 32))
#define KPLUG_MMAP_HUGE(id) ((1ULL << 61) | ((__u64)(id) << 32))
#define KPLUG_BUFFER_ID_MAX 0x0fffffffU /* for the offsets above to tell buffers apart */

/*
 * read() returns whole records, one for each enabled vector with wake-ups since the last read and one for forwarded
 * events, as many as fit (or fewer). It blocks until there is one; EAGAIN with O_NONBLOCK; EINVAL if the buffer is
 * smaller than a record; ENODEV when the device was removed and all is read. poll() is ready when read() does not
 * block.
 *
 * Each open file has its own cursor, so each sees every interrupt. A slow reader's record stands for several wake-ups
 * and says so: the sums of count, coalesced, notify and of lost + 1 over its records are those of the vector.
 */
struct kplug_record {
	__u32 type; /* KPLUG_RECORD_* */
	__u32 vector; /* IRQ: the vector; EVENT: enum kplug_event_code */
	__u64 count; /* interrupts since this file's last record of the vector, or events since its last read */
	__u64 notify; /* IRQ: sum of the notify counts of the same time */
	__u64 sequence; /* IRQ: number of the last interrupt of this vector, from 1 */
	__u64 time; /* ns, CLOCK_MONOTONIC, of that interrupt or event */
	/* The rest is of IRQ only. */
	__u64 coalesced; /* those of count for which the interrupt hook woke no reader */
	__u64 lost; /* earlier wake-ups that this file gets no record of */
	__u32 answered; /* ns from time until the interrupt hook was done; 2^32 - 1: more */
	__u32 deferred; /* ns from time until the deferred hook began; 0: it has not */
	__u32 flags; /* KPLUG_RECORD_STOPPED */
	__u32 data_size; /* 0..KPLUG_ATTACH_MAX */
	__u8 data[KPLUG_ATTACH_MAX]; /* what the hooks attached to the last interrupt; zeros behind data_size */
	__u64 reserved[2]; /* 0 */
};
#define KPLUG_RECORD_IRQ 1
#define KPLUG_RECORD_EVENT 2
#define KPLUG_RECORD_STOPPED 0x1U /* the watchdog has stopped the vector: see KPLUG_IRQ_INFO */

#endif /* KPLUG_UAPI_H */
