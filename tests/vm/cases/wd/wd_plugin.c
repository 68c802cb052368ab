// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: lib/wd/plugin.c */
/* The porting layer: a plugin opened by its name, and called. */
#include <stdio.h>

#include "bpf/wd_calls.h"
#include "lib/wd.h"

static void plugin_by_name(void)
{
	WD_KERNEL_PLUGIN other = { .pcDriverName = "wd_calls" };
	struct wd_calls *shared = wd_open_plugin("wd_calls");
	BYTE refuse = 0xff;

	assert_int_equal(shared->opens, 1);
	assert_status(WD_OPERATION_ALREADY_DONE, WD_KernelPlugInOpen(wd_session, &other));
	assert_int_equal(other.hKernelPlugIn, 0);
	assert_done(WD_KernelPlugInClose(wd_session, &wd_kp));
	assert_int_equal(shared->closes, 1);
	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInClose(wd_session, &wd_kp)); /* twice */
	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInClose(NULL, &wd_kp));
	assert_status(WD_INVALID_PARAMETER, WD_KernelPlugInClose(wd_session, NULL));

	other.pOpenData = &refuse;
	assert_status(WD_KERPLUG_FAILURE, WD_KernelPlugInOpen(wd_session, &other));
	other.pOpenData = NULL;
	other.pcDriverPath = "/nowhere";
	assert_status(WD_KERPLUG_FAILURE, WD_KernelPlugInOpen(wd_session, &other));
	other.pcDriverPath = getenv("KPLUG_TEST");
	setenv("KPLUG_PLUGIN_PATH", "/nowhere", 1);
	assert_done(WD_KernelPlugInOpen(wd_session, &other));
	assert_done(WD_KernelPlugInClose(wd_session, &other));
	other.pcDriverPath = NULL;
	setenv("KPLUG_PLUGIN_PATH", "/nowhere:/out/user/tests/vm:/", 1);
	assert_done(WD_KernelPlugInOpen(wd_session, &other));
	assert_done(WD_KernelPlugInClose(wd_session, &other));
}

static void bad_plugins(void)
{
	assert_status(WD_INVALID_PARAMETER, WD_KernelPlugInOpen(wd_session, NULL));
	assert_status(WD_INVALID_PARAMETER, WD_KernelPlugInOpen(wd_session, &wd_kp)); /* no name */
	wd_kp.pcDriverName = "no_such_plugin";
	wd_kp.hKernelPlugIn = 7;
	assert_status(WD_KERPLUG_FAILURE, WD_KernelPlugInOpen(wd_session, &wd_kp));
	assert_int_equal(wd_kp.hKernelPlugIn, 0);
	wd_kp.pcDriverName = "../vm/wd_calls";
	assert_status(WD_KERPLUG_FAILURE, WD_KernelPlugInOpen(wd_session, &wd_kp));
	wd_kp.pcDriverName = "wd_calls";
	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInOpen(NULL, &wd_kp));
}

static void device_has_another_plugin(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "calls", 4096);

	rig_load(dev, "calls", "calls");
	wd_kp.pcDriverName = "wd_calls";
	assert_status(WD_RESOURCE_OVERLAP, WD_KernelPlugInOpen(wd_session, &wd_kp));
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
}

/* Opened before there is a buffer: the first one asked for is the plugin's. */
static void plugin_before_buffer(void)
{
	WD_KERNEL_PLUGIN_CALL call = { .dwMessage = WD_CALLS_BUFFER };

	wd_kp.pcDriverName = "wd_calls";
	assert_done(WD_KernelPlugInOpen(wd_session, &wd_kp));
	wd_dma.dwBytes = sizeof(struct wd_calls);
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	assert_done(WD_DMALock(wd_session, &wd_dma));
	assert_int_equal(((struct wd_calls *)wd_dma.pUserAddr)->opens, 1);
	call.hKernelPlugIn = wd_kp.hKernelPlugIn;
	call.pData = wd_dma.pKernelAddr;
	assert_done(WD_KernelPlugInCall(wd_session, &call));
	assert_int_equal(call.dwResult, 1);
}

static DWORD call_plugin(DWORD message, PVOID data, DWORD *result)
{
	WD_KERNEL_PLUGIN_CALL call = { .hKernelPlugIn = wd_kp.hKernelPlugIn, .dwMessage = message, .pData = data };
	DWORD status = WD_KernelPlugInCall(wd_session, &call);

	*result = call.dwResult;
	return status;
}

static void calls(void)
{
	struct {
		UINT64 before, words[2], after;
	} mine = { 1, { 20, 300 }, 4000 };
	WD_KERNEL_PLUGIN_CALL call = { .dwMessage = 1 };
	WD_DMA other = { .dwBytes = 4096, .dwOptions = DMA_KERNEL_BUFFER_ALLOC };
	DWORD result;

	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInCall(wd_session, &call)); /* nothing is open */
	wd_open_plugin("wd_calls");
	assert_done(call_plugin(WD_CALLS_DOUBLE, mine.words, &result));
	assert_int_equal(result, 16);
	assert_int_equal(mine.before, 1);
	assert_int_equal(mine.words[0], 40);
	assert_int_equal(mine.words[1], 600);
	assert_int_equal(mine.after, 4000);
	assert_done(call_plugin(WD_CALLS_VALUE, (PVOID)77, &result)); /* no memory of ours */
	assert_int_equal(result, 77);
	assert_done(call_plugin(WD_CALLS_BUFFER, wd_dma.pKernelAddr, &result));
	assert_int_equal(result, 1);
	assert_done(call_plugin(WD_CALLS_BUFFER, wd_dma.pUserAddr, &result));
	assert_int_equal(result, 0);
	assert_done(call_plugin(WD_CALLS_REGISTER, NULL, &result));
	assert_int_equal(result, ~0x12345678U);

	assert_done(WD_DMALock(wd_session, &other)); /* a buffer, but not the plugin's */
	assert_status(WD_INVALID_PARAMETER, call_plugin(WD_CALLS_BUFFER, other.pKernelAddr, &result));
	assert_status(WD_INVALID_PARAMETER, WD_KernelPlugInCall(wd_session, NULL));
	call.hKernelPlugIn = wd_kp.hKernelPlugIn + 1000;
	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInCall(wd_session, &call));
	assert_status(WD_INVALID_HANDLE, WD_KernelPlugInCall(NULL, &call));
}

/* Messages wake the program as they do without a plugin. */
static void no_interrupt_callbacks(void)
{
	WD_INTERRUPT interrupt = { 0 };
	char folder[256];

	snprintf(folder, sizeof(folder), "%s/../lib/wd/guide", getenv("KPLUG_BPF"));
	wd_kp.pcDriverName = "call_before";
	wd_kp.pcDriverPath = folder;
	assert_done(WD_KernelPlugInOpen(wd_session, &wd_kp));
	interrupt.kpCall.hKernelPlugIn = wd_kp.hKernelPlugIn;
	assert_done(WD_IntEnable(wd_session, &interrupt));
	rig_raise(dev, 1);
	assert_done(WD_IntWait(wd_session, &interrupt));
	assert_int_equal(interrupt.dwCounter, 1);
	assert_done(WD_IntDisable(wd_session, &interrupt));
	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(plugin_by_name),	    TEST(bad_plugins), TEST(device_has_another_plugin),
		TEST(plugin_before_buffer), TEST(calls),       TEST(no_interrupt_callbacks),
	};

	return WD_RUN(tests);
}
