/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby`: the parent's hand. It opens what was kept, in this process and for one command; nothing
 * of a child may outlive it, on disk or in freed memory. */

#include <jansson.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/words.h"
#include "crypt/secret.h"
#include "complete.h"
#include "elsewhere.h"
#include "hand.h"
#include "help.h"
#include "pager.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

/* What is printed may be what a child said: this buffer is locked where possible, and wiped. */
static char output_buffer[1 << 16];

/* JSON passes transcripts too, so its memory is wiped before it goes back. */
static void json_memory_free(void *pointer)
{
	if (pointer)
		secret_wipe(pointer, malloc_usable_size(pointer));
	free(pointer);
}

static char **arguments_free(char **arguments)
{
	for (size_t i = 0; arguments && arguments[i]; i++)
		free(arguments[i]);
	free(arguments);
	return NULL;
}
CLEANUP_DEFINE(char **, arguments_free)

/* A bus writes the command line of a caller it denies into the journal, and everybody can list it;
 * a nickname may be in it (R16). NULL: no memory. */
static char **arguments_take(int argc, char **argv)
{
	_cleanup_(arguments_freep) char **arguments = calloc((size_t)argc + 1, sizeof(*arguments));

	for (int i = 0; arguments && i < argc; i++) {
		arguments[i] = strdup(argv[i]);
		if (!arguments[i])
			return NULL;
		if (i > 0)
			memset(argv[i], 0, strlen(argv[i]));
	}
	return take(arguments);
}

static int command_run(struct hand *hand)
{
	struct command *command = &hand->command;
	const char *const *words = command->words;
	size_t n = command->n_words;
	bool help = command_has(command, OPTION_HELP);
	int r;

	prompt_guard(hand);
	if (command_has(command, OPTION_VERSION)) {
		printf("cubby %s\n", CUBBY_VERSION);
		return EXIT_DONE;
	}
	if (n > 0 && strcmp(words[0], "help") == 0) {
		help = true;
		words++;
		n--;
	}
	if (help) {
		pager_begin(hand);
		help = help_print(stdout, words, n);
		pager_end();
		if (help)
			return EXIT_DONE;
		return hand_fail(hand, EXIT_USAGE, "'%s' is not a command; 'cubby help' lists them",
				 words[0]);
	}
	/* What programs read is the same in every language, and so is what goes wrong with it. */
	if (command_has(command, OPTION_JSON))
		setlocale(LC_MESSAGES, "C");
	r = hand_open(hand);
	if (r == 0)
		r = elsewhere_begin(hand);
	if (r == 0)
		r = command->verb ? command->verb->run(hand) : verb_next(hand);
	hand_close(hand);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(arguments_freep) char **arguments = arguments_take(argc, argv);
	struct hand hand = { 0 };
	struct why why = { "" };
	int r;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	bindtextdomain(WORDS_DOMAIN, LOCALE_DIR);
	log_open("cubby", LOG_LEVEL_WARNING);
	if (!arguments || crypt_init() < 0)
		return hand_fail(&hand, EXIT_GENERAL, "cannot protect this process; nothing was "
						      "done");
	json_set_alloc_funcs(render_json_allocate, json_memory_free);
	mlock(output_buffer, sizeof(output_buffer));
	setvbuf(stdout, output_buffer, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF,
		sizeof(output_buffer));

	if (argc > 1 && strcmp(arguments[1], "__complete") == 0)
		return complete_print((const char *const *)arguments + 2, (size_t)argc - 2);
	r = command_parse(argc, (const char *const *)arguments, &hand.command, &why);
	if (r > 0)
		r = hand_fail(&hand, EXIT_USAGE, "%s", why.text);
	else if (r < 0)
		r = hand_fail(&hand, EXIT_GENERAL, "something broke (%s)", strerror(-r));
	else
		r = command_run(&hand);
	command_clear(&hand.command);
	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == 0)
		r = hand_fail(&hand, EXIT_GENERAL, "cannot write the output (%s)", strerror(errno));
	secret_wipe(output_buffer, sizeof(output_buffer));
	return r;
}
