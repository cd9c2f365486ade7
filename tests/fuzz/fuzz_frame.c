/* SPDX-License-Identifier: Apache-2.0 */
/* Wyoming frames. The same stream is read in one piece and in pieces of a size that the first byte
 * tells: what comes out must not depend on where a socket cuts it. */

#include <jansson.h>
#include <string.h>
#include "fuzz.h"
#include "hosts/wyoming/frame.h"

struct told {
	unsigned events, ends;
	size_t payload_bytes;
	uint8_t hash[HASH_BYTES];
	int r;
};

static void event_add(struct hash_stream *hash, const struct frame *frame)
{
	_cleanup_(cleanup_free) char *data = json_dumps(frame->data, JSON_SORT_KEYS);

	fuzz_check(frame->type && json_is_object(frame->data));
	hash_stream_add(hash, frame->type, strlen(frame->type));
	if (data)
		hash_stream_add(hash, data, strlen(data));
}

static void stream_read(const uint8_t *bytes, size_t n, size_t piece, struct told *told)
{
	_cleanup_(frame_reader_freep) struct frame_reader *reader = NULL;
	struct hash_stream hash;
	struct why why = { "" };

	memset(told, 0, sizeof(*told));
	hash_stream_begin(&hash, NULL, 0);
	fuzz_check(frame_reader_new(&reader) == 0);
	for (size_t at = 0; at < n && told->r == 0;) {
		struct frame frame = { FRAME_NONE };
		size_t given = n - at < piece ? n - at : piece, taken = given;

		told->r = frame_take(reader, bytes + at, &taken, 700, &frame, &why);
		if (told->r)
			break;
		fuzz_check(taken <= given && (taken > 0 || frame.change != FRAME_NONE));
		fuzz_check(frame.piece_bytes <= 700);
		at += taken;
		if (frame.change == FRAME_EVENT)
			event_add(&hash, &frame);
		if (frame.change == FRAME_PAYLOAD)
			hash_stream_add(&hash, frame.piece, frame.piece_bytes);
		told->events += frame.change == FRAME_EVENT;
		told->ends += frame.change == FRAME_END;
		told->payload_bytes += frame.change == FRAME_PAYLOAD ? frame.piece_bytes : 0;
	}
	fuzz_check(told->r == 0 || (told->r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	fuzz_check(told->ends <= told->events && told->events <= told->ends + 1);
	hash_stream_end(&hash, told->hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct told whole, pieces;

	fuzz_device();
	if (n < 2)
		return 0;
	stream_read(bytes + 1, n - 1, n, &whole);
	stream_read(bytes + 1, n - 1, bytes[0] % 32 + 1u, &pieces);
	fuzz_check(whole.r == pieces.r && whole.events == pieces.events &&
		   whole.payload_bytes == pieces.payload_bytes &&
		   memcmp(whole.hash, pieces.hash, HASH_BYTES) == 0);
	if (whole.r == 0 && whole.ends > 1)
		fuzz_reached();
	return 0;
}
