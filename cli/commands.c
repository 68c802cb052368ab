// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The table of commands, and its dispatcher. */
#include "cli.h"

#ifndef KPLUG_VERSION
#define KPLUG_VERSION "unknown"
#endif

const struct command commands[] = {
	{ "list", list_devices, 0, 0, OPT(ALL) | OPT(JSON), "[--all] [--json]",
	  "List kplug's devices: PCI functions bound to it, and software devices.\n"
	  "--all adds all other PCI functions. kplug without a command is kplug list --all." },
	{ "info", show_info, 1, 1, OPT(JSON), "DEV [--json]",
	  "Show a device with its interrupts, buffers and plugin." },
	{ "bind", bind_device, 1, 1, OPT(FORCE) | OPT(RESET), "PCI-ADDR [--force] [--reset needed|always|never]",
	  "Bind a PCI function (0000:00:04.0) to kplug.\n"
	  "--force unbinds it from its present driver first. --reset says when kplug resets it: if memory that\n"
	  "it could still write is to be given back (needed, the default), whenever it is unbound, too (always),\n"
	  "or never." },
	{ "unbind", unbind_device, 1, 1, 0, "PCI-ADDR",
	  "Unbind a PCI function from kplug.\n"
	  "Its plugin is unloaded and its kept buffers are freed." },
	{ "limit", limit_device, 1, 1 + KPLUG_LIMIT_COUNT, OPT(JSON), "DEV [LIMIT=MAX...] [--json]",
	  "Limit what programs without CAP_SYS_RESOURCE use of a device, or list the limits.\n"
	  "LIMIT is bytes (of memory), low_bytes (of memory below a narrow DMA mask), buffers, locks or files\n"
	  "(open ones). MAX is a number, with K, M or G for powers of 1024, or none. A limit ends nothing that\n"
	  "there is, and lasts until the device is unbound." },
	{ "soft create", soft_create, 1, 1, OPT(VECTORS) | OPT(DMA_BITS), "NAME [--vectors N] [--dma-bits N]",
	  "Create a software device.\n"
	  "--vectors is the number of interrupt vectors (default: 1), --dma-bits the width of its DMA addresses\n"
	  "(default: 28)." },
	{ "soft delete", soft_delete, 1, 1, 0, "NAME", "Delete a software device." },
	{ "buffer alloc", buffer_alloc, 3, 3,
	  OPT(KIND) | OPT(DMA_BITS) | OPT(NODE) | OPT(RETRY_SMALLER) | OPT(TIMEOUT) | OPT(MODE) | OPT(OWNER) |
		  OPT(GROUP) | OPT(JSON),
	  "DEV NAME SIZE [--kind KIND] [--dma-bits N] [--node N] [--retry-smaller] [--timeout MS] [--mode M] "
	  "[--owner USER] [--group GROUP] [--json]",
	  "Allocate a DMA buffer and keep it until buffer free or the device's removal.\n"
	  "SIZE is in bytes: decimal, 0x hex, or with K, M or G for powers of 1024. KIND is auto, paged,\n"
	  "contiguous, arena or wc. --dma-bits limits the buffer's device addresses to N bits. --node allocates\n"
	  "on that NUMA node only. --retry-smaller retries with 7/8 of the size while memory is short. --timeout\n"
	  "limits the search for contiguous memory to that many milliseconds. --mode (octal, default: 0666),\n"
	  "--owner and --group set who may use the buffer, as for a file." },
	{ "buffer list", buffer_list, 0, 1, OPT(JSON), "[DEV] [--json]",
	  "List the buffers of a device, or of all devices." },
	{ "buffer holders", buffer_holders, 2, 2, OPT(JSON), "DEV NAME [--json]",
	  "List the processes and BPF programs that hold a buffer, but not pins (root)." },
	{ "buffer free", buffer_free, 2, 2, 0, "DEV NAME",
	  "End a buffer that buffer alloc keeps: the device no longer reaches it.\n"
	  "The memory is freed once no program, pin or plugin holds it." },
	{ "buffer dump", buffer_dump, 2, 2, OPT(OFFSET) | OPT(LENGTH) | OPT(RAW),
	  "DEV NAME [--offset N] [--length N] [--raw]",
	  "Print a buffer's bytes as hexdump -C does.\n"
	  "--offset starts at byte N (default: 0), --length dumps N bytes (default: to the end).\n"
	  "--raw writes the bytes unformatted." },
	{ "buffer fill", buffer_fill, 2, 2, OPT(BYTE) | OPT(PATTERN) | OPT(OFFSET) | OPT(LENGTH),
	  "DEV NAME --byte N | --pattern count [--offset N] [--length N]",
	  "Fill a buffer, or a range of it, with a byte or a pattern.\n"
	  "--pattern count sets each byte to the low 8 bits of its offset in the buffer.\n"
	  "--offset and --length are as for buffer dump." },
	{ "plugin load", plugin_load, 2, 2, OPT(BUFFER) | OPT(FORCE) | OPT(PIN),
	  "DEV FILE [--buffer NAME] [--force] [--pin]",
	  "Load a plugin on a device that has none.\n"
	  "--buffer names the plugin's buffer (default: the device's only one). --force ignores that the\n"
	  "plugin is for another device. --pin pins its programs and maps in /sys/fs/bpf/kplug/DEV.\n"
	  "With --verbose a refusal shows the verifier's whole log." },
	{ "plugin swap", plugin_swap, 2, 2, OPT(BUFFER) | OPT(FORCE) | OPT(FRESH) | OPT(PIN),
	  "DEV FILE [--buffer NAME] [--force] [--fresh] [--pin]",
	  "Replace the running plugin, all hooks at one instant.\n"
	  "Maps and globals carry over; --fresh starts without them. If anything fails, the running plugin\n"
	  "keeps running. --buffer, --force and --pin are as for plugin load." },
	{ "plugin rollback", plugin_rollback, 1, 1, 0, "DEV",
	  "Return to the plugin version before the last swap.\n"
	  "A second rollback returns to the newer version." },
	{ "plugin unload", plugin_unload, 1, 1, 0, "DEV", "Unload a device's plugin." },
	{ "plugin check", plugin_check, 1, 1, OPT(JSON), "FILE [--json]",
	  "Verify a plugin without loading it on a device.\n"
	  "Show the instructions, longest path, stack, maps, helpers and kernel functions of each program,\n"
	  "and warn of helpers that act on an unrelated task or outlive the plugin." },
	{ "plugin clean", plugin_clean, 0, 0, 0, "",
	  "Remove pins of plugins that no longer run.\n"
	  "Removed devices and killed commands leave them in /sys/fs/bpf/kplug." },
	{ "plugin list", plugin_list, 0, 0, OPT(JSON), "[--json]", "List the plugins of all devices." },
	{ "plugin show", plugin_show, 1, 1, OPT(JSON), "DEV [--json]",
	  "Show a device's plugin with its programs, maps and statistics.\n"
	  "Runs are counted while the sysctl kernel.bpf_stats_enabled is 1." },
	{ "plugin new", plugin_new, 1, 1, OPT(FROM_LIST) | OPT(INCLUDE), "NAME --from-list FILE [--include DIR]",
	  "Generate a plugin from a list of register accesses and compile it with clang.\n"
	  "--from-list names the list, whose language kplug(1) describes. The results are NAME.bpf.c and\n"
	  "NAME.bpf.o. --include is the folder of kplug.bpf.h (default: the installed one)." },
	{ "plugin set", plugin_set, 1, 1 + SETTINGS_MAX, OPT(JSON), "DEV [KEY=VALUE...] [--json]",
	  "Change the running plugin's settings, or list them." },
	{ "plugin observe", plugin_observe, 1, 1, OPT(OBJECT) | OPT(COUNT) | OPT(TIMEOUT) | OPT(JSON),
	  "DEV [--object FILE] [--count N] [--timeout MS] [--json]",
	  "Print each event of a device with the plugin's answer, one line each.\n"
	  "Observing changes no answer. --count stops after N events (default: never), --timeout fails if none\n"
	  "comes for that many milliseconds. --object is the observer's object file (default: the installed\n"
	  "one)." },
	{ "plugin info", plugin_info, 1, 1, OPT(JSON), "FILE [--json]",
	  "Show a plugin file's metadata; needs neither device nor privileges." },
	{ "call", call_plugin, 2, 2, OPT(DATA) | OPT(DATA_FILE) | OPT(SIZE) | OPT(JSON),
	  "DEV MESSAGE [--data HEX | --data-file FILE|-] [--size N] [--json]",
	  "Call the plugin with a message number and print its result and reply.\n"
	  "--data and --data-file give the argument's bytes, --size pads them with zeros to N bytes.\n"
	  "Exit with 1 if the result is negative." },
	{ "reg read", reg_read, 3, 3, OPT(WIDTH), "DEV BAR OFFSET [--width 8|16|32|64]",
	  "Read a register and print it.\n"
	  "--width is in bits (default: 32)." },
	{ "reg write", reg_write, 4, 4, OPT(WIDTH), "DEV BAR OFFSET VALUE [--width 8|16|32|64]",
	  "Write a register.\n"
	  "--width is in bits (default: 32)." },
	{ "irq enable", irq_enable, 2, 2, OPT(DATA), "DEV VECTOR [--data HEX]",
	  "Enable a vector until SIGINT or SIGTERM.\n"
	  "The command stays in the foreground, because closing the device disables the vector.\n"
	  "--data is passed to the plugin's int_enable hook." },
	{ "irq wait", irq_wait, 1, 1 + KPLUG_VECTOR_MAX, OPT(COUNT) | OPT(TIMEOUT) | OPT(UNMASK) | OPT(JSON),
	  "DEV [VECTOR...] [--count N] [--timeout MS] [--unmask] [--json]",
	  "Enable vectors (default: 0) and print each interrupt record.\n"
	  "--count stops after N records (default: 1; 0: never). --timeout fails if none comes for that many\n"
	  "milliseconds. --unmask unmasks a masked INTx line after each record." },
	{ "irq list", irq_list, 1, 1, OPT(JSON), "DEV [--json]",
	  "List a device's vectors with their counters, /proc/irq numbers and states." },
	{ "irq resume", irq_resume, 2, 2, 0, "DEV VECTOR", "Resume a vector that the watchdog stopped." },
	{ "irq latency", irq_latency, 1, 2, OPT(COUNT) | OPT(TIMEOUT) | OPT(LISTEN) | OPT(JSON),
	  "DEV [VECTOR] [--count N] [--timeout MS] [--listen] [--json]",
	  "Measure the latency of a vector (default: 0) from interrupt to plugin to program.\n"
	  "Raise the vector --count times (default: 1000), or with --listen wait for the device's own\n"
	  "interrupts. --timeout fails if none comes for that many milliseconds (default: 10000)." },
	{ "irq trigger", irq_trigger, 2, 2, 0, "DEV VECTOR", "Raise an interrupt by software." },
	{ 0 },
};

/* The number of words that match the name; 0 if another command is meant. */
static int match_words(const char *name, int count, char **words)
{
	size_t first = strcspn(name, " ");

	if (strlen(words[0]) != first || memcmp(name, words[0], first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return count > 1 && !strcmp(words[1], name + first + 1) ? 2 : 0;
}

static int run_command(const struct command *c, int argc, char **argv)
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

static int print_help_on(int argc, char **argv)
{
	if (!argc)
		return print_help(NULL);
	for (const struct command *c = commands; c->name; c++)
		if (match_words(c->name, argc, argv) == argc)
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
		return run_command(commands, 2, list_all);
	if (is_word(argv[0], "--help", "-h"))
		return print_help(NULL);
	if (!strcmp(argv[0], "help"))
		return print_help_on(argc - 1, argv + 1);
	if (!strcmp(argv[0], "--version"))
		return printf("kplug %s (API %d)\n", KPLUG_VERSION, KPLUG_API_VERSION) < 0;
	for (const struct command *c = commands; c->name; c++) {
		int words = match_words(c->name, argc, argv);

		if (words)
			return run_command(c, argc - words + 1, argv + words - 1);
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
