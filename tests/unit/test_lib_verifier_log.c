// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The lines that are picked from verifier logs, which are as kernels 6.12 and 7.3 write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/plugin/plugin.h"

static void expect(const char *log, const char *lines)
{
	char out[1024];

	memset(out, 'x', sizeof(out));
	kp_verifier_summary(log, out, sizeof(out));
	assert_string_equal(out, lines);
}

static void test_bad_access(void **state)
{
	(void)state;
	expect("reg type unsupported for arg#0 function call#28\n"
	       "0: R1=ctx() R10=fp0\n"
	       "; int call(unsigned long long *ctx) @ edu.bpf.c:40\n"
	       "0: (79) r6 = *(u64 *)(r1 +0)\n"
	       "func 'kplug_call' arg0 has btf_id 103 type STRUCT 'kplug_event'\n"
	       "1: R1=ctx() R6_w=trusted_ptr_kplug_event()\n"
	       "; ev->result = 1; @ edu.bpf.c:45\n"
	       "1: (b7) r1 = 1                        ; R1_w=1\n"
	       "2: (7b) *(u64 *)(r6 +64) = r1\n"
	       "only read is supported\n"
	       "processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	       "  ; ev->result = 1; @ edu.bpf.c:45\n"
	       "  2: (7b) *(u64 *)(r6 +64) = r1\n"
	       "  only read is supported");
}

static void test_several_messages(void **state)
{
	(void)state;
	expect("; buf.x[i] = 0; @ edu.bpf.c:9\n"
	       "12: (73) *(u8 *)(r1 +0) = r2\n"
	       "R1 unbounded memory access, make sure to bounds check any such access\n"
	       "math between map_value pointer and register with unbounded min value is not allowed\n"
	       "verification time 57 usec\n"
	       "stack depth 0\n"
	       "processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0\n",
	       "  ; buf.x[i] = 0; @ edu.bpf.c:9\n"
	       "  12: (73) *(u8 *)(r1 +0) = r2\n"
	       "  R1 unbounded memory access, make sure to bounds check any such access\n"
	       "  math between map_value pointer and register with unbounded min value is not allowed");
}

/* A message of an earlier path is no reason for this refusal. */
static void test_state_between(void **state)
{
	(void)state;
	expect("; first @ a.c:1\n"
	       "0: (85) call bpf_get_prandom_u32#7\n"
	       "an old message\n"
	       "from 3 to 7: R0=0 R10=fp0\n"
	       "7: R0=0 R10=fp0\n"
	       "; last @ a.c:2\n"
	       "7: (95) exit\n"
	       "At program exit the register R0 has unknown scalar value\n",
	       "  ; last @ a.c:2\n"
	       "  7: (95) exit\n"
	       "  At program exit the register R0 has unknown scalar value");
}

/* Where it comes from, and what it goes back for, is no reason either. */
static void test_paths(void **state)
{
	(void)state;
	expect("; if (x) @ edu.bpf.c:7\n"
	       "3: (15) if r1 == 0x0 goto pc+2\n"
	       "mark_precise: frame0: last_idx 3 first_idx 0 subseq_idx -1\n"
	       "from 3 to 6: R1=0 R10=fp0\n"
	       "; *p = 1; @ edu.bpf.c:9\n"
	       "6: (62) *(u32 *)(r1 +0) = 1\n"
	       "R1 invalid mem access 'scalar'\n"
	       "processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	       "  ; *p = 1; @ edu.bpf.c:9\n"
	       "  6: (62) *(u32 *)(r1 +0) = 1\n"
	       "  R1 invalid mem access 'scalar'");
}

static void test_no_source_lines(void **state)
{
	(void)state;
	expect("0: R1=ctx() R10=fp0\n"
	       "0: (61) r0 = *(u32 *)(r1 +800)\n"
	       "func 'kplug_call' doesn't have 101-th argument\n"
	       "invalid bpf_context access off=800 size=4\n",
	       "  0: (61) r0 = *(u32 *)(r1 +800)\n"
	       "  func 'kplug_call' doesn't have 101-th argument\n"
	       "  invalid bpf_context access off=800 size=4");
}

static void test_old_message_without_source_lines(void **state)
{
	(void)state;
	expect("0: (85) call bpf_get_prandom_u32#7\n"
	       "an old message\n"
	       "1: (95) exit\n"
	       "R0 !read_ok\n",
	       "  1: (95) exit\n"
	       "  R0 !read_ok");
}

static void test_no_instructions(void **state)
{
	(void)state;
	expect("Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n"
	       "processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	       "  Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable");
}

static void test_without_final_line_end(void **state)
{
	(void)state;
	expect("1: (95) exit\nR0 !read_ok", "  1: (95) exit\n  R0 !read_ok");
}

static void test_no_more_than_four_messages(void **state)
{
	(void)state;
	expect("one\ntwo\nthree\nfour\nfive\n", "  two\n  three\n  four\n  five");
}

static void test_empty(void **state)
{
	(void)state;
	expect("", "");
}

static void test_blank_lines(void **state)
{
	(void)state;
	expect("\n\n\nreason\n\n\n", "  reason");
}

static void test_long_line_is_cut(void **state)
{
	char log[1001], want[203];

	(void)state;
	memset(log, 'a', sizeof(log) - 1);
	log[sizeof(log) - 1] = '\0';
	memset(want, 'a', sizeof(want) - 1);
	want[0] = want[1] = ' ';
	want[sizeof(want) - 1] = '\0';
	expect(log, want);
}

static void test_small_output_is_terminated(void **state)
{
	char out[8];

	(void)state;
	kp_verifier_summary("1: (95) exit\nR0 !read_ok\n", out, sizeof(out));
	assert_string_equal(out, "  1: (9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_access),
		cmocka_unit_test(test_several_messages),
		cmocka_unit_test(test_state_between),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_no_source_lines),
		cmocka_unit_test(test_old_message_without_source_lines),
		cmocka_unit_test(test_no_instructions),
		cmocka_unit_test(test_without_final_line_end),
		cmocka_unit_test(test_no_more_than_four_messages),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_blank_lines),
		cmocka_unit_test(test_long_line_is_cut),
		cmocka_unit_test(test_small_output_is_terminated),
	};

	return cmocka_run_group_tests_name("lib verifier log", tests, NULL, NULL);
}
