/* SPDX-License-Identifier: Apache-2.0 */
/* fit-dump MODEL|- GRAMMAR < LIST: for each recording of the list (samples of 16 bits, 16,000 a
 * second) the words of the grammar, what is measured of them, and the pairs of phones that a word
 * has and that were heard. For script/train-fit. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypt/secret.h"
#include "decoder.h"
#include "forget.h"

#define FRAMES_MAX (15 * 16000)
#define FEED 160

static int sound_hear(struct decoder *decoder, const char *path)
{
	static int16_t samples[FRAMES_MAX];
	FILE *file = fopen(path, "rb");
	size_t n = file ? fread(samples, sizeof(*samples), FRAMES_MAX, file) : 0;
	int r = decoder_begin(decoder);

	if (file)
		fclose(file);
	for (size_t i = 0; r == 0 && i < n; i += FEED)
		r = decoder_feed(decoder, samples + i, n - i < FEED ? n - i : FEED);
	return r == 0 ? decoder_end(decoder) : r;
}

static void pairs_print(const struct fit *fit, const struct phones *phones)
{
	const char *between = "";

	for (unsigned word = 0; word < fit->n; word++) {
		struct agree_pair pairs[2 * AGREE_MAX];
		uint8_t heard[AGREE_MAX];
		unsigned n = agree_align(fit->words[word].said, fit->words[word].n_said, heard,
					 fit_heard(fit, word, phones, heard), pairs);

		for (unsigned i = 0; i < n; i++, between = ", ")
			printf("%s[%u, %u]", between, pairs[i].said, pairs[i].heard);
	}
}

static int sound_print(struct decoder *decoder, const char *path)
{
	static struct phones phones;
	static struct fit fit;
	struct fit_measures all;
	int r = sound_hear(decoder, path);

	if (r < 0)
		return r;
	memset(&phones, 0, sizeof(phones));
	memset(&fit, 0, sizeof(fit));
	printf("{\"path\": \"%s\", \"text\": \"%s\", ", path, decoder_text(decoder));
	decoder_words(decoder, &fit);
	r = decoder_search(decoder, SEARCH_PHONES);
	if (r < 0)
		return r;
	decoder_phones(decoder, &phones);
	fit_phones(&fit, &phones);
	all = fit_measure(&fit);
	if (fit.n)
		printf("\"lack\": %g, \"lack_worst\": %g, \"excess\": %g, \"excess_worst\": %g, "
		       "\"phones_lack\": %g, \"rate\": %g, ", all.lack, all.lack_worst, all.excess,
		       all.excess_worst, all.phones_lack, all.rate);
	printf("\"pairs\": [");
	pairs_print(&fit, &phones);
	printf("]}\n");
	return decoder_empty(decoder);
}

int main(int argc, char **argv)
{
	_cleanup_(decoder_freep) struct decoder *decoder = NULL;
	struct forget_phrases phrases;
	struct recogniser_config config = { 0 };
	struct why why = { "" };
	char path[4096];
	int r;

	if (argc != 3) {
		fprintf(stderr, "Usage: fit-dump MODEL|- GRAMMAR < LIST\n");
		return 2;
	}
	forget_phrases_default(&phrases);
	config.model = strcmp(argv[1], "-") ? argv[1] : NULL;
	config.grammar = argv[2];
	config.phrases = (const char (*)[RECOGNITION_PHRASE_BYTES])phrases.text;
	config.n_phrases = phrases.n;
	r = crypt_init();
	if (r == 0)
		r = decoder_new(&config, &decoder, &why);
	while (r == 0 && fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		r = sound_print(decoder, path);
	}
	if (r)
		fprintf(stderr, "fit-dump: %s\n", r > 0 ? why.text : "cannot go on");
	return r != 0;
}
