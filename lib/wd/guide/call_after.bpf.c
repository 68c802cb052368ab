// SPDX-License-Identifier: GPL-2.0-only
#include "kplug.bpf.h"

KPLUG_PLUGIN("call_after", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct shared {
	u64 calls;
};
KPLUG_BUFFER(struct shared, shared);

KPLUG_HOOK(call)
{
	kplug_answer(ev, ++shared.calls, 0, 0);
}
