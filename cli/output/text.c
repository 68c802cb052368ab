// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "output/output.h"

#include <stdarg.h>

#include "cli.h"

char *make_printable(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

void print_field(const char *name, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = must_have(NULL);
	va_end(ap);
	printf("%-10s  %s\n", name, make_printable(text));
	free(text);
}

char *format_text(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = must_have(NULL);
	va_end(ap);
	return text;
}
