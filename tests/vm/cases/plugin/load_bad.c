// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: lib/plugin/load.c lib/plugin/plugin.c */
/* Plugins that cannot be loaded: each error names the reason, and the device is unchanged. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/plugin/plugin.h"
#include "lib/rig.h"

static const char *sys_root;
static char said[512]; /* of the last that was refused */

static void setup(void)
{
	sys_root = kp_sys_root;
}

static void teardown(void)
{
	kp_sys_root = sys_root;
}

static void refused(const char *object, int err, const char *text)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_plugin_info info;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	assert_errno(err, kplug_plugin_load(plugin, dev, NULL));
	snprintf(said, sizeof(said), "%s", kplug_error());
	if (!strstr(said, text))
		fail_msg("'%s' is not in: %s", text, said);
	kplug_plugin_close(plugin);
	assert_errno(ENOENT, kplug_plugin_info(dev, &info));
	assert_errno(ENOMSG, kplug_call(dev, 1, NULL, 0, NULL));
}

static void probe_that_cannot_be_run(void)
{
	refused("probe_rejected", EINVAL, "plugin probe: its program probe cannot be run: Invalid argument");
}

static void map_that_cannot_be_made(void)
{
	refused("bad_map", EINVAL, "plugin map: libbpf cannot load it: ");
	assert_non_null(strstr(said, "numbers")); /* its name */
}

static void maps_of_one_name(void)
{
	struct kplug_plugin *plugin = NULL;

	assert_errno(EBADMSG, kplug_plugin_open(rig_object("bad_names"), &plugin));
	assert_null(plugin);
	assert_non_null(strstr(kplug_error(), "maps packets_received_total and packets_received_wrong have the same "
					      "first 15 characters"));
}

static void object_that_was_used(void)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_check *checks = NULL;
	size_t count = 0;

	assert_ok(kplug_plugin_open(rig_object("calls"), &plugin));
	assert_ok(kplug_plugin_check(plugin, &checks, &count));
	assert_true(count > 0);
	free(checks);
	checks = NULL;
	assert_errno(EALREADY, kplug_plugin_check(plugin, &checks, &count));
	assert_null(checks);
	assert_errno(EALREADY, kplug_plugin_load(plugin, dev, NULL));
	kplug_plugin_close(plugin);
}

/* sysfs says 4096 bytes of every file. */
static void file_that_ends_too_soon(void)
{
	struct kplug_plugin *plugin = NULL;

	assert_errno(EIO, kplug_plugin_open("/sys/kernel/uevent_seqnum", &plugin));
	assert_non_null(strstr(kplug_error(), "/sys/kernel/uevent_seqnum"));
	assert_null(plugin);
}

static void buffer_and_arena(void)
{
	struct kplug_plugin *plugin = NULL;

	assert_errno(EBADMSG, kplug_plugin_open(rig_object("buffer_and_arena"), &plugin));
	assert_non_null(strstr(kplug_error(), "has both KPLUG_BUFFER() and KPLUG_ARENA(); use one"));
	assert_null(plugin);
}

/* A sysfs that lacks what the library looks for when the kernel has refused. */
static void no_type_information(void)
{
	static char root[] = "/tmp/kplug-sys-XXXXXX";
	char path[128];
	int fd;

	assert_non_null(mkdtemp(root));
	kp_sys_root = root;
	refused("bad_map", EOPNOTSUPP, "the kernel has no BTF");
	snprintf(path, sizeof(path), "%s/kernel", root);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/btf");
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/vmlinux");
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	refused("bad_map", EOPNOTSUPP, "the module kplug has no BTF");
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(probe_that_cannot_be_run), TEST(maps_of_one_name),	       TEST(map_that_cannot_be_made),
		TEST(object_that_was_used),	TEST(file_that_ends_too_soon), TEST(buffer_and_arena),
		TEST(no_type_information),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
