// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kmod/buffer/map.c */
/*
 * A contiguous buffer's map refuses to be frozen, hashed, or put into a map of maps. A paged buffer's map allows all
 * three.
 */
#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (2 * PAGE + 3)
#define ENOTSUPP 524 /* the kernel's own, unknown to user space */

static struct kplug_buffer *buf;
static uint8_t *mem;
static uint8_t value[BYTES];
static int fd;

static void setup(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28, .keep = true };

	assert_ok(kplug_buffer_alloc(dev, "map", BYTES, &opts, &buf));
	mem = kplug_buffer_ptr(buf);
	fd = kplug_buffer_map_fd(buf);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
	assert_ok(kplug_buffer_drop(dev, "map"));
}

/* Newer kernels hash a frozen map's contents: an op that must not be the original's. */
static void info_with_a_hash(void)
{
	struct {
		uint8_t info[88]; /* struct bpf_map_info before that */
		uint64_t hash;
		uint32_t hash_size, reserved;
	} arg = {};
	uint8_t hash[32];
	union bpf_attr attr = { .info = { .bpf_fd = fd, .info_len = sizeof(arg), .info = (uintptr_t)&arg } };
	long err;

	arg.hash = (uintptr_t)hash;
	arg.hash_size = sizeof(hash);
	err = syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? -errno : 0;
	printf("# the kernel %s hashes\n", err == -E2BIG ? "knows no" : "knows");
	if (err != -E2BIG) /* an ordinary map that is not frozen is EPERM */
		assert_int_equal(err, kind == KPLUG_BUFFER_CONTIGUOUS ? -EINVAL : -EPERM);
}

/* Lets the library's mapping go and keeps an fd: a mapping for writing would do to refuse a freeze. */
static void unmap(void)
{
	fd = dup(fd);
	assert_true(fd >= 0);
	kplug_buffer_free(buf);
	buf = NULL;
}

/* Any holder could, for good: other programs could not write any more. */
static void freeze(void)
{
	uint32_t key = 0;

	assert_errno(EBUSY, bpf_map_freeze(fd));
	unmap();
	memset(value, 0x17, BYTES);
	assert_errno(EBUSY, bpf_map_freeze(fd));
	assert_ok(bpf_map_update_elem(fd, &key, value, 0));
	close(fd);
}

/* An ordinary array that a buffer could be taken for. */
static int ordinary(uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ordinary", 4, BYTES, 1, &opts);

	assert_true(array >= 0);
	return array;
}

/* A map of maps with this template; or a negative errno. */
static int outer(enum bpf_map_type type, int template)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = template);

	return bpf_map_create(type, "outer", 4, 4, 2, &opts);
}

static const enum bpf_map_type outer_types[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };

static void template_of_a_map_of_maps(void)
{
	int i, made;

	for (i = 0; i < 2; i++) {
		made = outer(outer_types[i], fd);
		if (kind == KPLUG_BUFFER_CONTIGUOUS) {
			assert_int_equal(made, -ENOTSUPP);
		} else {
			assert_true(made >= 0);
			close(made);
		}
	}
}

static void member_of_a_map_of_maps(void)
{
	int i, made, template = ordinary(BPF_F_MMAPABLE);
	uint32_t key = 0;

	for (i = 0; i < 2; i++) {
		made = outer(outer_types[i], template);
		assert_true(made >= 0);
		assert_ok(bpf_map_update_elem(made, &key, &template, 0));
		assert_int_equal(bpf_map_update_elem(made, &key, &fd, 0),
				 kind == KPLUG_BUFFER_CONTIGUOUS ? -EINVAL : 0);
		close(made);
	}
	close(template);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(info_with_a_hash),
		TEST(freeze),
		TEST(template_of_a_map_of_maps),
		TEST(member_of_a_map_of_maps),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
