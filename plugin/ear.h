/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUBBY_EAR_H
#define CUBBY_EAR_H

/*
 * Cubby's ear: hears an utterance, recognises it, and keeps it only if a parent signed for it.
 *
 * An ear belongs to one thread of its host: the one that calls cubby_ear_dispatch(), in which all
 * events arrive and all work is done (recognition may take as long as the utterance lasted, so
 * give it a thread of its own where that matters). Beside each function stands from where it may
 * be called:
 *
 *   [ear]   from the ear's thread only; it may move to another when nothing of it is running
 *   [any]   from any thread, at any time while the ear and the session are there
 *   [sound] from one thread for each session, which may be another than the ear's
 *
 * From within an event only cubby_ear_session_push(), _session_end_of_utterance(), cubby_ear_mute()
 * and the two questions may be called.
 *
 * A session with a microphone of its own starts one thread, for that; nothing else does. No signal
 * handler is installed and SIGPIPE is left as it is; the connection to the bus is private, is made
 * when it is first needed, and its loss does not end the process. The library opens no descriptor
 * that an exec() would inherit, and closes none that is not its own.
 *
 * Nothing of an utterance is written to disk or logged here. What is kept is sealed to the
 * parents' key before it leaves the process. The ear plays nothing and lets nobody listen from
 * afar.
 *
 * Structs begin with their size: set it to sizeof, and zero what you do not use. They only grow at
 * their end, so that a host and a library of different ages understand each other.
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
	CUBBY_EAR_PARTIAL,		/* text so far; see CUBBY_EAR_PARTIALS */
	CUBBY_EAR_FINAL,		/* text, confidence, who, profile, kept, id or reason */
	CUBBY_EAR_FORGOTTEN,		/* the utterance was wiped and nothing of it kept; when it
					 * asked to forget, then also span, outcome, items */
	CUBBY_EAR_KEEPING,		/* kept: 1 while utterances of this session would be
					 * kept; reason: why not. Comes also while nobody speaks */
	CUBBY_EAR_PLAYED,		/* a parent opened the sound of what this session's profile
					 * said */
	CUBBY_EAR_SOURCE_LOST,		/* the microphone went; reason */
	CUBBY_EAR_SOURCE_BACK,		/* text: its name */
	CUBBY_EAR_ERROR,		/* reason says what is wrong and what to do */
	CUBBY_EAR_MUTED,		/* muted: 1 from now on nothing is heard, 0 it is again */
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
	int64_t at_ms;			/* position in the session's sound; 0 for what is not of
					 * it: keeping, played, muted, the microphone */
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
	int muted;			/* MUTED */
	/* FORGOTTEN, where a phrase asked for it: "last", "ten-minutes" or "today"; what became of
	 * that which had been kept: "done" (read back as gone), "partial" (nobody can open it, the
	 * rest is tried again), "nothing" (nothing was kept), "failed" (with a reason); and how
	 * many items. */
	const char *span;
	const char *outcome;
	unsigned items;
};

/* What the host provides. Any may be NULL: then messages go nowhere. `level` as syslog's. */
struct cubby_ear_services {
	size_t size;
	void *context;
	void (*log)(void *context, int level, const char *message);
	/* Milliseconds that only grow; asked from the ear's and the sound's threads. NULL: the
	 * time since boot. */
	int64_t (*now_ms)(void *context);
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
	CUBBY_EAR_PARTIALS = 8,		/* PARTIAL while somebody speaks */
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

/* A pushed utterance that nothing has been added to for so long is wiped and FORGOTTEN: sound
 * does not wait for ever for a host that went away. */
#define CUBBY_EAR_ABANDONED_MS 30000

/* cubby_ear_new() and cubby_ear_session_new() return 0, or a negative errno with one sentence for
 * people in why (may be NULL). */
/* [any] Loads the models: seconds. The process has no core dumps and cannot be traced from then on
 * (RLIMIT_CORE, PR_SET_DUMPABLE): it will hold what children say. Strings of config are not needed
 * any more when it returns. */
int cubby_ear_new(const struct cubby_ear_config *config, struct cubby_ear **ret_ear,
		  char *why, size_t why_bytes);
/* [ear] Frees its sessions too. Takes NULL. */
void cubby_ear_free(struct cubby_ear *ear);

/* [any] Poll this for reading, call dispatch when it is ready. It stays the same for the life of
 * the ear and belongs to it: do not read, write or close it. */
int cubby_ear_fd(const struct cubby_ear *ear);
/* [ear] Call dispatch after so long even if the descriptor is not ready; -1: need not be. Ask
 * again after each dispatch. */
int cubby_ear_timeout_ms(const struct cubby_ear *ear);
/* [ear] Does what there is to do, and calls the host for it. Returns 0. Calling it too often does
 * no harm. */
int cubby_ear_dispatch(struct cubby_ear *ear);

/* [any, also from a signal handler] 1: from when this returns no sound is taken in, and what was
 * heard and has not come out as FINAL does not any more. Nothing of it is kept; it is wiped, and
 * microphones are closed, with the next dispatch. 0: the ear hears again from the next dispatch on.
 * Sessions are told by MUTED, and by KEEPING where that changes. Nothing but this function mutes or
 * unmutes: no event, no word spoken, no keeper. */
void cubby_ear_mute(struct cubby_ear *ear, int muted);

/* [ear] */
int cubby_ear_session_new(struct cubby_ear *ear, const struct cubby_ear_session_config *config,
			  struct cubby_ear_session **ret_session, char *why, size_t why_bytes);
/* [ear] Ends it at once; what was heard and not recognised yet is wiped. Not from within an event.
 * Takes NULL. */
void cubby_ear_session_close(struct cubby_ear_session *session);
/* [sound] Mono samples of 16 bits at CUBBY_EAR_RATE_HZ. Returns how many were taken: fewer than n
 * when dispatch is behind by half a minute. */
size_t cubby_ear_session_push(struct cubby_ear_session *session, const int16_t *samples, size_t n);
/* [sound] The utterance ends with what has been pushed (the button was let go, the recording
 * ended). */
void cubby_ear_session_end_of_utterance(struct cubby_ear_session *session);
/* [ear] Drops what has been pushed and not come out as final. */
void cubby_ear_session_cancel(struct cubby_ear_session *session);

/*
 * [ear] Two questions for a host that would save or send what it heard by a way of its own. They
 * are of the utterance of the session's last FINAL (from within that event on, until the next
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

/* For a host that does not link the library: dlopen("libcubby-ear.so.0", ...), then
 * dlsym(..., "cubby_ear_entry"). It has all of the above; what is new comes at the end, so look at
 * the size before you use what was not there in the version you were built for. */
struct cubby_ear_entry {
	size_t size;
	const char *version;
	int (*ear_new)(const struct cubby_ear_config *config, struct cubby_ear **ret_ear,
		       char *why, size_t why_bytes);
	void (*ear_free)(struct cubby_ear *ear);
	int (*fd)(const struct cubby_ear *ear);
	int (*timeout_ms)(const struct cubby_ear *ear);
	int (*dispatch)(struct cubby_ear *ear);
	void (*mute)(struct cubby_ear *ear, int muted);
	int (*session_new)(struct cubby_ear *ear, const struct cubby_ear_session_config *config,
			   struct cubby_ear_session **ret_session, char *why, size_t why_bytes);
	void (*session_close)(struct cubby_ear_session *session);
	size_t (*session_push)(struct cubby_ear_session *session, const int16_t *samples,
			       size_t n);
	void (*session_end_of_utterance)(struct cubby_ear_session *session);
	void (*session_cancel)(struct cubby_ear_session *session);
	int (*audio_may_leave_device)(const struct cubby_ear_session *session, char *why,
				      size_t why_bytes);
	int (*may_be_exported)(const struct cubby_ear_session *session, char *why,
			       size_t why_bytes);
};
extern const struct cubby_ear_entry cubby_ear_entry;

#ifdef __cplusplus
}
#endif
#endif
