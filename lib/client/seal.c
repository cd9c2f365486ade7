/* SPDX-License-Identifier: Apache-2.0 */
/* Seals items in the client: an adult's own recording coming in, and its copy going to the release
 * key. Only ciphertext may reach the message. */

#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "client/open.h"
#include "crypt/transcript.h"
#include "sound/sound.h"

/* The bodies, one after another. */
struct bodies {
	uint8_t *bytes;
	size_t n;
	size_t parts[KIND_MAX];		/* length of each */
};

static int body_add(struct bodies *bodies, size_t i, const struct secret *fk,
		    const struct secret *keys, const struct id *id, const struct content *content)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	uint8_t *grown;
	size_t n;
	int r;

	r = secret_from(keys->bytes + i * KEY_BYTES, KEY_BYTES, &key);
	if (r == 0)
		r = envelope_seal(fk, key, id, content->kind, content->bytes, content->n, &body,
				  &n);
	if (r != 0)
		return fault_trace(r);
	grown = realloc(bodies->bytes, bodies->n + n);
	if (!grown)
		return fault_origin(-ENOMEM);
	memcpy(grown + bodies->n, body, n);
	bodies->bytes = grown;
	bodies->n += n;
	bodies->parts[i] = n;
	return 0;
}

static void bodies_clear(struct bodies *bodies)
{
	free(bodies->bytes);
}

static int bodies_append(struct message *request, const struct envelope_header *header,
			 const struct bodies *bodies, const struct content *contents, size_t n)
{
	_cleanup_(cleanup_close) int fd = -1;
	uint64_t offset = 0;
	int r;

	r = file_memfd("cubby-bodies", bodies->bytes, bodies->n, &fd);
	if (r == 0)
		r = message_append(request, "ay", (const void *)header->bytes,
				   sizeof(header->bytes));
	if (r == 0)
		r = message_open(request, 'a', "(stt)");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = message_open(request, 'r', "stt");
		if (r == 0)
			r = message_append(request, "stt", kind_name((int)contents[i].kind), offset,
					   (uint64_t)bodies->parts[i]);
		if (r == 0)
			r = message_close(request);
		offset += bodies->parts[i];
	}
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = message_append(request, "h", fd);
	return fault_trace(r);
}

int contents_append(struct cubby *cubby, struct message *request, const struct id *id,
		    const uint8_t recipient[static BOX_PUBLIC_BYTES],
		    const struct box_keypair *reply_pair, const void *sealed_keys, size_t n_sealed,
		    const struct content *contents, size_t n)
{
	_cleanup_(secret_freep) struct secret *keys = NULL;
	_cleanup_(secret_freep) struct secret *fk = NULL;
	_cleanup_(bodies_clear) struct bodies bodies = { 0 };
	struct envelope_header header;
	int r;

	r = box_open(reply_pair, sealed_keys, n_sealed, &keys);
	if (r == 0 && keys->n != n * KEY_BYTES)
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Begin"));
	r = envelope_new(recipient, &header, &fk);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = body_add(&bodies, i, fk, keys, id, &contents[i]);
	if (r == 0)
		r = bodies_append(request, &header, &bodies, contents, n);
	return fault_trace(r);
}

static int import_begin(struct cubby *cubby, const char *profile, const struct content *contents,
			size_t n, const struct box_keypair *pair, struct message **ret_reply)
{
	_cleanup_(message_freep) struct message *request = NULL;
	int r;

	r = session_request(cubby, NULL, "Intake", "Begin", &request);
	if (r == 0)
		r = message_append(request, "s", profile);
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = message_append(request, "s", kind_name((int)contents[i].kind));
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = message_append(request, "ay", (const void *)pair->public, sizeof(pair->public));
	if (r == 0)
		r = session_call(cubby, request, ret_reply);
	return fault_trace(r);
}

static int import_send(struct cubby *cubby, const char *profile, const struct content *contents,
		       size_t n, char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(message_freep) struct message *begun = NULL;
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *text;
	const void *sealed;
	size_t n_sealed;
	uint32_t lasts_s;
	struct id id;
	int r;

	r = box_keypair_new(&pair);
	if (r == 0)
		r = import_begin(cubby, profile, contents, n, pair, &begun);
	if (r != 0)
		return fault_trace(r);
	r = message_read(begun, "sayu", &text, &sealed, &n_sealed, &lasts_s);
	if (r == 0 && !id_parse(text, &id))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Intake.Begin"));
	r = session_request(cubby, NULL, "Intake", "Commit", &request);
	if (r == 0)
		r = message_append(request, "s", text);
	if (r == 0)
		r = contents_append(cubby, request, &id, cubby->household.home, pair, sealed,
				    n_sealed,
				    contents, n);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	id_text(&id, ret_id);
	return 0;
}

static int import_run(struct cubby *cubby, const char *profile, const int16_t *samples,
		      size_t frames,
		      const char *transcript, char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(secret_freep) struct secret *flac = NULL;
	_cleanup_(secret_freep) struct secret *record = NULL;
	struct content contents[2];
	size_t n = 1;
	int r;

	r = session_household(cubby);
	if (r == 0)
		r = sound_to_flac(samples, frames, SOUND_RATE_HZ, &flac);
	if (r != 0)
		return fault_trace(r);
	contents[0] = (struct content){ KIND_AUDIO, flac->bytes, flac->n };
	if (transcript) {
		r = transcript_make(transcript, 1.0, (int64_t)(frames * 1000 / SOUND_RATE_HZ),
				    &record);
		if (r > 0)
			return answer_why(&cubby->why, r, "the transcript is not UTF-8 text");
		if (r < 0)
			return fault_trace(r);
		contents[n++] = (struct content){ KIND_TRANSCRIPT, record->bytes, record->n };
	}
	return fault_trace(import_send(cubby, profile, contents, n, ret_id));
}

int cubby_import(struct cubby *cubby, const char *profile, const int16_t *samples, size_t frames,
		 const char *transcript, char ret_id[CUBBY_ID_TEXT])
{
	session_begin(cubby);
	return session_end(cubby, import_run(cubby, profile, samples, frames, transcript, ret_id));
}
