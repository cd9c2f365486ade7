/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is it an enrolled adult who speaks? Of everybody else this knows nothing, and of an adult only
 * what was handed over. Whatever is in doubt is nobody. */

#include "base/id.h"
#include "speaker/speech.h"

#define SPEAKER_ENROLLED_MAX 16
/* After so long a pause it may be anybody. */
#define SPEAKER_PAUSE_MAX_MS 10000
/* Speech of one voice that adds up; after that it is judged afresh. */
#define SPEAKER_EVIDENCE_MAX_MS 10000

struct enrolled {
	struct id profile;
	struct voiceprint voiceprint;
};

/* One for all sessions of an ear: the model and those enrolled. */
struct speaker;
/* One for each session: what its last utterances said about one voice. */
struct speaker_session;

/* model: a file; it is read when first somebody is enrolled. */
int speaker_new(const char *model, struct speaker **ret);
/* After its sessions. */
struct speaker *speaker_free(struct speaker *speaker);
CLEANUP_DEFINE(struct speaker *, speaker_free)
/* Instead of those before; copied into locked memory. The evidence of a session is dropped when it
 * hears the next utterance after a change. n = 0: nobody. ANSWER_INVALID_ARGUMENT: more than
 * SPEAKER_ENROLLED_MAX, then nobody is. A model that cannot be used is no answer here: everybody is
 * unknown then, and speaker_hear() says why. */
int speaker_enrol(struct speaker *speaker, const struct enrolled *enrolled, size_t n,
		  struct why *why);

int speaker_session_new(struct speaker *speaker, struct speaker_session **ret);
struct speaker_session *speaker_session_free(struct speaker_session *session);
CLEANUP_DEFINE(struct speaker_session *, speaker_session_free)
void speaker_session_reset(struct speaker_session *session);
/* Speech of one voice that is held as evidence. */
uint32_t speaker_session_speech_ms(const struct speaker_session *session);

/* Of an utterance of n samples that began at begin_ms of the session's sound. 0: the adult whose
 * profile is *ret_profile. ANSWER_NOT_FOUND: nobody enrolled, or in doubt, and why says what. */
int speaker_hear(struct speaker_session *session, const int16_t *samples, size_t n,
		 int64_t begin_ms, struct id *ret_profile, struct why *why);
