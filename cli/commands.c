// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The table of commands, and who finds and runs a row of it. */
#include "cli.h"

#ifndef KPLUG_VERSION
#define KPLUG_VERSION "unknown"
#endif

const struct command commands[] = {
	{ "list", list_devices, 0, 0, OPT(ALL) | OPT(JSON), "[--all] [--json]",
	  "Lists the devices of kplug: PCI functions bound to it, and software devices.\n"
	  "--all adds all other PCI functions. kplug without a command is kplug list --all." },
	{ "info", show_info, 1, 1, OPT(JSON), "DEV [--json]",
	  "Shows a device, its interrupts, its buffers and its plugin." },
	{ "bind", bind_device, 1, 1, OPT(FORCE), "PCI-ADDR [--force]",
	  "Gives a PCI function (0000:00:04.0) to kplug.\n"
	  "--force takes it from the driver that has it." },
	{ "unbind", unbind_device, 1, 1, 0, "PCI-ADDR",
	  "Takes a PCI function from kplug.\n"
	  "Its plugin and its kept buffers end." },
	{ "soft create", soft_create, 1, 1, OPT(VECTORS) | OPT(DMA_BITS), "NAME [--vectors N] [--dma-bits N]",
	  "Makes a software device, by default with 1 vector and 28 bits of DMA address." },
	{ "soft delete", soft_delete, 1, 1, 0, "NAME", "Removes a software device." },
	{ "buffer alloc", buffer_alloc, 3, 3,
	  OPT(KIND) | OPT(DMA_BITS) | OPT(NODE) | OPT(RETRY_SMALLER) | OPT(TIMEOUT) | OPT(MODE) | OPT(OWNER) |
		  OPT(GROUP) | OPT(JSON),
	  "DEV NAME SIZE [--kind KIND] [--dma-bits N] [--node N] [--retry-smaller] [--timeout MS] [--mode M] "
	  "[--owner USER] [--group GROUP] [--json]",
	  "Allocates a DMA buffer, which stays until buffer free or the device's removal.\n"
	  "KIND is auto, paged, contiguous, arena or wc; SIZE is in bytes, decimal or 0x hex, with K, M or G for\n"
	  "powers of 1024. --node has it on that NUMA node or not at all. --retry-smaller takes what there is, to an\n"
	  "eighth. --timeout ends the search for a contiguous place after so many milliseconds. --mode (octal, 0666\n"
	  "by default), --owner and --group say who may use it, as with a file." },
	{ "buffer list", buffer_list, 0, 1, OPT(JSON), "[DEV] [--json]", "Lists the buffers of one device or of all." },
	{ "buffer holders", buffer_holders, 2, 2, OPT(JSON), "DEV NAME [--json]",
	  "Lists the processes and BPF programs that hold a buffer, but not its pins (root)." },
	{ "buffer free", buffer_free, 2, 2, 0, "DEV NAME",
	  "Lets go of a buffer made by buffer alloc.\n"
	  "It ends when no program, pin or plugin holds it either." },
	{ "buffer dump", buffer_dump, 2, 2, OPT(OFFSET) | OPT(LENGTH) | OPT(RAW),
	  "DEV NAME [--offset N] [--length N] [--raw]",
	  "Prints a buffer's bytes as hexdump -C does.\n"
	  "--raw writes the bytes themselves." },
	{ "buffer fill", buffer_fill, 2, 2, OPT(BYTE) | OPT(PATTERN) | OPT(OFFSET) | OPT(LENGTH),
	  "DEV NAME --byte N | --pattern count [--offset N] [--length N]",
	  "Fills a buffer with one byte or with a pattern.\n"
	  "--pattern count makes each byte the low 8 bits of its offset in the buffer." },
	{ "plugin load", plugin_load, 2, 2, OPT(BUFFER) | OPT(FORCE) | OPT(PIN),
	  "DEV FILE [--buffer NAME] [--force] [--pin]",
	  "Loads a plugin's object file on a device that has none.\n"
	  "--buffer names the plugin's buffer, the device's only one by default. --force loads it on a\n"
	  "device that it is not for. --pin pins its programs and maps in /sys/fs/bpf/kplug/DEV.\n"
	  "With --verbose a refusal shows the verifier's whole log." },
	{ "plugin swap", plugin_swap, 2, 2, OPT(BUFFER) | OPT(FORCE) | OPT(FRESH) | OPT(PIN),
	  "DEV FILE [--buffer NAME] [--force] [--fresh] [--pin]",
	  "Replaces the running plugin, all hooks at one instant.\n"
	  "Its maps and globals carry over; --fresh starts without them. If anything is refused, the\n"
	  "running one has never stopped. --buffer, --force and --pin are as for plugin load." },
	{ "plugin rollback", plugin_rollback, 1, 1, 0, "DEV",
	  "Goes back to the version before the last swap.\n"
	  "A second rollback goes forward again." },
	{ "plugin unload", plugin_unload, 1, 1, 0, "DEV", "Unloads a device's plugin." },
	{ "plugin check", plugin_check, 1, 1, OPT(JSON), "FILE [--json]",
	  "Has the verifier look at a plugin, without loading it on a device.\n"
	  "Shows of each program its instructions, its longest path, its stack and what it uses, and\n"
	  "warns of what acts on a bystander or outlives the plugin." },
	{ "plugin clean", plugin_clean, 0, 0, 0, "",
	  "Removes pins of plugins that do not run any more.\n"
	  "They are left in /sys/fs/bpf/kplug by devices that have gone and by killed commands." },
	{ "plugin list", plugin_list, 0, 0, OPT(JSON), "[--json]", "Lists the plugins of all devices." },
	{ "plugin show", plugin_show, 1, 1, OPT(JSON), "DEV [--json]",
	  "Shows a device's plugin, its programs, maps and statistics.\n"
	  "Runs are counted while the sysctl kernel.bpf_stats_enabled is 1." },
	{ "plugin new", plugin_new, 1, 1, OPT(FROM_LIST) | OPT(INCLUDE), "NAME --from-list FILE [--include DIR]",
	  "Makes a plugin, NAME.bpf.c and NAME.bpf.o, from a list of register accesses.\n"
	  "kplug(1) tells the list's language. --include is where kplug.bpf.h is. Needs clang." },
	{ "plugin set", plugin_set, 1, 1 + SETTINGS_MAX, OPT(JSON), "DEV [KEY=VALUE...] [--json]",
	  "Lists or changes the settings of a device's plugin, while it runs." },
	{ "plugin observe", plugin_observe, 1, 1, OPT(OBJECT) | OPT(COUNT) | OPT(TIMEOUT) | OPT(JSON),
	  "DEV [--object FILE] [--count N] [--timeout MS] [--json]",
	  "Prints a line for each event of a device and its answer.\n"
	  "It looks on, and answers nothing. --count ends after so many, --timeout fails when there was\n"
	  "none for so long. --object is the observer's file, by default the installed one." },
	{ "plugin info", plugin_info, 1, 1, OPT(JSON), "FILE [--json]",
	  "Shows what a plugin's object file says of itself; needs no device." },
	{ "call", call_plugin, 2, 2, OPT(DATA) | OPT(DATA_FILE) | OPT(SIZE) | OPT(JSON),
	  "DEV MESSAGE [--data HEX | --data-file FILE|-] [--size N] [--json]",
	  "Calls the plugin with a message, a number, and prints the result and the reply.\n"
	  "--data and --data-file give the argument's bytes, --size zero-fills it to so many.\n"
	  "A negative result is exit code 1." },
	{ "reg read", reg_read, 3, 3, OPT(WIDTH), "DEV BAR OFFSET [--width 8|16|32|64]",
	  "Prints a register. --width is in bits, 32 by default." },
	{ "reg write", reg_write, 4, 4, OPT(WIDTH), "DEV BAR OFFSET VALUE [--width 8|16|32|64]",
	  "Writes a register. --width is in bits, 32 by default." },
	{ "irq enable", irq_enable, 2, 2, OPT(DATA), "DEV VECTOR [--data HEX]",
	  "Enables a vector and keeps it so until SIGINT or SIGTERM.\n"
	  "It stays in the foreground: an enable belongs to the open file, and ends with it.\n"
	  "--data goes to the plugin's int_enable hook." },
	{ "irq wait", irq_wait, 1, 1 + KPLUG_VECTOR_MAX, OPT(COUNT) | OPT(TIMEOUT) | OPT(UNMASK) | OPT(JSON),
	  "DEV [VECTOR...] [--count N] [--timeout MS] [--unmask] [--json]",
	  "Enables vectors (0 by default) while it runs, and prints a line for each record.\n"
	  "--count ends after so many records: 1 by default, 0 is never. --timeout fails when there was\n"
	  "none for so long. --unmask lets a masked INTx line through again after each record." },
	{ "irq list", irq_list, 1, 1, OPT(JSON), "DEV [--json]",
	  "Lists a device's vectors: counters, number in /proc/irq, state." },
	{ "irq resume", irq_resume, 2, 2, 0, "DEV VECTOR", "Lets a vector through again that a guard has stopped." },
	{ "irq latency", irq_latency, 1, 2, OPT(COUNT) | OPT(TIMEOUT) | OPT(LISTEN) | OPT(JSON),
	  "DEV [VECTOR] [--count N] [--timeout MS] [--listen] [--json]",
	  "Raises a vector 1000 times and shows how long plugin and program took.\n"
	  "VECTOR is 0 by default. --count sets how many times. --listen waits for the device's own\n"
	  "interrupts instead. --timeout, 10000 by default, fails when there was none for so many\n"
	  "milliseconds." },
	{ "irq trigger", irq_trigger, 2, 2, 0, "DEV VECTOR", "Raises a vector by software." },
	{ 0 },
};

/* How many words of the command line the name is; 0 if it is another. */
static int match(const char *name, int count, char **words)
{
	size_t first = strcspn(name, " ");

	if (strlen(words[0]) != first || memcmp(name, words[0], first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return count > 1 && !strcmp(words[1], name + first + 1) ? 2 : 0;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct args a;
	int err;

	err = args_parse(&a, c, argc, argv);
	if (err)
		return err;
	if (has(&a, OPT_HELP))
		return print_command_help(c);
	if (has(&a, OPT_VERBOSE))
		be_verbose();
	return c->run(&a);
}

static bool is_word(const char *word, const char *one, const char *other)
{
	return !strcmp(word, one) || !strcmp(word, other);
}

static int help_on(int argc, char **argv)
{
	if (!argc)
		return print_help(NULL);
	for (const struct command *c = commands; c->name; c++)
		if (match(c->name, argc, argv) == argc)
			return print_command_help(c);
	if (argc == 1 && is_group(argv[0]))
		return print_help(argv[0]);
	return no_such_command(argc, argv);
}

static int dispatch(int argc, char **argv)
{
	static char *list_all[] = { "list", "--all", NULL };

	for (; argc && is_word(argv[0], "-v", "--verbose"); argc--, argv++)
		be_verbose();
	if (!argc)
		return run(commands, 2, list_all);
	if (is_word(argv[0], "--help", "-h"))
		return print_help(NULL);
	if (!strcmp(argv[0], "help"))
		return help_on(argc - 1, argv + 1);
	if (!strcmp(argv[0], "--version"))
		return printf("kplug %s (API %d)\n", KPLUG_VERSION, KPLUG_API_VERSION) < 0;
	for (const struct command *c = commands; c->name; c++) {
		int words = match(c->name, argc, argv);

		if (words)
			return run(c, argc - words + 1, argv + words - 1);
	}
	return no_such_command(argc, argv);
}

int cli_main(int argc, char **argv)
{
	int ret = dispatch(argc > 1 ? argc - 1 : 0, argv + 1);

	/* A full disk must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && ret == CLI_DONE)
		ret = failed("standard output: %m");
	return ret;
}
