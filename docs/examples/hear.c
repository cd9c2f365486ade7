/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest whole host of Cubby's ear: hears raw sound (16 bits, mono, 16 kHz) from standard
 * input and prints what was said, and whether it was kept for the profile that is named.
 *
 *	cc hear.c $(pkg-config --cflags --libs cubby-ear) -o hear
 *	arecord -t raw -f S16_LE -r 16000 | ./hear [PROFILE [GRAMMAR]]
 *
 * Everything happens in one thread here, so sound waits while an utterance is recognised. A host
 * with more to do reads its sound in one thread and calls dispatch in another.
 */

#include <cubby/ear.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Called from dispatch only. Strings are gone when it returns. */
static void heard(void *context, struct cubby_ear_session *session,
		  const struct cubby_ear_event *event)
{
	char why[256];

	(void)context;
	switch (event->type) {
	case CUBBY_EAR_KEEPING:
		/* Here a host lights its lamp. */
		fprintf(stderr, "lamp: %s\n", event->kept ? "on" : "off");
		break;
	case CUBBY_EAR_FINAL:
		printf("%s\n", event->text);
		if (event->kept)
			fprintf(stderr, "kept for %s as %s\n", event->profile, event->id);
		else
			fprintf(stderr, "not kept: %s\n", event->reason);
		/* Before a host hands the sound on, to whomever, it asks. */
		if (!cubby_ear_audio_may_leave_device(session, why, sizeof(why)))
			fprintf(stderr, "stays here: %s\n", why);
		break;
	case CUBBY_EAR_ERROR:
		fprintf(stderr, "error: %s\n", event->reason);
		break;
	default:
		break;	/* also what a newer library may tell */
	}
}

/* Hands over what was read, waiting for room where the ear is behind. */
static void push(struct cubby_ear *ear, struct cubby_ear_session *session,
		 const int16_t *samples, size_t n)
{
	for (size_t done = 0; done < n;) {
		done += cubby_ear_session_push(session, samples + done, n - done);
		cubby_ear_dispatch(ear);
	}
}

static void listen_on(struct cubby_ear *ear, struct cubby_ear_session *session)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = cubby_ear_fd(ear), .events = POLLIN } };
	int16_t samples[1600];
	char *bytes = (char *)samples;
	size_t held = 0;	/* bytes read; a sample may come in two halves */
	ssize_t n = 1;

	while (n > 0 && poll(fds, 2, cubby_ear_timeout_ms(ear)) >= 0) {
		if (fds[0].revents) {
			n = read(STDIN_FILENO, bytes + held, sizeof(samples) - held);
			held += n > 0 ? (size_t)n : 0;
			push(ear, session, samples, held / 2);
			bytes[0] = held % 2 ? bytes[held - 1] : 0;
			held %= 2;
		}
		cubby_ear_dispatch(ear);
	}
	memset(samples, 0, sizeof(samples));	/* it was somebody's voice */
	cubby_ear_session_end_of_utterance(session);
	cubby_ear_dispatch(ear);
}

int main(int argc, char **argv)
{
	struct cubby_ear_config config = { .size = sizeof(config) };
	struct cubby_ear_session_config of = { .size = sizeof(of), .event = heard };
	struct cubby_ear *ear;
	struct cubby_ear_session *session;
	char why[256];
	int r;

	of.profile = argc > 1 && *argv[1] ? argv[1] : NULL;
	config.grammar = argc > 2 ? argv[2] : NULL;
	r = cubby_ear_new(&config, &ear, why, sizeof(why));
	if (r == 0) {
		r = cubby_ear_session_new(ear, &of, &session, why, sizeof(why));
		if (r == 0)
			listen_on(ear, session);
		cubby_ear_free(ear);
	}
	if (r < 0)
		fprintf(stderr, "hear: %s\n", why);
	return r < 0;
}
