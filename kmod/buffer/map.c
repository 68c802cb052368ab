// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a buffer a BPF array map. See "The recipe for contiguous" in the design: each line here answers something that
 * was seen to break.
 */
#include <linux/bpf.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "buffer/buffer.h"
#include "core/compat.h"
#include "core/device.h"
#include "buffer/map.h"

KPLUG_IMPORT_NS(BPF_INTERNAL);

struct workqueue_struct *kplug_workqueue;

/* The genuine ops of array maps, and ours; filled when the first map is made, under ops_lock. */
#define DONOR_SIZE sizeof(u64)
static const struct bpf_map_ops *array_ops;
static struct bpf_map_ops owner_ops;
static DEFINE_MUTEX(ops_lock);

static struct bpf_array *array_of(const struct bpf_map *map)
{
	return container_of(map, struct bpf_array, map);
}

/* The way from the map to its buffer is in a member that only program arrays use. */
static struct kplug_buffer *buffer_of(const struct bpf_map *map)
{
	return (struct kplug_buffer *)array_of(map)->aux;
}

static void *owner_lookup(struct bpf_map *map, void *key)
{
	return *(u32 *)key ? NULL : buffer_of(map)->virt;
}

/* By bpf(): what copies all of it under RCU would take seconds where reading is slow. */
static void *owner_lookup_sys(struct bpf_map *map, void *key)
{
	return buffer_of(map)->kind == KPLUG_BUFFER_WC ? ERR_PTR(-EOPNOTSUPP) : owner_lookup(map, key);
}

static long owner_update(struct bpf_map *map, void *key, void *value, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (*(u32 *)key)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(buffer_of(map)->virt, value, map->value_size);
	return 0;
}

static int owner_value_addr(const struct bpf_map *map, u64 *imm, u32 off)
{
	if (off >= map->value_size)
		return -EINVAL;
	*imm = (unsigned long)buffer_of(map)->virt;
	return 0;
}

static int owner_value_meta(const struct bpf_map *map, u64 imm, u32 *off)
{
	u64 base = (unsigned long)buffer_of(map)->virt;

	if (imm < base || imm >= base + map->value_size)
		return -ENOENT;
	*off = imm - base;
	return 0;
}

static int owner_mmap(struct bpf_map *map, struct vm_area_struct *vma)
{
	struct kplug_buffer *buf = buffer_of(map);

	if (buf->dmabuf)
		return kplug_buffer_mmap_imported(buf, vma->vm_pgoff, vma);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (buf->kind == KPLUG_BUFFER_WC)
		return kplug_buffer_mmap_wc(buf->pages, buf->count, vma->vm_pgoff, vma);
	return vm_map_pages(vma, buf->pages, buf->count);
}

static u64 owner_mem_usage(const struct bpf_map *map)
{
	return (u64)buffer_of(map)->count << PAGE_SHIFT;
}

/* All pages are there from mmap on; one that was zapped (MADV_DONTNEED) comes back, one past the end never was. */
static vm_fault_t __maybe_unused owner_fault(struct bpf_map *map, struct vm_fault *vmf)
{
	struct kplug_buffer *buf = buffer_of(map);

	if (vmf->pgoff >= buf->count)
		return VM_FAULT_SIGBUS;
	vmf->page = buf->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

/* The kernel's worker, after the last user. */
static void owner_free(struct bpf_map *map)
{
	kplug_buffer_end_owned(buffer_of(map)); /* first: until then it can be found, with its map */
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
 * From zero, never a copy: an op that we do not know would look at the donor's few bytes with the buffer's size. Those
 * taken from the original look at sizes and counts only.
 */
static void fill_ops(const struct bpf_map *map)
{
	mutex_lock(&ops_lock);
	if (!array_ops) {
		array_ops = map->ops;
		owner_ops = (struct bpf_map_ops){
			.map_lookup_elem = owner_lookup,
			.map_lookup_elem_sys_only = owner_lookup_sys,
			.map_update_elem = owner_update,
			.map_direct_value_addr = owner_value_addr,
			.map_direct_value_meta = owner_value_meta,
			.map_mmap = owner_mmap,
			KPLUG_MAP_FAULT(owner_fault).map_free = owner_free,
			.map_mem_usage = owner_mem_usage,
			.iter_seq_info = &no_iter_seq_info,
			.map_get_next_key = array_ops->map_get_next_key,
			.map_delete_elem = array_ops->map_delete_elem,
			.map_lookup_batch = array_ops->map_lookup_batch,
			.map_update_batch = array_ops->map_update_batch,
			.map_check_btf = array_ops->map_check_btf,
			.map_btf_id = array_ops->map_btf_id,
		};
	}
	mutex_unlock(&ops_lock);
}

/* One map to be made by a worker, in whose fd table no program can guess it. */
struct birth {
	struct work_struct work;
	struct kplug_buffer *buf;
	bool owner;
	struct cred *cred; /* the caller's, with more capabilities */
	struct mem_cgroup *memcg; /* the caller's */
	int err; /* result; 0: buf->map is set and held */
};

static int create_map(const struct birth *b)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(u32),
		.value_size = b->owner ? DONOR_SIZE : b->buf->bytes,
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	if (b->buf->node != NUMA_NO_NODE) {
		attr.map_flags |= BPF_F_NUMA_NODE;
		attr.numa_node = b->buf->node;
	}

	strscpy(attr.map_name, b->buf->name);
	return kern_sys_bpf(BPF_MAP_CREATE, &attr, offsetofend(union bpf_attr, map_extra));
}

/*
 * Gives a newborn map the buffer. Root may take any map by its id at any time: so only if our reference is all there
 * is, and while the count is 0, at which nobody gets one. A map that grew under a user's eyes would overflow the memory
 * that a lookup has got for the small value.
 */
static int adopt(struct bpf_map *map, struct kplug_buffer *buf)
{
	struct bpf_array *array = array_of(map);

	if (atomic64_cmpxchg(&map->refcnt, 1, 0) != 1)
		return -EAGAIN;
	__module_get(THIS_MODULE); /* owner_free() puts it */
	fill_ops(map);
	map->ops = &owner_ops;
	array->aux = (struct bpf_array_aux *)buf;
	array->elem_size = round_up((u32)buf->bytes, 8);
	map->value_size = buf->bytes;
	map->map_flags |= BPF_F_CLONE; /* as no ordinary array: neither template nor member of a map-in-map */
	atomic64_inc(&map->writecnt); /* for ever: nobody can freeze it, nothing is folded into constants */
	atomic64_set_release(&map->refcnt, 1);
	return 0;
}

static int bear(const struct birth *b)
{
	struct bpf_map *map;
	int fd, err = 0;

	fd = create_map(b);
	if (fd < 0)
		return fd;
	map = bpf_map_get(fd);
	/* At once: a kernel thread's close() takes effect some time later, and would be a user until then. */
	__fput_sync(file_close_fd(fd));
	if (IS_ERR(map))
		return PTR_ERR(map);
	if (b->owner)
		err = adopt(map, b->buf);
	if (err)
		bpf_map_put(map);
	else
		b->buf->map = map;
	return err;
}

static void birth_work(struct work_struct *work)
{
	struct birth *b = container_of(work, struct birth, work);
	const struct cred *old_cred = override_creds(b->cred);
	struct mem_cgroup *old_memcg = set_active_memcg(b->memcg);
	unsigned int tries = 0;

	do
		b->err = bear(b);
	while (b->err == -EAGAIN && ++tries < 16);
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

static int create(struct kplug_buffer *buf, bool owner)
{
	struct birth b = { .buf = buf, .owner = owner };

	b.cred = raised_cred(CAP_BPF);
	if (!b.cred)
		return -ENOMEM;
	b.memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_WORK_ONSTACK(&b.work, birth_work);
	queue_work(kplug_workqueue, &b.work);
	flush_work(&b.work);
	destroy_work_on_stack(&b.work);
	mem_cgroup_put(b.memcg);
	put_cred(b.cred);
	if (!b.err)
		buf->map_id = buf->map->id;
	return b.err;
}

int kplug_map_create_owner(struct kplug_buffer *buf)
{
	return create(buf, true);
}

int kplug_map_create_paged(struct kplug_buffer *buf)
{
	unsigned long i;
	u64 addr;
	int err;

	/* Before it refuses, the kernel would kill programs for an array of its own. */
	if (si_mem_available() < (long)buf->count)
		return -ENOMEM;
	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		return -ENOMEM;
	err = create(buf, false);
	if (err)
		goto err_pages;
	err = buf->map->ops->map_direct_value_addr(buf->map, &addr, 0);
	if (err)
		goto err_map;
	buf->virt = (void *)(unsigned long)addr;
	err = -ENOMEM;
	for (i = 0; i < buf->count; i++) {
		buf->pages[i] = vmalloc_to_page(buf->virt + (i << PAGE_SHIFT));
		/* To a map the node is a wish only. */
		if (buf->node != NUMA_NO_NODE && page_to_nid(buf->pages[i]) != buf->node)
			goto err_map;
	}
	return 0;

err_map:
	bpf_map_put(buf->map);
err_pages:
	kvfree(buf->pages);
	return err;
}

int kplug_map_take_arena(struct kplug_buffer *buf, int fd, struct file **ret_file)
{
	struct file *file = fget(fd);
	struct bpf_map *map;

	if (!file)
		return -EBADF;
	map = bpf_map_get(fd);
	if (IS_ERR(map)) {
		fput(file);
		return PTR_ERR(map);
	}
	/* Another thread may have put another file behind the fd meanwhile. */
	if (file->private_data != map || map->map_type != BPF_MAP_TYPE_ARENA) {
		bpf_map_put(map);
		fput(file);
		return -EINVAL;
	}
	buf->map = map;
	buf->map_id = map->id;
	*ret_file = file;
	return 0;
}

struct kplug_buffer *kplug_map_buffer(const struct bpf_map *map)
{
	return buffer_of(map);
}

bool kplug_map_get(struct bpf_map *map)
{
	return !IS_ERR(bpf_map_inc_not_zero(map));
}

void kplug_map_put(struct bpf_map *map)
{
	bpf_map_put(map);
}

s64 kplug_map_users(const struct bpf_map *map)
{
	return atomic64_read(&map->refcnt);
}

bool kplug_map_has_fd(const struct bpf_map *map)
{
	return atomic64_read(&map->usercnt) > 0;
}

int kplug_map_fd(struct bpf_map *map)
{
	union bpf_attr attr = { .map_id = map->id }; /* the caller's reference keeps the id this map's */
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
	kplug_workqueue = alloc_workqueue("kplug", WQ_UNBOUND, 0);
	return kplug_workqueue ? 0 : -ENOMEM;
}

void kplug_map_exit(void)
{
	destroy_workqueue(kplug_workqueue);
	/* A worker may still be on its way out of owner_free(). */
	synchronize_rcu_tasks();
}
