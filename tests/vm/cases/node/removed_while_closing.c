// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi rt */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE KPLUG_SOFT_DELETE kmod/irq/reader.c kmod/irq/irq.c kmod/node/node.c */
/* shows: kmod/node/registry.c */
/* A device with an eventfd on each of its vectors is removed, and its programs close the node: one order each. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/prog.h"

#include "bpf/grace_periods.h"

#define VECTORS 32
#define ROUNDS 8

enum order { AT_FIRST_EVENTFD, AT_REMOVE_RECORD, AT_ONCE };

/* An open file with eventfds, and the thread that closes it. */
struct program {
	enum order order;
	int fd, again;
	int eventfd[VECTORS];
	pthread_t thread;
};

static int node(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/kplug/%s", name);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void program_open(struct program *p, uint32_t eventfds)
{
	struct kplug_irq_enable arg = { .size = sizeof(arg) };

	p->fd = node("going");
	assert_true(p->fd >= 0);
	for (arg.vector = 0; arg.vector < VECTORS; arg.vector++) {
		arg.flags = arg.vector < eventfds ? KPLUG_IRQ_EVENTFD : 0;
		p->eventfd[arg.vector] = arg.eventfd = eventfd(0, EFD_CLOEXEC);
		assert_true(arg.eventfd >= 0);
		assert_int_equal(ioctl(p->fd, KPLUG_IRQ_ENABLE, &arg), 0);
	}
}

static void program_end(struct program *p)
{
	uint32_t vector;

	for (vector = 0; vector < VECTORS; vector++)
		close(p->eventfd[vector]);
}

/* cmocka's checks do not work in a thread; without the record or the signal this test does not end. */
static void *close_in_order(void *arg)
{
	struct program *p = arg;
	struct kplug_record record = {};
	eventfd_t value;

	while (p->order == AT_REMOVE_RECORD && record.type != KPLUG_RECORD_EVENT)
		if (read(p->fd, &record, sizeof(record)) != sizeof(record))
			break;
	if (p->order == AT_FIRST_EVENTFD)
		eventfd_read(p->eventfd[0], &value);
	close(p->fd);
	p->again = node("other"); /* the new file has the old one's memory, zeroed: a list through it is broken */
	return NULL;
}

/* Vector 0 is not used: it signals the removal. */
static void *interrupt(void *arg)
{
	struct kplug_irq irq = { .size = sizeof(irq) };
	int fd = *(int *)arg;

	do
		irq.vector = irq.vector % (VECTORS - 1) + 1;
	while (!ioctl(fd, KPLUG_IRQ_TRIGGER, &irq));
	return NULL;
}

static void one_round(enum order first, enum order second)
{
	struct program programs[2] = { { .order = first }, { .order = second } }, *p;
	pthread_t interrupts;
	uint32_t vector;
	int fd;

	assert_ok(kplug_soft_create("going", VECTORS, 0));
	for (p = programs; p < programs + 2; p++)
		program_open(p, VECTORS);
	fd = node("going");
	assert_true(fd >= 0);
	assert_int_equal(pthread_create(&interrupts, NULL, interrupt, &fd), 0);
	for (p = programs; p < programs + 2; p++)
		assert_int_equal(pthread_create(&p->thread, NULL, close_in_order, p), 0);
	assert_ok(kplug_soft_delete("going"));
	pthread_join(interrupts, NULL);
	close(fd);
	for (p = programs; p < programs + 2; p++) {
		pthread_join(p->thread, NULL);
		assert_true(p->again >= 0);
		close(p->again);
		/* A program that closes at the first eventfd has been signalled by all. */
		for (vector = 1; p->order == AT_FIRST_EVENTFD && vector < VECTORS; vector++) {
			eventfd_t value = 0;

			assert_int_equal(eventfd_read(p->eventfd[vector], &value), 0);
			assert_true(value > 0);
		}
		program_end(p);
	}
}

static void rounds(enum order first, enum order second)
{
	int round;

	assert_ok(kplug_soft_create("other", 1, 0));
	for (round = 0; round < ROUNDS; round++)
		one_round(first, second);
	assert_ok(kplug_soft_delete("other"));
}

static void at_the_first_eventfd(void)
{
	rounds(AT_FIRST_EVENTFD, AT_FIRST_EVENTFD);
}

static void at_the_record(void)
{
	rounds(AT_REMOVE_RECORD, AT_REMOVE_RECORD);
}

static void one_before_the_other(void)
{
	rounds(AT_FIRST_EVENTFD, AT_REMOVE_RECORD);
}

static void at_any_time(void)
{
	rounds(AT_ONCE, AT_FIRST_EVENTFD);
}

static struct prog_links links;
static volatile struct grace *grace;

static void attach(void)
{
	prog_attach(&links, "grace_periods", -1);
	grace = prog_globals(links.obj);
	grace->process = getpid();
}

static void detach(void)
{
	prog_detach(&links);
}

/* How many grace periods it takes to remove the device, or with it there to close the node. */
static uint64_t removal_takes(uint32_t eventfds)
{
	struct program p;
	uint64_t before;

	assert_ok(kplug_soft_create("going", VECTORS, 0));
	program_open(&p, eventfds);
	before = grace->periods;
	assert_ok(kplug_soft_delete("going"));
	before = grace->periods - before;
	close(p.fd);
	program_end(&p);
	return before;
}

static uint64_t close_takes(uint32_t eventfds)
{
	struct program p;
	uint64_t before;

	assert_ok(kplug_soft_create("going", VECTORS, 0));
	program_open(&p, eventfds);
	before = grace->periods;
	close(p.fd);
	before = grace->periods - before;
	program_end(&p);
	assert_ok(kplug_soft_delete("going"));
	return before;
}

/* Where one needs a grace period, many share it. */
static void grace_periods_are_shared(void)
{
	assert_int_equal(close_takes(1), close_takes(0)); /* sleepers are woken in one, too */
	assert_int_equal(close_takes(VECTORS), close_takes(1));
	assert_int_equal(removal_takes(VECTORS), removal_takes(1));
}

/* A wake-up may still be at a file that has disabled its vector, and closes: without an eventfd, too. */
static void disabling_waits_for_wakeups(void)
{
	struct kplug_irq arg = { .size = sizeof(arg) };
	struct program stays, goes;
	uint64_t before;

	assert_ok(kplug_soft_create("going", VECTORS, 0));
	program_open(&stays, 0); /* so that it is not the last to disable, which waits for the handler */
	program_open(&goes, 0);
	before = grace->periods;
	for (arg.vector = 0; arg.vector < VECTORS; arg.vector++)
		assert_int_equal(ioctl(goes.fd, KPLUG_IRQ_DISABLE, &arg), 0);
	assert_true(grace->periods >= before + VECTORS);
	close(goes.fd);
	program_end(&goes);
	close(stays.fd);
	program_end(&stays);
	assert_ok(kplug_soft_delete("going"));
}

int main(void)
{
	const struct rig_test counted[] = { TEST(grace_periods_are_shared), TEST(disabling_waits_for_wakeups) };
	const struct rig_test tests[] = {
		TEST(at_the_first_eventfd),
		TEST(at_the_record),
		TEST(one_before_the_other),
		TEST(at_any_time),
	};

	return RIG_RUN(counted, RIG_NONE, .setup = attach, .teardown = detach) + RIG_RUN(tests, RIG_NONE);
}
