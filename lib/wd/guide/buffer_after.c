// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <libkplug.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_device *dev = NULL;
	struct kplug_buffer *buf = NULL;
	int64_t result = 0;
	int err;

	err = kplug_device_open(argc > 1 ? argv[1] : "soft0", NULL, &dev);
	if (!err)
		err = kplug_buffer_alloc(dev, "shared", 0x10000, NULL, &buf);
	if (!err)
		err = kplug_plugin_open("call_after.bpf.o", &plugin);
	if (!err)
		err = kplug_plugin_load(plugin, dev, NULL);
	if (!err) {
		err = kplug_call(dev, 1, NULL, 0, &result);
		if (!err)
			printf("result %lld, in the buffer %llu\n", (long long)result,
			       *(unsigned long long *)kplug_buffer_ptr(buf));
		kplug_plugin_unload(dev);
	}
	if (err)
		printf("%s\n", kplug_error());
	kplug_plugin_close(plugin);
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return err != 0;
}
