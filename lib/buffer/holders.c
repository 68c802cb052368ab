// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Finds the holders of a buffer, as fuser(1) does for files: fds of the map by the map's id in
 * fdinfo, mappings of the node by their offset, and mappings of maps and dma-bufs, which /proc does
 * not identify, by comparing a physical page with the buffer's. Mappings without struct pages
 * (VM_PFNMAP), as of some exporters' dma-bufs, are not found.
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

#define PFN_MASK ((1ULL << 55) - 1) /* of an entry; see the kernel's admin-guide/mm/pagemap.rst */
#define PRESENT (1ULL << 63)

struct search {
	const struct kplug_buffer_info *info;
	char node[KP_PATH_LEN];
	uint64_t from; /* the buffer's mapping offset in the node */
	const uint8_t *mem; /* our own mapping of it, which is skipped */
	size_t bytes;
	int pages; /* /proc/self/pagemap */
	struct kplug_holder *found;
	size_t count;
};

static const struct kp_reason reasons[] = {
	{ EPERM, "inspecting other processes needs CAP_SYS_ADMIN and CAP_SYS_PTRACE; run it as root" },
	{ ENOENT, "the device has no buffer of this name" },
	{ EACCES, "denied by its owner, group and mode (kplug buffer list shows them)" },
	{ 0, NULL },
};

/* Merges: a holder of several parts is listed once. */
static int add_holder(struct search *s, const struct kplug_holder *holder)
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

/* The page frame number behind an address; 0: not present, or no permission to see it. */
static uint64_t page_number(int pagemap, uint64_t addr)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)(addr / kp_page_round(1) * sizeof(entry))) != sizeof(entry))
		return 0;
	return entry & PRESENT ? entry & PFN_MASK : 0;
}

/* Newer kernels map a map's pages on demand. */
static void fault_in(uint32_t pid, uint64_t addr)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { (void *)(uintptr_t)addr, 1 };

	process_vm_readv((pid_t)pid, &own, 1, &other, 1, 0);
}

/* True if a mapping of a map or dma-buf maps the buffer; the first present page decides. */
static bool same_pages(const struct search *s, uint32_t pid, int pagemap, uint64_t start, uint64_t end, uint64_t offset)
{
	const size_t page = kp_page_round(1);

	if (s->info->out_addr && s->info->out_addr != start) /* an arena has one address */
		return false;
	if (end - start > s->bytes || offset > s->bytes - (end - start))
		return false;
	for (; start < end; start += page, offset += page) {
		uint64_t number = page_number(pagemap, start);

		if (!number) {
			fault_in(pid, start);
			number = page_number(pagemap, start);
		}
		if (number)
			return number == page_number(s->pages, (uintptr_t)s->mem + offset);
	}
	return false;
}

/* A mapping of a BPF map, or of a dma-buf, as an imported buffer's is. */
static bool maps_shared_memory(const char *path)
{
	return !strcmp(path, "anon_inode:bpf-map") || !strncmp(path, "/dmabuf:", 8);
}

/* True if a mapping of the node at this offset maps the buffer. */
static bool offset_in_buffer(const struct search *s, uint64_t offset)
{
	uint64_t huge = KPLUG_MMAP_HUGE(s->info->out_id);

	return (offset >= s->from && offset - s->from < s->bytes) || (offset >= huge && offset - huge < s->bytes);
}

/* The error of opening a /proc file; 0: the process has exited, or is a kernel thread. */
static int open_error(void)
{
	if (errno == ENOENT || errno == ESRCH)
		return 0;
	return errno == EACCES ? -EPERM : -errno;
}

/* These return KPLUG_HOLD_ flags, or a negative errno. */
static int search_mappings(const struct search *s, uint32_t pid)
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
		if (!strcmp(line + at, s->node) && offset_in_buffer(s, offset))
			how |= rights[1] == 'w' ? KPLUG_HOLD_WRITE : KPLUG_HOLD_READ;
		else if (maps_shared_memory(line + at) && same_pages(s, pid, pagemap, start, end, offset))
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

static int search_fds(const struct search *s, uint32_t pid)
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

static int search_process(struct search *s, uint32_t pid)
{
	struct kplug_holder holder = { .pid = pid };
	char path[KP_PATH_LEN];
	int by_fd, by_mapping;

	by_fd = search_fds(s, pid);
	if (by_fd < 0)
		return by_fd;
	by_mapping = search_mappings(s, pid);
	if (by_mapping < 0)
		return by_mapping;
	holder.how = (uint32_t)(by_fd | by_mapping);
	kp_path(path, "/proc/%u/comm", pid);
	return holder.how && !kp_sysfs_read(path, holder.name, sizeof(holder.name)) ? add_holder(s, &holder) : 0;
}

/* A process that starts or exits meanwhile may be missed. */
static int search_processes(struct search *s)
{
	const struct dirent *d;
	DIR *dir = opendir("/proc");
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			err = search_process(s, (uint32_t)strtoul(d->d_name, NULL, 10));
	closedir(dir);
	return err;
}

static int search_programs(struct search *s)
{
	struct kplug_program_info program;
	struct kplug_holder holder;
	uint32_t id = 0;
	int err = 0, i;

	while (!err && !bpf_prog_get_next_id(id, &id)) {
		holder = (struct kplug_holder){ .prog_id = id };
		if (kp_prog_info(id, &program, holder.name))
			continue; /* unloaded meanwhile */
		for (i = 0; i < (int)program.map_count; i++)
			if (program.map_ids[i] == s->info->out_map_id) {
				err = add_holder(s, &holder);
				break;
			}
	}
	return err;
}

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
	/* Without CAP_SYS_ADMIN page numbers read as 0: check with a page of our own. */
	err = page_number(s->pages, (uintptr_t)&err) ? search_processes(s) : -EPERM;
	munmap(mem, s->bytes);
	return err;
}

/* Searches the parts of this name: processes first. Skips a part that is freed meanwhile. */
static int search_all(struct kplug_device *dev, const char *name, const struct kplug_buffer_info *infos, size_t count,
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
			err = search_programs(s);
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
	err = search_all(dev, name, infos, count, &s);
	free(infos);
	if (err) {
		free(s.found);
		return kp_fail(err, reasons, "holders of buffer %s on device %s", name, dev->name);
	}
	*ret_holders = s.found;
	*ret_count = s.count;
	return 0;
}
