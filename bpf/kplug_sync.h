/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Synchronised access to a buffer by plugins, programs and several CPUs. One header for both sides:
 * BPF (clang -target bpf -mcpu=v3), C11 and C++11.
 *
 *   KPLUG_RING(msgs, struct msg, 1024);      struct msgs: one writer, one reader, who can sleep
 *   KPLUG_SEQLOCK(stats, struct counts);     struct stats: snapshots; one writer, any readers
 *   KPLUG_QUEUE(jobs, struct job, 256);      struct jobs: any writers and readers, lock-free
 *   atomic_uint, atomic_load_explicit() ...  the C11 names, in plugins too
 *
 * Put such a struct into the buffer's layout, at the same offset on both sides. Zeroed memory, as
 * in a new buffer, is its empty state. In plugins every loop is bounded, and every index is masked
 * by a constant power of two: a misbehaving peer can lose and garble messages, but cannot cause
 * accesses outside the struct.
 *
 * Count a plugin's writers with care: `interrupt` can interrupt other hooks, and a hook can run on
 * several CPUs at once, except for the interrupts of one vector. "One writer" is the `interrupt`
 * hook of one vector, or one thread of a program.
 *
 * Memory ordering. Programs: C11's guarantees for the orders used below. Plugins: BPF loads and
 * stores become plain ones in program order, and x86 reorders only a store with a later load of
 * another address (TSO), so acquire and release need only a compiler barrier. Read-modify-write is
 * a locked instruction: a full fence on x86, fully ordered in BPF; the fence is one on the stack.
 * Other than TSO machines need BPF's load-acquire and store-release here (Linux 6.15, LLVM 21).
 *
 * The models in tests/model check the algorithms under TSO, and that each fence and each order is
 * needed.
 */
#ifndef KPLUG_SYNC_H
#define KPLUG_SYNC_H

#if defined(__bpf__)

/* --- C11's atomics: 32 and 64 bits ---------------------------------------------------------- */

typedef __u32 atomic_uint;
typedef __u64 atomic_ullong;
typedef enum {
	memory_order_relaxed,
	memory_order_consume,
	memory_order_acquire,
	memory_order_release,
	memory_order_acq_rel,
	memory_order_seq_cst,
} memory_order;

#define KPLUG_COMPILER_BARRIER() asm volatile("" ::: "memory")

static inline __attribute__((always_inline)) void kplug_full_fence(void)
{
	__u64 word = 0, old;

	asm volatile("" ::"r"(&word) : "memory");
	old = __sync_fetch_and_add(&word, 1);
	asm volatile("" ::"r"(old) : "memory");
}

#define atomic_thread_fence(order)                                                                                     \
	((order) == memory_order_seq_cst ? kplug_full_fence() : ({ KPLUG_COMPILER_BARRIER(); }))
#define atomic_signal_fence(order) KPLUG_COMPILER_BARRIER()
#define atomic_load_explicit(p, order)                                                                                 \
	({                                                                                                             \
		__typeof__(*(p)) value_ = *(volatile __typeof__(*(p)) *)(p);                                           \
		if ((order) != memory_order_relaxed)                                                                   \
			KPLUG_COMPILER_BARRIER();                                                                      \
		value_;                                                                                                \
	})
/* A sequentially consistent store is an exchange: no later load passes it. */
#define atomic_store_explicit(p, value, order)                                                                         \
	({                                                                                                             \
		if ((order) == memory_order_seq_cst) {                                                                 \
			(void)atomic_exchange(p, value);                                                               \
		} else {                                                                                               \
			if ((order) != memory_order_relaxed)                                                           \
				KPLUG_COMPILER_BARRIER();                                                              \
			*(volatile __typeof__(*(p)) *)(p) = (value);                                                   \
		}                                                                                                      \
	})
#define KPLUG_RMW(builtin, p, value)                                                                                   \
	({                                                                                                             \
		__typeof__(*(p)) old_ = builtin(p, value);                                                             \
		asm volatile("" ::"r"(old_)                                                                            \
			     : "memory"); /* always the form that gives the old value: it is the ordered one */        \
		old_;                                                                                                  \
	})
#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store(p, value) atomic_store_explicit(p, value, memory_order_seq_cst)
#define atomic_exchange(p, value) KPLUG_RMW(__sync_lock_test_and_set, p, value)
#define atomic_fetch_add(p, value) KPLUG_RMW(__sync_fetch_and_add, p, value)
#define atomic_fetch_sub(p, value) KPLUG_RMW(__sync_fetch_and_sub, p, value)
#define atomic_fetch_or(p, value) KPLUG_RMW(__sync_fetch_and_or, p, value)
#define atomic_fetch_and(p, value) KPLUG_RMW(__sync_fetch_and_and, p, value)
#define atomic_fetch_xor(p, value) KPLUG_RMW(__sync_fetch_and_xor, p, value)
#define atomic_compare_exchange_strong(p, expected, value)                                                             \
	({                                                                                                             \
		__typeof__(*(p)) want_ = *(expected);                                                                  \
		__typeof__(*(p)) got_ = __sync_val_compare_and_swap(p, want_, value);                                  \
		*(expected) = got_;                                                                                    \
		got_ == want_;                                                                                         \
	})
#define atomic_exchange_explicit(p, value, order) atomic_exchange(p, value)
#define atomic_fetch_add_explicit(p, value, order) atomic_fetch_add(p, value)
#define atomic_fetch_sub_explicit(p, value, order) atomic_fetch_sub(p, value)
#define atomic_fetch_or_explicit(p, value, order) atomic_fetch_or(p, value)
#define atomic_fetch_and_explicit(p, value, order) atomic_fetch_and(p, value)
#define atomic_fetch_xor_explicit(p, value, order) atomic_fetch_xor(p, value)
#define atomic_compare_exchange_strong_explicit(p, expected, value, success, failure)                                  \
	atomic_compare_exchange_strong(p, expected, value)
#define atomic_compare_exchange_weak atomic_compare_exchange_strong
#define atomic_compare_exchange_weak_explicit atomic_compare_exchange_strong_explicit

#define KPLUG_TRIES 128 /* of a loop that retries when another CPU succeeded */

#elif defined(__cplusplus)

#include <atomic>
#include <cstdint>

using std::atomic_compare_exchange_strong_explicit;
using std::atomic_exchange_explicit;
using std::atomic_load_explicit;
using std::atomic_store_explicit;
using std::atomic_thread_fence;
using std::atomic_uint;
using std::atomic_ullong;
using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

#define KPLUG_TRIES UINT64_MAX

#else

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define KPLUG_TRIES UINT64_MAX

#endif

#ifdef __cplusplus
#define KPLUG_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define KPLUG_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define KPLUG_SYNC_FN static inline __attribute__((always_inline, unused))
#define KPLUG_OWN_LINE __attribute__((aligned(64))) /* avoids false sharing between the sides */

typedef unsigned long long __attribute__((may_alias)) kplug_word;

/* --- wake-ups only for a sleeper ------------------------------------------------------------ */

/*
 * Sleeper: calls kplug_sleep(), checks again for work, and sleeps if there is none. Waker:
 * publishes work, then calls kplug_wake(), which returns true if it must wake the sleeper. The
 * sleeper stores the flag before it checks, the waker publishes before it loads the flag, each with
 * a full fence between: at least one of them sees the other's store (Dekker). So either the sleeper
 * sees the work, or the waker sees the flag. The exchange clears the flag: one sleep costs one
 * wake-up, whatever is published meanwhile. Wake-ups can be spurious; check again.
 *
 * To wake a program in kplug_irq_wait(): the notify count of kplug_answer(). To wake a plugin:
 * kplug_call() or kplug_irq_trigger().
 */
KPLUG_SYNC_FN void kplug_sleep(atomic_uint *sleeps)
{
	atomic_store_explicit(sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

KPLUG_SYNC_FN bool kplug_wake(atomic_uint *sleeps)
{
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(sleeps, memory_order_relaxed) &&
	       atomic_exchange_explicit(sleeps, 0, memory_order_relaxed);
}

/* --- a ring: one writer, one reader --------------------------------------------------------- */

/*
 * The writer fills slots and publishes them by a release store of `tail`, which pairs with the
 * reader's acquire load. The reader returns slots by a release store of `head`, which pairs with
 * the writer's acquire load: the writer reuses a slot only after the reader's last access. Each
 * index has one writer and only grows; both wrap at 2^32, a multiple of the capacity.
 *
 * Writer: room() is the number of free slots, slot(i) the i-th of them, commit(n) publishes the
 * first n. Reader: ready() is the number of pending slots, at(i) the i-th of them, release(n)
 * returns the first n. push() and pop() do this for one. After a commit, wake the reader if
 * x_wake_reader(r) is true. Before sleeping, the reader calls x_reader_sleeps(r), and sleeps only
 * if that is true. x_wake_writer() and x_writer_sleeps() are the same for a writer that found no
 * room.
 */
#define KPLUG_RING(x, type, capacity)                                                                                  \
	KPLUG_STATIC_ASSERT((capacity) > 0 && !((capacity) & ((capacity) - 1)), "must be a power of two");             \
	struct x {                                                                                                     \
		KPLUG_OWN_LINE atomic_uint tail; /* written by the writer */                                           \
		KPLUG_OWN_LINE atomic_uint head; /* written by the reader */                                           \
		KPLUG_OWN_LINE atomic_uint reader_flag; /* 1: sleeping, or about to */                                 \
		atomic_uint writer_flag;                                                                               \
		KPLUG_OWN_LINE type slots[capacity];                                                                   \
	};                                                                                                             \
	KPLUG_SYNC_FN unsigned int x##_room(struct x *r)                                                               \
	{                                                                                                              \
		unsigned int used = atomic_load_explicit(&r->tail, memory_order_relaxed) -                             \
				    atomic_load_explicit(&r->head, memory_order_acquire);                              \
		return used > (capacity) ? 0 : (capacity) - used;                                                      \
	}                                                                                                              \
	KPLUG_SYNC_FN type *x##_slot(struct x *r, unsigned int i)                                                      \
	{                                                                                                              \
		return &r->slots[(atomic_load_explicit(&r->tail, memory_order_relaxed) + i) & ((capacity) - 1)];       \
	}                                                                                                              \
	KPLUG_SYNC_FN void x##_commit(struct x *r, unsigned int n)                                                     \
	{                                                                                                              \
		atomic_store_explicit(&r->tail, atomic_load_explicit(&r->tail, memory_order_relaxed) + n,              \
				      memory_order_release);                                                           \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_push(struct x *r, const type *from)                                                     \
	{                                                                                                              \
		if (!x##_room(r))                                                                                      \
			return false;                                                                                  \
		*x##_slot(r, 0) = *from;                                                                               \
		x##_commit(r, 1);                                                                                      \
		return true;                                                                                           \
	}                                                                                                              \
	KPLUG_SYNC_FN unsigned int x##_ready(struct x *r)                                                              \
	{                                                                                                              \
		unsigned int used = atomic_load_explicit(&r->tail, memory_order_acquire) -                             \
				    atomic_load_explicit(&r->head, memory_order_relaxed);                              \
		return used > (capacity) ? 0 : used;                                                                   \
	}                                                                                                              \
	KPLUG_SYNC_FN type *x##_at(struct x *r, unsigned int i)                                                        \
	{                                                                                                              \
		return &r->slots[(atomic_load_explicit(&r->head, memory_order_relaxed) + i) & ((capacity) - 1)];       \
	}                                                                                                              \
	KPLUG_SYNC_FN void x##_release(struct x *r, unsigned int n)                                                    \
	{                                                                                                              \
		atomic_store_explicit(&r->head, atomic_load_explicit(&r->head, memory_order_relaxed) + n,              \
				      memory_order_release);                                                           \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_pop(struct x *r, type *to)                                                              \
	{                                                                                                              \
		if (!x##_ready(r))                                                                                     \
			return false;                                                                                  \
		*to = *x##_at(r, 0);                                                                                   \
		x##_release(r, 1);                                                                                     \
		return true;                                                                                           \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_reader_sleeps(struct x *r)                                                              \
	{                                                                                                              \
		kplug_sleep(&r->reader_flag);                                                                          \
		return !x##_ready(r);                                                                                  \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_wake_reader(struct x *r)                                                                \
	{                                                                                                              \
		return kplug_wake(&r->reader_flag);                                                                    \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_writer_sleeps(struct x *r)                                                              \
	{                                                                                                              \
		kplug_sleep(&r->writer_flag);                                                                          \
		return !x##_room(r);                                                                                   \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_wake_writer(struct x *r)                                                                \
	{                                                                                                              \
		return kplug_wake(&r->writer_flag);                                                                    \
	}                                                                                                              \
	struct x

/* --- a sequence lock: snapshots ------------------------------------------------------------- */

/*
 * The writer makes `sequence` odd, writes, and makes it even. Its release fence orders the stores
 * of the words after the odd number, its release store before the even one. The reader's acquire
 * load orders its loads after the first load of the number, its acquire fence before the second. If
 * both loads return the same even number, no store fell between. The words are atomics, because a
 * reader that has to retry raced with a write. 64 bits do not wrap.
 *
 * read() returns false after `tries` attempts that raced with a write. A plugin may have
 * interrupted the writer on its own CPU and must not wait for it: use a few tries, then the last
 * snapshot. The type's size and alignment must be multiples of 8. The next write recovers from a
 * writer that was killed in between.
 */
#define KPLUG_SEQLOCK(x, type)                                                                                         \
	KPLUG_STATIC_ASSERT(sizeof(type) % 8 == 0 && __alignof__(type) >= 8, "must be made of 8 bytes");               \
	struct x {                                                                                                     \
		KPLUG_OWN_LINE atomic_ullong sequence;                                                                 \
		atomic_ullong words[sizeof(type) / 8];                                                                 \
	};                                                                                                             \
	KPLUG_SYNC_FN void x##_write(struct x *s, const type *from)                                                    \
	{                                                                                                              \
		unsigned long long sequence = atomic_load_explicit(&s->sequence, memory_order_relaxed) | 1;            \
		unsigned int i;                                                                                        \
		atomic_store_explicit(&s->sequence, sequence, memory_order_relaxed);                                   \
		atomic_thread_fence(memory_order_release);                                                             \
		for (i = 0; i < sizeof(type) / 8; i++)                                                                 \
			atomic_store_explicit(&s->words[i], ((const kplug_word *)from)[i], memory_order_relaxed);      \
		atomic_store_explicit(&s->sequence, sequence + 1, memory_order_release);                               \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_read(struct x *s, type *to, unsigned int tries)                                         \
	{                                                                                                              \
		unsigned long long sequence;                                                                           \
		unsigned int i;                                                                                        \
		while (tries--) {                                                                                      \
			sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);                           \
			for (i = 0; i < sizeof(type) / 8; i++)                                                         \
				((kplug_word *)to)[i] = atomic_load_explicit(&s->words[i], memory_order_relaxed);      \
			atomic_thread_fence(memory_order_acquire);                                                     \
			if (!(sequence & 1) && atomic_load_explicit(&s->sequence, memory_order_relaxed) == sequence)   \
				return true;                                                                           \
		}                                                                                                      \
		return false;                                                                                          \
	}                                                                                                              \
	struct x

/* --- a queue: many writers, many readers ---------------------------------------------------- */

/*
 * Slots, and two circular lists of slot numbers: free slots and full slots. A writer takes a number
 * from the free list, fills the slot, and puts the number into the full list; a reader does the
 * reverse. A writer or reader that is killed in between leaks one slot and blocks no other.
 *
 * An entry is lap << 32 | number. There are as many entries as numbers, so a put always finds room.
 * put() replaces the last lap's entry at `tail` by one of this lap, then advances `tail`; if it
 * finds an entry of this lap there, it advances `tail` for the other writer. take() reads the entry
 * at `head`, which cannot be overwritten until `head` advances, and claims it by advancing `head`.
 * A compare-and-exchange fails only if another one succeeded: lock-free. The exchange of an entry
 * is a release, the load that finds it an acquire, so an owner's accesses to the slot come before
 * the next owner's. A lap number repeats after 2^32 laps; no thread is expected to be delayed that
 * long between load and exchange.
 *
 * In zeroed memory the free list is full (head at lap 0, tail at lap 1), and the full list empty
 * (both at lap 1). Numbers are stored XORed with their entry's index, so that 0 stands for the
 * index itself.
 *
 * push() returns false if no slot is free, pop() if none is full; in a plugin also after
 * KPLUG_TRIES lost races. Races lost while a number is put into a list, by push() or pop(), leak
 * the slot. A reader that wants to sleep calls kplug_sleep(&q->reader_flag), then pop() once more;
 * after a push() wake all readers if kplug_wake(&q->reader_flag) is true.
 */
struct kplug_circle {
	KPLUG_OWN_LINE atomic_ullong tail;
	KPLUG_OWN_LINE atomic_ullong head;
};

KPLUG_SYNC_FN bool kplug_move_on(atomic_ullong *position, unsigned long long from)
{
	return atomic_compare_exchange_strong_explicit(position, &from, from + 1, memory_order_acq_rel,
						       memory_order_relaxed);
}

KPLUG_SYNC_FN bool kplug_put(struct kplug_circle *c, atomic_ullong *entries, unsigned int capacity, unsigned int number)
{
	unsigned long long tries, tail, entry, want;
	unsigned int lap;

	for (tries = 0; tries < KPLUG_TRIES; tries++) {
		tail = atomic_load_explicit(&c->tail, memory_order_acquire);
		lap = (unsigned int)(tail / capacity) + 1;
		want = (unsigned long long)lap << 32 | (number ^ (tail & (capacity - 1)));
		entry = atomic_load_explicit(&entries[tail & (capacity - 1)], memory_order_acquire);
		if ((unsigned int)(entry >> 32) == lap) {
			kplug_move_on(&c->tail, tail);
		} else if ((unsigned int)(entry >> 32) == lap - 1 &&
			   atomic_compare_exchange_strong_explicit(&entries[tail & (capacity - 1)], &entry, want,
								   memory_order_acq_rel, memory_order_relaxed)) {
			kplug_move_on(&c->tail, tail);
			return true;
		}
	}
	return false;
}

/* Returns a slot's number, or `capacity` if the list is empty. */
KPLUG_SYNC_FN unsigned int kplug_take(struct kplug_circle *c, atomic_ullong *entries, unsigned int capacity,
				      unsigned int first_lap)
{
	unsigned long long tries, head, entry;
	unsigned int lap;

	for (tries = 0; tries < KPLUG_TRIES; tries++) {
		head = atomic_load_explicit(&c->head, memory_order_acquire);
		lap = (unsigned int)(head / capacity) + first_lap;
		entry = atomic_load_explicit(&entries[head & (capacity - 1)], memory_order_acquire);
		if ((unsigned int)(entry >> 32) == lap - 1)
			break;
		if ((unsigned int)(entry >> 32) == lap && kplug_move_on(&c->head, head))
			return (unsigned int)(entry ^ head) & (capacity - 1);
	}
	return capacity;
}

#define KPLUG_QUEUE(x, type, capacity)                                                                                 \
	KPLUG_STATIC_ASSERT((capacity) > 0 && !((capacity) & ((capacity) - 1)), "must be a power of two");             \
	struct x {                                                                                                     \
		struct kplug_circle free;                                                                              \
		struct kplug_circle full;                                                                              \
		KPLUG_OWN_LINE atomic_uint reader_flag; /* 1: readers sleeping, or about to */                         \
		KPLUG_OWN_LINE atomic_ullong free_entries[capacity];                                                   \
		KPLUG_OWN_LINE atomic_ullong full_entries[capacity];                                                   \
		KPLUG_OWN_LINE type slots[capacity];                                                                   \
	};                                                                                                             \
	KPLUG_SYNC_FN bool x##_push(struct x *q, const type *from)                                                     \
	{                                                                                                              \
		unsigned int slot = kplug_take(&q->free, q->free_entries, capacity, 0);                                \
		if (slot >= (capacity))                                                                                \
			return false;                                                                                  \
		q->slots[slot] = *from;                                                                                \
		return kplug_put(&q->full, q->full_entries, capacity, slot);                                           \
	}                                                                                                              \
	KPLUG_SYNC_FN bool x##_pop(struct x *q, type *to)                                                              \
	{                                                                                                              \
		unsigned int slot = kplug_take(&q->full, q->full_entries, capacity, 1);                                \
		if (slot >= (capacity))                                                                                \
			return false;                                                                                  \
		*to = q->slots[slot];                                                                                  \
		kplug_put(&q->free, q->free_entries, capacity, slot);                                                  \
		return true;                                                                                           \
	}                                                                                                              \
	struct x

#endif /* KPLUG_SYNC_H */
