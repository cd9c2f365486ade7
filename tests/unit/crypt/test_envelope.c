/* SPDX-License-Identifier: Apache-2.0 */
/* R12: the envelope opens for the parent with a live slot and for nobody else, whole or not at all.
 */

#include "unit/crypt/crypt_test.h"

#include <math.h>
#include <sodium.h>

#include "crypt/envelope.h"

static struct box_keypair *home;
static struct envelope_header header;
static struct secret *fk, *slot_key;
static const struct id item = { "sixteen letters" };

static int group_setup(void **state)
{
	return crypt_init() || box_keypair_new(&home) || secret_random(KEY_BYTES, &slot_key) ||
	       envelope_new(home->public, &header, &fk);
}

static int group_teardown(void **state)
{
	home = box_keypair_free(home);
	fk = secret_free(fk);
	slot_key = secret_free(slot_key);
	return 0;
}

static uint8_t *sealed(size_t content_bytes, size_t *ret_n)
{
	_cleanup_(secret_freep) struct secret *content = secret_counting(content_bytes);
	uint8_t *body = NULL;

	assert_int_equal(envelope_seal(fk, slot_key, &item, KIND_AUDIO, content->bytes, content->n,
				       &body, ret_n), 0);
	assert_int_equal(*ret_n, envelope_body_bytes(content_bytes));
	return body;
}

static void assert_refused(const uint8_t *body, size_t n, const char *reason)
{
	struct why why = { "" };
	struct secret *content = NULL;

	assert_answer(envelope_unseal(fk, slot_key, &item, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_null(content);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void test_r12_header_opens_for_its_recipient_only(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *release = NULL;
	_cleanup_(secret_freep) struct secret *opened = NULL;
	struct why why = { "" };

	assert_int_equal(box_keypair_new(&release), 0);
	assert_answer(envelope_open(&header, release, &opened, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "another key"));
	assert_int_equal(envelope_open(&header, home, &opened, &why), 0);
	assert_int_equal(opened->n, KEY_BYTES);
	assert_memory_equal(opened->bytes, fk->bytes, KEY_BYTES);
}

static void test_header_changed_is_refused(void **state)
{
	struct envelope_header changed = header;
	struct secret *opened = NULL;

	for (size_t i = 0; i < ENVELOPE_HEADER_BYTES; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct why why = { "" };

			changed.bytes[i] ^= (uint8_t)(1 << bit);
			/* The highest bit of an X25519 public key is not a part of it, but of what
			 * libsodium hashes into the nonce. */
			assert_answer(envelope_open(&changed, home, &opened, &why),
				      ANSWER_INVALID_ARGUMENT, why);
			changed.bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_null(opened);
}

static void test_body_round_trip(void **state)
{
	static const size_t sizes[] = {
		0, 1, 1015, 1016, 1017, 16375, 16376, 16377, 16384, 40000, 160000,
		ENVELOPE_CONTENT_MAX_BYTES,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(secret_freep) struct secret *content = NULL,
						      *expected = secret_counting(sizes[i]);
		_cleanup_(cleanup_free) uint8_t *body = NULL;
		struct why why;
		size_t n;

		body = sealed(sizes[i], &n);
		assert_int_equal(envelope_unseal(fk, slot_key, &item, KIND_AUDIO, body, n, &content,
						 &why), 0);
		assert_int_equal(content->n, sizes[i]);
		assert_memory_equal(content->bytes, expected->bytes, sizes[i]);
	}
}

static void test_body_over_the_limit_is_not_sealed(void **state)
{
	_cleanup_(secret_freep) struct secret *content =
		secret_counting(ENVELOPE_CONTENT_MAX_BYTES + 1);
	uint8_t *body = NULL;
	size_t n;

	assert_true(envelope_seal(fk, slot_key, &item, KIND_AUDIO, content->bytes, content->n,
				  &body, &n) < 0);
	assert_null(body);
}

static void test_body_every_bit_changed_is_refused(void **state)
{
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	size_t n;

	body = sealed(100, &n);
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			body[i] ^= (uint8_t)(1 << bit);
			assert_refused(body, n, i == 0 ? "format" : "changed");
			body[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void test_body_of_two_chunks_every_byte_changed_is_refused(void **state)
{
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	size_t n;

	body = sealed(17000, &n);
	for (size_t i = 1; i < n; i++) {
		body[i] ^= 0x80;
		assert_refused(body, n, "changed");
		body[i] ^= 0x80;
	}
}

static void test_body_cut_is_refused(void **state)
{
	_cleanup_(cleanup_free) uint8_t *body = NULL, *two = NULL;
	size_t n, n_two;

	body = sealed(100, &n);
	for (size_t shorter = 0; shorter < n; shorter++)
		assert_refused(body, shorter, "cut");
	/* Exactly the first of two chunks: a size that exists, and every tag holds. */
	two = sealed(17000, &n_two);
	assert_refused(two, 1 + 24 + ENVELOPE_CHUNK_BYTES + 17, "cut");
}

static void test_body_extended_is_refused(void **state)
{
	_cleanup_(cleanup_free) uint8_t *body = NULL, *longer = NULL, *one = NULL;
	size_t n, n_one;

	body = sealed(100, &n);
	longer = calloc(1, n + 2000);
	memcpy(longer, body, n);
	for (size_t more = 1; more <= 2000; more++)
		assert_refused(longer, n + more, "");
	/* A whole last chunk, then more of it: the final tag comes too early. */
	one = sealed(16376, &n_one);
	free(longer);
	longer = calloc(1, 2 * n_one);
	memcpy(longer, one, n_one);
	memcpy(longer + n_one, one + 25, n_one - 25);
	assert_refused(longer, 2 * n_one - 25, "cut or extended");
}

static void test_body_chunks_swapped_are_refused(void **state)
{
	_cleanup_(cleanup_free) uint8_t *body = NULL, *chunk = malloc(ENVELOPE_CHUNK_BYTES + 17);
	size_t n;

	body = sealed(40000, &n);
	memcpy(chunk, body + 25, ENVELOPE_CHUNK_BYTES + 17);
	memmove(body + 25, body + 25 + ENVELOPE_CHUNK_BYTES + 17, ENVELOPE_CHUNK_BYTES + 17);
	memcpy(body + 25 + ENVELOPE_CHUNK_BYTES + 17, chunk, ENVELOPE_CHUNK_BYTES + 17);
	assert_refused(body, n, "changed");
}

static void test_r12_reading_takes_both_keys_id_and_kind(void **state)
{
	_cleanup_(secret_freep) struct secret *other = NULL;
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	struct secret *content = NULL;
	struct id wrong = item;
	struct why why = { "" };
	size_t n;

	body = sealed(100, &n);
	wrong.bytes[15] ^= 1;
	assert_int_equal(secret_random(KEY_BYTES, &other), 0);
	assert_answer(envelope_unseal(other, slot_key, &item, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(envelope_unseal(fk, other, &item, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(envelope_unseal(slot_key, fk, &item, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(envelope_unseal(fk, slot_key, &wrong, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(envelope_unseal(fk, slot_key, &item, KIND_TRANSCRIPT, body, n, &content,
				      &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_null(content);
	/* An erased slot is all zeros: it opens nothing. */
	memset(other->bytes, 0, KEY_BYTES);
	assert_answer(envelope_unseal(fk, other, &item, KIND_AUDIO, body, n, &content, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

static void test_no_kind_and_short_keys_are_faults(void **state)
{
	_cleanup_(secret_freep) struct secret *shorter = secret_counting(KEY_BYTES - 1);
	uint8_t *body = NULL;
	size_t n;

	assert_true(envelope_seal(fk, slot_key, &item, (enum kind)0, "x", 1, &body, &n) < 0);
	assert_true(envelope_seal(fk, slot_key, &item, (enum kind)4, "x", 1, &body, &n) < 0);
	assert_true(envelope_seal(shorter, slot_key, &item, KIND_AUDIO, "x", 1, &body, &n) < 0);
	assert_true(envelope_seal(fk, shorter, &item, KIND_AUDIO, "x", 1, &body, &n) < 0);
	assert_null(body);
}

/* Seals with libsodium alone, by the description in envelope.h, `plain` as it is. */
static uint8_t *sealed_by_the_book(const uint8_t *plain, size_t n, size_t *ret_n)
{
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t message[KEY_BYTES + ID_BYTES + 1], key[KEY_BYTES],
		associated[10 + 1 + ID_BYTES + 1];
	uint8_t *body = malloc(25 + n + 17);

	memcpy(message, fk->bytes, KEY_BYTES);
	memcpy(message + KEY_BYTES, item.bytes, ID_BYTES);
	message[KEY_BYTES + ID_BYTES] = KIND_AUDIO;
	crypto_generichash(key, sizeof(key), message, sizeof(message), slot_key->bytes, KEY_BYTES);
	memcpy(associated, "cubby body\1", 11);
	memcpy(associated + 11, item.bytes, ID_BYTES);
	associated[11 + ID_BYTES] = KIND_AUDIO;
	body[0] = 1;
	crypto_secretstream_xchacha20poly1305_init_push(&stream, body + 1, key);
	crypto_secretstream_xchacha20poly1305_push(&stream, body + 25, NULL, plain, n, associated,
						   sizeof(associated),
						   crypto_secretstream_xchacha20poly1305_TAG_FINAL);
	*ret_n = 25 + n + 17;
	return body;
}

static void test_body_is_as_documented(void **state)
{
	_cleanup_(secret_freep) struct secret *content = NULL;
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	uint8_t plain[1024] = { 5, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o' };
	struct why why;
	size_t n;

	body = sealed_by_the_book(plain, sizeof(plain), &n);
	assert_int_equal(envelope_unseal(fk, slot_key, &item, KIND_AUDIO, body, n, &content, &why),
			 0);
	assert_int_equal(content->n, 5);
	assert_memory_equal(content->bytes, "hello", 5);
}

static void test_body_with_a_lie_inside_is_refused(void **state)
{
	static const uint8_t lies[][13] = {
		{ 5, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o' },	/* padding, see below */
		{ 0xf9, 3, 0, 0, 0, 0, 0, 0 },				/* 1017: the next bucket */
		{ 0, 4, 0, 0, 0, 0, 0, 0 },
		{ 0, 0, 0, 0, 0, 0, 0, 0x80 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		_cleanup_(cleanup_free) uint8_t *body = NULL;
		uint8_t plain[1024] = { 0 };
		size_t n;

		memcpy(plain, lies[i], sizeof(lies[i]));
		plain[1023] = i == 0;
		body = sealed_by_the_book(plain, sizeof(plain), &n);
		assert_refused(body, n, i == 0 ? "padding" : "length");
	}
}

static void test_padded_sizes(void **state)
{
	/* The formula of the PURBs paper, evaluated in Python, with a floor of 1024; 8 bytes of
	 * length come on top of the content. */
	static const size_t table[][2] = {
		{ 0, 1024 }, { 1, 1024 }, { 1016, 1024 }, { 1017, 1088 }, { 1024, 1088 },
		{ 1500, 1536 }, { 4000, 4096 }, { 16376, 16384 }, { 16377, 17408 },
		{ 20000, 20480 }, { 160000, 163840 }, { 1000000, 1015808 }, { 2097152, 2162688 },
	};
	size_t before = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(envelope_padded(table[i][0]), table[i][1]);
	for (size_t n = 0; n <= ENVELOPE_CONTENT_MAX_BYTES; n += 37) {
		size_t padded = envelope_padded(n);

		assert_true(padded >= n + 8 && padded >= 1024 && padded >= before);
		if (n >= 1024)
			assert_true((double)padded <= 1.12 * (double)(n + 8));
		before = padded;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r12_header_opens_for_its_recipient_only),
		cmocka_unit_test(test_header_changed_is_refused),
		cmocka_unit_test(test_body_round_trip),
		cmocka_unit_test(test_body_over_the_limit_is_not_sealed),
		cmocka_unit_test(test_body_every_bit_changed_is_refused),
		cmocka_unit_test(test_body_of_two_chunks_every_byte_changed_is_refused),
		cmocka_unit_test(test_body_cut_is_refused),
		cmocka_unit_test(test_body_extended_is_refused),
		cmocka_unit_test(test_body_chunks_swapped_are_refused),
		cmocka_unit_test(test_r12_reading_takes_both_keys_id_and_kind),
		cmocka_unit_test(test_no_kind_and_short_keys_are_faults),
		cmocka_unit_test(test_body_is_as_documented),
		cmocka_unit_test(test_body_with_a_lie_inside_is_refused),
		cmocka_unit_test(test_padded_sizes),
	};

	return cmocka_run_group_tests_name("crypt/envelope", tests, group_setup, group_teardown);
}
