// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO kind:contiguous kind:paged kmod/buffer/buffer.c */
/* shows: kmod/buffer/list.c kmod/buffer/mmap.c kmod/dma/dma.c */
/* Several threads allocate, list and free buffers at once. */
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"

#define THREADS 4
#define ROUNDS 150
#define BYTES (2 * PAGE)

static int node; /* its file descriptor */
static int failed; /* line of the first failure in a thread */
static bool stop;

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition) && !__atomic_exchange_n(&failed, __LINE__, __ATOMIC_RELAXED))                         \
			printf("# line %d: %s: %s\n", __LINE__, #condition, strerror(errno));                          \
	} while (0)

static void setup(void)
{
	node = kplug_device_fd(dev);
	failed = 0;
	stop = false;
}

static int alloc(const char *name, uint32_t dma_bits, struct kplug_buffer_alloc *ret)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .bytes = BYTES, .kind = kind, .dma_bits = dma_bits };

	strcpy(req.name, name);
	if (ioctl(node, KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	*ret = req;
	return 0;
}

static void release(const char *name, const struct kplug_buffer_alloc *req)
{
	CHECK(!rig_buffer_ioctl(node, KPLUG_BUFFER_FREE, name));
	close(req->out_fd);
}

static void run(void *(*fn)(void *), const uint32_t args[THREADS])
{
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, (void *)&args[i]), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	if (failed)
		fail_msg("see line %d", failed);
}

static int holders;

static void *wants_the_name(void *arg)
{
	struct kplug_buffer_alloc req;
	int got = 0, err;

	(void)arg;
	while (got < ROUNDS / 3 && !failed) {
		err = alloc("same", 0, &req);
		CHECK(!err || err == -EEXIST);
		if (err)
			continue;
		got++;
		CHECK(__atomic_fetch_add(&holders, 1, __ATOMIC_SEQ_CST) == 0);
		__atomic_fetch_sub(&holders, 1, __ATOMIC_SEQ_CST);
		release("same", &req);
	}
	return NULL;
}

static void one_name(void)
{
	run(wants_the_name, (uint32_t[THREADS]){ 0 });
}

/* Each thread gets a buffer that its own mask reaches, whatever masks the others request meanwhile. */
static void *wants_bits(void *arg)
{
	uint32_t bits = *(uint32_t *)arg;
	struct kplug_buffer_alloc req;
	char name[16];
	int i, err;

	snprintf(name, sizeof(name), "bits%u", bits);
	for (i = 0; i < ROUNDS; i++) {
		err = alloc(name, bits, &req);
		CHECK(!err || err == -EIO);
		if (err)
			continue;
		CHECK(bits == 64 || (req.out_dma_addr + BYTES - 1) >> bits == 0);
		release(name, &req);
	}
	return NULL;
}

static void several_masks(void)
{
	run(wants_bits, (uint32_t[THREADS]){ 28, 64, 26, 40 });
}

static void *comes_and_goes(void *arg)
{
	struct kplug_buffer_alloc req;
	int got = 0, err;

	(void)arg;
	while (got < ROUNDS && !failed) {
		err = alloc("moth", 0, &req);
		CHECK(!err);
		got++;
		release("moth", &req);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *opens_it(void *arg)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .flags = KPLUG_BUFFER_FD, .name = "moth" };
	void *p;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (ioctl(node, KPLUG_BUFFER_INFO, &info)) {
			CHECK(errno == ENOENT);
			continue;
		}
		p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, info.out_fd, 0);
		CHECK(p != MAP_FAILED);
		close(info.out_fd);
		CHECK(kind_all(p, 0, BYTES));
		munmap(p, BYTES);
	}
	return NULL;
}

static void *maps_it(void *arg)
{
	struct kplug_buffer_info info = { .size = sizeof(info) };
	void *p;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (ioctl(node, KPLUG_BUFFER_INFO, &info)) {
			CHECK(errno == ENOENT);
			continue;
		}
		p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, node, KPLUG_MMAP_BUFFER(info.out_id));
		if (p == MAP_FAILED) {
			CHECK(errno == ENXIO);
			continue;
		}
		CHECK(kind_all(p, 0, BYTES));
		munmap(p, BYTES);
	}
	return NULL;
}

static void *lists_it(void *arg)
{
	struct kplug_buffer_info *infos;
	size_t count;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		CHECK(!kplug_buffer_list(dev, &infos, &count));
		free(infos);
	}
	return NULL;
}

static void *one_of_four(void *arg)
{
	static void *(*const fn[])(void *) = { comes_and_goes, opens_it, maps_it, lists_it };

	return fn[*(uint32_t *)arg](NULL);
}

static void found_while_it_goes(void)
{
	run(one_of_four, (uint32_t[THREADS]){ 0, 1, 2, 3 });
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(one_name),
		TEST(found_while_it_goes),
	};
	const struct rig_test masks[] = { TEST(several_masks) };

	/* The software device has one mask: 28 bits. */
	return KIND_RUN(tests, .setup = setup) + RIG_RUN(masks, RIG_EDU, .setup = setup);
}
