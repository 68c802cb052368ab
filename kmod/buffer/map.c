// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a BPF array map of a buffer. ARCHITECTURE.md, "The map recipe", has the reason of each line here: each answers
 * something that was seen to break.
 */
#include <linux/bpf.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/compat.h"

KPLUG_IMPORT_NS(BPF_INTERNAL);

static struct workqueue_struct *map_create_queue;

/* The genuine ops of array maps, and ours; filled when the first map is made, under ops_lock. */
static const struct bpf_map_ops *array_ops;
static struct bpf_map_ops backed_ops;
static DEFINE_MUTEX(ops_lock);

static struct bpf_array *array_of(const struct bpf_map *map)
{
	return container_of(map, struct bpf_array, map);
}

/* The map's pointer to its buffer stands in a member that only program arrays use. */
struct kplug_buffer *kplug_map_buffer(const struct bpf_map *map)
{
	return (struct kplug_buffer *)array_of(map)->aux;
}
EXPORT_SYMBOL_GPL(kplug_map_buffer);

static void *backed_lookup(struct bpf_map *map, void *key)
{
	return *(u32 *)key ? NULL : kplug_map_buffer(map)->virt;
}

/* bpf() copies all of it under RCU, for seconds where reading is slow. */
static void *backed_lookup_sys(struct bpf_map *map, void *key)
{
	if (kplug_map_buffer(map)->memory->flags & KPLUG_MEMORY_SLOW_READ)
		return ERR_PTR(-EOPNOTSUPP);
	return backed_lookup(map, key);
}

static long backed_update(struct bpf_map *map, void *key, void *value, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (*(u32 *)key)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(kplug_map_buffer(map)->virt, value, map->value_size);
	return 0;
}

static int backed_value_addr(const struct bpf_map *map, u64 *imm, u32 off)
{
	if (off >= map->value_size)
		return -EINVAL;
	*imm = (unsigned long)kplug_map_buffer(map)->virt;
	return 0;
}

static int backed_value_meta(const struct bpf_map *map, u64 imm, u32 *off)
{
	u64 base = (unsigned long)kplug_map_buffer(map)->virt;

	if (imm < base || imm >= base + map->value_size)
		return -ENOENT;
	*off = imm - base;
	return 0;
}

static int backed_mmap(struct bpf_map *map, struct vm_area_struct *vma)
{
	struct kplug_buffer *buf = kplug_map_buffer(map);

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (buf->memory->mmap)
		return kplug_buffer_mmap_pages(buf, vma->vm_pgoff, vma);
	return vm_map_pages(vma, buf->pages, buf->count);
}

static u64 backed_mem_usage(const struct bpf_map *map)
{
	return (u64)kplug_map_buffer(map)->count << PAGE_SHIFT;
}

/* mmap() inserts all pages: only one that was zapped since (MADV_DONTNEED) faults, or one past the end. */
static vm_fault_t __maybe_unused backed_fault(struct bpf_map *map, struct vm_fault *vmf)
{
	struct kplug_buffer *buf = kplug_map_buffer(map);

	if (vmf->pgoff >= buf->count)
		return VM_FAULT_SIGBUS;
	vmf->page = buf->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

/* In a kernel worker, after the last user. */
static void backed_free(struct bpf_map *map)
{
	kplug_buffer_delete(kplug_map_buffer(map));
	array_ops->map_free(map);
	module_put(THIS_MODULE);
}

static int no_iterator(void *priv, struct bpf_iter_aux_info *aux)
{
	return -EOPNOTSUPP;
}

static const struct bpf_iter_seq_info no_iter_seq_info = {
	.init_seq_private = no_iterator,
};

/*
 * Start from zero, never copy all: an op we do not know would read the donor's few bytes with the buffer's size. Those
 * taken from the original read sizes and counts only.
 */
static void fill_ops(const struct bpf_map *map)
{
	guard(mutex)(&ops_lock);
	if (array_ops)
		return;
	array_ops = map->ops;
	backed_ops = (struct bpf_map_ops){
		.map_lookup_elem = backed_lookup,
		.map_lookup_elem_sys_only = backed_lookup_sys,
		.map_update_elem = backed_update,
		.map_direct_value_addr = backed_value_addr,
		.map_direct_value_meta = backed_value_meta,
		.map_mmap = backed_mmap,
		KPLUG_MAP_FAULT(backed_fault).map_free = backed_free,
		.map_mem_usage = backed_mem_usage,
		.iter_seq_info = &no_iter_seq_info,
		.map_get_next_key = array_ops->map_get_next_key,
		.map_delete_elem = array_ops->map_delete_elem,
		.map_lookup_batch = array_ops->map_lookup_batch,
		.map_update_batch = array_ops->map_update_batch,
		.map_check_btf = array_ops->map_check_btf,
		.map_btf_id = array_ops->map_btf_id,
	};
}

/* A map that a worker makes, in whose fd table no program can guess it. */
struct map_create {
	struct work_struct work;
	struct kplug_buffer *buf;
	struct cred *cred; /* the caller's, with CAP_BPF */
	struct mem_cgroup *memcg; /* the caller's */
	int err; /* result; 0: buf->map is set and held */
};

static int map_create_fd(const struct kplug_buffer *buf)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(u32),
		.value_size = kplug_buffer_native(buf) ? buf->bytes : sizeof(u64), /* until map_take_over() */
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	if (buf->node != NUMA_NO_NODE) {
		attr.map_flags |= BPF_F_NUMA_NODE;
		attr.numa_node = buf->node;
	}
	strscpy(attr.map_name, buf->name);
	return kern_sys_bpf(BPF_MAP_CREATE, &attr, offsetofend(union bpf_attr, map_extra));
}

/*
 * Put the buffer behind a new map. Root may take any map by its id at any time: so only if ours is the one reference,
 * and while the count is 0, at which nobody gets another. A map that grew while a program has it would overflow the
 * memory that a lookup returned for the small value.
 */
static int map_take_over(struct bpf_map *map, struct kplug_buffer *buf)
{
	struct bpf_array *array = array_of(map);

	if (atomic64_cmpxchg(&map->refcnt, 1, 0) != 1)
		return -EAGAIN;
	__module_get(THIS_MODULE); /* backed_free() puts it */
	fill_ops(map);
	map->ops = &backed_ops;
	array->aux = (struct bpf_array_aux *)buf;
	array->elem_size = round_up((u32)buf->bytes, 8);
	map->value_size = buf->bytes;
	map->map_flags |= BPF_F_CLONE; /* as no ordinary array: neither template nor member of a map-in-map */
	atomic64_set_release(&map->refcnt, 1);
	return 0;
}

static int map_create_one(struct kplug_buffer *buf)
{
	struct bpf_map *map;
	int fd, err = 0;

	fd = map_create_fd(buf);
	if (fd < 0)
		return fd;
	map = bpf_map_get(fd);
	/* At once: a kernel thread's close() takes effect later, and would count as a user until then. */
	__fput_sync(file_close_fd(fd));
	if (IS_ERR(map))
		return PTR_ERR(map);
	atomic64_inc(&map->writecnt); /* never dropped: nobody can freeze it, nothing is folded into constants */
	if (kplug_buffer_native(buf))
		buf->virt = array_of(map)->value;
	else
		err = map_take_over(map, buf);
	if (err)
		bpf_map_put(map);
	else
		buf->map = map;
	return err;
}

static void map_create_work(struct work_struct *work)
{
	struct map_create *c = container_of(work, struct map_create, work);
	const struct cred *old_cred = override_creds(c->cred);
	struct mem_cgroup *old_memcg = set_active_memcg(c->memcg);
	unsigned int tries = 0;

	do
		c->err = map_create_one(c->buf);
	while (c->err == -EAGAIN && ++tries < 16);
	set_active_memcg(old_memcg);
	revert_creds(old_cred);
}

static struct cred *raised_cred(int cap)
{
	struct cred *cred = prepare_creds();

	if (cred)
		cap_raise(cred->cap_effective, cap);
	return cred;
}

int kplug_map_create(struct kplug_buffer *buf)
{
	struct map_create c = { .buf = buf };

	if (!kplug_buffer_native(buf) && strcmp(KPLUG_MAP_OPS, "known")) /* see map_ops.awk */
		return -EOPNOTSUPP;
	c.cred = raised_cred(CAP_BPF);
	if (!c.cred)
		return -ENOMEM;
	c.memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_WORK_ONSTACK(&c.work, map_create_work);
	queue_work(map_create_queue, &c.work);
	flush_work(&c.work);
	destroy_work_on_stack(&c.work);
	mem_cgroup_put(c.memcg);
	put_cred(c.cred);
	return c.err;
}

int kplug_map_fd(struct bpf_map *map)
{
	union bpf_attr attr = { .map_id = map->id }; /* this map's as long as the caller holds it */
	const struct cred *old;
	struct cred *cred;
	int fd;

	cred = raised_cred(CAP_SYS_ADMIN);
	if (!cred)
		return -ENOMEM;
	old = override_creds(cred);
	fd = kern_sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr, offsetofend(union bpf_attr, open_flags));
	revert_creds(old);
	put_cred(cred);
	return fd;
}

int kplug_map_init(void)
{
	if (strcmp(KPLUG_MAP_OPS, "known"))
		pr_warn("kplug: no contiguous, write-combining and imported buffers: %s\n", KPLUG_MAP_OPS);
	map_create_queue = alloc_workqueue("kplug", WQ_UNBOUND, 0);
	return map_create_queue ? 0 : -ENOMEM;
}

void kplug_map_exit(void)
{
	destroy_workqueue(map_create_queue);
	/* A worker may still be on its way out of backed_free(). */
	synchronize_rcu_tasks();
}
