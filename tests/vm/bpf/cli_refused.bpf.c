// SPDX-License-Identifier: GPL-2.0-only
/* Test object: the verifier refuses it, since it reads past its buffer. */
#include "kplug.bpf.h"

KPLUG_PLUGIN("refused", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct layout {
	u64 few[8];
};
KPLUG_BUFFER(struct layout, buf);

KPLUG_HOOK(call)
{
	kplug_answer(ev, buf.few[ev->message], 0, 0);
}
