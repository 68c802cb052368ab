/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkplug: devices, buffers, plugins, calls and interrupts of kplug, from a program.
 *
 * Errors. Every function that can fail returns 0 or a negative errno; what it makes goes to a ret_ argument, which is
 * untouched on failure. kplug_error() is the text of the calling thread's last failure: the object, the reason and
 * the way out. Besides the errnos listed at a function there may be: -ENOMEM; -EINVAL, an opts struct says what this
 * library does not know; and of all that take a device: -ENODEV, it has gone; -EACCES, it is open read-only; -ENOTTY
 * or -E2BIG, the module is older than this library.
 *
 * Objects are opaque; each function that makes one names the one that frees it, which takes NULL. Buffers
 * live on without their device. Strings given are copied. An argument may be NULL only where it is said.
 *
 * Threads. Functions on different objects may run in parallel. One object is for one thread at a time, except that
 * kplug_call(), register access, kplug_irq_wait(), the vector functions and kplug_device_info() may run in several
 * threads on one device. Any function may sleep, kplug_reg_read() and kplug_reg_write() only at the first use of a
 * BAR or where it cannot be mapped. None but the kplug_buffer_ getters may be called from a signal handler.
 *
 * Options go in structs that may grow: set sz to sizeof the struct and all members that are not used to 0. NULL: the
 * defaults.
 *
 * Since 0.1 unless said otherwise.
 */
#ifndef LIBKPLUG_H
#define LIBKPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kplug_uapi.h"

/* The kernel refuses 32-bit programs: see kplug_uapi.h. */
#if UINTPTR_MAX < UINT64_MAX
#error "kplug is for 64-bit programs only"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The library is compiled with hidden symbols; what is declared here is visible. */
#pragma GCC visibility push(default)

struct kplug_device;
struct kplug_buffer;
struct kplug_lock;
struct kplug_plugin;
struct kplug_irq_thread;
struct kplug_observer;

/*
 * Text of this thread's last failure in this library, perhaps of several lines and without a final one's end; "" if
 * there was none. Good until the thread's next failure or end; not to be freed.
 */
const char *kplug_error(void);

enum kplug_log_level { KPLUG_LOG_WARN, KPLUG_LOG_INFO, KPLUG_LOG_DEBUG };

/*
 * text: one message (libbpf's begin with "libbpf: "), without a line end, good during the call. Runs in the thread
 * that caused it, perhaps in several at once, and must not call the library.
 */
typedef void (*kplug_log_fn)(enum kplug_log_level level, const char *text, void *arg);

/*
 * Messages that are no errors, libbpf's included, go to fn with arg; NULL, the default, drops them. For the whole
 * process: set it before other threads use the library.
 */
void kplug_set_log(kplug_log_fn fn, void *arg);

/* --- the machine's devices ------------------------------------------------------------------------------------- */

/* One PCI function, or one software device, as found in sysfs. */
struct kplug_scan_entry {
	char name[KPLUG_NAME_LEN]; /* PCI address or software device's name; also the node's name if bound */
	char driver[32]; /* "" if none */
	uint16_t vendor, device; /* PCI ids; a software device's are 1234:11e8 */
	bool bound; /* to kplug: kplug_device_open(name) may work */
	bool soft;
};

/*
 * Lists all PCI functions and software devices in the order of their names; no rights needed. *ret_entries: for the
 * caller to free(), NULL if there are none. -EACCES sysfs cannot be read.
 */
int kplug_scan(struct kplug_scan_entry **ret_entries, size_t *ret_count);

/*
 * Gives a PCI function to kplug, by driver_override; root. pci_addr: in full, as 0000:00:03.0. force: take it away
 * from the driver that has it, which may cut off a disk or a network; that driver gets it back if kplug does not take
 * it.
 *   -ENOENT    no such PCI function
 *   -EBUSY     another driver has it: unbind it first, or force it
 *   -EALREADY  kplug has it
 *   -ENOPKG    the module kplug is not loaded
 *   -EACCES    no right
 *   -EIO       kplug did not take it; the kernel's log says why. All is as before, a driver_override, too
 */
int kplug_bind(const char *pci_addr, bool force);

/*
 * Takes it away from kplug and clears driver_override; it has no driver then. Root. Plugins and kept buffers of the
 * device end, open devices give -ENODEV. -ENOENT: no such PCI function, or not bound to kplug; -EACCES: no right.
 */
int kplug_unbind(const char *pci_addr);

/*
 * Makes a software device; CAP_SYS_ADMIN, module kplug_soft. name: 1..31 letters, digits, '_', '-' or '.', no leading
 * '.'. vectors: 1..KPLUG_VECTOR_MAX. dma_bits: what its DMA engine can address, 20..64; 0: 28, as QEMU's edu.
 *   -ENOPKG  the module kplug_soft is not loaded
 *   -EEXIST  the name is taken
 *   -EINVAL  a value is out of range
 *   -EACCES, -EPERM  no right
 */
int kplug_soft_create(const char *name, unsigned int vectors, unsigned int dma_bits);

/*
 * Deletes one, under its users: open devices give -ENODEV. -ENOENT: no such software device; else as
 * kplug_soft_create().
 */
int kplug_soft_delete(const char *name);

/*
 * --- a device ----------------------------------------------------------------------------------------------------
 */

struct kplug_open_opts {
	size_t sz; /* sizeof(struct kplug_open_opts) */
	bool read_only; /* to look and to map buffers read-only */
};

/*
 * Opens /dev/kplug/NAME. name: a PCI address in full, or a software device's name. kplug_device_close() it.
 *   -ENOENT  no such device
 *   -ENODEV  a PCI function that is not bound to kplug, or has just gone
 *   -EACCES  no right to open the node
 *   -ENOTTY  the node is not kplug's
 * The plugin's open hook may refuse with any errno.
 */
int kplug_device_open(const char *name, const struct kplug_open_opts *opts, struct kplug_device **ret_dev);

/*
 * Disables the vectors enabled here, unmaps BARs and closes. Buffers stay. dev may be NULL. In a child made by fork() it
 * only closes what the child has. Locked memory and the plugin's `close` hook wait for the end of the open file: of
 * children that have it, and of buffers from kplug_buffer_open_huge() or opened for reading, which map the node.
 */
void kplug_device_close(struct kplug_device *dev);

/* For event loops: POLLIN when kplug_irq_wait() would not block. The device owns it; never -1. */
int kplug_device_fd(const struct kplug_device *dev);

/* Its name; the device owns the string. */
const char *kplug_device_name(const struct kplug_device *dev);

/* What it is and how it fares now. */
int kplug_device_info(struct kplug_device *dev, struct kplug_info *ret_info);

/*
 * One access to a register, through the mapped BAR where that is possible, else by ioctl; CAP_SYS_RAWIO. bar: 0..5.
 * offset: bytes from the BAR's start, a multiple of width. width: 1, 2, 4 or 8 bytes. Bits of value above width are
 * ignored. If the device goes away, a mapped access raises SIGBUS; in a child made by fork(), which has no mapped BARs
 * and is to open the device itself, SIGSEGV.
 *   -ERANGE  no such BAR, or the register is not inside it
 *   -EINVAL  width or offset is not as above
 *   -EPERM   CAP_SYS_RAWIO is missing, or the kernel is locked down and the device a PCI one
 */
int kplug_reg_read(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t *ret_value);
int kplug_reg_write(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t value);

/*
 * --- buffers -----------------------------------------------------------------------------------------------------
 */

/* Who else may use a buffer, if the device's node lets him in: as a file's owner, group and mode. */
struct kplug_buffer_rights {
	uint32_t mode; /* bits of 0666 */
	uint32_t uid; /* KPLUG_SELF: the caller's */
	uint32_t gid;
};
#define KPLUG_SELF UINT32_MAX

struct kplug_alloc_opts {
	size_t sz; /* sizeof(struct kplug_alloc_opts) */
	enum kplug_buffer_kind kind; /* KPLUG_BUFFER_AUTO by default */
	uint32_t dma_bits; /* 1..64: device addresses have no more bits; 0: the device's mask at its bind */
	bool keep; /* outlives its holders, until kplug_buffer_drop() or the device's removal */
	bool retry_smaller; /* for want of memory, tries an eighth less, again and again (not for an arena) */
	uint32_t timeout_ms; /* for finding a place for a contiguous one, and one more try a part; 0: no limit */
	const struct kplug_buffer_rights *rights; /* NULL: the caller's, and everybody's to use */
	uint32_t node; /* 1 + the NUMA node that the memory is to be on; 0: any; not for an arena */
};

/*
 * Allocates a zeroed buffer and maps it for reading and writing. name: 1..15 letters, digits, '_' or '.'. bytes: 1 or
 * more; more than KPLUG_BUFFER_MAX, which an arena cannot have, are parts: see kplug_buffer_parts(). A plugin sees the
 * first, which holds the others. kplug_buffer_free() it.
 *   -EINVAL      name, bytes or an option is out of range
 *   -EEXIST      the device has a buffer of this name
 *   -ENOPKG      the kind, or a contiguous buffer of this size, needs the module kplug_memory, which is not installed
 *   -ENOMEM      not enough free memory, on the node, for a contiguous one within the mask
 *   -ENOSPC      enough, but not in one piece
 *   -EFBIG       more than all memory, or all within the mask
 *   -EDQUOT      a contiguous one or an arena is over RLIMIT_MEMLOCK, or a contiguous one over the memory cgroup's limit
 *   -EFAULT      not enough memory for an arena's pages
 *   -EMFILE      each part takes an fd
 *   -ETIME       timeout_ms was over
 *   -ENXIO       the machine has no such NUMA node, or no memory on it
 *   -ERANGE      dma_bits is more than the device can
 *   -EOVERFLOW   the device has had 2^28 buffers since it was bound
 *   -EPERM       rights: another's uid or group, without CAP_CHOWN; an arena without CAP_BPF
 *   -EIO         the kernel cannot do DMA with this mask, or would copy the data (swiotlb)
 *   -EOPNOTSUPP  paged or arena without an IOMMU, write-combining elsewhere than on x86, or a device that is not
 *                cache-coherent
 * KPLUG_BUFFER_ARENA makes a BPF arena, in which plugins and programs share pointers: see KPLUG_ARENA() in kplug.bpf.h. It
 * is mapped at the same address by all programs, as a whole, and not inherited by fork().
 * KPLUG_BUFFER_WC is for streams to the device: the CPU's writes are gathered, and its reads are slow. A write is on its
 * way to memory at the latest before the next register access or atomic operation. The kernel does not pin it (O_DIRECT,
 * io_uring), nor copy it for bpf_map_lookup_elem(), and maps the memory around it by 4 KiB until the next boot.
 */
int kplug_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		       struct kplug_buffer **ret_buf);

/*
 * Maps the device's buffer of this name; read-only if the device is open so. kplug_buffer_free() it.
 *   -ENOENT  there is none
 *   -EINVAL  this is no buffer's name (of all functions that take one)
 *   -EACCES  its mode does not let this user in
 *   -EEXIST  an arena: something is at its address, perhaps the arena itself
 */
int kplug_buffer_open(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf);

/*
 * The same, but maps `bytes` from `offset` on, which is a multiple of the page size; SIZE_MAX from 0 is the whole.
 * Pointer, size and device address are the part's. -ERANGE: not a part of the buffer, or an arena and the device not open
 * read-only.
 */
int kplug_buffer_open_part(struct kplug_device *dev, const char *name, size_t offset, size_t bytes,
			   struct kplug_buffer **ret_buf);

/*
 * As kplug_buffer_open(), the whole of a contiguous buffer by pages of 2 MiB where they fit: fewer misses of the TLB. A
 * page comes when it is touched, while the usual mapping has all from the start. The kernel cannot pin this mapping:
 * O_DIRECT, io_uring, MSG_ZEROCOPY, process_vm_readv() and debuggers want the usual one; a program may have both.
 *   -EOPNOTSUPP  of another kind
 */
int kplug_buffer_open_huge(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf);

/* Unmaps it and lets go: its pointer and fd end. The memory goes with its last holder (see keep). buf may be NULL. */
void kplug_buffer_free(struct kplug_buffer *buf);

/*
 * Exports a buffer as a dma-buf, for drivers of other devices: V4L2, DRM, RDMA. *ret_fd: close-on-exec, for the caller
 * to close(); it holds the buffer while it is open, mapped or attached. Nothing needs DMA_BUF_IOCTL_SYNC.
 *   -ENOENT      there is no such buffer
 *   -EACCES      its mode does not let the caller read and write, or the device was opened read-only
 *   -EOPNOTSUPP  it is imported itself, or has parts
 */
int kplug_buffer_export(struct kplug_device *dev, const char *name, int *ret_fd);

/*
 * Makes a whole dma-buf, of KPLUG_BUFFER_MAX bytes at most, a buffer of the device. fd: stays the caller's, who may close
 * it at once. opts: dma_bits, keep and rights only. kplug_buffer_free() it. Programs begin and end their access where the
 * exporter wants it: kplug_buffer_begin_access(). A mapping holds the dma-buf and, if its exporter has its own way, not
 * the buffer; the buffer's fd does. Errors: as of kplug_buffer_alloc(), and
 *   -EINVAL      fd is not a dma-buf's
 *   -EACCES      fd is not open for writing
 *   -EIO         also: the memory is not in one piece for the device; behind an IOMMU it is
 *   -EOPNOTSUPP  also: it is a device's memory, or its exporter does not let the kernel read and write it, or may move it
 */
int kplug_buffer_import(struct kplug_device *dev, const char *name, int fd, const struct kplug_alloc_opts *opts,
			struct kplug_buffer **ret_buf);

/*
 * Begins and ends this program's access to `bytes` bytes from offset on, counted from the buffer's pointer; access:
 * KPLUG_ACCESS_READ, _WRITE or both. Between the two the program may read or write them, and the device may not. Of
 * buffers that kplug has allocated nothing needs this, since its devices are cache-coherent; it is for code that serves
 * imported ones as well, whose exporter is asked and may wait for other devices.
 *   -EINVAL  access is neither
 *   -ERANGE  not a part of the buffer
 *   -ENOENT  it is no buffer of dev, or no more of it (removed and back, it is another device)
 *   -EACCES  no right to it, or to write, and dev is open read-only
 *   -EINTR   a signal came while the exporter waited; it may have other errors
 */
int kplug_buffer_begin_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			      uint32_t access);
int kplug_buffer_end_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			    uint32_t access);

/* Drops what `keep` holds; other holders keep it alive. -ENOENT: no kept buffer of this name. -EACCES: as above. */
int kplug_buffer_drop(struct kplug_device *dev, const char *name);

/*
 * What a buffer is made of: one part, or several if it is larger than KPLUG_BUFFER_MAX, adjacent for programs and each
 * with a BPF map and a device address of its own.
 */
struct kplug_buffer_part {
	size_t offset; /* of its first byte, from the buffer's pointer */
	size_t bytes;
	uint64_t dma_addr; /* of its first byte, as the device sees it; its others follow in one piece */
	uint32_t id; /* the kernel's */
	uint32_t map_id;
	int map_fd; /* -1 if opened read-only; the buffer owns it */
};

/* The parts, *ret_count of them, 1 or more. The buffer owns them. */
const struct kplug_buffer_part *kplug_buffer_parts(const struct kplug_buffer *buf, size_t *ret_count);

/* Its first byte, page-aligned; the buffer owns the memory. Writing through a read-only one raises SIGSEGV. */
void *kplug_buffer_ptr(const struct kplug_buffer *buf);
/* Bytes, as asked for; what is mapped is rounded up to whole pages. */
size_t kplug_buffer_size(const struct kplug_buffer *buf);
/* The address of the first byte as the device sees it; all bytes of the first part follow in one piece. */
uint64_t kplug_buffer_dma_addr(const struct kplug_buffer *buf);
/* The BPF map's fd, the first part's; -1 if opened read-only. The buffer owns it; dup() it to keep the map. */
int kplug_buffer_map_fd(const struct kplug_buffer *buf);
/* The BPF map's id, the first part's, as bpftool shows it. */
uint32_t kplug_buffer_map_id(const struct kplug_buffer *buf);
/* The kind that was chosen, never KPLUG_BUFFER_AUTO. */
enum kplug_buffer_kind kplug_buffer_kind(const struct kplug_buffer *buf);

/*
 * Lists the device's buffers, each part by itself, by the order of their making: members out_x of struct
 * kplug_buffer_info, out_fd being -1. *ret_infos: for the caller to free().
 */
int kplug_buffer_list(struct kplug_device *dev, struct kplug_buffer_info **ret_infos, size_t *ret_count);

#define KPLUG_HOLD_FD 0x1U /* an fd of the map */
#define KPLUG_HOLD_WRITE 0x2U /* a mapping of the map or its dma-buf, as a rule for writing; a huge one for writing */
#define KPLUG_HOLD_READ 0x4U /* a mapping of the device's node, for reading */

/* A process or a BPF program that keeps a buffer alive. */
struct kplug_holder {
	uint32_t pid; /* 0: a BPF program */
	uint32_t prog_id; /* 0: a process */
	uint32_t how; /* of a process: KPLUG_HOLD_* */
	char name[16];
};

/*
 * Lists who holds a buffer now, processes first. Not among them: pins in a BPF file system, memory that the kernel still
 * uses (O_DIRECT, io_uring), fds of a dma-buf and devices that use it, mappings of a write-combining buffer or of a
 * dma-buf whose exporter hides its pages, and processes whose first thread has ended. *ret_holders: for the caller to
 * free(); NULL if there are none.
 *   -ENOENT  there is no such buffer
 *   -EACCES  its mode does not let the caller read
 *   -EPERM   CAP_SYS_ADMIN or CAP_SYS_PTRACE is missing
 */
int kplug_buffer_holders(struct kplug_device *dev, const char *name, struct kplug_holder **ret_holders,
			 size_t *ret_count);

/*
 * --- the program's own memory ------------------------------------------------------------------------------------
 */

struct kplug_lock_opts {
	size_t sz; /* sizeof(struct kplug_lock_opts) */
	uint32_t dma_bits; /* 1..64: device addresses have no more bits; 0: the device's mask at its bind */
};

/*
 * Locks memory of this program where it is, for DMA in both directions: what malloc() gave, huge pages, a memfd or any
 * other that no file is behind. ptr: of any alignment; the memory must stay mapped as it is while it is locked, and be
 * writable. bytes: 1..KPLUG_DMA_LOCK_MAX. It counts against RLIMIT_MEMLOCK. What the device cannot reach is an error;
 * nothing is copied behind the program's back. kplug_dma_unlock() it, before dev is closed; closing it, as the program's
 * end does, unlocks the memory, too, but frees no lock.
 *   -EFAULT      some of it is not mapped, is read-only, or is a file's or a device's
 *   -ENOMEM      over RLIMIT_MEMLOCK, or not enough memory or device addresses
 *   -ERANGE      dma_bits is more than the device can
 *   -EIO         some of it is above the mask and there is no IOMMU, or the kernel would copy the data (swiotlb)
 *   -EINVAL      bytes or an option is out of range
 *   -ENOPKG      the module kplug_memory is not installed
 *   -EOPNOTSUPP  the device is not cache-coherent, or the memory is of a file system that must not be pinned for long
 */
int kplug_dma_lock(struct kplug_device *dev, void *ptr, size_t bytes, const struct kplug_lock_opts *opts,
		   struct kplug_lock **ret_lock);

/*
 * Where the device finds it: *ret_count pieces in the order of the memory, adjacent ones merged; 1 behind an IOMMU. The
 * lock owns them.
 */
const struct kplug_dma_entry *kplug_dma_entries(const struct kplug_lock *lock, size_t *ret_count);

/* Unlock the memory and free the lock. The device must be done with it. lock may be NULL. */
void kplug_dma_unlock(struct kplug_lock *lock);

/*
 * --- plugins -----------------------------------------------------------------------------------------------------
 */

/*
 * Reads an object file and its metadata; no rights needed, nothing is loaded. kplug_plugin_close() it.
 *   -ENOENT   no such file
 *   -EACCES   no right to read it
 *   -EFBIG    more than 64 MiB
 *   -ENOEXEC  not a file, not a BPF object, damaged, or libbpf cannot use it
 *   -EBADMSG  no metadata or bad ones, no hook, two programs for one, a program that serves none, or two maps whose
 *             names are the same in their first 15 characters
 *   -EPROTO   built for another KPLUG_API_VERSION
 */
int kplug_plugin_open(const char *path, struct kplug_plugin **ret_plugin);

/* Frees it; what was loaded stays loaded. plugin may be NULL. */
void kplug_plugin_close(struct kplug_plugin *plugin);

/* The hook's name in KPLUG_HOOK(), "call" for one; a constant. NULL: there is no such hook. */
const char *kplug_hook_name(enum kplug_hook hook);

/* 1..31 visible ASCII characters; the plugin owns the string. */
const char *kplug_plugin_name(const struct kplug_plugin *plugin);
/* 0..31 of them. */
const char *kplug_plugin_version(const struct kplug_plugin *plugin);
/* The PCI ids that it is for, 0..0xffff; 0xffffffff: any. */
uint32_t kplug_plugin_vendor(const struct kplug_plugin *plugin);
uint32_t kplug_plugin_device(const struct kplug_plugin *plugin);
/* Bit 1 << enum kplug_hook for each hook that it serves; never 0. */
uint32_t kplug_plugin_hooks(const struct kplug_plugin *plugin);
/* Bytes of its KPLUG_BUFFER(), before it is loaded; 0: it has none. */
size_t kplug_plugin_buffer_size(const struct kplug_plugin *plugin);

/* What kplug_plugin_check() tells of a program. Lists have commas between names, and end where they do not fit. */
struct kplug_check {
	char program[16]; /* its hook, "probe" or "migrate" */
	uint32_t flags; /* KPLUG_CHECK_ */
	uint32_t instructions; /* in the object, its functions included */
	uint32_t verified; /* that the verifier went through, on all paths together */
	uint32_t longest; /* on the longest path, a helper's or kernel function's own not counted; 0: see _LOOPS */
	uint32_t stack; /* bytes, its functions included */
	char maps[240]; /* sections of globals too (".bss"); ".bss.kplug" is its buffer */
	char helpers[512];
	char kfuncs[512]; /* functions of the kernel and of kplug */
};
#define KPLUG_CHECK_TASK 0x1U /* acts on whatever task an interrupt has stopped: bpf_send_signal() and others */
#define KPLUG_CHECK_LATER 0x2U /* starts timers or work, which can outlive a detach while a pin holds their map */
#define KPLUG_CHECK_LOOPS 0x4U /* jumps back, or has functions that helpers call: no longest path is known */

/*
 * Verifies the plugin's programs and lets them go again: what kplug_plugin_load() would do without a device, and with
 * its rights, its errors -EPERM, -EOPNOTSUPP, -EACCES and -EALREADY, and its use of the object. *ret_checks: one for
 * each program, for the caller to free().
 */
int kplug_plugin_check(struct kplug_plugin *plugin, struct kplug_check **ret_checks, size_t *ret_count);

struct kplug_load_opts {
	size_t sz; /* sizeof(struct kplug_load_opts) */
	const char *buffer; /* name of the buffer for the plugin's KPLUG_BUFFER(); NULL: the device's only one, or the
			     * running version's */
	bool force; /* load it on a device that it is not for */
	bool fresh; /* kplug_plugin_swap(): without the running version's state */
	bool pin; /* in /sys/fs/bpf/kplug/DEV: a program a hook, and map:NAME each map. '.' in names becomes '+' */
};

/*
 * Verifies the plugin's programs and makes them the device's plugin, which outlives the process. CAP_BPF, CAP_PERFMON
 * and CAP_SYS_ADMIN. Waits while another process loads, swaps or unloads the device's plugin. Pins are made before it is
 * the device's plugin; once pinned, its later versions are too, and the pins go with it. An object is good for one load
 * or swap that gets as far as its programs, even if that fails: open it again.
 *   -EPERM       a capability is missing
 *   -ENXIO       it is for another device, and force is not set
 *   -ENOENT      no buffer of that name; none named, and the device has none or several
 *   -EINVAL      a buffer is named, and the plugin has no KPLUG_BUFFER()
 *   -EMSGSIZE    the buffer is smaller than the plugin's KPLUG_BUFFER()
 *   -EOPNOTSUPP  the kernel or the module has no BTF
 *   -EACCES      refused by the verifier: kplug_error() has the lines of its log that matter, kplug_plugin_log() all
 *   -ECANCELED   the plugin's program `probe` refuses the device
 *   -EBUSY       the device has a plugin
 *   -EPROTO      the module has another KPLUG_API_VERSION
 *   -EPROTOTYPE  the module refused a program
 *   -EALREADY    the object was used before
 * Other negative errnos: libbpf failed, for the reason that kplug_error() tells (-ESRCH or -EINVAL: the kernel lacks a
 * hook or a function that the plugin wants).
 */
int kplug_plugin_load(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts);

/*
 * The same in the place of the plugin that runs: all hooks change at one instant, no event is lost, and on any failure
 * the one that runs has never stopped. It is kept for kplug_plugin_rollback() until the next swap.
 *
 * State: maps and globals of the running version, but for constants, are the new one's too, if name, type, sizes,
 * number of entries, flags and BTF layout agree. Otherwise the swap is refused, unless `fresh` is set (all start
 * empty; so do they at a rollback of such a swap: each version has its own), or the object has a program `migrate`
 * (see kplug.bpf.h). Errors as of kplug_plugin_load(), and:
 *   -ENOENT           no plugin is loaded
 *   -ESTALE           state does not carry over; kplug_error() names the map and what differs
 *   -ENOTRECOVERABLE  the plugin's program `migrate` failed
 */
int kplug_plugin_swap(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts);

/*
 * Swaps back to the version before the last swap, with the maps that it had: those that carried over as they are now,
 * others as it left them. Rights as loading. A second rollback undoes the first. -ENOENT: no swap since the load.
 */
int kplug_plugin_rollback(struct kplug_device *dev);

/*
 * Removes pins that no running plugin has: of devices that have gone, or left by processes that were killed (the
 * functions above remove those of their device by themselves). *ret_count: how many folders went; may be NULL. -EACCES,
 * -EPERM: no right, or the folder of all pins is one that others may write to.
 */
int kplug_plugin_clean(size_t *ret_count);

/*
 * The folder that holds the pins of the plugin that runs, see kplug_load_opts; for the caller to free(). -ENOENT: it is
 * not pinned, or there is no plugin; -EACCES: no right to look.
 */
int kplug_plugin_pins(struct kplug_device *dev, char **ret_folder);

/*
 * The log (its last 4 MiB) of the program that the verifier refused, "" if none. The plugin owns it; good until it
 * is closed.
 */
const char *kplug_plugin_log(const struct kplug_plugin *plugin);

/*
 * Detaches the device's plugin, whoever loaded it, and waits until none of its programs runs; the version kept for a
 * rollback ends too. -ENOENT none, -EPERM as loading.
 */
int kplug_plugin_unload(struct kplug_device *dev);

/* What is loaded; prog_ids and prog_count are 0. -ENOENT: nothing. */
int kplug_plugin_info(struct kplug_device *dev, struct kplug_plugin_info *ret_info);

/* The ids of its BPF programs, by enum kplug_hook; 0: it does not serve the hook. count: of ret_ids. -ENOENT: nothing. */
int kplug_plugin_prog_ids(struct kplug_device *dev, uint32_t *ret_ids, size_t count);

/* The same of what a rollback would bring back. -ENOENT: there is none. */
int kplug_plugin_previous(struct kplug_device *dev, struct kplug_plugin_info *ret_info);

#define KPLUG_PROGRAM_MAPS 64

/* A program of the plugin that is loaded. */
struct kplug_program_info {
	uint32_t hook; /* enum kplug_hook */
	uint32_t id; /* the BPF program's */
	uint8_t tag[8]; /* as bpftool shows it, in hex */
	uint32_t instructions; /* after the verifier's changes */
	bool counted; /* the kernel's BPF statistics are on, or were: sysctl kernel.bpf_stats_enabled */
	uint64_t runs; /* while they were on */
	uint64_t run_time; /* ns, of all these runs */
	uint32_t map_count; /* 0..KPLUG_PROGRAM_MAPS */
	uint32_t map_ids[KPLUG_PROGRAM_MAPS]; /* its buffer's is one of them */
};

/*
 * The programs of the plugin that is loaded, in the order of their hooks. CAP_SYS_ADMIN. *ret_programs: for the caller
 * to free(). -ENOENT: no plugin; -EPERM: no right; -EAGAIN: it was swapped meanwhile.
 */
int kplug_plugin_programs(struct kplug_device *dev, struct kplug_program_info **ret_programs, size_t *ret_count);

/* A KPLUG_SETTING() of a plugin that runs. */
struct kplug_setting {
	char name[64];
	char type[32]; /* as its source calls it */
	uint32_t bytes; /* 1, 2, 4 or 8 */
	int64_t value;
	int64_t min, max; /* what it may be set to */
};

/*
 * Lists the settings of the device's plugin; CAP_SYS_ADMIN. *ret_settings: for the caller to free(), NULL if there are
 * none. -ENOENT no plugin, -EPERM no right.
 */
int kplug_setting_list(struct kplug_device *dev, struct kplug_setting **ret_settings, size_t *ret_count);

/*
 * Changes one while the plugin runs, which sees the new value at its next look. -ENOENT no plugin, -ESRCH no such
 * setting, -ERANGE value is not within min..max, -EPERM no right.
 */
int kplug_setting_set(struct kplug_device *dev, const char *name, int64_t value);

/* An event as its plugin has answered it; members are those of a plugin's struct kplug_event. */
struct kplug_observed {
	uint32_t hook; /* enum kplug_hook */
	uint32_t vector;
	uint32_t message;
	uint32_t size; /* bytes of its argument */
	uint32_t pid; /* who calls; 0 for those of the device */
	uint32_t uid;
	uint32_t flags; /* KPLUG_MINE, KPLUG_DEFER, KPLUG_FORWARD */
	uint32_t notify;
	int64_t result; /* these three: the answer */
	uint64_t sequence;
	uint64_t count;
	uint64_t time; /* ns, CLOCK_MONOTONIC, when it was observed */
};

/*
 * Looks on at a device's events, next to its plugin and to any other observer. path: observe.bpf.o, which is installed
 * with the plugins. Rights as for loading a plugin. Observing goes on when dev is closed, and until the device goes:
 * what comes after its event KPLUG_EVENT_REMOVE may be the next device's. kplug_observer_close() it.
 *   -ENOENT  no such file
 *   -EPERM   a capability is missing
 *   -EINVAL  another object
 * Other negative errnos: libbpf failed, for the reason that kplug_error() tells.
 */
int kplug_observer_open(struct kplug_device *dev, const char *path, struct kplug_observer **ret_observer);

/* Ends it. observer may be NULL. */
void kplug_observer_close(struct kplug_observer *observer);

/*
 * Waits for events. timeout_ms: as of kplug_irq_wait(). max: events that ret_events has room for, at least 1.
 * *ret_count: 1..max. -ETIMEDOUT nothing came, -EINTR a signal came, -EINVAL max is 0.
 */
int kplug_observer_wait(struct kplug_observer *observer, int timeout_ms, struct kplug_observed *ret_events, size_t max,
			size_t *ret_count);

/* Events, since the open, that came while some 3,000 were waiting to be fetched; they are not seen. */
uint64_t kplug_observer_lost(const struct kplug_observer *observer);

/*
 * --- calls and interrupts ----------------------------------------------------------------------------------------
 */

/*
 * Calls the plugin's call hook. message: any number the plugin knows. data: size bytes, 0..KPLUG_CALL_MAX, that go in
 * and come back as the plugin left them; may be NULL if size is 0. *ret_result: what the plugin answered, by custom
 * negative for an error; NULL: not wanted.
 *   -ENOMSG  nobody answered: no plugin, no call hook, or it did not answer this message
 *   -E2BIG   size is more than KPLUG_CALL_MAX
 *   -EFAULT  data is no good pointer
 */
int kplug_call(struct kplug_device *dev, uint32_t message, void *data, size_t size, int64_t *ret_result);

/*
 * Enables a vector for this open device. vector: 0..out_vectors-1. data: size bytes, 0..KPLUG_CALL_MAX, for the
 * plugin's int_enable hook; may be NULL if size is 0. The hook may refuse with any errno.
 *   -ERANGE    no such vector
 *   -EALREADY  enabled here
 *   -E2BIG     size is more than KPLUG_CALL_MAX
 */
int kplug_irq_enable(struct kplug_device *dev, uint32_t vector, const void *data, size_t size);

/*
 * As kplug_irq_enable(); each wake-up also adds one to an eventfd, for an event loop, io_uring or another process.
 * eventfd: the caller's, who may close it afterwards; negative: none. It is signalled once more if the device goes;
 * nobody needs to read it. As kplug_irq_enable(), and -EBADF it is not open, -EINVAL it is not an eventfd.
 */
int kplug_irq_enable_eventfd(struct kplug_device *dev, uint32_t vector, const void *data, size_t size, int eventfd);

/* The reverse; waits until no hook of the vector runs. -ERANGE no such vector, -EALREADY not enabled here. */
int kplug_irq_disable(struct kplug_device *dev, uint32_t vector);

/*
 * Waits for news of the vectors enabled here and for events. timeout_ms: milliseconds; 0: does not wait; negative: no
 * limit. max: records that ret_records has room for, at least 1. *ret_count: 1..max. With several threads, each
 * record goes to one of them.
 *   -ETIMEDOUT  nothing came
 *   -EINTR      a signal came
 *   -ENODEV     the device has gone, and all has been read
 *   -EINVAL     max is 0
 */
int kplug_irq_wait(struct kplug_device *dev, int timeout_ms, struct kplug_record *ret_records, size_t max,
		   size_t *ret_count);

/*
 * record: one as kplug_irq_wait() gives it, good during the call; NULL, the last call: the device has gone. Runs in the
 * thread of kplug_irq_start(), one call at a time, and may call the library, but not kplug_irq_stop().
 */
typedef void (*kplug_irq_fn)(const struct kplug_record *record, void *arg);

/*
 * Enables a vector and starts a thread that calls fn with arg for each of its records and for events. It has an open of
 * its own: kplug_irq_wait() on dev goes on as it was, and dev may be closed. kplug_irq_stop() it. Errors as
 * kplug_device_open() and kplug_irq_enable(); -EAGAIN: no thread to be had.
 */
int kplug_irq_start(struct kplug_device *dev, uint32_t vector, kplug_irq_fn fn, void *arg,
		    struct kplug_irq_thread **ret_thread);

/*
 * Waits until fn does not run, ends the thread and disables the vector. thread may be NULL. -EDEADLK: called by fn, and
 * nothing is done.
 */
int kplug_irq_stop(struct kplug_irq_thread *thread);

/*
 * Waits without sleeping until *word, in a buffer that the device or the plugin writes, is not `old` any more: the
 * fastest way, which costs a processor. timeout_us: microseconds; negative: no limit. *ret_value: what it is now; reads
 * after the call see what was written before the word. -ETIMEDOUT: it has not changed.
 */
int kplug_irq_spin(const uint64_t *word, uint64_t old, int64_t timeout_us, uint64_t *ret_value);

/*
 * Lets an INTx line through again that was masked because no plugin claimed its interrupt; does nothing on others.
 * -ERANGE no such vector, -EBUSY a guard has stopped it.
 */
int kplug_irq_unmask(struct kplug_device *dev, uint32_t vector);

/*
 * How a vector fares: its counters, whether a guard has stopped it and why, its Linux number for /proc/irq. -ERANGE no
 * such vector.
 */
int kplug_irq_info(struct kplug_device *dev, uint32_t vector, struct kplug_irq_info *ret_info);

/* Lets a vector through again that a guard has stopped. -ERANGE no such vector, -EALREADY not stopped. */
int kplug_irq_resume(struct kplug_device *dev, uint32_t vector);

/*
 * Raises a vector by software, as the device would. -ERANGE no such vector, -EOPNOTSUPP the device or kernel cannot,
 * -EAGAIN nobody has it enabled (of a PCI device).
 */
int kplug_irq_trigger(struct kplug_device *dev, uint32_t vector);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* LIBKPLUG_H */
