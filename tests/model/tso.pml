/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as x86 has it (TSO): a processor's stores reach the memory in order, but later than its next loads. A process
 * loads from mem[] directly, so it must not load what it has itself in its store buffer: it keeps a copy instead.
 */
byte mem[CELLS];
chan store_buffer[PROCESSES] = [3] of { byte, byte };

#define STORE(cell, value) store_buffer[me] ! (cell), (value)
#define FENCE() empty(store_buffer[me])
/* Locked instructions: the store buffer drains first, then nobody else comes between. */
#define EXCHANGE(cell, value, old)                                                                                     \
	atomic {                                                                                                       \
		empty(store_buffer[me]);                                                                               \
		old = mem[cell];                                                                                       \
		mem[cell] = value                                                                                      \
	}
#define COMPARE_EXCHANGE(cell, expected, value, done)                                                                  \
	atomic {                                                                                                       \
		empty(store_buffer[me]);                                                                               \
		done = (mem[cell] == (expected));                                                                      \
		if                                                                                                     \
		:: done -> mem[cell] = value                                                                           \
		:: else                                                                                                \
		fi                                                                                                     \
	}

/* The way from a process's store buffer to the memory. */
proctype drain(byte me)
{
	byte cell, value;

end:
	do
	:: atomic {
		store_buffer[me] ? cell, value;
		mem[cell] = value;
		cell = 0;
		value = 0
	}
	od
}
