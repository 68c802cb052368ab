/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkplug: kplug's devices, DMA buffers, plugins, calls and interrupts, for programs.
 *
 * Errors. A function that can fail returns 0 or a negative errno. Results go to ret_ arguments,
 * which are untouched on failure. kplug_error() is the text of the calling thread's last failure:
 * object, reason, way out. Errnos are listed at each function; in addition, any function can return
 * -ENOMEM, or -EINVAL for an opts struct with members that this library does not know, and any
 * function on a device -ENODEV (it was removed), -EACCES (it is open read-only), -ENOTTY or -E2BIG
 * (the module is older than this library).
 *
 * Ownership. Objects are opaque. A function that creates one names the function that frees it; that
 * takes NULL. Buffers stay valid when their device is closed. Strings passed in are copied. An
 * argument may be NULL only where it says so.
 *
 * Threads. Calls on different objects may run in parallel; calls on one object must not, except on
 * a device: kplug_call(), register access, kplug_irq_wait(), the vector functions and
 * kplug_device_info() may run in several threads. Any function may sleep; kplug_reg_read() and
 * kplug_reg_write() only at the first use of a BAR, or if it cannot be mapped. Only the
 * kplug_buffer_ getters may be called from a signal handler.
 *
 * Options are passed in structs that may grow: set sz to the struct's size, and unused members to
 * 0. NULL: defaults.
 *
 * All is available since 0.1 unless it says otherwise.
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

/* The library is compiled with hidden symbols; only those declared here are exported. */
#pragma GCC visibility push(default)

struct kplug_device;
struct kplug_buffer;
struct kplug_lock;
struct kplug_plugin;
struct kplug_irq_thread;
struct kplug_observer;

/*
 * The error text of this thread's last failure, "" if there was none. May have several lines; has
 * no final newline. Valid until the thread's next failure or its end; not to be freed.
 */
const char *kplug_error(void);

enum kplug_log_level { KPLUG_LOG_WARN, KPLUG_LOG_INFO, KPLUG_LOG_DEBUG };

/*
 * text: one message without a newline, valid during the call; libbpf's begin with "libbpf: ".
 * Called in the thread that caused the message, possibly in several threads at once. Must not call
 * the library.
 */
typedef void (*kplug_log_fn)(enum kplug_log_level level, const char *text, void *arg);

/*
 * Sets the receiver of messages below errors, libbpf's included; NULL, the default, drops them.
 * Process-wide: call it before other threads use the library.
 */
void kplug_set_log(kplug_log_fn fn, void *arg);

/* --- finding, binding and creating devices -------------------------------------------------- */

/* One PCI function, or one software device, as found in sysfs. */
struct kplug_scan_entry {
	char name[KPLUG_NAME_LEN]; /* PCI address or software device's name, as of its node */
	char driver[32]; /* "" if none */
	uint16_t vendor, device; /* PCI ids; 1234:11e8 for a software device */
	bool bound; /* to kplug: kplug_device_open() takes the name */
	bool soft;
};

/*
 * Lists all PCI functions and software devices, sorted by name. Needs no privileges. The caller
 * frees *ret_entries with free(); it is NULL if there are none. -EACCES: sysfs cannot be read.
 */
int kplug_scan(struct kplug_scan_entry **ret_entries, size_t *ret_count);

/*
 * Binds a PCI function to kplug, through driver_override. Needs root. pci_addr: in full, as
 * 0000:00:03.0. force: unbind its current driver first, which may cut off a disk or a network. On
 * failure the old driver and driver_override are restored.
 *   -ENOENT    no such PCI function
 *   -EBUSY     another driver is bound, and force is false
 *   -EALREADY  bound to kplug already
 *   -ENOPKG    the module kplug is not loaded
 *   -EACCES    no permission
 *   -EIO       kplug's probe failed; the kernel's log says why
 */
int kplug_bind(const char *pci_addr, bool force);

/* When kplug resets a PCI function that can be reset. */
enum kplug_reset_policy {
	KPLUG_RESET_NEEDED, /* where memory that it could still write is to be given back; after each bind */
	KPLUG_RESET_ALWAYS, /* ... and whenever it is unbound */
	KPLUG_RESET_NEVER, /* such memory stays in quarantine until the function is unbound, which then trusts it */
	KPLUG_RESET_POLICIES
};

/* "needed", "always" or "never"; NULL: no such policy. */
const char *kplug_reset_policy_name(enum kplug_reset_policy policy);

/*
 * Tells, or sets until the unbind, when kplug resets the function. To set needs root.
 * -ENOENT: no such PCI function, or not bound to kplug. -EINVAL: no such policy. -EACCES: no right.
 * -EPROTO: the kernel has a policy that this library does not know.
 */
int kplug_reset_policy_get(const char *pci_addr, enum kplug_reset_policy *ret_policy);
int kplug_reset_policy_set(const char *pci_addr, enum kplug_reset_policy policy);

/*
 * Unbinds a PCI function from kplug and clears driver_override; it then has no driver. Needs root.
 * Removes the device's plugin and kept buffers; functions on open devices return -ENODEV.
 *   -ENOENT  no such PCI function, or not bound to kplug
 *   -EACCES  no permission
 */
int kplug_unbind(const char *pci_addr);

/*
 * Creates a software device. Needs CAP_SYS_ADMIN and the module kplug_soft. name: 1..31 letters,
 * digits, '_', '-' or '.', no leading '.'. vectors: 1..KPLUG_VECTOR_MAX. dma_bits: address bits of
 * its DMA engine, 20..64; 0: 28, as QEMU's edu has.
 *   -ENOPKG          the module kplug_soft is not loaded
 *   -EEXIST          the name is in use
 *   -EINVAL          an argument is out of range
 *   -EACCES, -EPERM  no permission
 */
int kplug_soft_create(const char *name, unsigned int vectors, unsigned int dma_bits);

/*
 * Deletes a software device, even if it is in use: functions on open devices then return -ENODEV.
 * -ENOENT: no such software device. Other errors: as kplug_soft_create().
 */
int kplug_soft_delete(const char *name);

/* --- devices -------------------------------------------------------------------------------- */

struct kplug_open_opts {
	size_t sz; /* sizeof(struct kplug_open_opts) */
	bool read_only; /* only to query, and to map buffers read-only */
};

/*
 * Opens /dev/kplug/NAME. name: a full PCI address, or a software device's name. Freed by
 * kplug_device_close().
 *   -ENOENT  no such device
 *   -ENODEV  a PCI function that is not bound to kplug, or was just removed
 *   -EACCES  no permission to open the node
 *   -ENOTTY  not a node of kplug
 *   -EPROTO  the module has another KPLUG_API_VERSION (-EINVAL if that is 1)
 *   -EDQUOT  KPLUG_LIMIT_FILES programs have it open
 * The plugin's open hook may refuse with any errno.
 */
int kplug_device_open(const char *name, const struct kplug_open_opts *opts, struct kplug_device **ret_dev);

/*
 * Disables the vectors enabled through dev, unmaps its BARs, ends the buffers and locks that dev
 * owns, and closes it; mappings of buffers stay. dev may be NULL. In a forked child it only closes
 * the child's fd. Stop the device first: as kplug_buffer_free(), this tells the kernel that it is
 * done with the memory, if the program has CAP_SYS_RAWIO. The plugin's `close` hook runs when the
 * last reference on the open file is dropped: forked children hold one, and so do buffers that map
 * the node (kplug_buffer_open_huge(), or opened read-only).
 */
void kplug_device_close(struct kplug_device *dev);

/* For event loops: POLLIN when kplug_irq_wait() would not block. The device owns the fd; never -1. */
int kplug_device_fd(const struct kplug_device *dev);

/* The device's name; the device owns the string. */
const char *kplug_device_name(const struct kplug_device *dev);

/* The device's properties and current state. */
int kplug_device_info(struct kplug_device *dev, struct kplug_info *ret_info);

/*
 * How much of the device all programs together may use, and do: see struct kplug_limit. *ret_max: UINT64_MAX is no
 * limit. To set one needs CAP_SYS_RESOURCE, and dev open for writing; it ends nothing that there is.
 * -EINVAL: no such limit. -EPERM, -EACCES: no right to set it.
 */
int kplug_limit_get(struct kplug_device *dev, enum kplug_limit_what what, uint64_t *ret_max, uint64_t *ret_used);
int kplug_limit_set(struct kplug_device *dev, enum kplug_limit_what what, uint64_t max);

/*
 * Accesses a register once: through the mapped BAR if possible, else by ioctl. Needs CAP_SYS_RAWIO.
 * bar: 0..5. width: 1, 2, 4 or 8 bytes. offset: bytes from the BAR's start, a multiple of width.
 * Bits of value above width are ignored. A mapped access raises SIGBUS after the device's removal,
 * or while it has not recovered from an error (KPLUG_EVENT_ERROR), and SIGSEGV in a forked child,
 * which must open the device itself.
 *   -ERANGE  no such BAR, or the register is outside it
 *   -EINVAL  width or offset is not as above
 *   -EPERM   CAP_SYS_RAWIO is missing, or the kernel is locked down and this is a PCI device
 */
int kplug_reg_read(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t *ret_value);
int kplug_reg_write(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t value);

/* --- buffers -------------------------------------------------------------------------------- */

/* Who may use a buffer, among those who may open the node: owner, group and mode, as of a file. */
struct kplug_buffer_rights {
	uint32_t mode; /* bits of 0666 */
	uint32_t uid, gid; /* KPLUG_SELF: the caller's */
};
#define KPLUG_SELF UINT32_MAX

struct kplug_alloc_opts {
	size_t sz; /* sizeof(struct kplug_alloc_opts) */
	enum kplug_buffer_kind kind; /* KPLUG_BUFFER_AUTO by default */
	uint32_t dma_bits; /* 1..64: device addresses have no more bits; 0: the device's mask at its bind */
	bool keep; /* the device owns it, until kplug_buffer_drop() or the device's removal */
	bool retry_smaller; /* if memory is short, retry with 7/8 of the size; not for an arena */
	uint32_t timeout_ms; /* to find contiguous memory, plus one try per part; 0: no limit */
	const struct kplug_buffer_rights *rights; /* NULL: owned by the caller, mode 0666 */
	uint32_t node; /* 1 + the NUMA node for the memory; 0: any; not for an arena */
};

/*
 * Allocates a zeroed buffer and maps it for reading and writing. dev owns it, unless it is kept: kplug_buffer_free(),
 * kplug_device_close() or the program's exit ends it. Then its name is free, and the device no longer reaches it; the
 * memory stays while a program, an fd, a pin or a plugin holds it. Freed by kplug_buffer_free(), but not in another
 * thread than kplug_device_close() at the same time.
 * name: 1..15 letters, digits, '_' or '.'. bytes: 1 or more; above KPLUG_BUFFER_MAX the buffer has
 * parts, see kplug_buffer_parts(); an arena cannot. A plugin sees the first part.
 *   -EINVAL      name, bytes or an option is out of range
 *   -EEXIST      the device has a buffer of this name
 *   -ENOPKG      the kind, or a contiguous buffer of this size, needs the module kplug_memory, which
 *                is not installed
 *   -ENOMEM      not enough free memory, on the node, or for a contiguous buffer within the mask
 *   -ENOSPC      enough free memory, but not in one piece
 *   -EFBIG       more than the machine's memory, or than the memory within the mask
 *   -EDQUOT      RLIMIT_MEMLOCK, which counts all memory of the user's programs, a limit of the
 *                device (kplug_limit_get()), or the memory cgroup's
 *                limit (contiguous) exceeded
 *   -EFAULT      not enough memory for an arena's pages
 *   -EMFILE      too many open fds: each part takes one
 *   -ETIME       timeout_ms expired
 *   -ENXIO       no such NUMA node, or no memory on it
 *   -ERANGE      dma_bits exceeds what the device can address
 *   -EOVERFLOW   the device has had 2^28 buffers since it was bound
 *   -EPERM       rights give it to another user or group, without CAP_CHOWN; an arena without
 *                CAP_BPF; or the caller is in a user namespace of its own
 *   -EIO         the kernel cannot do DMA with this mask, or would bounce the data (swiotlb)
 *   -EOPNOTSUPP  paged or arena without an IOMMU, write-combining on other CPUs than x86, or a
 *                device that is not cache-coherent
 *
 * KPLUG_BUFFER_ARENA: a BPF arena, in which plugins and programs share pointers; see KPLUG_ARENA()
 * in kplug.bpf.h. All programs map it as a whole, at the same address. A forked child does not
 * inherit the mapping.
 *
 * KPLUG_BUFFER_WC: write-combining, for streams to the device. Reads are slow. Writes are flushed
 * no later than the next register access or atomic operation. The kernel can neither pin it
 * (O_DIRECT, io_uring) nor copy it for bpf_map_lookup_elem(). Until the next boot the kernel maps
 * the memory around it by 4 KiB.
 */
int kplug_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		       struct kplug_buffer **ret_buf);

/*
 * Maps a buffer of the device, by name; read-only if the device is open read-only. Freed by
 * kplug_buffer_free().
 *   -ENOENT  no such buffer
 *   -EINVAL  not a valid name (as in all functions that take one)
 *   -EACCES  its owner, group and mode deny access
 *   -EEXIST  an arena whose address is taken, perhaps by an earlier mapping of it
 */
int kplug_buffer_open(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf);

/*
 * As kplug_buffer_open(), but maps only `bytes` from `offset`, a multiple of the page size; (0,
 * SIZE_MAX): all. Pointer, size and device address are those of the range. -ERANGE: outside the
 * buffer; or an arena, unless the device is open read-only.
 */
int kplug_buffer_open_part(struct kplug_device *dev, const char *name, size_t offset, size_t bytes,
			   struct kplug_buffer **ret_buf);

/*
 * As kplug_buffer_open(), but maps a contiguous buffer of more than 4 MiB by pages of 2 MiB where
 * they fit, for fewer TLB misses; a smaller one by small pages, as a rule. Pages of 2 MiB are
 * mapped on first access; kplug_buffer_open() maps all at once. The kernel
 * cannot pin this mapping: for O_DIRECT, io_uring, MSG_ZEROCOPY, process_vm_readv() and debuggers
 * use kplug_buffer_open(), also at the same time.
 *   -EOPNOTSUPP  not a contiguous buffer
 */
int kplug_buffer_open_huge(struct kplug_device *dev, const char *name, struct kplug_buffer **ret_buf);

/*
 * Unmaps buf and closes its fds. Ends the buffer if this program has allocated it, and it is not kept: see
 * kplug_buffer_alloc(). In a forked child it ends nothing. Takes NULL. The device must no longer
 * access the memory: the kernel takes the word of a program with CAP_SYS_RAWIO for that, and else
 * asks the plugin.
 */
void kplug_buffer_free(struct kplug_buffer *buf);

/*
 * Exports a buffer as a dma-buf, for drivers of other devices: V4L2, DRM, RDMA. The caller closes
 * *ret_fd, which is close-on-exec. The dma-buf holds the memory while it is open, mapped or
 * attached; it needs no DMA_BUF_IOCTL_SYNC.
 *   -ENOENT      no such buffer
 *   -EACCES      its owner, group and mode deny reading or writing, or the device is open read-only
 *   -EOPNOTSUPP  it is an imported buffer, or has parts
 */
int kplug_buffer_export(struct kplug_device *dev, const char *name, int *ret_fd);

/*
 * Imports a whole dma-buf, of at most KPLUG_BUFFER_MAX bytes, as a buffer. Freed by
 * kplug_buffer_free(). fd: the caller keeps it, and may close it at once. opts: only dma_bits, keep
 * and rights. Programs bracket their accesses with kplug_buffer_begin_access() and
 * kplug_buffer_end_access(). The buffer's fd holds the memory; a mapping may hold only the dma-buf,
 * if the exporter implements its own mmap(). Errors: as kplug_buffer_alloc(), and
 *   -EINVAL      fd is not a dma-buf
 *   -EACCES      fd is not open for writing
 *   -EBUSY       its memory is a buffer of the device already
 *   -EIO         also: the memory is not in one piece for the device (never behind an IOMMU)
 *   -EOPNOTSUPP  also: device memory, memory that the exporter may move, or no CPU access for the
 *                kernel
 */
int kplug_buffer_import(struct kplug_device *dev, const char *name, int fd, const struct kplug_alloc_opts *opts,
			struct kplug_buffer **ret_buf);

/*
 * Begins and ends the program's access to `bytes` bytes from `offset`, counted from the buffer's
 * pointer. access: KPLUG_ACCESS_READ, KPLUG_ACCESS_WRITE or both. Between the two calls the device
 * must not access them. Required for imported buffers: calls the exporter, which may wait for other
 * devices. Does nothing for others, which are always coherent.
 *   -EINVAL  access is neither, or an end without a begin
 *   -ERANGE  outside the buffer
 *   -ENOENT  not a buffer of dev, or freed; a device that was removed and came back is another one
 *   -EACCES  the buffer's rights deny it, or a write and dev is open read-only
 *   -EINTR   interrupted by a signal while the exporter waited
 * The exporter may return other errors.
 */
int kplug_buffer_begin_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			      uint32_t access);
int kplug_buffer_end_access(struct kplug_device *dev, const struct kplug_buffer *buf, size_t offset, size_t bytes,
			    uint32_t access);

/*
 * Ends a buffer that is kept, or that dev owns. -ENOENT: no buffer of this name. -EACCES: as above, or another program
 * owns it.
 */
int kplug_buffer_drop(struct kplug_device *dev, const char *name);

/*
 * A part of a buffer: the buffer itself, or a piece of KPLUG_BUFFER_MAX bytes if it is larger.
 * Parts are adjacent in the program's mapping; each has its own BPF map and device address.
 */
struct kplug_buffer_part {
	size_t offset; /* from the buffer's pointer */
	size_t bytes;
	uint64_t dma_addr; /* device address of the first byte; the others follow */
	uint32_t id; /* of the part, in the module */
	uint32_t map_id;
	int map_fd; /* -1 if the device is open read-only; the buffer owns it */
};

/* The buffer's *ret_count parts, 1 or more; the buffer owns them. */
const struct kplug_buffer_part *kplug_buffer_parts(const struct kplug_buffer *buf, size_t *ret_count);

/* The mapping, page-aligned; the buffer owns it. Writing to a read-only one raises SIGSEGV. */
void *kplug_buffer_ptr(const struct kplug_buffer *buf);
/* The size requested, in bytes; the mapping is rounded up to whole pages. */
size_t kplug_buffer_size(const struct kplug_buffer *buf);
/* Device address of the first byte; the first part's other bytes follow. */
uint64_t kplug_buffer_dma_addr(const struct kplug_buffer *buf);
/* Fd of the first part's BPF map, owned by the buffer (dup() it); -1 if opened read-only. */
int kplug_buffer_map_fd(const struct kplug_buffer *buf);
/* Id of the first part's BPF map, as bpftool shows it. */
uint32_t kplug_buffer_map_id(const struct kplug_buffer *buf);
/* The kind; never KPLUG_BUFFER_AUTO. */
enum kplug_buffer_kind kplug_buffer_kind(const struct kplug_buffer *buf);

/*
 * Lists the device's buffers, one entry per part, in the order of allocation: the out_ members of
 * struct kplug_buffer_info; out_fd is -1. The caller frees *ret_infos with free().
 */
int kplug_buffer_list(struct kplug_device *dev, struct kplug_buffer_info **ret_infos, size_t *ret_count);

#define KPLUG_HOLD_FD 0x1U /* an fd of the map */
#define KPLUG_HOLD_WRITE 0x2U /* a mapping of the map or dma-buf, or a writable one of the node */
#define KPLUG_HOLD_READ 0x4U /* a read-only mapping of the node */

/* A process or a BPF program that holds a buffer. */
struct kplug_holder {
	uint32_t pid; /* 0: a BPF program */
	uint32_t prog_id; /* 0: a process */
	uint32_t how; /* of a process: KPLUG_HOLD_ flags */
	char name[16];
};

/*
 * Lists the current holders of a buffer, processes first. Cannot find: pins in a BPF file system,
 * pages that the kernel has pinned (O_DIRECT, io_uring), fds and device attachments of a dma-buf,
 * mappings of a write-combining buffer or of a dma-buf without struct pages, and processes whose
 * main thread has exited. The caller frees *ret_holders with free(); it is NULL if there are none.
 *   -ENOENT  no such buffer
 *   -EACCES  its owner, group and mode deny reading
 *   -EPERM   CAP_SYS_ADMIN or CAP_SYS_PTRACE is missing
 */
int kplug_buffer_holders(struct kplug_device *dev, const char *name, struct kplug_holder **ret_holders,
			 size_t *ret_count);

/* --- user memory ---------------------------------------------------------------------------- */

struct kplug_lock_opts {
	size_t sz; /* sizeof(struct kplug_lock_opts) */
	uint32_t dma_bits; /* 1..64: device addresses have no more bits; 0: the device's mask at its bind */
};

/*
 * Locks memory of the program in place, for DMA in both directions: from malloc(), huge pages, a
 * memfd, or any other that is not a file's. ptr: any alignment; the memory must be writable, and
 * stay mapped while it is locked. bytes: 1..KPLUG_DMA_LOCK_MAX; counts against RLIMIT_MEMLOCK. Data
 * is never bounced: memory that the device cannot address is an error. Freed by kplug_dma_unlock(),
 * before or after dev is closed; closing dev also unlocks the memory, but does not free the lock.
 *   -EFAULT      some of it is not mapped, is read-only, or belongs to a file or a device
 *   -EDQUOT      RLIMIT_MEMLOCK, which counts all memory of the user's programs, or a limit of the
 *                device (kplug_limit_get()) exceeded
 *   -EPERM       the caller is in a user namespace of its own
 *   -ENOMEM      not enough memory or device addresses
 *   -ERANGE      dma_bits exceeds what the device can address
 *   -EIO         some of it is above the mask and there is no IOMMU, or the kernel would bounce the
 *                data (swiotlb)
 *   -EINVAL      bytes or an option is out of range
 *   -ENOPKG      the module kplug_memory is not installed
 *   -EOPNOTSUPP  the device is not cache-coherent, or the memory's file system forbids long-term
 *                pins
 */
int kplug_dma_lock(struct kplug_device *dev, void *ptr, size_t bytes, const struct kplug_lock_opts *opts,
		   struct kplug_lock **ret_lock);

/*
 * The device addresses of locked memory: *ret_count pieces in the order of the memory, adjacent
 * ones merged; 1 piece behind an IOMMU. The lock owns them.
 */
const struct kplug_dma_entry *kplug_dma_entries(const struct kplug_lock *lock, size_t *ret_count);

/* Unlocks the memory and frees the lock; takes NULL. The device must no longer access the memory. */
void kplug_dma_unlock(struct kplug_lock *lock);

/* --- plugins -------------------------------------------------------------------------------- */

/*
 * Opens an object file and reads its metadata; loads nothing. Needs no privileges. Freed by
 * kplug_plugin_close().
 *   -ENOENT   no such file
 *   -EACCES   no permission to read it
 *   -EFBIG    larger than 64 MiB
 *   -ENOEXEC  not a regular file, not a BPF object, damaged, or libbpf cannot open it
 *   -EBADMSG  no or invalid metadata, no hook, two programs for a hook, a program for none, or two
 *             maps whose names have the same first 15 characters
 *   -EPROTO   built for another KPLUG_API_VERSION
 */
int kplug_plugin_open(const char *path, struct kplug_plugin **ret_plugin);

/* Frees the object; a loaded plugin stays loaded. plugin may be NULL. */
void kplug_plugin_close(struct kplug_plugin *plugin);

/* A hook's name as in KPLUG_HOOK(), such as "call"; a constant string. NULL: no such hook. */
const char *kplug_hook_name(enum kplug_hook hook);

/* 1..31 visible ASCII characters; the plugin owns the string. */
const char *kplug_plugin_name(const struct kplug_plugin *plugin);
/* 0..31 visible ASCII characters; the plugin owns the string. */
const char *kplug_plugin_version(const struct kplug_plugin *plugin);
/* The PCI ids of its devices, 0..0xffff; 0xffffffff: any. */
uint32_t kplug_plugin_vendor(const struct kplug_plugin *plugin);
uint32_t kplug_plugin_device(const struct kplug_plugin *plugin);
/* The hooks that it implements, 1 << enum kplug_hook each; never 0. */
uint32_t kplug_plugin_hooks(const struct kplug_plugin *plugin);
/* Bytes of its KPLUG_BUFFER() or KPLUG_ARENA(), before it is loaded; 0: it has none. */
size_t kplug_plugin_buffer_size(const struct kplug_plugin *plugin);

/* kplug_plugin_check() on a program. Lists are comma-separated, and omit names that do not fit. */
struct kplug_check {
	char program[16]; /* its hook, "probe" or "migrate" */
	uint32_t flags; /* KPLUG_CHECK_ */
	uint32_t instructions; /* in the object, with its functions */
	uint32_t verified; /* processed by the verifier, on all paths together */
	uint32_t longest; /* on the longest path, not inside helpers; 0: KPLUG_CHECK_LOOPS */
	uint32_t stack; /* bytes, with its functions */
	char maps[240]; /* with sections of globals (".bss"); ".bss.kplug" is its buffer */
	char helpers[512];
	char kfuncs[512]; /* of the kernel and of kplug */
};
#define KPLUG_CHECK_TASK 0x1U /* acts on the current task, in an interrupt any: bpf_send_signal() */
#define KPLUG_CHECK_LATER 0x2U /* starts timers or work, which may run after a detach (pinned map) */
#define KPLUG_CHECK_LOOPS 0x4U /* backward jumps or callbacks: the longest path is unknown */

/*
 * Verifies the plugin's programs without loading them on a device. Needs the capabilities of
 * kplug_plugin_load(), returns its errors -EPERM, -EOPNOTSUPP, -EACCES and -EALREADY, and consumes
 * the object as it does. The caller frees *ret_checks, an entry per program, with free().
 */
int kplug_plugin_check(struct kplug_plugin *plugin, struct kplug_check **ret_checks, size_t *ret_count);

struct kplug_load_opts {
	size_t sz; /* sizeof(struct kplug_load_opts) */
	const char *buffer; /* its name; NULL: the device's only one, or the running version's */
	bool force; /* ignore the plugin's PCI ids */
	bool fresh; /* kplug_plugin_swap(): carry no state over */
	bool pin; /* in /sys/fs/bpf/kplug/DEV, as HOOK and map:NAME; '.' becomes '+' */
};

/*
 * Verifies the plugin's programs and installs them as the device's plugin, which stays after the
 * process exits. Needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN. Waits while another process changes
 * the device's plugin. Pins are created before the install, and removed with the plugin; versions
 * swapped in for a pinned plugin are pinned, too. An object can be loaded, swapped in or checked
 * once, even if that fails after its programs reached the verifier: open it again.
 *   -EPERM       a capability is missing
 *   -ENXIO       the plugin is for other PCI ids, and force is false
 *   -ENOENT      no buffer of that name; or none named, and the device has none or several
 *   -EINVAL      a buffer is named, but the plugin has no KPLUG_BUFFER()
 *   -EMSGSIZE    the buffer is smaller than the plugin's KPLUG_BUFFER()
 *   -EOPNOTSUPP  the kernel or the module has no BTF
 *   -EACCES      refused by the verifier; kplug_error() has the relevant lines of its log,
 *                kplug_plugin_log() all
 *   -ECANCELED   the plugin's `probe` program refused the device
 *   -EBUSY       the device has a plugin
 *   -EPROTOTYPE  the module refused a program
 *   -EALREADY    the object was used before
 * Other errnos: libbpf failed; kplug_error() says why (-ESRCH or -EINVAL: the kernel lacks a hook
 * or a function that the plugin uses).
 */
int kplug_plugin_load(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts);

/*
 * As kplug_plugin_load(), but replaces the running plugin: all hooks change at one instant and no
 * event is lost. On failure the running plugin continues undisturbed. The replaced version is kept
 * for kplug_plugin_rollback() until the next swap.
 *
 * State: the new version takes over the running version's maps and globals, except constants, if
 * name, type, sizes, number of entries, flags and BTF layout match. Else the swap is refused,
 * unless the object has a `migrate` program (see kplug.bpf.h), or `fresh` is set: then all maps
 * start empty, and each version has its own, also after a rollback. Errors: as kplug_plugin_load(),
 * and
 *   -ENOENT           no plugin is loaded
 *   -ESTALE           state does not carry over; kplug_error() names the map and the difference
 *   -ENOTRECOVERABLE  the plugin's `migrate` program failed
 */
int kplug_plugin_swap(struct kplug_plugin *plugin, struct kplug_device *dev, const struct kplug_load_opts *opts);

/*
 * Swaps back to the version before the last swap, with its maps: those that carried over as they
 * are now, others as it left them. Needs the same capabilities as a load. A second rollback undoes
 * the first. -ENOENT: no swap since the load.
 */
int kplug_plugin_rollback(struct kplug_device *dev);

/*
 * Removes stale pins: of removed devices, and of processes that were killed while loading (the
 * functions above remove those of their device, too). *ret_count: the number of folders removed;
 * may be NULL. -EACCES, -EPERM: no permission, or other users may write to the folder of all pins.
 */
int kplug_plugin_clean(size_t *ret_count);

/*
 * The folder of the running plugin's pins, see struct kplug_load_opts. The caller frees *ret_folder
 * with free(). -ENOENT: not pinned, or no plugin. -EACCES: no permission to read the folder.
 */
int kplug_plugin_pins(struct kplug_device *dev, char **ret_folder);

/* The verifier's log (last 4 MiB) of the program that it refused, or "". The plugin owns it. */
const char *kplug_plugin_log(const struct kplug_plugin *plugin);

/*
 * Detaches the device's plugin, by whichever process it was loaded, waits until none of its
 * programs runs, and drops the version kept for a rollback. -ENOENT: no plugin. -EPERM: as
 * kplug_plugin_load().
 */
int kplug_plugin_unload(struct kplug_device *dev);

/* Information on the running plugin; prog_ids and prog_count are 0. -ENOENT: no plugin. */
int kplug_plugin_info(struct kplug_device *dev, struct kplug_plugin_info *ret_info);

/*
 * The ids of the plugin's BPF programs, by enum kplug_hook; 0: the hook is not served. count: room in
 * ret_ids. -ENOENT: no plugin.
 */
int kplug_plugin_prog_ids(struct kplug_device *dev, uint32_t *ret_ids, size_t count);

/* As kplug_plugin_info(), of the version kept for a rollback. -ENOENT: none. */
int kplug_plugin_previous(struct kplug_device *dev, struct kplug_plugin_info *ret_info);

#define KPLUG_PROGRAM_MAPS 64

/* A program of the running plugin. */
struct kplug_program_info {
	uint32_t hook; /* enum kplug_hook */
	uint32_t id; /* the BPF program's */
	uint8_t tag[8]; /* as bpftool shows it */
	uint32_t instructions; /* after the verifier's changes */
	bool counted; /* BPF statistics are, or were, on: sysctl kernel.bpf_stats_enabled */
	uint64_t runs; /* counted */
	uint64_t run_time; /* ns, of the counted runs */
	uint32_t map_count; /* 0..KPLUG_PROGRAM_MAPS */
	uint32_t map_ids[KPLUG_PROGRAM_MAPS]; /* its buffer's included */
};

/*
 * Lists the running plugin's programs, in the order of their hooks. Needs CAP_SYS_ADMIN. The caller
 * frees *ret_programs with free(). -ENOENT: no plugin. -EPERM: the capability is missing. -EAGAIN:
 * swapped meanwhile; retry.
 */
int kplug_plugin_programs(struct kplug_device *dev, struct kplug_program_info **ret_programs, size_t *ret_count);

/* A KPLUG_SETTING() of the running plugin. */
struct kplug_setting {
	char name[64];
	char type[32]; /* as in the source */
	uint32_t bytes; /* 1, 2, 4 or 8 */
	int64_t value;
	int64_t min, max; /* its range, inclusive */
};

/*
 * Lists the running plugin's settings. Needs CAP_SYS_ADMIN. The caller frees *ret_settings with
 * free(); it is NULL if there are none. -ENOENT: no plugin. -EPERM: the capability is missing.
 */
int kplug_setting_list(struct kplug_device *dev, struct kplug_setting **ret_settings, size_t *ret_count);

/*
 * Changes a setting of the running plugin, atomically; its next read returns the new value.
 * -ENOENT: no plugin. -ESRCH: no such setting. -ERANGE: value is not within min..max. -EPERM: as
 * kplug_setting_list().
 */
int kplug_setting_set(struct kplug_device *dev, const char *name, int64_t value);

/* An event with the plugin's answer; members as in the plugins' struct kplug_event. */
struct kplug_observed {
	uint32_t hook; /* enum kplug_hook */
	uint32_t vector;
	uint32_t message;
	uint32_t size; /* bytes of its argument */
	uint32_t pid; /* the calling process; 0: an event of the device */
	uint32_t uid;
	uint32_t flags; /* KPLUG_MINE, KPLUG_DEFER, KPLUG_FORWARD */
	uint32_t notify;
	int64_t result; /* flags, notify, result: the answer */
	uint64_t sequence;
	uint64_t count;
	uint64_t time; /* ns, CLOCK_MONOTONIC, when it was observed */
};

/*
 * Observes a device's events and their answers, without affecting its plugin or other observers.
 * Freed by kplug_observer_close(). path: observe.bpf.o, installed with the plugins. Needs the
 * capabilities of kplug_plugin_load(). The observer stays valid when dev is closed. After the
 * device's event KPLUG_EVENT_REMOVE, events may be those of another device that got its number.
 *   -ENOENT  no such file
 *   -EPERM   a capability is missing
 *   -EINVAL  another object
 * Other errnos: libbpf failed; kplug_error() says why.
 */
int kplug_observer_open(struct kplug_device *dev, const char *path, struct kplug_observer **ret_observer);

/* Detaches and frees the observer, which may be NULL. */
void kplug_observer_close(struct kplug_observer *observer);

/*
 * Waits for events. timeout_ms: as in kplug_irq_wait(). max: room in ret_events, at least 1.
 * *ret_count: 1..max. -ETIMEDOUT: no event. -EINTR: interrupted by a signal. -EINVAL: max is 0.
 */
int kplug_observer_wait(struct kplug_observer *observer, int timeout_ms, struct kplug_observed *ret_events, size_t max,
			size_t *ret_count);

/* Events lost since the open: some 3,000 were pending when they came. */
uint64_t kplug_observer_lost(const struct kplug_observer *observer);

/* --- calls and interrupts ------------------------------------------------------------------- */

/*
 * Calls the plugin's call hook. message: defined by the plugin. data: size bytes,
 * 0..KPLUG_CALL_MAX, copied in, and back as the plugin left them; may be NULL if size is 0.
 * *ret_result: the plugin's answer, by convention negative for an error; ret_result may be NULL.
 * A plugin may leave the call pending: it returns when the plugin completes it, in an interrupt for
 * example. Many threads may have calls pending on one device; each gets its own answer.
 *   -ENOMSG     no answer: no plugin, no call hook, or a message that it does not handle
 *   -E2BIG      size is more than KPLUG_CALL_MAX
 *   -EFAULT     data is not readable and writable memory
 *   -EINTR      a signal came while it was pending
 *   -ECANCELED  the plugin was unloaded while it was pending
 *   -ENODEV     also: the device was removed while it was pending
 * After the last three the device may still do what the call asked for; data is as it was.
 */
int kplug_call(struct kplug_device *dev, uint32_t message, void *data, size_t size, int64_t *ret_result);

/*
 * The same, pending for timeout_ms at most; 0: no limit. -ETIMEDOUT: it was not completed in time; the rest is as for
 * -EINTR.
 */
int kplug_call_timeout(struct kplug_device *dev, uint32_t message, void *data, size_t size, uint32_t timeout_ms,
		       int64_t *ret_result);

/*
 * Enables a vector for this open device. vector: 0..out_vectors-1 of struct kplug_info. data: size
 * bytes, 0..KPLUG_CALL_MAX, for the plugin's int_enable hook, which may refuse with any errno; may
 * be NULL if size is 0.
 *   -ERANGE    no such vector
 *   -EALREADY  already enabled through dev
 *   -E2BIG     size is more than KPLUG_CALL_MAX
 */
int kplug_irq_enable(struct kplug_device *dev, uint32_t vector, const void *data, size_t size);

/*
 * As kplug_irq_enable(); each wake-up also adds 1 to an eventfd, for an event loop, io_uring or
 * another process, and so does the device's removal. It need not be read. eventfd: the caller may
 * close it afterwards; negative: none. Errors: as kplug_irq_enable(), and -EBADF (not open),
 * -EINVAL (not an eventfd).
 */
int kplug_irq_enable_eventfd(struct kplug_device *dev, uint32_t vector, const void *data, size_t size, int eventfd);

/*
 * Disables a vector for this open device; waits until no hook of the vector runs. -ERANGE: no such
 * vector. -EALREADY: not enabled through dev.
 */
int kplug_irq_disable(struct kplug_device *dev, uint32_t vector);

/*
 * Waits for records of the vectors enabled through dev, and of events. timeout_ms: milliseconds; 0:
 * do not wait; negative: no limit. max: room in ret_records, at least 1. *ret_count: 1..max. If
 * several threads wait, each record is delivered to one of them.
 *   -ETIMEDOUT  no record
 *   -EINTR      interrupted by a signal
 *   -ENODEV     the device was removed, and no record is pending
 *   -EINVAL     max is 0
 */
int kplug_irq_wait(struct kplug_device *dev, int timeout_ms, struct kplug_record *ret_records, size_t max,
		   size_t *ret_count);

/*
 * record: as from kplug_irq_wait(), valid during the call; NULL in the last call: the device was
 * removed. Called in the thread of kplug_irq_start(). May call the library, except kplug_irq_stop()
 * on its own thread.
 */
typedef void (*kplug_irq_fn)(const struct kplug_record *record, void *arg);

/*
 * Enables a vector and starts a thread that calls fn with arg for each of its records, and for
 * events. Freed by kplug_irq_stop(). The thread opens the device itself: it takes no records from
 * kplug_irq_wait() on dev, and dev may be closed. Errors: as kplug_device_open() and
 * kplug_irq_enable(), and -EAGAIN (no thread can be created).
 */
int kplug_irq_start(struct kplug_device *dev, uint32_t vector, kplug_irq_fn fn, void *arg,
		    struct kplug_irq_thread **ret_thread);

/*
 * Waits until fn has returned, ends the thread and disables the vector. thread may be NULL.
 * -EDEADLK: called from fn; nothing was done.
 */
int kplug_irq_stop(struct kplug_irq_thread *thread);

/*
 * Busy-waits until *word, which the device or the plugin writes in a buffer, differs from `old`:
 * the lowest latency, at the cost of a CPU. timeout_us: microseconds; negative: no limit.
 * *ret_value: the new value. An acquire load: later reads see all that was written before the word.
 * -ETIMEDOUT: no change.
 */
int kplug_irq_spin(const uint64_t *word, uint64_t old, int64_t timeout_us, uint64_t *ret_value);

/*
 * Unmasks an INTx line that was masked because no plugin claimed its interrupt; does nothing on
 * other vectors. -ERANGE: no such vector. -EBUSY: the watchdog stopped it, see kplug_irq_resume().
 */
int kplug_irq_unmask(struct kplug_device *dev, uint32_t vector);

/* A vector's counters, the watchdog's verdict, and its Linux IRQ number. -ERANGE: no such vector. */
int kplug_irq_info(struct kplug_device *dev, uint32_t vector, struct kplug_irq_info *ret_info);

/*
 * Resumes a vector that the watchdog stopped. Needs the capabilities of kplug_plugin_load().
 * -ERANGE: no such vector. -EALREADY: not stopped. -EPERM: a capability is missing.
 */
int kplug_irq_resume(struct kplug_device *dev, uint32_t vector);

/*
 * Raises a vector by software, as the device would. -ERANGE: no such vector. -EOPNOTSUPP: the
 * kernel or the device does not support it. -EAGAIN: a PCI device's vector that is not enabled
 * through any open device.
 */
int kplug_irq_trigger(struct kplug_device *dev, uint32_t vector);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* LIBKPLUG_H */
