// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kmod/buffer/map.c kmod/buffer/buffer.c */
/*
 * A buffer's map is created out of reach: a program that opens maps by id, or guesses file descriptors in the caller's
 * own table, sees the finished buffer or a map that is no buffer's, never a half-made one.
 */
#include <bpf/bpf.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (5 * PAGE + 104)
#define MAPPED (6 * PAGE)
#define ROUNDS 200
#define PATTERN 0x5a
#define UNTOUCHED 0xee

static bool stop;

/* What a spying thread has found; only it writes here while it runs. */
struct spy {
	pthread_t thread;
	const char *wrong; /* or NULL */
	unsigned int buffers; /* caught with their full size */
	unsigned int others; /* caught with another size: released at creation */
	uint8_t out[BYTES + PAGE];
};

static void setup(void)
{
	stop = false;
}

/* Zero, or what a spy has written. */
static bool sane(const uint8_t *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		if (p[i] && p[i] != PATTERN)
			return false;
	return true;
}

static const char *look(struct spy *s, int fd)
{
	uint32_t key = 0;
	size_t i;

	memset(s->out, UNTOUCHED, sizeof(s->out));
	if (bpf_map_lookup_elem(fd, &key, s->out))
		return NULL; /* the fd has been closed meanwhile */
	for (i = 0; i < BYTES && s->out[i] != UNTOUCHED; i++)
		;
	if (!sane(s->out, i))
		return "lookup gave foreign bytes";
	return kind_all(s->out + i, UNTOUCHED, sizeof(s->out) - i) ? NULL : "lookup gave too many bytes";
}

static const char *map_it(int fd, size_t bytes)
{
	size_t mapped = (bytes + PAGE - 1) / PAGE * PAGE;
	const char *wrong = NULL;
	uint8_t *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (!sane(p, mapped))
		wrong = "mmap shows foreign bytes";
	memset(p, PATTERN, mapped);
	munmap(p, mapped);
	return wrong;
}

/* Bytes in a value; 0 if it is no map of ours. */
static uint32_t size_of(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &size) || strncmp(info.name, "made", 4))
		return 0;
	return info.value_size;
}

/* A map that grows while it is looked at has the kernel copy the large value into memory for the small one. */
static const char *watch(struct spy *s, int fd, uint32_t size)
{
	uint32_t key = 0;
	int i;

	for (i = 0; i < 200; i++)
		bpf_map_lookup_elem(fd, &key, s->out);
	return size_of(fd) == size ? NULL : "a map has changed its size";
}

static void spy_on(struct spy *s, int fd)
{
	uint32_t key = 0, size;

	s->wrong = look(s, fd); /* first: the window is short */
	size = size_of(fd);
	if (s->wrong || !size)
		return;
	if (size == BYTES) {
		s->buffers++;
	} else {
		s->others++;
		s->wrong = watch(s, fd, size);
	}
	s->wrong = s->wrong ?: map_it(fd, size);
	memset(s->out, PATTERN, sizeof(s->out));
	bpf_map_update_elem(fd, &key, s->out, 0);
	s->wrong = s->wrong ?: look(s, fd);
}

/* Takes each new map by its id, as soon as it has one. */
static void *by_id(void *arg)
{
	struct spy *s = arg;
	uint32_t id = 0;
	int fd;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !s->wrong) {
		if (bpf_map_get_next_id(id, &id))
			continue;
		fd = bpf_map_get_fd_by_id(id);
		if (fd < 0)
			continue;
		spy_on(s, fd);
		close(fd);
	}
	return NULL;
}

/* Tries the numbers that the next file descriptors will have. */
static void *by_fd(void *arg)
{
	struct spy *s = arg;
	int fd;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !s->wrong)
		for (fd = 3; fd < 16 && !s->wrong; fd++)
			spy_on(s, fd);
	return NULL;
}

/* ROUNDS buffers, and more until the spy has caught `least`; on a busy machine it may be late. */
static void allocate(const struct spy *s, unsigned int least)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS };
	struct kplug_buffer *buf = NULL;
	char name[16];
	int i;

	for (i = 0; i < ROUNDS || (i < 10 * ROUNDS && __atomic_load_n(&s->buffers, __ATOMIC_RELAXED) < least); i++) {
		snprintf(name, sizeof(name), "made%d", i); /* a spy may still hold the last one */
		assert_ok(kplug_buffer_alloc(dev, name, BYTES, &opts, &buf));
		if (!sane(kplug_buffer_ptr(buf), MAPPED))
			fail_msg("foreign bytes in the buffer");
		memset(kplug_buffer_ptr(buf), PATTERN, MAPPED);
		kplug_buffer_free(buf);
	}
}

static struct spy *spied(void *(*fn)(void *), unsigned int least)
{
	struct spy *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(pthread_create(&s->thread, NULL, fn, s), 0);
	allocate(s, least);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
	printf("# %u buffers caught, %u others\n", s->buffers, s->others);
	if (s->wrong)
		fail_msg("%s", s->wrong);
	assert_true(s->buffers >= least);
	return s;
}

static void maps_taken_by_id(void)
{
	free(spied(by_id, ROUNDS / 10 + 1));
}

static void guessed_file_descriptors(void)
{
	struct spy *s = spied(by_fd, 1);

	/* In the caller's table there are whole buffers only. */
	assert_int_equal(s->others, 0);
	free(s);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(maps_taken_by_id),
		TEST(guessed_file_descriptors),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup);
}
