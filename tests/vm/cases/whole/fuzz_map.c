// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: iommu */
/* quick: KPLUG_CALLS=500 */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kind:arena kind:imported kind:wc kmod/buffer/map.c kmod/buffer/mmap.c */
/* timeout: 400 */
/*
 * Random bpf(), mmap(), programs and bpftool calls on the map of each kind of buffer, by holders with and without
 * capabilities. KPLUG_CALLS (3,000 for each holder), KPLUG_SEED. All bytes of the buffer are of one kind that hardly
 * any other page holds, and each answer must show such bytes or an error.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/kind.h"
#include "lib/prog.h"

#define BYTES 12300 /* three pages and a bit */
#define PAGES 4
#define PIN "/sys/fs/bpf/fuzz%u"
#define PINS 4
#define PLACE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)
#define OURS(byte) (((byte) & 0xf0) == 0xa0)

static struct kplug_buffer *buf, *source; /* source: of an imported one, ... */
static struct kplug_device *exporter; /* ... of this device */
static size_t size; /* BYTES, but a dma-buf has whole pages */
static uint64_t seed;
static unsigned long budget;

static bool ours(const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!OURS(bytes[i]))
			return false;
	return true;
}

static void import(void)
{
	int fd;

	assert_ok(kplug_soft_create("exporter", 1, 64));
	assert_ok(kplug_device_open("exporter", NULL, &exporter));
	source = rig_buffer(exporter, "source", BYTES);
	assert_ok(kplug_buffer_export(exporter, "source", &fd));
	assert_ok(kplug_buffer_import(dev, "fuzzed", fd, NULL, &buf));
	close(fd);
}

static void setup(void)
{
	if (kind == KPLUG_BUFFER_IMPORTED)
		import();
	else
		buf = kind_buffer(dev, "fuzzed", BYTES);
	size = kplug_buffer_size(buf);
	memset(kplug_buffer_ptr(buf), 0xa0, size);
}

static void teardown(void)
{
	char path[64];
	int i;

	for (i = 0; i < PINS; i++) {
		snprintf(path, sizeof(path), PIN, i);
		unlink(path);
	}
	kplug_buffer_free(buf);
	kplug_buffer_free(source);
	source = NULL;
	kplug_device_close(exporter);
	if (exporter)
		assert_ok(kplug_soft_delete("exporter"));
	exporter = NULL;
}

/* --- one holder */

struct holder {
	struct chance c;
	int fd;
	uint8_t *value; /* ends where nothing is mapped */
	uint64_t good[64]; /* by command */
	uint64_t maps, programs;
	int copy; /* where bytes are read to that may not be there */
};

static uint8_t *guarded(size_t bytes)
{
	size_t mapped = kplug_buffer_size(buf) + 2 * PAGE;
	uint8_t *mem;

	mapped &= ~(size_t)(PAGE - 1);
	mem = mmap(NULL, mapped + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(mem + mapped, PAGE, PROT_NONE);
	return mem + mapped - bytes;
}

/* Commands on the map; those that make something say in fd_of what is to be closed. */
static long bpf_call(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t some(struct holder *h)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 4, 8, 0xffffffff, 1ULL << 32, ~0ULL };

	return chance_once_in(&h->c, 3) ? chance_next(&h->c) : CHANCE_OF(&h->c, edges);
}

static bool elements(struct holder *h)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
				    BPF_MAP_LOOKUP_AND_DELETE_ELEM };
	uint32_t key = chance_once_in(&h->c, 4) ? some(h) : 0, next = 0;
	int cmd = CHANCE_OF(&h->c, cmds);
	union bpf_attr attr = { .map_fd = h->fd, .key = (uintptr_t)&key };

	memset(h->value, 0xa0 | chance_below(&h->c, 16), size);
	attr.value = cmd == BPF_MAP_GET_NEXT_KEY ? (uintptr_t)&next : (uintptr_t)h->value;
	attr.flags = chance_once_in(&h->c, 4) ? some(h) : 0;
	if (bpf_call(cmd, &attr))
		return true;
	h->good[cmd]++;
	return ours(h->value, size);
}

static bool batches(struct holder *h)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH, BPF_MAP_UPDATE_BATCH,
				    BPF_MAP_DELETE_BATCH };
	uint32_t in = some(h), out = 0, keys[4] = { 0 };
	int cmd = CHANCE_OF(&h->c, cmds);
	union bpf_attr attr = { .batch = { .map_fd = h->fd,
					   .in_batch = chance_once_in(&h->c, 2) ? (uintptr_t)&in : 0,
					   .out_batch = (uintptr_t)&out,
					   .keys = (uintptr_t)keys,
					   .values = (uintptr_t)h->value,
					   .count = chance_once_in(&h->c, 8) ? some(h) : 1,
					   .elem_flags = chance_once_in(&h->c, 8) ? some(h) : 0 } };

	memset(h->value, 0xa0 | chance_below(&h->c, 16), size);
	if (bpf_call(cmd, &attr))
		return true;
	h->good[cmd]++;
	return ours(h->value, size);
}

/* Freezing, information, pinning, other fds, maps with it inside. */
static bool whole_map(struct holder *h)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS,
					  BPF_MAP_TYPE_PROG_ARRAY };
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { 0 };
	char path[64];
	int cmd, fd = -1;

	snprintf(path, sizeof(path), PIN, chance_below(&h->c, PINS));
	switch (chance_below(&h->c, 6)) {
	case 0:
		cmd = BPF_MAP_FREEZE;
		attr.map_fd = h->fd;
		break;
	case 1:
		cmd = BPF_OBJ_GET_INFO_BY_FD;
		attr.info.bpf_fd = h->fd;
		attr.info.info_len = chance_below(&h->c, sizeof(info) + 1);
		attr.info.info = (uintptr_t)&info;
		break;
	case 2:
		cmd = BPF_OBJ_PIN;
		attr.pathname = (uintptr_t)path;
		attr.bpf_fd = h->fd;
		break;
	case 3:
		cmd = BPF_OBJ_GET;
		attr.pathname = (uintptr_t)path;
		attr.file_flags = chance_once_in(&h->c, 2) ? BPF_F_RDONLY : 0;
		break;
	case 4:
		cmd = BPF_MAP_GET_FD_BY_ID;
		attr.map_id = kplug_buffer_map_id(buf);
		attr.open_flags = chance_below(&h->c, 3) * BPF_F_RDONLY;
		break;
	default:
		cmd = BPF_MAP_CREATE;
		attr.map_type = CHANCE_OF(&h->c, types);
		attr.key_size = attr.value_size = 4;
		attr.max_entries = 2;
		attr.inner_map_fd = h->fd;
	}
	fd = (int)bpf_call(cmd, &attr);
	if (cmd == BPF_OBJ_PIN && chance_once_in(&h->c, 2))
		unlink(path);
	if (fd < 0)
		return true;
	h->good[cmd]++;
	if (fd > 0)
		close(fd);
	return true;
}

/* Bytes that a mapping shows: the buffer's; in the last page zeros follow. What cannot be read is not there. */
static bool shows_ours(struct holder *h, const uint8_t *mem, size_t offset, size_t bytes)
{
	uint8_t page[PAGE];
	size_t from, i;

	for (from = 0; from < bytes; from += PAGE) {
		if (pwrite(h->copy, mem + from, PAGE, 0) != PAGE)
			continue;
		if (offset + from >= PAGES * PAGE || pread(h->copy, page, PAGE, 0) != PAGE)
			return false;
		for (i = 0; i < PAGE; i++)
			if (offset + from + i < size ? !OURS(page[i]) : page[i])
				return false;
	}
	return true;
}

static bool mappings(struct holder *h)
{
	static const int flags[] = { MAP_SHARED, MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE };
	size_t bytes = (size_t)PAGE * (1 + chance_below(&h->c, PAGES + 2)),
	       offset = (size_t)PAGE * chance_below(&h->c, PAGES + 2);
	uint8_t *mem, *moved, *hint = NULL;
	int fixed = 0;
	bool good;

	if (chance_once_in(&h->c, 16))
		offset = some(h) & ~(uint64_t)(PAGE - 1);
	if (kind == KPLUG_BUFFER_ARENA && !chance_once_in(&h->c, 4)) {
		hint = kplug_buffer_ptr(buf);
		bytes = size;
		offset = 0;
		fixed = MAP_FIXED_NOREPLACE;
	}
	mem = mmap(hint, bytes, chance_below(&h->c, 4), CHANCE_OF(&h->c, flags) | fixed, h->fd, (off_t)offset);
	if (mem == MAP_FAILED)
		return true;
	h->maps++;
	if (chance_once_in(&h->c, 4)) {
		/* It may not grow; where it could, what is past its end must not be there. */
		size_t more = (size_t)PAGE * chance_below(&h->c, 3);

		moved = mremap(mem, bytes, bytes + more, MREMAP_MAYMOVE);
		if (moved != MAP_FAILED) {
			mem = moved;
			bytes += more;
		}
	}
	if (chance_once_in(&h->c, 4))
		madvise(mem, bytes, chance_once_in(&h->c, 2) ? MADV_DONTNEED : (int)chance_below(&h->c, 26));
	good = bytes > (size_t)PAGE * (PAGES + 2) || shows_ours(h, mem, offset, bytes);
	munmap(mem, bytes);
	return good;
}

/* A program that reads one byte, which the verifier or the map may refuse. */
static bool programs(struct holder *h)
{
	int32_t offset = chance_once_in(&h->c, 8) ? (int32_t)some(h) : (int32_t)chance_below(&h->c, size + 16);
	int16_t more = chance_once_in(&h->c, 4) ? (int16_t)some(h) : 0;
	struct bpf_insn insns[] = {
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, h->fd },
		{ 0, 0, 0, 0, offset },
		{ BPF_LDX | BPF_B | BPF_MEM, BPF_REG_0, BPF_REG_1, more, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	bool is_arena = kind == KPLUG_BUFFER_ARENA; /* outside of which programs read zeros */
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "peek", "GPL", insns, 4, NULL);
	bool good;

	if (fd < 0)
		return true;
	h->programs++;
	good = !bpf_prog_test_run_opts(fd, &run) && (OURS(run.retval) || (is_arena && !run.retval));
	close(fd);
	return good;
}

static int hold(struct holder *h)
{
	static bool (*const deeds[])(struct holder *h) = { elements, elements, batches, whole_map,
							   mappings, mappings, programs };
	unsigned long i;

	/* The arena's place in the child stays free. */
	if (kind == KPLUG_BUFFER_ARENA)
		NEED(mmap(kplug_buffer_ptr(buf), size, PROT_NONE, PLACE, -1, 0) == kplug_buffer_ptr(buf));
	h->fd = kplug_buffer_map_fd(buf);
	h->value = guarded((size + 7) & ~7U);
	h->copy = memfd_create("copy", 0);
	NEED(h->copy >= 0);
	if (kind == KPLUG_BUFFER_ARENA)
		munmap(kplug_buffer_ptr(buf), size);
	for (i = 0; i < budget; i++) {
		size_t deed = chance_below(&h->c, sizeof(deeds) / sizeof(deeds[0]));

		if (!deeds[deed](h)) {
			printf("# call %lu, deed %zu: bytes that are not the buffer's\n", i, deed);
			return 1;
		}
		/* No child inherits an arena. */
		NEED(i % 64 || kind == KPLUG_BUFFER_ARENA || ours(kplug_buffer_ptr(buf), size));
	}
	printf("# uid %u: lookups %llu, updates %llu, batches %llu, pins %llu, mappings %llu, programs %llu\n",
	       getuid(), (unsigned long long)h->good[BPF_MAP_LOOKUP_ELEM],
	       (unsigned long long)h->good[BPF_MAP_UPDATE_ELEM], (unsigned long long)h->good[BPF_MAP_LOOKUP_BATCH],
	       (unsigned long long)h->good[BPF_OBJ_PIN], (unsigned long long)h->maps, (unsigned long long)h->programs);
	return 0;
}

static int privileged(void *arg)
{
	struct holder h = { .c = chance_stream(seed, 1) };

	(void)arg;
	NEED(!hold(&h));
	NEED(h.maps && h.good[BPF_OBJ_PIN]);
	NEED(kind == KPLUG_BUFFER_ARENA ||
	     ((kind == KPLUG_BUFFER_WC || h.good[BPF_MAP_LOOKUP_ELEM]) && h.good[BPF_MAP_UPDATE_ELEM] && h.programs));
	return 0;
}

static int unprivileged(void *arg)
{
	struct holder h = { .c = chance_stream(seed, 2) };

	(void)arg;
	NEED(!setresuid(4242, 4242, 4242));
	NEED(!hold(&h));
	NEED(h.maps);
	return 0;
}

static void with_capabilities(void)
{
	assert_int_equal(kind_child(privileged, NULL), 0);
	assert_true(ours(kplug_buffer_ptr(buf), size));
}

static void without_capabilities(void)
{
	assert_int_equal(kind_child(unprivileged, NULL), 0);
	assert_true(ours(kplug_buffer_ptr(buf), size));
}

/* Whatever it says of the map, it ends by itself, and the buffer stays. */
static void with_bpftool(void)
{
	static const char *const commands[] = {
		"map show id $ID",
		"map dump id $ID",
		"-p map dump id $ID",
		"map getnext id $ID",
		"map lookup id $ID key 0 0 0 0",
		"map lookup id $ID key 1 0 0 0",
		"map lookup id $ID key 0 0 0",
		"map update id $ID key 0 0 0 0 value 1",
		"map delete id $ID key 0 0 0 0",
		"map freeze id $ID",
		"map peek id $ID",
		"map pop id $ID",
		"map push id $ID value 1",
		"map dequeue id $ID",
		"map event_pipe id $ID",
		"map pin id $ID /sys/fs/bpf/fuzz0",
		"btf dump map id $ID kv",
	};
	char line[192], number[16];
	int ret, good = 0;
	size_t i;

	snprintf(number, sizeof(number), "%u", kplug_buffer_map_id(buf));
	setenv("ID", number, 1);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "timeout 60 bpftool %s >/tmp/bpftool.out 2>&1", commands[i]);
		ret = system(line);
		/* 124: it waits for ever; from 128 on: a signal; from 160 on: minus an errno, bpftool's. */
		if (!WIFEXITED(ret) || WEXITSTATUS(ret) == 124 || (WEXITSTATUS(ret) >= 128 && WEXITSTATUS(ret) < 160))
			fail_msg("%s: %#x", line, ret);
		good += !ret;
		assert_true(ours(kplug_buffer_ptr(buf), size));
	}
	printf("# bpftool: %d of %zu commands succeeded\n", good, i);
	assert_true(good >= (kind == KPLUG_BUFFER_ARENA || kind == KPLUG_BUFFER_WC ? 2 : 4));
	if (kind == KPLUG_BUFFER_ARENA || kind == KPLUG_BUFFER_WC) /* neither lets bpf() copy it */
		return;
	/* All bytes that it shows are the buffer's. */
	snprintf(line, sizeof(line),
		 "bpftool -j map lookup id $ID key 0 0 0 0 | grep -o '0xa[0-9a-f]' | wc -l | grep -qx %zu", size);
	assert_int_equal(system(line), 0);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(with_capabilities), TEST(without_capabilities), TEST(with_bpftool) };
	int failed;

	seed = chance_seed();
	budget = chance_budget("KPLUG_CALLS", 3000);
	failed = KIND_RUN(tests, .setup = setup, .teardown = teardown);
	kind = KPLUG_BUFFER_IMPORTED;
	failed += RIG_RUN(tests, RIG_EDU, .setup = setup, .teardown = teardown);
	kind = KPLUG_BUFFER_WC;
	failed += RIG_RUN(tests, RIG_EDU, .setup = setup, .teardown = teardown);
	if (rig_machine("iommu")) {
		kind = KPLUG_BUFFER_ARENA;
		failed += RIG_RUN(tests, RIG_EDU, .setup = setup, .teardown = teardown);
	}
	return failed;
}
