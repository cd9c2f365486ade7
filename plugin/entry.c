/* SPDX-License-Identifier: Apache-2.0 */

/* The one symbol for hosts that load the ear instead of linking it. Members are never moved or
 * taken away: a host built against an older header reads them by their place. */

#include "ear.h"

__attribute__((visibility("default")))
const struct cubby_ear_entry cubby_ear_entry = {
	.size = sizeof(struct cubby_ear_entry),
	.version = CUBBY_VERSION,
	.ear_new = cubby_ear_new,
	.ear_free = cubby_ear_free,
	.fd = cubby_ear_fd,
	.timeout_ms = cubby_ear_timeout_ms,
	.dispatch = cubby_ear_dispatch,
	.mute = cubby_ear_mute,
	.session_new = cubby_ear_session_new,
	.session_close = cubby_ear_session_close,
	.session_push = cubby_ear_session_push,
	.session_end_of_utterance = cubby_ear_session_end_of_utterance,
	.session_cancel = cubby_ear_session_cancel,
	.audio_may_leave_device = cubby_ear_audio_may_leave_device,
	.may_be_exported = cubby_ear_may_be_exported,
};
