/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KPLUG_SEQLOCK with two words: one writer, a reader that takes what read() calls whole. Checked: both words are of
 * one version, and versions do not go back.
 *
 * These must be found out: -DNOT_ODD, -DEVEN_FIRST, -DODD_LATE, -DSECOND_LOOK_FIRST, -DNO_SECOND_LOOK
 */
#define PROCESSES 2
#define CELLS 3
#include "tso.pml"

#define SEQUENCE 0
#define WORD 1
#define VERSIONS 3
#define READS 3

proctype writer(byte me)
{
	byte version, sequence;

	do
	:: version == VERSIONS -> break
	:: version < VERSIONS ->
		version++;
#if !defined(NOT_ODD) && !defined(ODD_LATE)
		STORE(SEQUENCE, sequence + 1);
#endif
#ifdef EVEN_FIRST
		STORE(SEQUENCE, sequence + 2);
#endif
		STORE(WORD, version);
#ifdef ODD_LATE
		STORE(SEQUENCE, sequence + 1);
#endif
		STORE(WORD + 1, version);
		sequence = sequence + 2;
#ifndef EVEN_FIRST
		STORE(SEQUENCE, sequence);
#endif
	od
}

proctype reader(byte me)
{
	byte reads, before, after, word0, word1, last;

	do
	:: reads == READS -> break
	:: reads < READS ->
		reads++;
		before = mem[SEQUENCE];
#ifdef SECOND_LOOK_FIRST
		after = mem[SEQUENCE];
#endif
		word0 = mem[WORD];
		word1 = mem[WORD + 1];
#ifndef SECOND_LOOK_FIRST
		after = mem[SEQUENCE];
#endif
		if
#ifdef NO_SECOND_LOOK
		:: before % 2 == 0 ->
#else
		:: before % 2 == 0 && before == after ->
#endif
			assert(word0 == word1);
			assert(word0 >= last);
			last = word0
		:: else
		fi
	od
}

init {
	atomic {
		run drain(0);
		run drain(1);
		run writer(0);
		run reader(1)
	}
}
