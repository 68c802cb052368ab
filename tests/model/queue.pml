/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KPLUG_QUEUE of 2 slots, messages of two words, two writers. -DREADERS=N, and -DEACH=N messages of a writer. Checked:
 * no message twice, no tear, each writer's messages in order, and at the end nothing is missing. With -DKILL the first
 * writer may die anywhere: at most its message under way and one slot are lost, and the others get all theirs through:
 * no fair run goes round for ever without one more message.
 *
 * With -DREADERS=2 -DEACH=1 these must be found out: -DPUT_WITHOUT_LOOK, -DPUBLISH_FIRST
 * With -DREADERS=1 -DEACH=2 these must be found out: -DFREE_FIRST
 * With -DREADERS=1 -DEACH=1 -DKILL these must be found out: -DNO_HELP
 */
#define PROCESSES 4
#define CELLS 12
#include "tso.pml"

#define CAPACITY 2
#define FREE 0 /* cells of a circle: tail, head, entries */
#define FULL 4
#define SLOT(number) (8 + 2 * (number))
#define ENTRY(lap, number) ((lap) * CAPACITY + (number))

byte pushed, popped, gone;
bool seen[2 * EACH + 1];

#ifdef KILL
#define MAY_DIE() if :: me != 0 :: me == 0 :: me == 0 -> goto dead fi
#else
#define MAY_DIE() skip
#endif

inline put(circle, number)
{
	do
	:: true ->
		d_step {
			position = mem[circle];
			place = position % CAPACITY;
			lap = position / CAPACITY + 1
		}
		entry = mem[circle + 2 + place];
		if
		:: entry / CAPACITY == lap ->
#ifndef NO_HELP
			COMPARE_EXCHANGE(circle, position, position + 1, done)
#else
			skip
#endif
		:: entry / CAPACITY == lap - 1 ->
#ifdef PUT_WITHOUT_LOOK
			EXCHANGE(circle + 2 + place, ENTRY(lap, number ^ place), entry);
			done = true;
#else
			COMPARE_EXCHANGE(circle + 2 + place, entry, ENTRY(lap, number ^ place), done);
#endif
			if
			:: done ->
				MAY_DIE();
				COMPARE_EXCHANGE(circle, position, position + 1, done);
				break
			:: else
			fi
		:: else
		fi
	od;
	atomic { position = 0; place = 0; lap = 0; entry = 0; done = false }
}

/* number: CAPACITY if there is none */
inline take(circle, first_lap, number)
{
	do
	:: true ->
		d_step {
			position = mem[circle + 1];
			place = position % CAPACITY;
			lap = position / CAPACITY + first_lap
		}
		entry = mem[circle + 2 + place];
		if
		:: entry / CAPACITY + 1 == lap -> number = CAPACITY; break
		:: entry / CAPACITY == lap ->
			COMPARE_EXCHANGE(circle + 1, position, position + 1, done);
			if
			:: done -> number = (entry % CAPACITY) ^ place; break
			:: else
			fi
		:: else
		fi
	od;
	atomic { position = 0; place = 0; lap = 0; entry = 0; done = false }
}

proctype writer(byte me)
{
	byte sent, slot, position, place, lap, entry;
	bool done;

	do
	:: sent == EACH -> break
	:: sent < EACH ->
		take(FREE, 0, slot);
		if
		:: slot == CAPACITY
		:: else ->
			MAY_DIE();
			sent++;
#ifdef PUBLISH_FIRST
			put(FULL, slot);
#endif
			STORE(SLOT(slot), me * EACH + sent);
			STORE(SLOT(slot) + 1, me * EACH + sent);
#ifndef PUBLISH_FIRST
			MAY_DIE();
			put(FULL, slot);
#endif
progress:		pushed++
		fi;
		slot = 0
	od;
dead:
	gone++
}

proctype reader(byte me)
{
	byte slot, message, position, place, lap, entry, last[2];
	bool done, last_look;

	do
	:: true ->
		last_look = (gone == 2);
		take(FULL, 1, slot);
		if
		:: slot == CAPACITY ->
			if
			:: last_look -> break
			:: else
			fi
		:: else ->
#ifdef FREE_FIRST
			put(FREE, slot);
#endif
			message = mem[SLOT(slot)];
			assert(message == mem[SLOT(slot) + 1]);
			assert(message >= 1 && message <= 2 * EACH);
			atomic {
				assert(!seen[message]);
				seen[message] = true;
				assert(message > last[(message - 1) / EACH]);
				last[(message - 1) / EACH] = message;
			}
			message = 0;
#ifndef FREE_FIRST
			put(FREE, slot);
#endif
progress:		popped++
		fi;
		slot = 0
	od;
dead:
	skip
}

init {
	byte i;

	atomic {
		run drain(0); /* readers store nothing but by locked instructions */
		run drain(1);
		run writer(0);
		run writer(1);
		for (i : 1 .. READERS) {
			run reader(1 + i)
		}
	}
	(_nr_pr == 3); /* this and the drains */
#ifdef KILL
	assert(popped == pushed || popped == pushed + 1);
	assert(seen[EACH + 1] && seen[2 * EACH])
#else
	assert(popped == 2 * EACH && pushed == popped)
#endif
}
