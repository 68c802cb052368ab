// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE kmod/irq/reader.c kmod/irq/irq.c kmod/node/node.c */
/* shows: lib/device/irq_thread.c */
/* Waiting for interrupts by other means than read() and poll(): eventfds, epoll, a thread that calls back, spinning. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/irq_modes.h"
#include "lib/rig.h"

static int efd = -1;

static void setup(void)
{
	rig_load(dev, "irq_modes", NULL);
	efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(efd >= 0);
}

static void teardown(void)
{
	assert_ok(kplug_plugin_unload(dev));
	close(efd);
}

static void enable(int fd)
{
	assert_ok(kplug_irq_enable_eventfd(dev, 0, NULL, 0, fd));
}

static uint64_t taken(int fd)
{
	eventfd_t value = 0;

	return eventfd_read(fd, &value) ? 0 : value;
}

static void raise_and_read(void)
{
	struct kplug_record record = {};
	size_t count;

	rig_raise(dev, 1);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(record.count, 1);
	assert_int_equal(record.lost, 0);
}

static bool is_ready(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000) == 1;
}

static void one_for_each_wakeup(void)
{
	int i;

	enable(efd);
	assert_int_equal(taken(efd), 0);
	for (i = 0; i < 5; i++)
		raise_and_read();
	assert_int_equal(taken(efd), 5);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	raise_and_read();
	assert_int_equal(taken(efd), 0); /* that enable was without */
}

/* Full, it stays so; the reader loses nothing. */
static void full_eventfd_is_never_read(void)
{
	int i;

	assert_int_equal(eventfd_write(efd, UINT64_MAX - 3), 0);
	enable(efd);
	for (i = 0; i < 100; i++)
		raise_and_read();
	assert_true(taken(efd) >= UINT64_MAX - 1);
}

static void closed_by_its_owner(void)
{
	int mine = eventfd(0, EFD_CLOEXEC);

	enable(mine);
	close(mine);
	raise_and_read();
}

static void each_file_has_its_own_eventfd(void)
{
	struct kplug_device *second = rig_open(at);
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	enable(efd);
	assert_ok(kplug_irq_enable_eventfd(second, 0, NULL, 0, other));
	raise_and_read();
	assert_true(is_ready(other));
	assert_int_equal(taken(other), 1);
	kplug_device_close(second);
	raise_and_read();
	assert_int_equal(taken(other), 0);
	assert_int_equal(taken(efd), 2);
	close(other);
}

static void not_an_eventfd(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_errno(EBADF, kplug_irq_enable_eventfd(dev, 0, NULL, 0, 9999));
	assert_errno(EINVAL, kplug_irq_enable_eventfd(dev, 0, NULL, 0, null));
	assert_errno(EINVAL, kplug_irq_enable_eventfd(dev, 0, NULL, 0, kplug_device_fd(dev)));
	assert_errno(EALREADY, kplug_irq_disable(dev, 0)); /* none of them has enabled it */
	enable(efd);
	assert_errno(EALREADY, kplug_irq_enable_eventfd(dev, 0, NULL, 0, efd));
	raise_and_read();
	assert_int_equal(taken(efd), 1);
	close(null);
}

/* The number that the kernel gives it: the lowest that is free. */
static int id_of(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return (int)rig_sum(path, "eventfd-id:");
}

/* Closes it; its number is free again, unless the kernel still holds the eventfd. */
static void ends_with_its_fd(int fd)
{
	int id = id_of(fd), next;

	close(fd);
	next = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(id_of(next), id);
	close(next);
}

static void a_refused_enable_keeps_no_eventfd(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "calls", 4096);
	int refused = eventfd(0, EFD_CLOEXEC);
	uint8_t no = 0xff;

	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "calls", "calls");
	assert_errno(EBUSY, kplug_irq_enable_eventfd(dev, 0, &no, 1, refused));
	ends_with_its_fd(refused);
	enable(efd);
	refused = eventfd(0, EFD_CLOEXEC);
	assert_errno(EALREADY, kplug_irq_enable_eventfd(dev, 0, NULL, 0, refused));
	ends_with_its_fd(refused);
	kplug_buffer_free(buf);
}

static void epoll_on_both(void)
{
	int epfd = epoll_create1(EPOLL_CLOEXEC), i, seen = 0;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = 1 };

	enable(efd);
	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, efd, &event), 0);
	event.data.u32 = 2;
	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, kplug_device_fd(dev), &event), 0);
	assert_int_equal(epoll_wait(epfd, &event, 1, 0), 0);
	rig_raise(dev, 1);
	for (i = 0; i < 2 && seen != 3; i++) {
		assert_int_equal(epoll_wait(epfd, &event, 1, 10000), 1);
		seen |= event.data.u32;
	}
	assert_int_equal(seen, 3);
	close(epfd);
}

/* The removal of the device signals the eventfd, too. */
static void the_device_goes(void)
{
	struct kplug_device *gone;

	assert_ok(kplug_soft_create("going", 1, 0));
	assert_ok(kplug_device_open("going", NULL, &gone));
	assert_ok(kplug_irq_enable_eventfd(gone, 0, NULL, 0, efd));
	assert_ok(kplug_soft_delete("going"));
	assert_int_equal(taken(efd), 1);
	kplug_device_close(gone);
}

struct heard {
	struct kplug_irq_thread *thread;
	uint64_t count, sequence;
	int order, gone, stopped;
};

static void hear(const struct kplug_record *record, void *arg)
{
	struct heard *h = arg;

	if (!record || record->type == KPLUG_RECORD_EVENT) {
		__atomic_fetch_add(&h->gone, !record, __ATOMIC_RELEASE);
		return;
	}
	h->order += record->sequence <= h->sequence;
	h->sequence = record->sequence;
	h->stopped = kplug_irq_stop(h->thread);
	__atomic_fetch_add(&h->count, record->count, __ATOMIC_RELEASE);
}

static bool heard_100(void *arg)
{
	return __atomic_load_n(&((struct heard *)arg)->count, __ATOMIC_ACQUIRE) == 100;
}

static bool heard_of_the_end(void *arg)
{
	return __atomic_load_n(&((struct heard *)arg)->gone, __ATOMIC_ACQUIRE);
}

static void a_thread_calls(void)
{
	struct kplug_irq_info info;
	struct heard heard = {};
	int i;

	assert_ok(kplug_irq_start(dev, 0, hear, &heard, &heard.thread));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0)); /* its open is not ours */
	for (i = 0; i < 100; i++)
		raise_and_read();
	rig_until(heard_100, &heard);
	assert_int_equal(heard.order, 0);
	assert_int_equal(heard.stopped, -EDEADLK);
	assert_ok(kplug_irq_stop(heard.thread));
	assert_ok(kplug_irq_info(dev, 0, &info));
	assert_int_equal(info.out_users, 1);
	raise_and_read();
	assert_int_equal(heard.count, 100);
	assert_int_equal(heard.gone, 0);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* All other threads have it blocked, so it is the waiting one that is interrupted. */
static void a_signal_does_not_end_the_thread(void)
{
	struct heard heard = {};
	sigset_t set;
	int i;

	signal(SIGUSR1, on_signal);
	assert_ok(kplug_irq_start(dev, 0, hear, &heard, &heard.thread));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < 100; i++) {
		assert_int_equal(kill(getpid(), SIGUSR1), 0);
		raise_and_read();
	}
	rig_until(heard_100, &heard);
	assert_int_equal(heard.gone, 0);
	assert_ok(kplug_irq_stop(heard.thread));
	assert_int_equal(sigpending(&set), 0);
	assert_false(sigismember(&set, SIGUSR1)); /* it was taken, each time */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
	signal(SIGUSR1, SIG_DFL);
}

static void a_thread_outlives_the_device(void)
{
	struct heard heard = {};
	struct kplug_device *gone;

	assert_ok(kplug_soft_create("going", 1, 0));
	assert_ok(kplug_device_open("going", NULL, &gone));
	assert_ok(kplug_irq_start(gone, 0, hear, &heard, &heard.thread));
	kplug_device_close(gone);
	assert_ok(kplug_soft_delete("going"));
	rig_until(heard_of_the_end, &heard);
	assert_int_equal(heard.gone, 1);
	assert_ok(kplug_irq_stop(heard.thread));
	assert_ok(kplug_irq_stop(NULL));
}

static void a_thread_for_no_vector(void)
{
	struct kplug_irq_thread *thread = NULL;

	assert_errno(ERANGE, kplug_irq_start(dev, KPLUG_VECTOR_MAX, hear, NULL, &thread));
	assert_null(thread);
}

static void *trigger_soon(void *arg)
{
	usleep(50000);
	return kplug_irq_trigger(arg, 0) ? NULL : arg;
}

static void spinning(void)
{
	struct kplug_buffer *buf;
	const uint64_t *word;
	uint64_t value = 7;
	pthread_t thread;

	if (!at->soft)
		skip(); /* count.bpf.c does not acknowledge */
	assert_ok(kplug_plugin_unload(dev));
	buf = rig_buffer(dev, "count", 4096);
	rig_load(dev, "count", "count");
	word = kplug_buffer_ptr(buf);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_errno(ETIMEDOUT, kplug_irq_spin(word, 0, 1000, &value));
	assert_int_equal(value, 7);
	assert_int_equal(pthread_create(&thread, NULL, trigger_soon, dev), 0);
	assert_ok(kplug_irq_spin(word, 0, INT64_MAX, &value));
	assert_int_equal(value, 1);
	pthread_join(thread, NULL);
	assert_ok(kplug_irq_spin(word, 0, 0, &value));
	kplug_buffer_free(buf);
}

static uint32_t users(void)
{
	struct kplug_irq_info info = {};

	assert_ok(kplug_irq_info(dev, 0, &info));
	return info.out_users;
}

static bool no_user(void *arg)
{
	(void)arg;
	return !users();
}

/* Killing a reader disables its vectors and drops its eventfd. */
static void a_killed_reader(void)
{
	int ready[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		struct kplug_device *own;

		if (kplug_device_open(at->name, NULL, &own) || kplug_irq_enable_eventfd(own, 0, NULL, 0, efd) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(users(), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rig_until(no_user, NULL);
	close(ready[0]);
	close(ready[1]);
	rig_raise(dev, 1);
	usleep(50000);
	assert_int_equal(taken(efd), 0);
}

static void *raise_once(void *arg)
{
	return kplug_reg_write(arg, 0, EDU_IRQ_RAISE, 4, 1) ? arg : NULL;
}

/* A hook that runs when the vector is disabled is done when that returns: it counts its interrupt last. */
static void disabling_waits(void)
{
	struct kplug_irq_info before, after;
	pthread_t thread;
	int i;

	assert_ok(kplug_call(dev, IRQ_MODE_SLOW, NULL, 0, NULL));
	for (i = 0; i < 3; i++) {
		assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
		assert_int_equal(pthread_create(&thread, NULL, raise_once, dev), 0);
		usleep(1000 + 5000 * i);
		assert_ok(kplug_irq_disable(dev, 0));
		assert_ok(kplug_irq_info(dev, 0, &before));
		usleep(100000);
		assert_ok(kplug_irq_info(dev, 0, &after));
		assert_int_equal(before.out_interrupts, after.out_interrupts);
		pthread_join(thread, NULL);
	}
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(one_for_each_wakeup),
		TEST(full_eventfd_is_never_read),
		TEST(closed_by_its_owner),
		TEST(each_file_has_its_own_eventfd),
		TEST(not_an_eventfd),
		TEST(a_refused_enable_keeps_no_eventfd),
		TEST(epoll_on_both),
		TEST(the_device_goes),
		TEST(a_thread_calls),
		TEST(a_thread_outlives_the_device),
		TEST(a_killed_reader),
		TEST(disabling_waits),
		TEST(spinning),
		TEST(a_thread_for_no_vector),
		TEST(a_signal_does_not_end_the_thread),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
