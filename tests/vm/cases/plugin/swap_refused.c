// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_PLUGIN_LOAD kmod/plugin/plugin.c lib/plugin/load.c lib/plugin/state.c */
/* timeout: 200 */
/*
 * Swaps that are refused at each step, while the device interrupts as fast as it can: the running version serves the
 * next interrupt, and each of them. swap_killed.c is for those that are killed.
 */
#include <pthread.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/swap.h"

#define PINS "/sys/fs/bpf/kplug"

static struct kplug_buffer *buf;
static volatile struct swap_buffer *counted;

static pthread_t raiser;
static volatile bool stop;
static uint64_t raised;
static int raise_err;

static void *run_raiser(void *arg)
{
	(void)arg;
	for (; !stop && !raise_err; raised += !raise_err)
		raise_err = kplug_irq_trigger(dev, 0);
	return NULL;
}

static bool serves_more(void *before)
{
	return counted->interrupts[1] > *(uint64_t *)before;
}

static void serves_the_next(void)
{
	uint64_t before = counted->interrupts[1];

	rig_until(serves_more, &before);
}

static void setup(void)
{
	buf = rig_buffer(dev, "swap", 4096);
	counted = kplug_buffer_ptr(buf);
	rig_load(dev, "swap_1", "swap");
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	stop = false;
	raised = 0;
	assert_int_equal(pthread_create(&raiser, NULL, run_raiser, NULL), 0);
	serves_the_next();
}

static bool all_served(void *arg)
{
	(void)arg;
	return counted->interrupts[1] == raised;
}

/* Nothing has changed: neither for the next event nor in what the module says. */
static void goes_on(void)
{
	struct kplug_plugin_info info;
	int64_t version;

	serves_the_next();
	assert_ok(kplug_call(dev, 0, NULL, 0, &version));
	assert_int_equal(version, 1);
	stop = true;
	pthread_join(raiser, NULL);
	assert_ok(raise_err);
	rig_until(all_served, NULL);
	assert_int_equal(counted->interrupts[2], 0);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_string_equal(info.out_name, "swap");
	assert_int_equal(info.out_swaps, 0);
	assert_int_equal(info.out_misses, 0);
	assert_errno(ENOENT, kplug_plugin_rollback(dev));
}

static void teardown(void)
{
	if (!stop) {
		stop = true;
		pthread_join(raiser, NULL);
	}
	kplug_buffer_free(buf);
}

/* --- by the library, the verifier, the plugin's own program ------------------------------------------------------ */

static void refused(const char *object, const struct kplug_load_opts *opts, int err, const char *text)
{
	struct kplug_plugin *plugin = NULL;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	assert_int_equal(kplug_plugin_swap(plugin, dev, opts), -err);
	kplug_plugin_close(plugin);
	if (!strstr(kplug_error(), text))
		fail_msg("'%s' is not in: %s", text, kplug_error());
	goes_on();
}

static void at_open(void)
{
	struct kplug_plugin *plugin = NULL;

	assert_errno(ENOENT, kplug_plugin_open("/nosuch.bpf.o", &plugin));
	assert_null(plugin);
	goes_on();
}

static void at_open_no_plugin(void)
{
	struct kplug_plugin *plugin = NULL;

	assert_errno(EBADMSG, kplug_plugin_open(rig_object("bad_type"), &plugin));
	assert_null(plugin);
	goes_on();
}

static void by_the_verifier(void)
{
	const struct kplug_load_opts fresh = { .sz = sizeof(fresh), .fresh = true };

	refused("cli_refused", &fresh, EACCES, "hook call is refused by the verifier");
}

static void by_map_mismatch(void)
{
	refused("state_globals", NULL, ESTALE, "map .bss of the running version does not carry over");
}

static void by_probe(void)
{
	const struct kplug_load_opts fresh = { .sz = sizeof(fresh), .fresh = true };

	refused("state_probe", &fresh, ECANCELED, "its program probe refuses device t0 with 7");
}

static void at_pin(void)
{
	const struct kplug_load_opts pin = { .sz = sizeof(pin), .pin = true };
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "root", 4, 4, 1, NULL);

	rmdir(PINS);
	assert_ok(bpf_obj_pin(fd, PINS));
	close(fd);
	refused("swap_2", &pin, ENOTDIR, "its plugin cannot be pinned in " PINS);
	assert_ok(unlink(PINS));
}

/* --- by the module: what the library would not hand over ----------------------------------------------------------- */

static int replace_call(int fd)
{
	int fds[KPLUG_HOOK_COUNT];

	memset(fds, 0xff, sizeof(fds));
	fds[KPLUG_HOOK_CALL] = fd;
	return prog_plugin(dev, fds, KPLUG_PLUGIN_REPLACE);
}

static void refused_program(const char *program, bool sleepable, int err)
{
	struct bpf_object *obj = prog_open("bad_type", program);

	if (sleepable)
		assert_ok(bpf_program__set_flags(prog_find(obj, program), BPF_F_SLEEPABLE));
	prog_loads(obj);
	assert_int_equal(replace_call(prog_fd(obj, program)), -err);
	bpf_object__close(obj);
	goes_on();
}

static void by_hook(void)
{
	refused_program("other_hook", false, EPROTOTYPE);
}

static void by_prototype(void)
{
	refused_program("other_tracepoint", false, EPROTOTYPE);
}

static void by_type(void)
{
	refused_program("raw_tp", false, EINVAL);
}

static void sleepable(void)
{
	refused_program("iterator", true, EPROTOTYPE);
}

/* Kernels that let these sleep are new. */
static void sleepable_on_its_hook(void)
{
	struct bpf_object *obj = prog_open("bad_type", "right");
	int err;

	assert_ok(bpf_program__set_flags(prog_find(obj, "right"), BPF_F_SLEEPABLE));
	err = prog_load(obj);
	if (err)
		assert_int_equal(err, -EINVAL);
	else
		assert_errno(EPROTOTYPE, replace_call(prog_fd(obj, "right")));
	bpf_object__close(obj);
	goes_on();
}

static void no_program(void)
{
	assert_errno(EINVAL, replace_call(-1));
	goes_on();
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(at_open),
		TEST(at_open_no_plugin),
		TEST(by_the_verifier),
		TEST(by_map_mismatch),
		TEST(by_probe),
		TEST(at_pin),
		TEST(by_hook),
		TEST(by_prototype),
		TEST(by_type),
		TEST(sleepable),
		TEST(sleepable_on_its_hook),
		TEST(no_program),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
