// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* shows: cli:irq-list cli:irq-resume cli:irq-trigger cli:irq-wait */
/* The commands on a device that is played: interrupts. */
#include "fake_machine.h"

static void put_records(void)
{
	const struct kplug_record records[] = {
		{ .type = KPLUG_RECORD_IRQ,
		  .vector = 1,
		  .count = 2,
		  .notify = 3,
		  .sequence = MANY,
		  .time = 5,
		  .coalesced = 1,
		  .lost = 7,
		  .flags = KPLUG_RECORD_STOPPED,
		  .data_size = 2,
		  .data = { 0, 0xff } },
		{ .type = KPLUG_RECORD_EVENT, .vector = KPLUG_EVENT_REMOVE, .count = 1, .time = 6 },
	};

	assert_int_equal(pwrite(fake.node, records, sizeof(records), 0), sizeof(records));
}

static void irq_waiting(void **state)
{
	const struct result *r;
	cJSON *json;
	char *second;

	(void)state;
	put_records();
	assert_done(run_cli("irq", "wait", "soft0"), "irq vector 1 count 2 notify 3 sequence 9007199254740993 time 5 "
						     "coalesced 1 lost 7 data 00ff stopped\n");
	assert_int_equal(fake.enabled, 0);
	assert_int_equal(fake.was_enabled, 1);
	assert_int_equal(fake.unmasked, 0);
	assert_done(run_cli("irq", "wait", "soft0", "1", "0", "--count", "2", "--unmask"),
		    "irq vector 1 count 2 notify 3 sequence 9007199254740993 time 5 coalesced 1 lost 7 "
		    "data 00ff stopped\nevent remove count 1 time 6\n");
	assert_int_equal(fake.enabled, 0);
	assert_int_equal(fake.was_enabled, 3);
	assert_int_equal(fake.unmasked, 2);
	r = run_cli("irq", "wait", "soft0", "--count", "2", "--json", "--timeout", "1000");
	second = strchr(r->out, '\n') + 1;
	json = cJSON_Parse(second);
	assert_text(json, "event", "remove");
	check_keys(json);
	cJSON_Delete(json);
	*second = '\0';
	json = parse_output(r);
	assert_text(json, "type", "irq");
	cJSON_Delete(json);
	assert_error(run_cli("irq", "wait", "soft0", "2"), 1, "vector 2 of device soft0");
	assert_error(run_cli("irq", "wait", "soft0", "0", "0"), 1, "vector 0 of device soft0");
}

static void irq_commands(void **state)
{
	(void)state;
	assert_done(run_cli("irq", "trigger", "soft0", "1"), "");
	assert_int_equal(fake.triggered, 2);
	assert_error(run_cli("irq", "trigger", "soft0", "2"), 1, "vector 2 of device soft0");
	assert_done(run_cli("irq", "resume", "soft0", "1"), "");
	assert_int_equal(fake.resumed, 2);
	assert_error(run_cli("irq", "resume", "soft0", "2"), 1, "vector 2 of device soft0");
}

static void irq_listing(void **state)
{
	cJSON *json;

	(void)state;
	assert_done(run_cli("irq", "list", "soft0"),
		    "VECTOR  IRQ  USERS  HANDLED           UNCLAIMED  DEFERRED  WAKEUPS  LONGEST-NS  STATE\n"
		    "0       30   1      9007199254740993  2          3         4        5           ok\n"
		    "1       31   1      0                 2          3         4        5           faulty\n");
	json = parse_output(run_cli("irq", "list", "soft0", "--json"));
	assert_text(cJSON_GetArrayItem(json, 1), "state", "faulty");
	cJSON_Delete(json);
}

/* In a child, since it stays until a signal. The node's memfd never lacks records, as a busy device. */
static void irq_enabling(void **state)
{
	int status, ends[2];
	char line[128];
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		_exit(cli_main(6, (char *[]){ (char *)"kplug", (char *)"irq", (char *)"enable", (char *)"soft0",
					      (char *)"1", (char *)"--data=0102", NULL }));
	}
	n = read(ends[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_string_equal(line, "soft0: vector 1 is enabled until this command ends\n");
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(irq_waiting),
		FAKE_TEST(irq_commands),
		FAKE_TEST(irq_listing),
		FAKE_TEST(irq_enabling),
	};

	return FAKE_RUN("cli irq", tests);
}
