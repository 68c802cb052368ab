// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* shows: cli:buffer-alloc cli:buffer-dump cli:buffer-fill cli:buffer-free cli:buffer-list cli:info cli:list */
/* The commands on a device that is played: listing devices and buffers; buffers. */
#include "fake_machine.h"

static void list(void **state)
{
	const struct result *r;
	cJSON *json;

	(void)state;
	assert_done(run_cli("list"), "NAME   IDS        DRIVER      IRQ     BUFFERS  PLUGIN\n"
				     "soft0  1234:11e8  kplug_soft  soft 2  1        edu\n");
	r = run_cli(NULL);
	assert_done(r, "NAME          IDS        DRIVER      IRQ     BUFFERS  PLUGIN\n"
		       "0000:00:01.0  8086:1237  -           -       -        -\n"
		       "soft0         1234:11e8  kplug_soft  soft 2  1        edu\n");
	json = parse_output(run_cli("list", "--all", "--json"));
	assert_int_equal(cJSON_GetArraySize(json), 2);
	assert_text(cJSON_GetArrayItem(json, 0), "name", "0000:00:01.0");
	assert_text(cJSON_GetArrayItem(json, 0), "vendor", "0x8086");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "plugin")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "vectors")));
	assert_text(cJSON_GetArrayItem(json, 1), "plugin", "edu");
	assert_text(cJSON_GetArrayItem(json, 1), "irq_mode", "soft");
	cJSON_Delete(json);
}

static void info(void **state)
{
	const struct result *r = run_cli("info", "soft0");
	cJSON *json;

	(void)state;
	assert_int_equal(r->code, 0);
	assert_non_null(strstr(r->out, "ids         1234:11e8\n"));
	assert_non_null(strstr(r->out, "bar         0: 4096 bytes\n"));
	assert_non_null(strstr(
		r->out, "handled     vector 0: 9007199254740993, longest run 5 ns\nfaulty      vector 1: the plugin"));
	assert_non_null(strstr(r->out, "plugin      edu\n"));
	assert_non_null(strstr(r->out, "hook        interrupt, program id 13\n"));
	fake.has_plugin = false;
	assert_non_null(strstr(run_cli("info", "soft0")->out, "plugin      none\n"));
	fake.has_plugin = true;
	r = run_cli("info", "soft0", "--json");
	assert_non_null(strstr(r->out, "9007199254740993"));
	json = parse_output(r);
	assert_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "buffers"), 0), "dma_addr", "0xfffffff000000000");
	assert_text(cJSON_GetObjectItem(json, "plugin"), "version", "1.0");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "interrupts")), 2);
	cJSON_Delete(json);
}

static void absent_devices(void **state)
{
	(void)state;
	assert_error(run_cli("info", "soft1"), 1, "device soft1: unknown");
	assert_error(run_cli("info", "0000:00:01.0"), 1, "has no driver; bind it");
	assert_error(run_cli("buffer", "list", "soft1", "--json"), 1, "device soft1: unknown");
	assert_error(run_cli("plugin", "unload", "soft1"), 1, "device soft1: unknown");
	assert_error(run_cli("call", "soft1", "1"), 1, "device soft1: unknown");
	assert_error(run_cli("reg", "read", "soft1", "0", "0"), 1, "device soft1: unknown");
	assert_error(run_cli("irq", "wait", "soft1"), 1, "device soft1: unknown");
}

/* What is wrong with the device comes before what is wrong with a module. */
static void absent_modules(void **state)
{
	(void)state;
	assert_error(run_cli("soft", "create", "soft1"), 1, "soft1: module kplug_soft not found in /tmp/kplug-cli-");
	assert_error(run_cli("bind", "0000:00:01.0"), 1, "0000:00:01.0: module kplug_pci not found in /tmp/kplug-cli-");
	assert_error(run_cli("bind", "0000:00:02.0"), 1, "no such PCI function");
}

static void buffer_listing(void **state)
{
	const char *want = "DEVICE  NAME  BYTES  KIND        DMA-ADDR            MAP-ID  KEPT  MODE  OWNER  GROUP\n"
			   "soft0   dma   8192   contiguous  0xfffffff000000000  77      yes   0640  4243   root\n";
	cJSON *json;

	(void)state;
	assert_done(run_cli("buffer", "list"), want);
	assert_done(run_cli("buffer", "list", "soft0"), want);
	fake.parts = 2;
	assert_non_null(strstr(run_cli("buffer", "list")->out, "  dma:0  "));
	fake.parts = 0;
	json = parse_output(run_cli("buffer", "list", "--json"));
	assert_text(cJSON_GetArrayItem(json, 0), "device", "soft0");
	assert_text(cJSON_GetArrayItem(json, 0), "kind", "contiguous");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "keep")));
	cJSON_Delete(json);
}

static void buffer_allocation(void **state)
{
	cJSON *json;

	(void)state;
	assert_done(run_cli("buffer", "alloc", "soft0", "new", "8K", "--kind", "paged", "--dma-bits", "32"),
		    "new: 8192 bytes, paged, device address 0xfffffff000000000, map id 78\n");
	assert_int_equal(fake.alloc.bytes, 8192);
	assert_int_equal(fake.alloc.kind, KPLUG_BUFFER_PAGED);
	assert_int_equal(fake.alloc.dma_bits, 32);
	assert_true(fake.kept);
	run_cli("buffer", "alloc", "soft0", "new", "1", "--kind", "wc");
	assert_int_equal(fake.alloc.kind, KPLUG_BUFFER_WC);
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--kind", "imported"), 2, "is none of auto");
	json = parse_output(run_cli("buffer", "alloc", "soft0", "new", "100", "--json"));
	assert_int_equal(fake.alloc.kind, KPLUG_BUFFER_AUTO);
	assert_text(json, "name", "new");
	assert_text(json, "dma_addr", "0xfffffff000000000");
	assert_int_equal(cJSON_GetObjectItem(json, "bytes")->valueint, 100);
	assert_int_equal(cJSON_GetArraySize(json), 6);
	cJSON_Delete(json);
	assert_error(run_cli("buffer", "alloc", "soft0", "taken", "1"), 1, "buffer taken");
	assert_done(run_cli("buffer", "alloc", "soft0", "new", "1G"),
		    "new: 1073741824 bytes, paged, device address 0xfffffff000000000, map id 78\n"
		    "  from byte 536870912 on: device address 0xfffffff000000000, map id 78\n");
	assert_int_equal(fake.alloc.part, 0);
	assert_true(fake.kept);
	assert_int_equal(fake.alloc.parts, 2);
	assert_int_equal(fake.alloc.bytes, KPLUG_BUFFER_MAX);
	json = parse_output(run_cli("buffer", "alloc", "soft0", "new", "1073741825", "--json"));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "maps")), 3);
	cJSON_Delete(json);
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "70000G"), 1, "more than 65535 parts");
	fake.alloc_max = 40000;
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "64K"), 1, "not in one piece");
	assert_done(run_cli("buffer", "alloc", "soft0", "new", "64K", "--retry-smaller", "--timeout", "60000"),
		    "new: 32768 bytes, paged, device address 0xfffffff000000000, map id 78\n");
	assert_in_range(fake.alloc.timeout_ms, 1, 60000);
	fake.alloc_max = 0;
	run_cli("buffer", "alloc", "soft0", "new", "1");
	assert_int_equal(fake.alloc.node, 0);
	run_cli("buffer", "alloc", "soft0", "new", "1", "--node", "0");
	assert_int_equal(fake.alloc.node, 1);
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--node", "-1"), 2, "node");
	run_cli("buffer", "alloc", "soft0", "new", "1", "--mode", "0600");
	assert_int_equal(fake.alloc.flags, KPLUG_BUFFER_RIGHTS);
	assert_int_equal(fake.alloc.mode, 0600);
	assert_int_equal(fake.alloc.uid, KPLUG_SELF);
	assert_int_equal(fake.alloc.gid, KPLUG_SELF);
	run_cli("buffer", "alloc", "soft0", "new", "1", "--mode", "0640", "--owner", "4243", "--group", "root");
	assert_int_equal(fake.alloc.mode, 0640);
	assert_int_equal(fake.alloc.uid, 4243);
	assert_int_equal(fake.alloc.gid, 0);
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--mode", "0700"), 2, "outside of 0666");
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--mode", "rw"), 2, "not an octal number");
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--owner", "no-such"), 2, "'no-such' is neither");
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "1", "--group", ""), 2, "'' is neither");
	fake.alloc_max = 1;
	assert_error(run_cli("buffer", "alloc", "soft0", "new", "5000", "--retry-smaller"), 1, "not in one piece");
	fake.alloc_max = 0;
	assert_done(run_cli("buffer", "free", "soft0", "dma"), "");
	assert_error(run_cli("buffer", "free", "soft0", "dma"), 1, "buffer dma on device soft0");
}

static void limits(void **state)
{
	(void)state;
	fake.limit[KPLUG_LIMIT_BYTES] = UINT64_MAX;
	assert_done(run_cli("limit", "soft0", "low_bytes=4K", "files=10"), "");
	assert_done(run_cli("limit", "soft0"),
		    "LIMIT      USED  MAX\nbytes      1     none\nlow_bytes  2     4096\nbuffers    3     0\n"
		    "locks      4     0\nfiles      5     10\n");
	assert_done(run_cli("limit", "soft0", "files=none"), "");
	assert_true(fake.limit[KPLUG_LIMIT_FILES] == UINT64_MAX);
	assert_done(run_cli("limit", "soft0", "--json"), "{\n\t\"bytes\":\t{\n\t\t\"used\":\t1,\n\t\t\"max\":"
							 "\tnull\n\t},\n\t\"low_bytes\":\t{\n\t\t\"used\":\t2,"
							 "\n\t\t\"max\":\t4096\n\t},\n\t\"buffers\":\t{\n\t\t\"used\":"
							 "\t3,\n\t\t\"max\":\t0\n\t},\n\t\"locks\":\t{"
							 "\n\t\t\"used\":\t4,\n\t\t\"max\":\t0\n\t},\n\t\"files\":\t{"
							 "\n\t\t\"used\":\t5,\n\t\t\"max\":\tnull\n\t}"
							 "\n}\n");
	assert_error(run_cli("limit", "soft0", "files"), 2, "'files' is not LIMIT=MAX");
	assert_error(run_cli("limit", "soft0", "cows=3"), 2, "'cows' is no limit; bytes,");
	assert_error(run_cli("limit", "soft0", "files=-1"), 2, "files");
	assert_error(run_cli("limit", "soft0", "files="), 2, "files");
	assert_error(run_cli("limit", "soft1"), 1, "device soft1: unknown");
}

static void buffer_dumping(void **state)
{
	off_t at = (off_t)KPLUG_MMAP_BUFFER(BUFFER_ID);
	const struct result *r;

	(void)state;
	assert_int_equal(pwrite(fake.node, "hello", 5, at + 0x10), 5);
	assert_done(run_cli("buffer", "dump", "soft0", "dma", "--offset", "0x10", "--length", "6"),
		    "00000010  68 65 6c 6c 6f 00                                 |hello.|\n00000016\n");
	assert_done(run_cli("buffer", "dump", "soft0", "dma", "--raw", "--offset", "16", "--length", "5"), "hello");
	r = run_cli("buffer", "dump", "soft0", "dma");
	assert_int_equal(r->code, 0);
	assert_non_null(strstr(r->out, "\n*\n00002000\n"));
	assert_done(run_cli("buffer", "dump", "soft0", "dma", "--offset", "8K"), "00002000\n");
	assert_int_equal(fake.accesses, 6); /* of three with bytes in them */
	fake.access_errno = ENOPKG; /* no kplug_memory, so no imported buffer */
	assert_done(run_cli("buffer", "dump", "soft0", "dma", "--offset", "8190"),
		    "00001ffe  00 00                                             |..|\n00002000\n");
	fake.access_errno = EINTR;
	assert_error(run_cli("buffer", "dump", "soft0", "dma"), 1, "interrupted by a signal");
	fake.access_errno = 0;
	assert_error(run_cli("buffer", "dump", "soft0", "dma", "--offset", "8193"), 1,
		     "is past the end; the buffer has 8192");
	assert_error(run_cli("buffer", "dump", "soft0", "dma", "--offset", "1", "--length", "8K"), 1, "past the end");
	assert_error(run_cli("buffer", "dump", "soft0", "dma", "--offset", "1", "--length", "18446744073709551615"), 1,
		     "past the end");
	assert_error(run_cli("buffer", "dump", "soft0", "other"), 1, "buffer other on device soft0");
}

static void buffer_filling(void **state)
{
	uint8_t mem[BYTES];

	(void)state;
	assert_done(run_cli("buffer", "fill", "soft0", "dma", "--byte", "0xa5"), "");
	assert_done(run_cli("buffer", "fill", "soft0", "dma", "--pattern=count", "--offset=0x101", "--length=3"), "");
	assert_int_equal(pread(fake.map, mem, BYTES, 0), BYTES);
	assert_memory_equal(mem + 0x100, "\xa5\x01\x02\x03\xa5", 5);
	assert_int_equal(mem[0], 0xa5);
	assert_int_equal(mem[BYTES - 1], 0xa5);
	assert_error(run_cli("buffer", "fill", "soft0", "dma", "--byte", "1", "--length", "8193"), 1, "past the end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(list),	   FAKE_TEST(info),	      FAKE_TEST(absent_devices),
		FAKE_TEST(absent_modules), FAKE_TEST(buffer_listing), FAKE_TEST(buffer_allocation),
		FAKE_TEST(buffer_dumping), FAKE_TEST(buffer_filling), FAKE_TEST(limits),
	};

	return FAKE_RUN("cli buffers", tests);
}
