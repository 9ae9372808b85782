// SPDX-License-Identifier: BSD-3-Clause
#include "kturnctl/secret_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "kturnctl/kturnctl.h"

/* As fgets(), but on a terminal without showing what is typed. */
static char *read_line(const char *prompt, char *text, size_t size)
{
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
	char *got;

	if (terminal) {
		fprintf(stderr, "%s: ", prompt);
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	got = fgets(text, (int)size, stdin);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	return got;
}

int secret_read(const char *prompt, char *text, size_t size)
{
	size_t len;

	if (!read_line(prompt, text, size)) {
		complain("%s: nothing came on standard input", prompt);
		return -EINVAL;
	}
	len = strcspn(text, "\n");
	if (!text[len] && len == size - 1) {
		complain("%s: longer than %zu bytes", prompt, size - 2);
		return -EINVAL;
	}
	text[len] = '\0';
	if (!len) {
		complain("%s: empty", prompt);
		return -EINVAL;
	}
	return 0;
}
