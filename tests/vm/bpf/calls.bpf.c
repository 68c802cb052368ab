// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: answers calls in ways that the tests can see. Loaded by cases/plugin/call.c and others. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("calls", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KPLUG_BUFFER(
	struct {
		u64 calls;
		u64 enables;
		u64 disables;
		u64 opens;
		u64 closes;
		u64 events;
	},
	buf);

#define COUNT 1 /* counts; result: the count before */
#define DOUBLE 2 /* doubles each of the first 4 bytes in place */
#define REFUSE 3 /* -EACCES */
#define SILENT 4 /* no answer */
#define LAST_BYTE 5 /* reads the 8 bytes at offset 4088 */
#define BAD_FLAG 6 /* an unknown flag: kplug_answer() must say so */
#define READ 7 /* reads a register: u64 bar, offset, width; result: the value */
#define WRITE 8 /* writes one: u64 bar, offset, width, value; result: 0 or an errno */
#define ADDRESS 9 /* result: the device's address of the buffer */
#define LAST_ADDRESS 10 /* ... of its last counter */
#define STACK_ADDRESS 11 /* ... of memory that is no buffer */

static void access(struct kplug_event *ev)
{
	u64 *arg = (void *)kplug_event_data(ev, 0, 32);

	if (!arg)
		kplug_answer(ev, -EMSGSIZE, 0, 0);
	else if (ev->message == READ)
		kplug_answer(ev, kplug_reg_read(ev, arg[0], arg[1], arg[2]), 0, 0);
	else
		kplug_answer(ev, kplug_reg_write(ev, arg[0], arg[1], arg[2], arg[3]), 0, 0);
}

/* kplug_dma_addr() of the plugin's stack. */
static u64 stack_address(struct kplug_event *ev)
{
	u64 own[2] = { 0 };

	return kplug_dma_addr(ev, own, sizeof(own));
}

KPLUG_HOOK(call)
{
	u8 *data;
	int i;

	switch (ev->message) {
	case COUNT:
		kplug_answer(ev, __sync_fetch_and_add(&buf.calls, 1), 0, 0);
		break;
	case DOUBLE:
		data = kplug_event_data(ev, 0, 4);
		for (i = 0; data && i < 4; i++)
			data[i] *= 2;
		kplug_answer(ev, data ? (s64)ev->size : -EMSGSIZE, 0, 0);
		break;
	case REFUSE:
		kplug_answer(ev, -EACCES, 0, 0);
		break;
	case LAST_BYTE:
		data = kplug_event_data(ev, 4088, 8);
		kplug_answer(ev, data ? (s64)data[7] : -EMSGSIZE, 0, 0);
		break;
	case BAD_FLAG:
		i = kplug_answer(ev, 1, 0x80, 0);
		kplug_answer(ev, i, 0, 0);
		break;
	case READ:
	case WRITE:
		access(ev);
		break;
	case ADDRESS:
		kplug_answer(ev, kplug_dma_addr(ev, &buf, sizeof(buf)), 0, 0);
		break;
	case LAST_ADDRESS:
		kplug_answer(ev, kplug_dma_addr(ev, &buf.events, sizeof(buf.events)), 0, 0);
		break;
	case STACK_ADDRESS:
		kplug_answer(ev, stack_address(ev), 0, 0);
		break;
	}
}

/* Refuses an enable whose first byte is 0xff. */
KPLUG_HOOK(int_enable)
{
	u8 *data = kplug_event_data(ev, 0, 1);

	__sync_fetch_and_add(&buf.enables, 1);
	kplug_answer(ev, data && *data == 0xff ? -EBUSY : 0, 0, 0);
}

KPLUG_HOOK(int_disable)
{
	__sync_fetch_and_add(&buf.disables, 1);
}

KPLUG_HOOK(open)
{
	__sync_fetch_and_add(&buf.opens, 1);
	kplug_answer(ev, ev->uid == 4242 ? -EPERM : 0, 0, 0);
}

KPLUG_HOOK(close)
{
	__sync_fetch_and_add(&buf.closes, 1);
}

KPLUG_HOOK(event)
{
	__sync_fetch_and_add(&buf.events, 1);
	kplug_answer(ev, 0, KPLUG_FORWARD, 0);
}
