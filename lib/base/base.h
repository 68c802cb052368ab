/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Room base: errors, log messages, sysfs, and small helpers. Rooms include downwards: plugin,
 * buffer, device, base.
 *
 * Functions named kp_ are shared by the library's files and hidden from programs; in the static
 * library the prefix avoids clashes with the program's names. Errors are negative errno values.
 */
#ifndef KPLUG_LIB_BASE_H
#define KPLUG_LIB_BASE_H

#include <linux/bpf.h>
#include <pthread.h>

#include "libkplug.h"

#define KP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KP_PATH_LEN 512
#define KP_DRIVER_LEN 32 /* struct kplug_scan_entry.driver */

/* error.c. kp_err() and kp_fail() set the thread's error text and return err. */
struct kp_reason {
	int err; /* positive; 0 ends a table */
	const char *text;
};

int kp_err(int err, const char *fmt, ...) KP_PRINTF(2, 3);
/* Text: "OBJECT: REASON", the reason from own (may be NULL), else from error.c, else strerror(). */
int kp_fail(int err, const struct kp_reason *own, const char *object_fmt, ...) KP_PRINTF(3, 4);
void kp_log(enum kplug_log_level level, const char *fmt, ...) KP_PRINTF(2, 3);

/* libbpf_log.c. From begin to end, this thread's libbpf messages are logged, at `most` or below. */
void kp_libbpf_begin(enum kplug_log_level most);
void kp_libbpf_end(void);
/* The first warning since this thread's last begin; "" if none. */
const char *kp_libbpf_warning(void);

/* util.c */
int kp_ioctl(int fd, unsigned long command, void *arg);
/* Copies an opts struct to known. NULL gives zeros; a non-zero unknown tail is -EINVAL. */
int kp_opts(void *known, size_t known_size, const void *opts, const char *type);
size_t kp_page_round(size_t bytes);
int64_t kp_now_us(void); /* CLOCK_MONOTONIC */
/* For waits that restart: the deadline, and the time left for poll(). timeout_ms < 0: no limit. */
int64_t kp_deadline_ms(int timeout_ms);
int kp_remaining_ms(int64_t deadline);

/* sysfs.c. The roots are variables for the unit tests. */
extern const char *kp_sys_root, *kp_dev_root;
bool kp_name_ok(const char *name); /* valid as a device's name and as one path component */
int kp_sysfs_read(const char *path, char *buf, size_t size); /* the first line, without its newline */
int kp_sysfs_write(const char *path, const char *text);
void kp_path(char path[KP_PATH_LEN], const char *fmt, ...) KP_PRINTF(2, 3);
bool kp_module_loaded(void);
/* What a message says of the rights of loading. */
#define KP_NEEDS_CAPS "needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN outside any user namespace; run it as root"
bool kp_locked_down(void); /* see kernel_lockdown(7) */
/* How to load a module that is missing; static text, to be followed by the module's name. */
const char *kp_load_hint(void);
/* Sets driver to "" if the function is unbound. -ENOENT: no such PCI function. Sets no error text. */
int kp_pci_driver(const char *addr, char driver[KP_DRIVER_LEN]);

/* prog_info.c. A loaded BPF program, by id. ret_name may be NULL. Sets no error text. */
int kp_prog_info(uint32_t id, struct kplug_program_info *ret_program, char ret_name[BPF_OBJ_NAME_LEN]);

#endif /* KPLUG_LIB_BASE_H */
