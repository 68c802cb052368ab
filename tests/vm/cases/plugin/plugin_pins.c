// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: lib/plugin/pin.c */
/* timeout: 300 */
/* Pins of plugins: made on request, changed with the plugin, gone with it; left-overs are found and cleaned. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/state.h"

#define ROOT "/sys/fs/bpf/kplug"

static char folder[128]; /* of the device's pins */

static void setup(void)
{
	char *dot;

	snprintf(folder, sizeof(folder), ROOT "/%s", kplug_device_name(dev));
	dot = strchr(folder, '.');
	if (dot)
		*dot = '+';
}

static int put(const char *object, bool swap, bool pin)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .pin = pin };
	struct kplug_plugin *plugin = NULL;
	int err;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	err = swap ? kplug_plugin_swap(plugin, dev, &opts) : kplug_plugin_load(plugin, dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static uint32_t pinned_id(const char *in, const char *name)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", in, name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	assert_ok(bpf_prog_get_info_by_fd(fd, &info, &len));
	close(fd);
	return info.id;
}

static void assert_pinned(const char *version)
{
	uint32_t ids[KPLUG_HOOK_COUNT];
	struct kplug_plugin_info info;
	char path[256], *told = NULL;

	assert_ok(kplug_plugin_pins(dev, &told));
	assert_string_equal(told, folder);
	free(told);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_string_equal(info.out_version, version);
	assert_ok(kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT));
	assert_int_equal(pinned_id(folder, "call"), ids[KPLUG_HOOK_CALL]);
	assert_int_equal(pinned_id(folder, "interrupt"), ids[KPLUG_HOOK_INTERRUPT]);
	snprintf(path, sizeof(path), "%s/map:counts_of_messa", folder);
	assert_true(exists(path));
	snprintf(path, sizeof(path), "%s/map:+bss", folder);
	assert_true(exists(path));
	snprintf(path, sizeof(path), "%s:new", folder);
	assert_false(exists(path));
}

static void pins_go_with_the_plugin(void)
{
	uint32_t ids[KPLUG_HOOK_COUNT];

	assert_ok(put("state_1", false, true));
	assert_pinned("1");
	assert_ok(put("state_2", true, false));
	assert_pinned("2");
	assert_ok(kplug_plugin_rollback(dev));
	assert_pinned("1");
	assert_ok(kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT));
	assert_ok(kplug_plugin_unload(dev));
	assert_false(exists(folder));
	prog_until_gone(ids[KPLUG_HOOK_CALL]);
}

static void none_without_request(void)
{
	char *told = NULL;

	assert_ok(put("state_1", false, false));
	assert_errno(ENOENT, kplug_plugin_pins(dev, &told));
	assert_null(told);
	assert_false(exists(folder));
	assert_ok(put("state_2", true, true));
	assert_pinned("2");
}

static void cannot_be_pinned(void)
{
	int64_t version;
	int fd;

	assert_ok(put("state_1", false, false));
	rmdir(ROOT);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "root", 4, 4, 1, NULL);
	assert_ok(bpf_obj_pin(fd, ROOT));
	close(fd);
	assert_errno(ENOTDIR, put("state_2", true, true));
	assert_non_null(strstr(kplug_error(), "its plugin cannot be pinned in " ROOT));
	assert_ok(kplug_call(dev, STATE_VERSION, NULL, 0, &version));
	assert_int_equal(version, 1);
	assert_errno(ENOENT, kplug_plugin_rollback(dev));
	assert_ok(unlink(ROOT));
}

/* As a command leaves it that is killed before its plugin runs. */
static void leave_new(void)
{
	struct bpf_object *obj = prog_open("state_1", "call");
	char path[256];

	prog_loads(obj);
	mkdir(ROOT, 0700);
	snprintf(path, sizeof(path), "%s:new", folder);
	assert_ok(mkdir(path, 0700));
	snprintf(path, sizeof(path), "%s:new/call", folder);
	assert_ok(bpf_obj_pin(prog_fd(obj, "call"), path));
	bpf_object__close(obj);
}

static void next_command_cleans(void)
{
	leave_new();
	assert_ok(put("state_1", false, true));
	assert_pinned("1");
	leave_new();
	assert_ok(put("state_2", true, false));
	assert_pinned("2");
}

/* As a command leaves it that is killed when its plugin runs, but is not yet known by the pins' name. */
static void next_command_finishes(void)
{
	char new_folder[256];

	assert_ok(put("state_1", false, true));
	snprintf(new_folder, sizeof(new_folder), "%s:new", folder);
	assert_ok(rename(folder, new_folder));
	assert_errno(EBUSY, put("state_2", false, false));
	assert_pinned("1");
}

static void clean_removes_left_overs(void)
{
	size_t count = 0;

	assert_ok(put("state_1", false, true));
	leave_new();
	assert_ok(mkdir(ROOT "/gone", 0700));
	assert_ok(kplug_plugin_clean(&count));
	assert_int_equal(count, 2);
	assert_pinned("1");
	assert_false(exists(ROOT "/gone"));
	assert_ok(kplug_plugin_clean(&count));
	assert_int_equal(count, 0);
}

/* Of a device that went while its user was not looking: what is pinned is another one's. */
static void not_those_of_the_next_device(void)
{
	struct kplug_device *stale = NULL, *own = dev;

	assert_ok(kplug_soft_create("again", 1, 0));
	assert_ok(kplug_device_open("again", NULL, &stale));
	assert_ok(kplug_soft_delete("again"));
	assert_ok(kplug_soft_create("again", 1, 0));
	assert_ok(kplug_device_open("again", NULL, &dev));
	assert_ok(put("state_1", false, true));
	assert_errno(ENODEV, kplug_plugin_unload(stale));
	assert_true(exists(ROOT "/again/call"));
	assert_ok(kplug_plugin_unload(dev));
	assert_false(exists(ROOT "/again"));
	rig_close();
	kplug_device_close(stale);
	dev = own;
	assert_ok(kplug_soft_delete("again"));
}

#define VICTIM "/tmp/victim"

/* In a world-writable BPF file system another user may have made the folder of all pins first. */
static void links_of_others_are_not_followed(void)
{
	rmdir(ROOT);
	assert_int_equal(mkdir(ROOT, 0700), 0);
	assert_int_equal(mkdir(VICTIM, 0700), 0);
	assert_int_equal(mknod(VICTIM "/file", S_IFREG | 0600, 0), 0);
	assert_int_equal(symlink(VICTIM, folder), 0);
	assert_int_equal(chown(ROOT, 4242, 4242), 0);
	assert_ok(put("state_1", false, false));
	assert_errno(EPERM, put("state_2", true, true));
	assert_non_null(strstr(kplug_error(), ROOT ": others may write to it"));
	assert_errno(EPERM, kplug_plugin_clean(NULL));
	assert_ok(kplug_plugin_unload(dev));
	assert_true(exists(VICTIM "/file"));
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(rmdir(ROOT), 0);
	assert_int_equal(unlink(VICTIM "/file"), 0);
	assert_int_equal(rmdir(VICTIM), 0);
}

/* Its open hook refuses every open; it runs, and is pinned. */
static void not_those_of_a_plugin_that_refuses(void)
{
	size_t count = 0;

	assert_ok(put("open_refused", false, true));
	kplug_plugin_clean(&count);
	assert_int_equal(count, 0);
	assert_true(exists(folder));
	assert_ok(kplug_plugin_unload(dev));
	assert_false(exists(folder));
}

/* --- two at a time ----------------------------------------------------------------------------------------------- */

#define ROUNDS 10

static const char *name;

static void *swap_often(void *arg)
{
	struct kplug_device *own = NULL;
	long failed = 0;
	int i;

	(void)arg;
	if (kplug_device_open(name, NULL, &own))
		return (void *)1;
	for (i = 0; i < ROUNDS; i++) {
		struct kplug_plugin *plugin = NULL;

		if (kplug_plugin_open(rig_object("state_2"), &plugin) || kplug_plugin_swap(plugin, own, NULL)) {
			print_message("# %s\n", kplug_error());
			failed++;
		}
		kplug_plugin_close(plugin);
	}
	kplug_device_close(own);
	return (void *)failed;
}

/* Nothing that one counts may be lost to the other, and both succeed. */
static void two_swaps_at_once(void)
{
	struct kplug_plugin_info info;
	pthread_t threads[2];
	int64_t total;
	void *failed;
	int i;

	name = kplug_device_name(dev);
	assert_ok(put("state_1", false, true));
	assert_ok(kplug_call(dev, STATE_COUNT, NULL, 0, &total));
	assert_ok(kplug_plugin_info(dev, &info));
	total = info.out_swaps;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, swap_often, NULL), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_int_equal((long)failed, 0);
	}
	assert_ok(kplug_plugin_info(dev, &info));
	assert_int_equal(info.out_swaps, total + 2 * ROUNDS);
	assert_pinned("2");
	assert_ok(kplug_call(dev, STATE_TOTAL, NULL, 0, &total));
	assert_int_equal(total, 1);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(pins_go_with_the_plugin),
		TEST(none_without_request),
		TEST(cannot_be_pinned),
		TEST(next_command_cleans),
		TEST(next_command_finishes),
		TEST(clean_removes_left_overs),
		TEST(not_those_of_the_next_device),
		TEST(not_those_of_a_plugin_that_refuses),
		TEST(links_of_others_are_not_followed),
		TEST(two_swaps_at_once),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup);
}
