/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The way of the sound through the ear. Whatever comes in is wiped when it has come out, kept or
 * not; nothing is decoded while nobody speaks; nothing is kept but through a verdict.
 */

#include "pipeline_private.h"

#include <string.h>

/* The longest utterance, and as much again while that one is being recognised. */
#define RING_FRAMES (2 * CUBBY_EAR_RATE_HZ * (ENDPOINT_LENGTH_MAX_MS / 1000))
#define PARTIAL_MS 300
/* Voice for so long after the phrase is more than its end. */
#define WAKE_REST_MS 400

int pipeline_new(const struct pipeline_tools *tools, const char *profile,
		 void (*event)(void *context, const struct cubby_ear_event *event), void *context,
		 struct pipeline **ret)
{
	_cleanup_(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int r;

	if (!pipeline)
		return fault_origin(-ENOMEM);
	pipeline->tools = *tools;
	pipeline->wake.spotter = tools->spotter;
	pipeline->event = event;
	pipeline->context = context;
	pipeline->profile = strdup(profile ? profile : "");
	if (!pipeline->profile)
		return fault_origin(-ENOMEM);
	r = ring_new(RING_FRAMES, &pipeline->ring);
	if (r == 0)
		r = voice_new(&pipeline->voice);
	if (r == 0)
		r = speaker_session_new(tools->speaker, &pipeline->speaker);
	if (r == 0)
		r = secret_new(sizeof(struct heard), &pipeline->memory);
	if (r < 0)
		return fault_trace(r);
	pipeline->heard = (struct heard *)(void *)pipeline->memory->bytes;
	*ret = take(pipeline);
	return 0;
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return NULL;
	recogniser_cancel(pipeline->tools.recogniser, pipeline->ticket);
	wake_cancel(&pipeline->wake);
	ring_free(pipeline->ring);
	voice_free(pipeline->voice);
	speaker_session_free(pipeline->speaker);
	secret_free(pipeline->memory);
	free(pipeline->profile);
	free(pipeline);
	return NULL;
}

size_t pipeline_push(struct pipeline *pipeline, const int16_t *samples, size_t n)
{
	return ring_write(pipeline->ring, samples, n);
}

void pipeline_mark_end(struct pipeline *pipeline)
{
	atomic_store(&pipeline->mark, ring_head(pipeline->ring));
}

static uint64_t position_of(const struct pipeline *pipeline, uint64_t frame)
{
	return pipeline->base + frame * VOICE_FRAMES;
}

int64_t pipeline_ms(const struct pipeline *pipeline, uint64_t frame)
{
	return (int64_t)(position_of(pipeline, frame) / (CUBBY_EAR_RATE_HZ / 1000));
}

void pipeline_tell(struct pipeline *pipeline, struct cubby_ear_event *event)
{
	event->size = sizeof(*event);
	pipeline->event(pipeline->context, event);
}

void pipeline_tell_at(struct pipeline *pipeline, enum cubby_ear_event_type type, uint64_t frame)
{
	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = type, .at_ms = pipeline_ms(pipeline, frame) });
}

/* Frames from now on in which the host's ear stays open after the phrase. */
static void wake_tell(struct pipeline *pipeline)
{
	pipeline_tell_at(pipeline, CUBBY_EAR_WAKE, pipeline->endpoint.now);
	if (!pipeline->tools.recogniser)
		return;
	wake_until(&pipeline->wake, pipeline->endpoint.now + WAKE_LASTS_MS / VOICE_FRAME_MS);
}

/* Speech that began without the phrase: was it there? */
static int unawake_end(struct pipeline *pipeline, size_t n)
{
	bool heard;
	int r = wake_finish(&pipeline->wake, pipeline->heard->utterance, n, &heard);

	if (r == 0 && heard)
		wake_tell(pipeline);
	return r < 0 ? fault_trace(r) : 0;
}

static int utterance_feed(struct pipeline *pipeline, bool rest);

/* Speech for the host: its words and its fate. */
static int speech_end(struct pipeline *pipeline, size_t n)
{
	int r;

	pipeline_tell_at(pipeline, CUBBY_EAR_SPEECH_END, pipeline->endpoint.last_voice);
	r = utterance_feed(pipeline, true);
	if (r == 0)
		r = recogniser_finish(pipeline->tools.recogniser, pipeline->ticket,
				      pipeline->heard->utterance, n,
				      &pipeline->heard->recognition);
	pipeline->ticket = 0;
	wake_until(&pipeline->wake, 0);
	if (r == 0 && !*pipeline->tools.muted) {
		pipeline_settle(pipeline, n);
	} else {
		secret_wipe(pipeline->heard, sizeof(*pipeline->heard));
		pipeline_tell_at(pipeline, CUBBY_EAR_FORGOTTEN, pipeline->endpoint.now);
	}
	return r < 0 ? fault_trace(r) : 0;
}

/* Nothing but the phrase was said: the host waits for what comes next. */
static bool only_phrase(const struct pipeline *pipeline)
{
	const struct endpoint *endpoint = &pipeline->endpoint;

	return pipeline->woken &&
	       endpoint->last_voice < endpoint->begin + WAKE_REST_MS / VOICE_FRAME_MS;
}

/* Up to this frame of the endpointer. */
static size_t utterance_read(struct pipeline *pipeline, uint64_t frame)
{
	uint64_t begin = position_of(pipeline, pipeline->endpoint.begin);
	uint64_t end = position_of(pipeline, frame);
	size_t n = end > begin ? (size_t)(end - begin) : 0;

	ring_read(pipeline->ring, begin, pipeline->heard->utterance, n);
	return n;
}

static int utterance_end(struct pipeline *pipeline)
{
	size_t n = utterance_read(pipeline, pipeline->endpoint.end);
	int r = 0;

	if (pipeline->wake.spotting)
		r = unawake_end(pipeline, n);
	else if (only_phrase(pipeline))
		recogniser_cancel(pipeline->tools.recogniser, pipeline->ticket);
	else
		r = speech_end(pipeline, n);
	pipeline->woken = false;
	secret_wipe(pipeline->heard, sizeof(*pipeline->heard));
	ring_release(pipeline->ring, position_of(pipeline, endpoint_needed(&pipeline->endpoint)));
	return r < 0 ? fault_trace(r) : 0;
}

static int speech_begin(struct pipeline *pipeline);

/* The phrase just ended: the rest of the utterance is the host's, the phrase itself nobody's. */
static int wake_heard(struct pipeline *pipeline)
{
	struct endpoint *endpoint = &pipeline->endpoint;

	/* What follows is nobody's here: it may be the phrase once more. */
	if (!pipeline->tools.recogniser) {
		wake_tell(pipeline);
		endpoint_reset(endpoint);
		return 0;
	}
	endpoint->begin = endpoint->now - WAKE_DELAY_MS / VOICE_FRAME_MS;
	endpoint->onset = endpoint->begin;
	pipeline->woken = true;
	wake_tell(pipeline);
	return speech_begin(pipeline);
}

/* The phrase may have been heard: a second look, at all that was said so far. */
static int wake_maybe(struct pipeline *pipeline)
{
	struct endpoint *endpoint = &pipeline->endpoint;
	size_t n = utterance_read(pipeline, endpoint_so_far(endpoint));
	bool heard;
	int r = wake_finish(&pipeline->wake, pipeline->heard->utterance, n, &heard);

	secret_wipe(pipeline->heard->utterance, n * sizeof(*pipeline->heard->utterance));
	if (r == 0 && heard)
		r = wake_heard(pipeline);
	else if (r == 0)
		wake_begin(&pipeline->wake, endpoint->begin, &r);
	return r < 0 ? fault_trace(r) : 0;
}

/* What belongs to the utterance so far, and not the silence behind it, unless it goes on. */
static int utterance_feed(struct pipeline *pipeline, bool rest)
{
	uint64_t to = position_of(pipeline, endpoint_so_far(&pipeline->endpoint));
	int16_t *samples = pipeline->heard->frame;

	/* PocketSphinx takes memory each time that it gets something; the phrase is urgent. */
	rest |= pipeline->wake.spotting;
	while (pipeline->fed + (rest ? 1 : FEED_FRAMES) <= to) {
		size_t n = to - pipeline->fed < FEED_FRAMES ? (size_t)(to - pipeline->fed) :
							      FEED_FRAMES;
		bool maybe = false;
		int r;

		ring_read(pipeline->ring, pipeline->fed, samples, n);
		pipeline->fed += n;
		if (pipeline->wake.spotting)
			r = wake_feed(&pipeline->wake, samples, n, &maybe);
		else
			r = recogniser_feed(pipeline->tools.recogniser, pipeline->ticket, samples,
					    n);
		if (r == 0 && maybe)
			r = wake_maybe(pipeline);
		if (r < 0)
			return fault_trace(r);
		if (maybe && !pipeline->wake.spotting)
			return 0;
	}
	return 0;
}

static int speech_begin(struct pipeline *pipeline)
{
	int r;

	pipeline_tell_at(pipeline, CUBBY_EAR_SPEECH_START, pipeline->endpoint.onset);
	/* While there is still time to stop speaking, the light must be right. */
	pipeline->allowed = ~0u;
	if (*pipeline->profile)
		pipeline_keeping(pipeline);
	pipeline->changes = report_changes(pipeline->tools.report);
	r = recogniser_begin(pipeline->tools.recogniser, &pipeline->ticket);
	pipeline->fed = position_of(pipeline, pipeline->endpoint.begin);
	if (r == 0)
		r = utterance_feed(pipeline, false);
	return r < 0 ? fault_trace(r) : 0;
}

static int utterance_begin(struct pipeline *pipeline)
{
	int fault;

	if (wake_begin(&pipeline->wake, pipeline->endpoint.begin, &fault))
		return speech_begin(pipeline);
	pipeline->fed = position_of(pipeline, pipeline->endpoint.begin);
	return fault < 0 ? fault_trace(fault) : utterance_feed(pipeline, false);
}

static void utterance_partial(struct pipeline *pipeline)
{
	struct heard *heard = pipeline->heard;
	const char *text;

	if (!pipeline->tools.partial ||
	    (pipeline->endpoint.now - pipeline->endpoint.begin) % (PARTIAL_MS / VOICE_FRAME_MS))
		return;
	text = recogniser_partial(pipeline->tools.recogniser, pipeline->ticket);
	if (!*text || strcmp(text, heard->partial) == 0)
		return;
	snprintf(heard->partial, sizeof(heard->partial), "%s", text);
	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = CUBBY_EAR_PARTIAL, .text = heard->partial,
		.at_ms = pipeline_ms(pipeline, pipeline->endpoint.now) });
}

/* Somebody has paused: whether for long is guessed from what was said. */
static int utterance_wait(struct pipeline *pipeline)
{
	static const unsigned wait_ms[] = {
		[SENTENCE_UNKNOWN] = ENDPOINT_SILENCE_MS,
		[SENTENCE_BEGUN] = ENDPOINT_SILENCE_BEGUN_MS,
		[SENTENCE_WHOLE] = ENDPOINT_SILENCE_MS,
		[SENTENCE_ENDED] = ENDPOINT_SILENCE_ENDED_MS,
		[SENTENCE_CERTAIN] = ENDPOINT_SILENCE_CERTAIN_MS,
	};
	enum sentence sentence;
	int r;

	r = utterance_feed(pipeline, true);
	if (r == 0)
		r = recogniser_sentence(pipeline->tools.recogniser, pipeline->ticket, &sentence);
	if (r < 0)
		return fault_trace(r);
	pipeline->endpoint.silence_ms = wait_ms[sentence];
	return 0;
}

/* One frame, the next one, has been heard. */
static int frame_hear(struct pipeline *pipeline)
{
	struct endpoint *endpoint = &pipeline->endpoint;
	uint64_t position = position_of(pipeline, endpoint->now);
	bool voice;
	int r = 0;

	ring_read(pipeline->ring, position, pipeline->heard->frame, VOICE_FRAMES);
	voice = voice_frame(pipeline->voice, pipeline->heard->frame);
	switch (endpoint_frame(endpoint, voice)) {
	case ENDPOINT_BEGIN:
		r = utterance_begin(pipeline);
		break;
	case ENDPOINT_END:
		r = utterance_end(pipeline);
		break;
	case ENDPOINT_SAME:
		if (!endpoint->speaking)
			break;
		r = utterance_feed(pipeline, false);
		if (r == 0 && endpoint->speaking)
			utterance_partial(pipeline);
		if (r == 0 && endpoint_pausing(endpoint))
			r = utterance_wait(pipeline);
		break;
	}
	if (!endpoint->speaking)
		ring_release(pipeline->ring, position_of(pipeline, endpoint_needed(endpoint)));
	return r < 0 ? fault_trace(r) : 0;
}

/* Ends at the mark; what is left over of a frame belongs to nobody. */
static int mark_reach(struct pipeline *pipeline, uint64_t mark)
{
	uint64_t heard = position_of(pipeline, pipeline->endpoint.now);
	int r = 0;

	if (endpoint_finish(&pipeline->endpoint) == ENDPOINT_END)
		r = utterance_end(pipeline);
	endpoint_reset(&pipeline->endpoint);
	pipeline->base += mark - heard;
	ring_release(pipeline->ring, mark);
	secret_wipe(pipeline->heard, sizeof(*pipeline->heard));
	return r;
}

int pipeline_run(struct pipeline *pipeline)
{
	for (;;) {
		uint64_t mark = atomic_load(&pipeline->mark);
		uint64_t end = mark ? mark : ring_head(pipeline->ring);
		int r = 0;

		if (*pipeline->tools.muted)
			return 0;
		if (position_of(pipeline, pipeline->endpoint.now + 1) <= end)
			r = frame_hear(pipeline);
		else if (mark && atomic_compare_exchange_strong(&pipeline->mark, &mark, 0))
			r = mark_reach(pipeline, mark);
		else if (!mark)
			return 0;
		if (r < 0)
			return fault_trace(r);
	}
}

bool pipeline_speaking(const struct pipeline *pipeline)
{
	return pipeline->endpoint.speaking;
}

void pipeline_cancel(struct pipeline *pipeline)
{
	uint64_t head = ring_head(pipeline->ring);

	recogniser_cancel(pipeline->tools.recogniser, pipeline->ticket);
	wake_cancel(&pipeline->wake);
	speaker_session_reset(pipeline->speaker);
	pipeline->woken = false;
	pipeline->ticket = 0;
	atomic_store(&pipeline->mark, 0);
	endpoint_reset(&pipeline->endpoint);
	pipeline->base = head - pipeline->endpoint.now * VOICE_FRAMES;
	ring_release(pipeline->ring, head);
	secret_wipe(pipeline->heard, sizeof(*pipeline->heard));
}
