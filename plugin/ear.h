/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUBBY_EAR_H
#define CUBBY_EAR_H

/*
 * Cubby's ear: hears an utterance, recognises it, and keeps it only if a parent signed for it.
 *
 * An ear belongs to one thread of its host: the one that calls cubby_ear_dispatch(), in which all
 * events arrive and all work is done (recognition may take as long as the utterance lasted, so
 * give it a thread of its own where that matters). Sound may be pushed from one other thread. A
 * session with a microphone of its own starts one thread, for that; nothing else does.
 *
 * Nothing of an utterance is written to disk or logged here. What is kept is sealed to the
 * parents' key before it leaves the process. The ear plays nothing and lets nobody listen from
 * afar.
 *
 * Structs begin with their size: set it to sizeof, and zero what you do not use.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUBBY_EAR_RATE_HZ 16000

struct cubby_ear;
struct cubby_ear_session;

enum cubby_ear_event_type {
	CUBBY_EAR_READY = 1,		/* listening: model loaded, microphone open */
	CUBBY_EAR_WAKE,			/* the wake phrase was heard */
	CUBBY_EAR_SPEECH_START,
	CUBBY_EAR_SPEECH_END,
	CUBBY_EAR_PARTIAL,		/* text so far */
	CUBBY_EAR_FINAL,		/* text, confidence, who, profile, kept, id or reason */
	CUBBY_EAR_FORGOTTEN,		/* the utterance was wiped and nothing of it kept */
	CUBBY_EAR_KEEPING,		/* kept: 1 while utterances of this session would be
					 * kept; reason: why not. Comes also while nobody speaks */
	CUBBY_EAR_PLAYED,		/* a parent opened the sound of what this session's profile
					 * said */
	CUBBY_EAR_SOURCE_LOST,		/* the microphone went; reason */
	CUBBY_EAR_SOURCE_BACK,		/* text: its name */
	CUBBY_EAR_ERROR,		/* reason says what is wrong and what to do */
};

/* Whoever is not known for certain is unknown, and treated as a child without consent. */
enum cubby_ear_who {
	CUBBY_EAR_UNKNOWN = 0,
	CUBBY_EAR_CHILD = 1,
	CUBBY_EAR_ADULT = 2,
};

/* Strings are borrowed until the callback returns, and wiped then; NULL where there is none. */
struct cubby_ear_event {
	size_t size;
	enum cubby_ear_event_type type;
	int64_t at_ms;			/* position in the session's sound */
	int64_t duration_ms;		/* FINAL: of the utterance */
	const char *text;
	double confidence;		/* FINAL: 0 to 1 */
	enum cubby_ear_who who;		/* FINAL */
	const char *profile;		/* FINAL: its name, for a child or adult */
	int kept;			/* FINAL: 1 when the keeper has it; see uncertain */
	int failed;			/* FINAL: 1 when it could not be kept although it should */
	const char *id;			/* FINAL, kept or uncertain */
	const char *reason;		/* FINAL, not kept or uncertain */
	/* FINAL, not kept: 1 when it was handed over and no answer came, so that it may be kept all
	 * the same. No FORGOTTEN follows. */
	int uncertain;
};

/* What the host provides. Any may be NULL: then messages go nowhere. `level` as syslog's. */
struct cubby_ear_services {
	size_t size;
	void *context;
	void (*log)(void *context, int level, const char *message);
};

struct cubby_ear_config {
	size_t size;
	const struct cubby_ear_services *services;
	const char *bus;		/* a D-Bus address; NULL: the system bus */
	const char *settings;		/* NULL: /etc/cubby/ear.conf, which may be absent */
	const char *model;		/* a folder of PocketSphinx models; NULL: Debian's en-us */
	const char *grammar;		/* a JSGF file; NULL: a language model */
	const char *lm;			/* a language model; NULL: the model's own */
	const char *wake;		/* a wake phrase; NULL: every utterance is for the host */
};

enum cubby_ear_session_flags {
	CUBBY_EAR_MICROPHONE = 1,	/* capture from PulseAudio instead of waiting for a push */
	CUBBY_EAR_AWAKE = 2,		/* every utterance, although the ear has a wake phrase */
	CUBBY_EAR_WAKE_ONLY = 4,	/* nothing but WAKE: what is said is not recognised, and so
					 * never kept; needs the ear's wake phrase */
};

struct cubby_ear_session_config {
	size_t size;
	unsigned flags;
	const char *profile; /* the name of whose button, room or device this is; or NULL */
	const char *source;  /* CUBBY_EAR_MICROPHONE: a PulseAudio source; NULL: the default */
	void *context;
	void (*event)(void *context, struct cubby_ear_session *session,
		      const struct cubby_ear_event *event);
};

/* All return 0, or a negative errno with one sentence for people in why (may be NULL). */
int cubby_ear_new(const struct cubby_ear_config *config, struct cubby_ear **ret_ear,
		  char *why, size_t why_bytes);
/* Frees its sessions too. */
void cubby_ear_free(struct cubby_ear *ear);

/* Poll this for reading, call dispatch when it is ready. */
int cubby_ear_fd(const struct cubby_ear *ear);
int cubby_ear_dispatch(struct cubby_ear *ear);

int cubby_ear_session_new(struct cubby_ear *ear, const struct cubby_ear_session_config *config,
			  struct cubby_ear_session **ret_session, char *why, size_t why_bytes);
/* Ends it at once; what was heard and not recognised yet is wiped. Not from its own callback. */
void cubby_ear_session_close(struct cubby_ear_session *session);
/* Mono samples of 16 bits at CUBBY_EAR_RATE_HZ. Returns how many were taken: fewer than n when
 * dispatch is behind by half a minute. */
size_t cubby_ear_session_push(struct cubby_ear_session *session, const int16_t *samples, size_t n);
/* The utterance ends with what has been pushed (the button was let go, the recording ended). */
void cubby_ear_session_end_of_utterance(struct cubby_ear_session *session);
/* Drops what has been pushed and not come out as final. */
void cubby_ear_session_cancel(struct cubby_ear_session *session);

/*
 * Two questions for a host that would save or send what it heard by a way of its own. They are of
 * the utterance of the session's last FINAL (from within that event on, until the next
 * SPEECH_START) and return 1 for yes; 0 for no with one sentence for people in why (may be NULL).
 * Before the first FINAL, of a child and of an unknown speaker the answer is no. A host that gets
 * no answer (no ear, an error) must take it for a no.
 *
 * May it leave this device, say to a recogniser elsewhere? Only an adult's who was recognised by
 * voice, and only where the administrator wrote "audio_may_leave_device = adults" in ear.conf.
 */
int cubby_ear_audio_may_leave_device(const struct cubby_ear_session *session, char *why,
				     size_t why_bytes);
/* May it be saved or sent as data for training? What has just been said has been reviewed by
 * nobody, so the answer is no and says what to do; what an adult owner has approved goes out by
 * "cubby export" alone, which can be recalled. */
int cubby_ear_may_be_exported(const struct cubby_ear_session *session, char *why,
			      size_t why_bytes);

#ifdef __cplusplus
}
#endif
#endif
