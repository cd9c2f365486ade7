/* SPDX-License-Identifier: Apache-2.0 */
/* JSGF as a host names it, with Cubby's own phrases beside it, and words against what came of it:
 * the last line of the input. */

#include <sphinxbase/err.h>
#include <sphinxbase/logmath.h>
#include <string.h>
#include "fuzz.h"
#include "grammar.h"

#define PHRASES "#JSGF V1.0;\ngrammar p;\npublic <p> = forget that | forget that now;\n"

/* What sphinxbase reads of a grammar that it then refuses, it does not always free. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static logmath_t *logmath;
	_cleanup_(grammar_freep) struct fsg_model_s *alone = NULL, *both = NULL;
	_cleanup_(cleanup_free) char *words = fuzz_text(bytes, n);
	char *line = strrchr(words, '\n');
	int r;

	if (!logmath) {
		logmath = logmath_init(1.0001, 0, FALSE);
		err_set_logfp(NULL);
	}
	line = line ? line + 1 : words;
	n = (size_t)(line - words);
	r = grammar_new(fuzz_file(bytes, n), NULL, logmath, 6.5f, &alone, NULL);
	fuzz_check(grammar_new(fuzz_file(bytes, n), PHRASES, logmath, 6.5f, &both, NULL) == r);
	if (r)
		return 0;
	grammar_sentence(alone, line);
	grammar_sentence(both, line);
	fuzz_check(grammar_sentence(both, "forget that") >= SENTENCE_BEGUN);
	fuzz_reached();
	return 0;
}
