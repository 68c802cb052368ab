// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"

bool is_group(const char *word)
{
	size_t length = strlen(word);

	for (const struct command *c = commands; c->name; c++)
		if (!strncmp(c->name, word, length) && c->name[length] == ' ')
			return true;
	return false;
}

int print_help(const char *group)
{
	size_t length = group ? strlen(group) : 0;

	if (!group)
		printf("usage: kplug [-v] [COMMAND [ARGUMENTS]]\n\n");
	for (const struct command *c = commands; c->name; c++)
		if (!group || (!strncmp(c->name, group, length) && c->name[length] == ' '))
			printf("  %-15s %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
	if (!group)
		printf("\n  -v, --verbose  Show messages of the library and of libbpf\n"
		       "  --version      Show the version\n"
		       "See 'kplug COMMAND --help' for a command's arguments.\n");
	return CLI_DONE;
}

int print_command_help(const struct command *cmd)
{
	printf("usage: kplug %s %s\n\n%s\n", cmd->name, cmd->synopsis, cmd->help);
	return CLI_DONE;
}

int no_such_command(int argc, char **argv)
{
	bool group = is_group(argv[0]);

	if (group && argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return print_help(argv[0]);
	if (group && argc > 1)
		failed("'%s %.40s': no such command; see 'kplug %s --help'", argv[0], argv[1], argv[0]);
	else if (group)
		failed("'%s' needs a subcommand; see 'kplug %s --help'", argv[0], argv[0]);
	else
		failed("'%.40s': no such command; see 'kplug --help'", argv[0]);
	return CLI_USAGE;
}
