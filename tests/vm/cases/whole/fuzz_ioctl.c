// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* also: iommu */
/* shows: KPLUG_INFO KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE KPLUG_BUFFER_EXPORT */
/* shows: KPLUG_BUFFER_ACCESS KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_ROLLBACK KPLUG_PLUGIN_INFO */
/* shows: KPLUG_CALL KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE KPLUG_IRQ_UNMASK KPLUG_IRQ_TRIGGER KPLUG_IRQ_RESUME */
/* shows: KPLUG_IRQ_INFO KPLUG_REG KPLUG_DMA_LOCK KPLUG_DMA_ENTRIES KPLUG_DMA_UNLOCK kmod/node/ioctl.c */
/* shows: kmod/node/registry.c kmod/pci/bar.c kmod/buffer/mmap.c kmod/memory/huge.c */
/* timeout: 600 */
/*
 * Random ioctls, nearly valid, of all commands, and mappings, from several processes, while devices come and go. An
 * input that gets somewhere new is kept and changed further: new code where the kernel has KCOV, a new (command, errno)
 * elsewhere. KPLUG_CALLS (20,000), KPLUG_SEED. What it proves: the kernel survives, and nothing is left behind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/forms.h"
#include "lib/kind.h"
#include "lib/prog.h"

#define PROCESSES 4
#define CORPUS 512
#define SPACE 256 /* bytes of an argument; all structs but kplug_info are smaller */
#define POOL 16
#define LOCKABLE_BYTES (4U << 20)
#define SEEN_BITS (1U << 16)

static const char *const devices[] = { "z0", "z1", "z2" };
static const char *edu;

#define FORMS (sizeof(forms) / sizeof(forms[0]))
#define RARE 4 /* the last ones: a plugin swapped before, a lock of this open file, a vector that a guard has stopped */
#define ENOUGH 1000000 /* calls, in which all but the last of them succeed */

struct input {
	uint32_t form;
	uint8_t bytes[SPACE];
};

/* --- one process */

struct shared {
	uint64_t calls, good, opens, comings, mappings;
	uint32_t places; /* set in seen[] */
	uint8_t seen[SEEN_BITS];
	uint64_t by_form[FORMS]; /* successes */
};

static struct shared *shared;
static int prog_fds[KPLUG_HOOK_COUNT];

struct fuzzer {
	struct chance c;
	int node;
	bool soft;
	int fds[POOL];
	uint32_t map_id;
	uint8_t data[8192];
	int32_t prog_fds[KPLUG_HOOK_COUNT + 1]; /* the last one is of no kernel's hook */
	uint8_t *lockable; /* large: DMA-API debugging takes eight locks of one cacheline for a mistake */
	struct input *corpus;
	unsigned int kept;
	uint64_t *cover; /* NULL: no KCOV */
	int kcov;
};

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define COVER_WORDS 16384

static void start_cover(struct fuzzer *f)
{
	f->kcov = open("/sys/kernel/debug/kcov", O_RDWR);
	if (f->kcov < 0 || ioctl(f->kcov, KCOV_INIT_TRACE, COVER_WORDS))
		return;
	f->cover = mmap(NULL, COVER_WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, f->kcov, 0);
	if (f->cover == MAP_FAILED || ioctl(f->kcov, KCOV_ENABLE, 0))
		f->cover = NULL;
}

static bool mark(uint64_t place)
{
	uint32_t i = (place * 0x9e3779b97f4a7c15) >> 48;

	if (__atomic_exchange_n(&shared->seen[i], 1, __ATOMIC_RELAXED))
		return false;
	__atomic_add_fetch(&shared->places, 1, __ATOMIC_RELAXED);
	return true;
}

/* Has the call come to a new place? */
static bool new_places(struct fuzzer *f, uint32_t form, int err)
{
	bool news = mark((uint64_t)form << 32 | (uint32_t)err | 1ULL << 63);
	uint64_t i, count;

	if (!f->cover)
		return news;
	count = __atomic_load_n(&f->cover[0], __ATOMIC_RELAXED);
	for (i = 0; i < count && i < COVER_WORDS - 1; i++)
		news |= mark(f->cover[i + 1]);
	return news;
}

static uint64_t number(struct fuzzer *f, enum what what, uint32_t form)
{
	static const uint64_t edges[] = { 0,	1,	    2,		3,	    4,		7,    8,
					  31,	32,	    63,		64,	    65,		4095, 4096,
					  4097, 0x7fffffff, 0xffffffff, 1ULL << 32, 1ULL << 63, ~0ULL };
	static const uint32_t registers[] = { 0,    4,	  8,	0x20, 0x24, 0x60, 0x64,	   0x80,
					      0x88, 0x90, 0x98, 0xa0, 0xa4, 0xa8, 0xffffc, 0x100000 };
	static const uint64_t masks[] = { 0, 0, 28, 32 };
	struct chance *c = &f->c;

	switch (what) {
	case SIZE:
		return chance_once_in(c, 16) ? chance_below(c, SPACE + 64) : forms[form].size;
	case FLAGS:
		return chance_once_in(c, 16) ? chance_next(c) : chance_below(c, 2);
	case TWO_FLAGS:
		return chance_once_in(c, 16) ? chance_next(c) : chance_below(c, 4);
	case MODE: /* or owner or group */
		return chance_once_in(c, 16) ? chance_below(c, 01000) : 0;
	case SELDOM:
		return chance_once_in(c, 8) ? chance_below(c, 4) : 0;
	case DMA_BITS:
		return chance_once_in(c, 16) ? chance_below(c, 70) : CHANCE_OF(c, masks);
	case SMALL:
		return chance_once_in(c, 8) ? CHANCE_OF(c, edges) : chance_below(c, 6);
	case POINTER:
		return chance_once_in(c, 16) ? CHANCE_OF(c, edges) : (uintptr_t)f->data;
	case PROG_FDS:
		return chance_once_in(c, 16) ? CHANCE_OF(c, edges) : (uintptr_t)f->prog_fds;
	case PROG_COUNT:
		return chance_once_in(c, 4) ? CHANCE_OF(c, edges) : KPLUG_HOOK_COUNT + chance_below(c, 2);
	case LOCKABLE:
		return chance_once_in(c, 16) ? CHANCE_OF(c, edges)
					     : (uintptr_t)f->lockable + chance_below(c, LOCKABLE_BYTES);
	case LENGTH:
		return chance_once_in(c, 8) ? CHANCE_OF(c, edges) : chance_below(c, 64);
	case BYTES_OF:
		return chance_once_in(c, 256) ? CHANCE_OF(c, edges)
					      : 1 + chance_below(c, chance_once_in(c, 16) ? 1 << 21 : 1 << 15);
	case FD:
		return chance_once_in(c, 4) ? (uint32_t)CHANCE_OF(c, f->fds) : 0;
	case MAP_ID:
		return chance_once_in(c, 16) ? CHANCE_OF(c, edges) : f->map_id;
	case REGISTER:
		return chance_once_in(c, 8) ? CHANCE_OF(c, edges) : CHANCE_OF(c, registers);
	default:
		return chance_once_in(c, 4) ? chance_next(c) : CHANCE_OF(c, edges);
	}
}

static void fill_member(struct fuzzer *f, struct input *in, const struct member *m)
{
	static const char *const names[] = { "a", "b", "c.d", "e_f", "0123456789abcde", "", "-", "calls" };
	uint8_t *place = in->bytes + m->offset;
	uint64_t value;
	int i;

	if (m->what == NAME) {
		memset(place, 0, m->width);
		strncpy((char *)place, CHANCE_OF(&f->c, names), m->width);
		return;
	}
	if (m->what == PROG_FDS)
		for (i = 0; i < KPLUG_HOOK_COUNT; i++)
			f->prog_fds[i] = chance_once_in(&f->c, 4)    ? -1
					 : chance_once_in(&f->c, 32) ? (int)chance_below(&f->c, 64) - 4
								     : prog_fds[i];
	value = number(f, m->what, in->form);
	memcpy(place, &value, m->width);
}

static void make_input(struct fuzzer *f, struct input *in)
{
	const struct member *m;
	unsigned int i;

	if (f->kept && chance_once_in(&f->c, 2)) {
		*in = f->corpus[chance_below(&f->c, f->kept)];
		for (m = forms[in->form].member; m->width; m++)
			if (m->what == LOCKABLE || chance_once_in(&f->c, 4))
				fill_member(f, in, m);
	} else {
		memset(in, 0, sizeof(*in));
		in->form = chance_below(&f->c, FORMS);
		for (m = forms[in->form].member; m->width; m++)
			fill_member(f, in, m);
	}
	if (chance_once_in(&f->c, 8))
		for (i = chance_below(&f->c, 4); i < 4; i++)
			in->bytes[chance_below(&f->c, chance_once_in(&f->c, 2) ? SPACE : 32)] ^=
				1 << chance_below(&f->c, 8);
}

/* edu's DMA engine could write anywhere, and QEMU ends where it may not: its registers are read only. */
static bool harmless(const struct fuzzer *f, const struct input *in)
{
	return f->soft || forms[in->form].cmd != KPLUG_REG ||
	       !(in->bytes[offsetof(struct kplug_reg, flags)] & KPLUG_REG_WRITE);
}

static void reopen(struct fuzzer *f)
{
	char path[64];

	if (f->node >= 0)
		close(f->node);
	f->soft = !edu || !chance_once_in(&f->c, 4);
	snprintf(path, sizeof(path), "/dev/kplug/%s", f->soft ? CHANCE_OF(&f->c, devices) : edu);
	f->node = open(path, (chance_once_in(&f->c, 8) ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC);
	shared->opens += f->node >= 0;
}

/* An fd that the kernel gave goes into the pool, in the place of an older one. */
static void keep_fd(struct fuzzer *f, int fd)
{
	int i = (int)chance_below(&f->c, POOL);

	if (fd < 0)
		return;
	if (f->fds[i] >= 0)
		close(f->fds[i]);
	f->fds[i] = fd;
}

static void keep_outputs(struct fuzzer *f, const struct input *in)
{
	struct kplug_buffer_alloc alloc;
	struct kplug_buffer_info info;
	struct kplug_buffer_export export;

	switch (forms[in->form].cmd) {
	case KPLUG_BUFFER_ALLOC:
		memcpy(&alloc, in->bytes, sizeof(alloc));
		f->map_id = alloc.out_map_id;
		keep_fd(f, alloc.out_fd);
		break;
	case KPLUG_BUFFER_INFO:
		memcpy(&info, in->bytes, sizeof(info));
		f->map_id = info.out_map_id;
		keep_fd(f, info.out_fd);
		break;
	case KPLUG_BUFFER_EXPORT:
		memcpy(&export, in->bytes, sizeof(export));
		keep_fd(f, export.out_fd);
		break;
	default: /* gives none */
		break;
	}
}

static sigjmp_buf jump;

static void on_signal(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

/* Of the node, or of what the module gave: mapped, read at its ends, unmapped. The device may go meanwhile. */
static void map_something(struct fuzzer *f)
{
	static const uint64_t starts[] = { KPLUG_MMAP_BAR(0), KPLUG_MMAP_BAR(1), KPLUG_MMAP_BUFFER(0),
					   KPLUG_MMAP_HUGE(0), 0 };
	int fd = chance_once_in(&f->c, 4) ? CHANCE_OF(&f->c, f->fds) : f->node;
	int prot = PROT_READ | (chance_once_in(&f->c, 2) ? PROT_WRITE : 0);
	int flags = chance_once_in(&f->c, 16) ? MAP_PRIVATE : MAP_SHARED;
	size_t bytes = 4096UL << chance_below(&f->c, 10);
	uint64_t start = CHANCE_OF(&f->c, starts);
	volatile uint8_t *p;

	if (start >= KPLUG_MMAP_BUFFER(0))
		start += KPLUG_MMAP_BUFFER(chance_below(&f->c, 8)) - KPLUG_MMAP_BUFFER(0);
	if (chance_once_in(&f->c, 2))
		start += 4096UL * chance_below(&f->c, 64);
	p = mmap(NULL, bytes, prot, flags, fd, (off_t)start);
	if (p == MAP_FAILED)
		return;
	__atomic_add_fetch(&shared->mappings, 1, __ATOMIC_RELAXED);
	if (!sigsetjmp(jump, 1)) {
		(void)p[0];
		(void)p[bytes - 1];
	}
	munmap((void *)p, bytes);
}

static void one_call(struct fuzzer *f)
{
	static struct {
		struct input in;
		uint8_t more[1024]; /* a size may say more than the struct has */
	} arg;
	struct kplug_record records[4];
	struct input sent;
	int err;

	if (f->node < 0 || chance_once_in(&f->c, 200)) {
		reopen(f);
		if (f->node < 0) {
			usleep(200);
			return;
		}
	}
	memset(arg.more, 0, sizeof(arg.more));
	make_input(f, &arg.in);
	if (!harmless(f, &arg.in))
		return;
	sent = arg.in;
	if (f->cover)
		__atomic_store_n(&f->cover[0], 0, __ATOMIC_RELAXED);
	err = ioctl(f->node, forms[arg.in.form].cmd, arg.in.bytes) ? errno : 0;
	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	if (new_places(f, sent.form, err) && f->kept < CORPUS)
		f->corpus[f->kept++] = sent;
	if (!err) {
		__atomic_add_fetch(&shared->good, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&shared->by_form[sent.form], 1, __ATOMIC_RELAXED);
		keep_outputs(f, &arg.in);
	}
	if (chance_once_in(&f->c, 16))
		read(f->node, records, sizeof(records));
	if (chance_once_in(&f->c, 16))
		map_something(f);
	if (err == ENODEV)
		reopen(f);
}

/* Counted together: a process that waits for devices leaves its calls to others. Bad luck gets three budgets more. */
static bool enough(unsigned long budget)
{
	uint64_t calls = __atomic_load_n(&shared->calls, __ATOMIC_RELAXED);
	size_t i;

	if (calls < budget || calls >= 4 * budget)
		return calls >= budget;
	for (i = 0; i < FORMS - RARE; i++)
		if (!__atomic_load_n(&shared->by_form[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

static int fuzz(uint64_t seed, unsigned int index, unsigned long budget)
{
	struct fuzzer *f = calloc(1, sizeof(*f));

	f->corpus = calloc(CORPUS, sizeof(*f->corpus));
	f->lockable = malloc(LOCKABLE_BYTES);
	f->c = chance_stream(seed, index);
	f->node = -1;
	memset(f->fds, 0xff, sizeof(f->fds));
	start_cover(f);
	/* One of them has no rights but those of the node. */
	if (index == PROCESSES - 1 && setresuid(4242, 4242, 4242))
		return 1;
	while (!enough(budget))
		one_call(f);
	return 0;
}

/* --- devices come and go */

static void come_and_go(uint64_t seed)
{
	struct chance c = chance_stream(seed, 1000);
	char path[64];

	for (;;) {
		const char *name = CHANCE_OF(&c, devices);

		if (!kplug_soft_create(name, 1 + chance_below(&c, 32), chance_below(&c, 2) * 64)) {
			snprintf(path, sizeof(path), "/dev/kplug/%s", name);
			chmod(path, 0666);
			__atomic_add_fetch(&shared->comings, 1, __ATOMIC_RELAXED);
		} else if (chance_once_in(&c, 4)) {
			kplug_soft_delete(name);
		}
		if (edu && chance_once_in(&c, 16) && kplug_bind(edu, false))
			kplug_unbind(edu);
		usleep(1000 + chance_below(&c, 20000));
	}
}

static void all_commands(void)
{
	unsigned long budget = chance_budget("KPLUG_CALLS", 20000);
	struct bpf_object *obj = prog_open("event_log", NULL);
	uint64_t seed = chance_seed();
	pid_t pid[PROCESSES], churn;
	int status;
	size_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prog_loads(obj);
	for (i = 0; i < KPLUG_HOOK_COUNT; i++)
		prog_fds[i] = prog_fd(obj, kplug_hook_name(i));
	fflush(stdout);
	churn = fork();
	if (!churn)
		come_and_go(seed);
	for (i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			signal(SIGSEGV, SIG_DFL); /* not cmocka's */
			signal(SIGBUS, on_signal);
			_exit(fuzz(seed, i, budget));
		}
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		if (status)
			fail_msg("process %zu ended with %#x", i, status);
	}
	kill(churn, SIGKILL);
	waitpid(churn, &status, 0);
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		kplug_soft_delete(devices[i]);
	if (edu)
		kplug_unbind(edu);
	bpf_object__close(obj);

	printf("# %llu calls, %llu succeeded, %u places (%s), %llu opens, %llu mappings, %llu comings of devices\n",
	       (unsigned long long)shared->calls, (unsigned long long)shared->good, shared->places,
	       access("/sys/kernel/debug/kcov", F_OK) ? "no KCOV: commands and errnos" : "KCOV",
	       (unsigned long long)shared->opens, (unsigned long long)shared->mappings,
	       (unsigned long long)shared->comings);
	printf("# successes by command:");
	for (i = 0; i < FORMS; i++)
		printf(" %lu: %llu", (unsigned long)_IOC_NR(forms[i].cmd), (unsigned long long)shared->by_form[i]);
	printf("\n");
	/* It is no test of anything if a command never gets through. */
	assert_true(shared->mappings);
	for (i = 0; i < FORMS; i++) {
		if (shared->by_form[i])
			continue;
		printf("# command %lu has never succeeded\n", (unsigned long)_IOC_NR(forms[i].cmd));
		assert_true(i == FORMS - 1 || (i >= FORMS - RARE && budget < ENOUGH));
	}
}

int main(void)
{
	const struct rig_test tests[] = { TEST(all_commands) };

	edu = strtok(strdup(getenv("KPLUG_EDU")), " ");
	return RIG_RUN(tests, RIG_NONE);
}
