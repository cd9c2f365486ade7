/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads what was said, in locked memory alone. A JSON library would leave copies on the
 * heap of whatever program this is loaded into, so none may touch a word of it. */

#include "crypt/transcript.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/quote.h"

#define RECORD_FRAME_BYTES 96
#define DIGITS_MAX 15

static bool text_valid(const char *text)
{
	while (*text) {
		size_t n = quote_sequence(text);

		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

int transcript_make(const char *text, double confidence, int64_t duration_ms, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *room = NULL;
	unsigned per_mille;
	char *to;
	int r;

	if (!text_valid(text) || !(confidence >= 0 && confidence <= 1) || duration_ms < 0)
		return ANSWER_INVALID_ARGUMENT;
	r = secret_new(QUOTE_BYTES(strlen(text)) + RECORD_FRAME_BYTES, &room);
	if (r < 0)
		return fault_trace(r);
	to = (char *)room->bytes;
	to += sprintf(to, "{\"text\":");
	to += quote_json(text, to);
	/* Digits by hand: a host's locale may have a decimal comma. */
	per_mille = (unsigned)(confidence * 1000.0 + 0.5);
	to += sprintf(to, ",\"confidence\":%u.%03u,\"duration_ms\":%lld}", per_mille / 1000,
		      per_mille % 1000, (long long)duration_ms);
	return fault_trace(secret_from(room->bytes, (size_t)(to - (char *)room->bytes), ret));
}

/* The record, ending with a NUL. */
struct scan {
	const char *at;
};

static void scan_blank(struct scan *scan)
{
	scan->at += strspn(scan->at, " \t\r\n");
}

static bool scan_is(struct scan *scan, const char *what)
{
	size_t n = strlen(what);

	scan_blank(scan);
	if (strncmp(scan->at, what, n) != 0)
		return false;
	scan->at += n;
	return true;
}

static bool scan_hex(struct scan *scan, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	for (int i = 0; i < 4; i++, scan->at++) {
		const char *digit = *scan->at ? strchr(digits, *scan->at | 0x20) : NULL;

		if (!digit)
			return false;
		*ret = *ret << 4 | (uint32_t)(digit - digits);
	}
	return true;
}

/* What follows \u, as UTF-8. Half a pair and NUL are no letters. */
static bool scan_letter(struct scan *scan, char **to)
{
	uint32_t code, low;

	if (!scan_hex(scan, &code) || code == 0 || (code >= 0xdc00 && code < 0xe000))
		return false;
	if (code >= 0xd800 && code < 0xdc00) {
		if (scan->at[0] != '\\' || scan->at[1] != 'u')
			return false;
		scan->at += 2;
		if (!scan_hex(scan, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	if (code < 0x80) {
		*(*to)++ = (char)code;
		return true;
	}
	if (code < 0x800) {
		*(*to)++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*(*to)++ = (char)(0xe0 | code >> 12);
		} else {
			*(*to)++ = (char)(0xf0 | code >> 18);
			*(*to)++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*(*to)++ = (char)(0x80 | (code & 0x3f));
	return true;
}

/* A string, from its first quotation mark to its last. No escape is shorter than what it means. */
static bool scan_text(struct scan *scan, char *to)
{
	static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";

	if (!scan_is(scan, "\""))
		return false;
	while (*scan->at != '"') {
		size_t n = quote_sequence(scan->at);
		const char *escape;

		if (n == 0 || (unsigned char)*scan->at < 0x20)
			return false;
		if (*scan->at != '\\') {
			memcpy(to, scan->at, n);
			to += n;
			scan->at += n;
			continue;
		}
		scan->at++;
		escape = *scan->at ? strchr(escapes, *scan->at) : NULL;
		if (escape) {
			*to++ = means[escape - escapes];
			scan->at++;
		} else if (*scan->at++ != 'u' || !scan_letter(scan, &to)) {
			return false;
		}
	}
	scan->at++;
	*to = '\0';
	return true;
}

static bool scan_digits(struct scan *scan, int64_t *ret, unsigned *ret_n)
{
	size_t n = strspn(scan->at, "0123456789");

	*ret = 0;
	*ret_n = (unsigned)n;
	/* More digits behind the point than these say nothing. */
	for (size_t i = 0; i < n && i < DIGITS_MAX; i++)
		*ret = *ret * 10 + (scan->at[i] - '0');
	scan->at += n;
	return n > 0;
}

static bool scan_integer(struct scan *scan, int64_t *ret)
{
	unsigned n;

	scan_blank(scan);
	return scan_digits(scan, ret, &n) && n <= DIGITS_MAX;
}

/* A number from 0 to 1, with an exponent at the most as a JSON library writes a small one. */
static bool scan_confidence(struct scan *scan, double *ret)
{
	int64_t whole, part = 0, tens = 0;
	double scale = 1, value;
	unsigned n = 0;

	if (!scan_integer(scan, &whole))
		return false;
	if (*scan->at == '.') {
		scan->at++;
		if (!scan_digits(scan, &part, &n))
			return false;
	}
	for (unsigned i = 0; i < n && i < DIGITS_MAX; i++)
		scale *= 10;
	value = (double)whole + (double)part / scale;
	if (scan_is(scan, "e-") && (!scan_digits(scan, &tens, &n) || tens > 400))
		return false;
	while (tens-- > 0)
		value /= 10;
	*ret = value;
	return value <= 1;
}

/* One member; `seen` has a bit for each there was. */
static bool member_scan(struct scan *scan, unsigned *seen, char *text, double *ret_confidence,
			int64_t *ret_duration_ms)
{
	static const char *const names[] = { "\"text\"", "\"confidence\"", "\"duration_ms\"" };
	unsigned i = 0;

	while (i < ARRAY_SIZE(names) && !scan_is(scan, names[i]))
		i++;
	if (i == ARRAY_SIZE(names) || *seen & 1u << i || !scan_is(scan, ":"))
		return false;
	*seen |= 1u << i;
	return i == 0 ? scan_text(scan, text)
		      : i == 1 ? scan_confidence(scan, ret_confidence)
			       : scan_integer(scan, ret_duration_ms);
}

/* The three members, each once, in any order. */
static bool record_scan(struct scan *scan, char *text, double *ret_confidence,
			int64_t *ret_duration_ms)
{
	unsigned seen = 0;

	if (!scan_is(scan, "{"))
		return false;
	do {
		if (!member_scan(scan, &seen, text, ret_confidence, ret_duration_ms))
			return false;
	} while (scan_is(scan, ","));
	if (!scan_is(scan, "}"))
		return false;
	scan_blank(scan);
	return seen == 7;
}

int transcript_read(const struct secret *record, struct secret **ret_text, double *ret_confidence,
		    int64_t *ret_duration_ms)
{
	_cleanup_(secret_freep) struct secret *copy = NULL;
	_cleanup_(secret_freep) struct secret *text = NULL;
	double confidence = 0;
	int64_t duration_ms = 0;
	struct scan scan;
	int r;

	r = secret_new(record->n + 1, &copy);
	if (r == 0)
		r = secret_new(record->n + 1, &text);
	if (r < 0)
		return fault_trace(r);
	memcpy(copy->bytes, record->bytes, record->n);
	scan.at = (const char *)copy->bytes;
	if (!record_scan(&scan, (char *)text->bytes, &confidence, &duration_ms) ||
	    scan.at != (const char *)copy->bytes + record->n)
		return ANSWER_INVALID_ARGUMENT;
	*ret_text = take(text);
	*ret_confidence = confidence;
	*ret_duration_ms = duration_ms;
	return 0;
}
