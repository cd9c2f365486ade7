/* SPDX-License-Identifier: Apache-2.0 */

/* Dictionaries, line by line: no whole one is ever in memory. */

#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"

/* Not in CMU's, and who has Cubby will call it so. */
static const char shipped[] = "cubby K AH B IY\n";

struct word {
	char *text;
	unsigned source;		/* that had it first; 0: none so far */
};

struct words {
	struct word *word;
	size_t n, allocated;
};

int words_new(struct words **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : fault_origin(-ENOMEM);
}

struct words *words_free(struct words *words)
{
	if (!words)
		return NULL;
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i].text);
	free(words->word);
	free(words);
	return NULL;
}

int words_need(struct words *words, const char *word, size_t n)
{
	if (words->n == words->allocated) {
		size_t more = words->allocated ? 2 * words->allocated : 64;
		struct word *grown = reallocarray(words->word, more, sizeof(*grown));

		if (!grown)
			return fault_origin(-ENOMEM);
		words->word = grown;
		words->allocated = more;
	}
	words->word[words->n] = (struct word) { .text = strndup(word, n) };
	if (!words->word[words->n].text)
		return fault_origin(-ENOMEM);
	words->n++;
	return 0;
}

static int word_compare(const void *a, const void *b)
{
	const struct word *one = a, *other = b;

	return strcmp(one->text, other->text);
}

/* So that each is found, and found once. */
static void words_sort(struct words *words)
{
	size_t kept = 0;

	if (words->n)
		qsort(words->word, words->n, sizeof(*words->word), word_compare);
	for (size_t i = 0; i < words->n; i++) {
		if (kept && strcmp(words->word[kept - 1].text, words->word[i].text) == 0)
			free(words->word[i].text);
		else
			words->word[kept++] = words->word[i];
	}
	words->n = kept;
}

/* The word of a line without its "(2)", cut off in place; what was cut is put back. */
static struct word *word_find(const struct words *words, char *line)
{
	size_t n = strcspn(line, " \t\r\n");
	char *end = n && line[n - 1] == ')' ? memrchr(line, '(', n) : NULL;
	struct word key = { .text = line };
	struct word *found;
	char cut;

	if (!end || end == line)
		end = line + n;
	cut = *end;
	*end = '\0';
	found = bsearch(&key, words->word, words->n, sizeof(key), word_compare);
	*end = cut;
	return found;
}

static int lines_take(const struct words *words, FILE *from, unsigned source, FILE *to)
{
	_cleanup_(cleanup_free) char *line = NULL;
	size_t allocated = 0;

	while (getline(&line, &allocated, from) > 0) {
		struct word *word = word_find(words, line);

		if (!word || (word->source && word->source != source))
			continue;
		word->source = source;
		fputs(line, to);
		if (!strchr(line, '\n'))
			fputc('\n', to);
	}
	return !feof(from) || ferror(to) ? fault_origin(-EIO) : 0;
}

static int file_take(const struct words *words, const char *path, unsigned source, FILE *to,
		     struct why *why)
{
	FILE *from = fopen(path, "re");
	int r;

	if (!from)
		return answer_why(why, ANSWER_NOT_FOUND, "cannot read the dictionary %s: %s", path,
				  strerror(errno));
	r = lines_take(words, from, source, to);
	fclose(from);
	return r;
}

static int text_take(const struct words *words, const char *text, unsigned source, FILE *to)
{
	FILE *from = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int r;

	if (!from)
		return fault_origin(-ENOMEM);
	r = lines_take(words, from, source, to);
	fclose(from);
	return r;
}

int words_dictionary(struct words *words, const char *own, const char *model, int *ret_fd,
		     struct why *why)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	int r = 0;

	if (!to)
		return fault_origin(-ENOMEM);
	words_sort(words);
	if (own)
		r = file_take(words, own, 1, to, why);
	if (r == 0)
		r = text_take(words, shipped, 2, to);
	if (r == 0)
		r = file_take(words, model, 3, to, why);
	if (fclose(to) == EOF && r == 0)
		r = fault_origin(-ENOMEM);
	return r == 0 ? file_memfd("cubby-words", text, n, ret_fd) : r;
}

const char *words_at(const struct words *words, size_t i)
{
	return i < words->n ? words->word[i].text : NULL;
}
