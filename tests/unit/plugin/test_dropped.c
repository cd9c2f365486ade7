/* SPDX-License-Identifier: Apache-2.0 */
/* R31: who is muted, or cancelled, waits for nothing: what was not searched yet is not any more. */

#include "recording.h"

#include <pocketsphinx.h>
#include "crypt/secret.h"
#include "recognise.h"

static unsigned searched;

int __real_ps_process_cep(ps_decoder_t *ps, mfcc_t **data, int n, int no_search, int whole);
int __wrap_ps_process_cep(ps_decoder_t *ps, mfcc_t **data, int n, int no_search, int whole);
int __wrap_ps_process_cep(ps_decoder_t *ps, mfcc_t **data, int n, int no_search, int whole)
{
	searched += (unsigned)n;
	return __real_ps_process_cep(ps, data, n, no_search, whole);
}

static void test_r31_what_is_dropped_is_not_searched(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .lm = RECORDINGS "turtle.lm.bin" };
	struct recording forward = recording_read("goforward.raw");
	struct recognition recognition;
	uint64_t ticket;
	struct why why;

	assert_int_equal(crypt_init(), 0);
	if (access(config.lm, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (int drop = 1; drop >= 0; drop--) {
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		assert_int_equal(recogniser_feed(recogniser, ticket, forward.samples,
						 forward.frames), 0);
		assert_int_equal(searched, 0);
		if (drop)
			recogniser_cancel(recogniser, ticket);
		else
			assert_int_equal(recogniser_finish(recogniser, ticket, forward.samples,
							   forward.frames, &recognition), 0);
		assert_int_equal(searched == 0, drop);
	}
	assert_string_equal(recognition.text, "go forward ten meters");
	recording_free(&forward);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r31_what_is_dropped_is_not_searched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
