/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches what a box for the keeper must repeat. Each is for one box and this connection. */

#include <string.h>

#include "client/reply.h"

int session_nonce(struct cubby *cubby, uint8_t ret[static NONCE_BYTES])
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const void *nonce;
	size_t n;
	int r;

	r = reply_get(cubby, "Parents", "Nonce", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ay", &nonce, &n);
	if (r == 0 && n != NONCE_BYTES)
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.Nonce"));
	memcpy(ret, nonce, NONCE_BYTES);
	return 0;
}
