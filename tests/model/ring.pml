/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KPLUG_RING of 2 slots, messages of two words, in batches, both sides sleeping when they can do nothing. The indexes
 * are bytes and begin shortly before they wrap. Checked: order, no gap, no tear, and that all messages arrive, so no
 * wake-up is lost (else both sleep: an invalid end state).
 *
 * These must be found out: -DNO_SLEEP_FENCE, -DNO_WAKE_FENCE, -DTAIL_FIRST, -DHEAD_FIRST, -DSLEEP_WITHOUT_LOOK
 */
#define PROCESSES 2
#define CELLS 8
#include "tso.pml"

#define CAPACITY 2
#define MESSAGES 5
#define START 254

#define TAIL 0
#define HEAD 1
#define READER_FLAG 2
#define WRITER_FLAG 3
#define SLOT(index) (4 + 2 * ((index) % CAPACITY))

#define USED(tail, head) (((tail) + 256 - (head)) % 256)

bool reader_woken, writer_woken;

#ifdef NO_SLEEP_FENCE
#define SLEEP_FENCE() skip
#else
#define SLEEP_FENCE() FENCE()
#endif
#ifdef NO_WAKE_FENCE
#define WAKE_FENCE() skip
#else
#define WAKE_FENCE() FENCE()
#endif

inline wake(flag, woken)
{
	WAKE_FENCE();
	if
	:: mem[flag] ->
		EXCHANGE(flag, 0, old);
		if
		:: old -> woken = true
		:: else
		fi
	:: else
	fi;
	old = 0
}

/* x_reader_sleeps() and the sleep, if it said so; x_writer_sleeps() alike. */
inline sleep(flag, nothing_to_do, woken)
{
	STORE(flag, 1);
	SLEEP_FENCE();
	if
#ifdef SLEEP_WITHOUT_LOOK
	:: true
#else
	:: nothing_to_do
#endif
		-> atomic { woken; woken = false }
	:: else
	fi
}

proctype writer(byte me)
{
	byte tail = START, sent, batch, i, old;

	do
	:: sent == MESSAGES -> break
	:: sent < MESSAGES ->
		batch = CAPACITY - USED(tail, mem[HEAD]);
		if
		:: batch == 0 -> sleep(WRITER_FLAG, USED(tail, mem[HEAD]) == CAPACITY, writer_woken)
		:: batch > 0 ->
			if
			:: batch > 1 -> batch = 1 /* or all */
			:: true
			fi;
			if
			:: batch > MESSAGES - sent -> batch = MESSAGES - sent
			:: else
			fi;
#ifdef TAIL_FIRST
			STORE(TAIL, (tail + batch) % 256);
#endif
			i = 0;
			do
			:: i < batch ->
				sent++;
				STORE(SLOT(tail + i), sent);
				STORE(SLOT(tail + i) + 1, sent);
				i++
			:: else -> break
			od;
			tail = (tail + batch) % 256;
#ifndef TAIL_FIRST
			STORE(TAIL, tail);
#endif
			wake(READER_FLAG, reader_woken)
		fi
	od
}

proctype reader(byte me)
{
	byte head = START, received, batch, i, old;

	do
	:: received == MESSAGES -> break
	:: received < MESSAGES ->
		batch = USED(mem[TAIL], head);
		assert(batch <= CAPACITY);
		if
		:: batch == 0 -> sleep(READER_FLAG, mem[TAIL] == head, reader_woken)
		:: batch > 0 ->
#ifdef HEAD_FIRST
			STORE(HEAD, (head + batch) % 256);
#endif
			i = 0;
			do
			:: i < batch ->
				received++;
				assert(mem[SLOT(head + i)] == received);
				assert(mem[SLOT(head + i) + 1] == received);
				i++
			:: else -> break
			od;
			head = (head + batch) % 256;
#ifndef HEAD_FIRST
			STORE(HEAD, head);
#endif
			wake(WRITER_FLAG, writer_woken)
		fi
	od
}

init {
	atomic {
		mem[TAIL] = START;
		mem[HEAD] = START;
		run drain(0);
		run drain(1);
		run writer(0);
		run reader(1)
	}
}
