/* SPDX-License-Identifier: Apache-2.0 */
/* The adult's side of the training export. What is sealed to the release key here was opened with
 * the home key by its owner a moment ago. */

#include <string.h>

#include "base/id.h"
#include "client/open.h"
#include "client/reply.h"
#include "crypt/transcript.h"

/* What the keeper wants in the copy, from what was opened. */
static int approval_contents(struct cubby *cubby, struct message *begun,
			     const struct cubby_opened *opened, struct content contents[KIND_MAX],
			     size_t *ret_n, struct secret **ret_record)
{
	const char *name;
	size_t n = 0;
	int r;

	r = message_enter(begun, 'a', "s");
	while (r == 0 && message_more(begun)) {
		r = message_read(begun, "s", &name);
		if (r != 0)
			break;
		if (n < KIND_MAX && kind_from_name(name) == KIND_AUDIO && opened->flac) {
			contents[n++] = (struct content){ KIND_AUDIO, opened->flac,
							 opened->flac_bytes };
		} else if (n < KIND_MAX && kind_from_name(name) == KIND_TRANSCRIPT &&
			   opened->text &&
			   !*ret_record) {
			r = transcript_make(opened->text, opened->confidence, opened->duration_ms,
					    ret_record);
			if (r == 0)
				contents[n++] = (struct content){ KIND_TRANSCRIPT,
								 (*ret_record)->bytes,
								  (*ret_record)->n };
		} else {
			r = ANSWER_INVALID_ARGUMENT;
		}
	}
	if (r == 0)
		r = message_leave(begun);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Export.BeginApproval"));
	*ret_n = n;
	return 0;
}

/* What for, and how its owner came to it. */
struct approved {
	const char *purpose, *recipient;
	const char *review, *voice;	/* may be NULL */
};

static int approval_send(struct cubby *cubby, const struct id *copy, const struct box_keypair *pair,
			 const void *sealed, size_t n_sealed, const struct content *contents,
			 size_t n,
			 const struct approved *as, uint64_t *ret_expires_s)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	char text[ID_TEXT];
	int r;

	r = session_request(cubby, NULL, "Export", "Approve", &request);
	if (r == 0)
		r = message_append(request, "s", id_text(copy, text));
	if (r == 0)
		r = contents_append(cubby, request, copy, cubby->household.release, pair, sealed,
				    n_sealed, contents, n);
	if (r == 0)
		r = message_append(request, "ss", as->purpose, as->recipient);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0 && as->review)
		r = message_append_entry(request, "review", "s", as->review);
	if (r == 0 && as->voice)
		r = message_append_entry(request, "voice", "s", as->voice);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "t", ret_expires_s);
	return fault_trace(session_malformed(cubby, r, "Export.Approve"));
}

static int approve_run(struct cubby *cubby, const char *id, const struct approved *as,
		       char ret_copy[CUBBY_ID_TEXT], int64_t *ret_expires_s)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(message_freep) struct message *begun = NULL;
	_cleanup_(secret_freep) struct secret *record = NULL;
	struct cubby_opened *opened = NULL;
	struct content contents[KIND_MAX];
	const char *copy_text;
	const void *sealed;
	size_t n_sealed, n = 0;
	uint32_t lasts_s;
	uint64_t expires_s = 0;
	struct id copy;
	int r;

	if (!cubby->home)
		return answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
				  "approving an item takes a parent's passphrase: prove first");
	r = box_keypair_new(&pair);
	/* The keeper's refusal comes before anything is opened: a child's item stays shut. */
	if (r == 0)
		r = reply_get(cubby, "Export", "BeginApproval", &begun, "say", id,
			      (const void *)pair->public, sizeof(pair->public));
	if (r != 0)
		return fault_trace(r);
	r = message_read(begun, "s", &copy_text);
	if (r == 0 && !id_parse(copy_text, &copy))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Export.BeginApproval"));
	r = cubby_open(cubby, id, NULL, &opened);
	if (r == 0)
		r = approval_contents(cubby, begun, opened, contents, &n, &record);
	if (r == 0) {
		r = message_read(begun, "ayu", &sealed, &n_sealed, &lasts_s);
		r = session_malformed(cubby, r, "Export.BeginApproval");
	}
	if (r == 0)
		r = approval_send(cubby, &copy, pair, sealed, n_sealed, contents, n, as,
				  &expires_s);
	cubby_opened_free(opened);
	if (r != 0)
		return fault_trace(r);
	id_text(&copy, ret_copy);
	*ret_expires_s = (int64_t)expires_s;
	return 0;
}

int cubby_export_approve(struct cubby *cubby, const char *id, const char *purpose,
			 const char *recipient, const char *review, const char *voice,
			 char ret_copy[CUBBY_ID_TEXT], int64_t *ret_expires_s)
{
	const struct approved as = { purpose, recipient, review, voice };

	session_begin(cubby);
	return session_end(cubby, approve_run(cubby, id, &as, ret_copy, ret_expires_s));
}

static int voiceprint_run(struct cubby *cubby, const char *profile, void *ret_bytes, size_t room,
			  size_t *ret_n)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	const void *box;
	size_t n_box;
	int r = box_keypair_new(&pair);

	if (r == 0)
		r = reply_get(cubby, "Voiceprints", "Get", &reply, "say", profile,
			      (const void *)pair->public, sizeof(pair->public));
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ay", &box, &n_box);
	if (r == 0)
		r = box_open(pair, box, n_box, &bytes);
	if (r == 0 && (bytes->n < 2 || bytes->n - 2 > room ||
		       bytes->n - 2 != (size_t)(bytes->bytes[0] | bytes->bytes[1] << 8)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Voiceprints.Get"));
	memcpy(ret_bytes, bytes->bytes + 2, bytes->n - 2);
	*ret_n = bytes->n - 2;
	return 0;
}

int cubby_export_voiceprint(struct cubby *cubby, const char *profile, void *ret_bytes,
			    size_t room, size_t *ret_n)
{
	session_begin(cubby);
	return session_end(cubby, voiceprint_run(cubby, profile, ret_bytes, room, ret_n));
}

int cubby_export_refuse(struct cubby *cubby, const char *const *ids, size_t n, char **ret_job)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *job;
	int r;

	session_begin(cubby);
	r = session_request(cubby, NULL, "Export", "Refuse", &request);
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = message_append(request, "s", ids[i]);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return session_end(cubby, r);
	r = message_read(reply, "o", &job);
	if (r != 0)
		return session_end(cubby, session_malformed(cubby, r, "Export.Refuse"));
	return session_end(cubby, session_job(cubby, job, "withdraw", -1, ret_job));
}
