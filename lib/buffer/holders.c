// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Who holds a buffer, as fuser(1) finds out for files. An fd of the map says whose it is in its fdinfo, and a mapping
 * of the node by its offset; a mapping of a map or a dma-buf says nothing, so its first page is compared with the
 * buffer's. Pages of a foreign dma-buf may have no numbers (VM_PFNMAP): such mappings are not found.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "buffer/buffer.h"

#define PFN_MASK ((1ULL << 55) - 1) /* of an entry, says the kernel's admin-guide/mm/pagemap.rst */
#define PRESENT (1ULL << 63)

struct search {
	const struct kplug_buffer_info *info;
	char node[KP_PATH_LEN];
	uint64_t from; /* the buffer's mapping offset in the node */
	const uint8_t *mem; /* our own mapping of it, which is not listed */
	size_t bytes;
	int pages; /* /proc/self/pagemap */
	struct kplug_holder *found;
	size_t count;
};

static const struct kp_reason reasons[] = {
	{ EPERM, "looking at other processes needs CAP_SYS_ADMIN and CAP_SYS_PTRACE; run it as root" },
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES, "its owner, group and mode do not let you read" },
	{ 0, NULL },
};

/* Once, though it may hold several parts. */
static int add(struct search *s, const struct kplug_holder *holder)
{
	struct kplug_holder *more;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->found[i].pid == holder->pid && s->found[i].prog_id == holder->prog_id) {
			s->found[i].how |= holder->how;
			return 0;
		}
	more = reallocarray(s->found, s->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->found = more;
	s->found[s->count++] = *holder;
	return 0;
}

/* The number of the physical page behind an address; 0: none there, or no right to know. */
static uint64_t page_number(int pagemap, uint64_t addr)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)(addr / kp_page_round(1) * sizeof(entry))) != sizeof(entry))
		return 0;
	return entry & PRESENT ? entry & PFN_MASK : 0;
}

/* Newer kernels map a map's page when it is touched. */
static void touch(uint32_t pid, uint64_t addr)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { (void *)(uintptr_t)addr, 1 };

	process_vm_readv((pid_t)pid, &own, 1, &other, 1, 0);
}

/* Is a mapping of some map, from this offset on, one of the buffer? The first page tells that can be had. */
static bool same_pages(const struct search *s, uint32_t pid, int pagemap, uint64_t start, uint64_t end, uint64_t offset)
{
	const size_t page = kp_page_round(1);

	if (s->info->out_addr && s->info->out_addr != start) /* an arena has one place */
		return false;
	if (end - start > s->bytes || offset > s->bytes - (end - start))
		return false;
	for (; start < end; start += page, offset += page) {
		uint64_t number = page_number(pagemap, start);

		if (!number) {
			touch(pid, start);
			number = page_number(pagemap, start);
		}
		if (number)
			return number == page_number(s->pages, (uintptr_t)s->mem + offset);
	}
	return false;
}

/* A mapping of a map, or of a dma-buf, which an imported buffer's is. */
static bool of_some_memory(const char *path)
{
	return !strcmp(path, "anon_inode:bpf-map") || !strncmp(path, "/dmabuf:", 8);
}

/* Is a mapping of the node, from this offset on, one of the buffer? */
static bool of_buffer(const struct search *s, uint64_t offset)
{
	uint64_t huge = KPLUG_MMAP_HUGE(s->info->out_id);

	return (offset >= s->from && offset - s->from < s->bytes) || (offset >= huge && offset - huge < s->bytes);
}

/* A file of a process could not be opened. 0: the process has gone, or is the kernel's and has no memory. */
static int open_error(void)
{
	if (errno == ENOENT || errno == ESRCH)
		return 0;
	return errno == EACCES ? -EPERM : -errno;
}

/* KPLUG_HOLD_*, or a negative errno; so do those below. */
static int mappings(const struct search *s, uint32_t pid)
{
	uint64_t start, end, offset;
	char path[KP_PATH_LEN], rights[8], *line = NULL;
	unsigned int how = 0;
	size_t room = 0;
	int pagemap, at;
	FILE *f;

	kp_path(path, "/proc/%u/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return open_error();
	kp_path(path, "/proc/%u/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n", &start, &end, rights, &offset,
			   &at) < 4)
			continue;
		if (pid == (uint32_t)getpid() && start == (uintptr_t)s->mem)
			continue;
		if (!strcmp(line + at, s->node) && of_buffer(s, offset))
			how |= rights[1] == 'w' ? KPLUG_HOLD_WRITE : KPLUG_HOLD_READ;
		else if (of_some_memory(line + at) && same_pages(s, pid, pagemap, start, end, offset))
			how |= KPLUG_HOLD_WRITE;
	}
	free(line);
	fclose(f);
	if (pagemap >= 0)
		close(pagemap);
	return (int)how;
}

static bool is_map(const struct search *s, const char *path)
{
	char line[128];
	uint32_t id = 0;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "map_id: %" SCNu32, &id) != 1)
		;
	if (f)
		fclose(f);
	return id == s->info->out_map_id;
}

static int fds(const struct search *s, uint32_t pid)
{
	char path[KP_PATH_LEN];
	const struct dirent *d;
	unsigned int how = 0;
	DIR *dir;

	kp_path(path, "/proc/%u/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return open_error();
	while (!how && (d = readdir(dir))) {
		kp_path(path, "/proc/%u/fdinfo/%s", pid, d->d_name);
		if (isdigit((unsigned char)d->d_name[0]) && is_map(s, path))
			how = KPLUG_HOLD_FD;
	}
	closedir(dir);
	return (int)how;
}

static int process(struct search *s, uint32_t pid)
{
	struct kplug_holder holder = { .pid = pid };
	char path[KP_PATH_LEN];
	int by_fd, by_mapping;

	by_fd = fds(s, pid);
	if (by_fd < 0)
		return by_fd;
	by_mapping = mappings(s, pid);
	if (by_mapping < 0)
		return by_mapping;
	holder.how = (uint32_t)(by_fd | by_mapping);
	kp_path(path, "/proc/%u/comm", pid);
	return holder.how && !kp_sysfs_read(path, holder.name, sizeof(holder.name)) ? add(s, &holder) : 0;
}

/* Those that come or go meanwhile may or may not be found. */
static int processes(struct search *s)
{
	const struct dirent *d;
	DIR *dir = opendir("/proc");
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			err = process(s, (uint32_t)strtoul(d->d_name, NULL, 10));
	closedir(dir);
	return err;
}

static int programs(struct search *s)
{
	struct kplug_program_info program;
	struct kplug_holder holder;
	uint32_t id = 0;
	int err = 0, i;

	while (!err && !bpf_prog_get_next_id(id, &id)) {
		holder = (struct kplug_holder){ .prog_id = id };
		if (kp_prog_info(id, &program, holder.name))
			continue; /* it has gone */
		for (i = 0; i < (int)program.map_count; i++)
			if (program.map_ids[i] == s->info->out_map_id) {
				err = add(s, &holder);
				break;
			}
	}
	return err;
}

/* Of one part. */
static int search_part(struct kplug_device *dev, struct search *s)
{
	void *mem;
	int err;

	s->from = KPLUG_MMAP_BUFFER(s->info->out_id);
	s->bytes = kp_page_round(s->info->out_bytes);
	mem = mmap(NULL, s->bytes, PROT_READ, MAP_SHARED, dev->fd, (off_t)s->from);
	if (mem == MAP_FAILED)
		return errno == ENXIO ? -ENOENT : -errno;
	s->mem = mem;
	/* Who may not know the numbers of pages sees zeros: does he see one of his own? */
	err = page_number(s->pages, (uintptr_t)&err) ? processes(s) : -EPERM;
	munmap(mem, s->bytes);
	return err;
}

/* Of those among infos that are of this name: processes first. A part that ends meanwhile is passed over. */
static int search(struct kplug_device *dev, const char *name, const struct kplug_buffer_info *infos, size_t count,
		  struct search *s)
{
	bool any = false;
	int err = 0;
	size_t i;

	s->pages = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (s->pages < 0)
		return open_error();
	for (i = 0; i < count && !err; i++) {
		s->info = &infos[i];
		if (strcmp(infos[i].out_name, name) != 0)
			continue;
		err = search_part(dev, s);
		any |= !err;
		if (err == -ENOENT)
			err = 0;
	}
	if (!err && !any)
		err = -ENOENT;
	for (i = 0; i < count && !err; i++) {
		s->info = &infos[i];
		if (!strcmp(infos[i].out_name, name))
			err = programs(s);
	}
	close(s->pages);
	return err;
}

int kplug_buffer_holders(struct kplug_device *dev, const char *name, struct kplug_holder **ret_holders,
			 size_t *ret_count)
{
	char checked[KPLUG_BUFFER_NAME_LEN] = "";
	struct kplug_buffer_info *infos = NULL;
	struct search s = { 0 };
	size_t count = 0;
	int err;

	err = kp_buffer_name(checked, name) ?: kplug_buffer_list(dev, &infos, &count);
	if (err)
		return err;
	kp_path(s.node, "%s/kplug/%s", kp_dev_root, dev->name);
	err = search(dev, name, infos, count, &s);
	free(infos);
	if (err) {
		free(s.found);
		return kp_fail(err, reasons, "buffer %s on device %s: its holders", name, dev->name);
	}
	*ret_holders = s.found;
	*ret_count = s.count;
	return 0;
}
