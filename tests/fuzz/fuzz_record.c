/* SPDX-License-Identifier: Apache-2.0 */
/* Small records that a client gets: pages of the access log, what a transcript is sealed as, boxes,
 * wraps and layers, recovery codes. The first byte says which. */

#include <string.h>
#include "crypt/door.h"
#include "crypt/logpage.h"
#include "crypt/recovery.h"
#include "crypt/transcript.h"
#include "fuzz.h"

static void log_page(const uint8_t *bytes, size_t n)
{
	struct logpage_entry entry;
	struct logpage page = { NULL };
	size_t at = 0, before = 0;

	while (at < n && logpage_next(bytes, n, &at, &entry) == 0) {
		fuzz_check(at > before && at <= n && strlen(entry.body) <= entry.n_body);
		fuzz_check(logpage_add(&page, &entry) == 0);
		before = at;
	}
	if (page.n > 0 && at == n)
		fuzz_reached();
	logpage_clear(&page);
}

static void transcript(const uint8_t *bytes, size_t n)
{
	_cleanup_(secret_freep) struct secret *record = NULL, *text = NULL, *again = NULL;
	double confidence;
	int64_t duration_ms;
	int r;

	fuzz_check(secret_from(bytes, n, &record) == 0);
	r = transcript_read(record, &text, &confidence, &duration_ms);
	fuzz_check(r == 0 || r == ANSWER_INVALID_ARGUMENT);
	if (r)
		return;
	fuzz_check(text->n > 0 && text->bytes[text->n - 1] == '\0');
	fuzz_check(transcript_make((const char *)text->bytes, confidence, duration_ms,
				   &again) == 0);
	fuzz_reached();
}

static void sealed(const uint8_t *bytes, size_t n)
{
	static const uint8_t key_bytes[KEY_BYTES] = "a wrapping key everybody knows";
	_cleanup_(secret_freep) struct secret *key = NULL, *plain = NULL, *inside = NULL;
	_cleanup_(cleanup_free) uint8_t *layer = NULL;
	size_t layer_n;

	fuzz_check(secret_from(key_bytes, sizeof(key_bytes), &key) == 0);
	fuzz_check(box_open(fuzz_device()->box, bytes, n, &plain) != 0);
	fuzz_check(wrap_open(key, DOOR_SECRET_HOME, bytes, n, &inside) != 0);
	fuzz_check(layer_open(key, DOOR_SECRET_HOME, bytes, n, &layer, &layer_n) != 0);
}

static void recovery(const uint8_t *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *text = fuzz_text(bytes, n);
	uint8_t code[RECOVERY_BYTES];
	struct why why = { "" };
	int r = recovery_parse(text, code, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	r = door_passphrase_check(text, &why);
	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void (*const records[])(const uint8_t *bytes, size_t n) = {
		log_page, transcript, sealed, recovery,
	};

	fuzz_device();
	if (n > 0)
		records[(bytes[0] - 'a') % 4u](bytes + 1, n - 1);
	return 0;
}
