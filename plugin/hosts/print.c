/* SPDX-License-Identifier: Apache-2.0 */

/* Printing without stdio, whose buffers would keep what a child said. */

#include "hosts/print.h"

#include <stdarg.h>
#include <string.h>
#include "base/fault.h"
#include "base/file.h"
#include "crypt/secret.h"
#include "base/quote.h"

#define LINE_BYTES 16384
#define STRING_BYTES 1024

struct print {
	int fd;
	bool json;
	struct secret *line;
	size_t n;
};

int print_new(int fd, bool json, struct print **ret)
{
	_cleanup_(print_freep) struct print *print = calloc(1, sizeof(*print));
	int r;

	if (!print)
		return fault_origin(-ENOMEM);
	print->fd = fd;
	print->json = json;
	r = secret_new(LINE_BYTES, &print->line);
	if (r < 0)
		return fault_trace(r);
	*ret = take(print);
	return 0;
}

struct print *print_free(struct print *print)
{
	if (!print)
		return NULL;
	secret_free(print->line);
	free(print);
	return NULL;
}

static const char *event_name(enum cubby_ear_event_type type)
{
	switch (type) {
	case CUBBY_EAR_READY:
		return "ready";
	case CUBBY_EAR_WAKE:
		return "wake";
	case CUBBY_EAR_SPEECH_START:
		return "speech-start";
	case CUBBY_EAR_SPEECH_END:
		return "speech-end";
	case CUBBY_EAR_PARTIAL:
		return "partial";
	case CUBBY_EAR_FINAL:
		return "final";
	case CUBBY_EAR_FORGOTTEN:
		return "forgotten";
	case CUBBY_EAR_KEEPING:
		return "keeping";
	case CUBBY_EAR_PLAYED:
		return "played";
	case CUBBY_EAR_SOURCE_LOST:
		return "source-lost";
	case CUBBY_EAR_SOURCE_BACK:
		return "source-back";
	case CUBBY_EAR_ERROR:
		return "error";
	case CUBBY_EAR_MUTED:
		return "muted";
	}
	return "unknown";
}

static const char *who_name(enum cubby_ear_who who)
{
	return who == CUBBY_EAR_CHILD ? "child" : who == CUBBY_EAR_ADULT ? "adult" : "unknown";
}

_printf_(2, 3)
static void add(struct print *print, const char *format, ...)
{
	size_t room = print->line->n - print->n;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf((char *)print->line->bytes + print->n, room, format, list);
	va_end(list);
	if (n > 0)
		print->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* A line holds three strings at most, each cut at STRING_BYTES, six bytes a character. */
static void add_string(struct print *print, const char *name, const char *value)
{
	char cut[STRING_BYTES];
	char *to;

	if (!value)
		return;
	add(print, ",\"%s\":", name);
	to = (char *)print->line->bytes + print->n;
	if (print->line->n - print->n < QUOTE_BYTES(STRING_BYTES) + 256)
		return;
	snprintf(cut, sizeof(cut), "%s", value);
	print->n += quote_json(cut, to);
	secret_wipe(cut, sizeof(cut));
}

static void line_json(struct print *print, const struct cubby_ear_event *event)
{
	add(print, "{\"event\":\"%s\",\"at_s\":%.2f", event_name(event->type),
	    (double)event->at_ms / 1000.0);
	add_string(print, event->type == CUBBY_EAR_READY || event->type == CUBBY_EAR_SOURCE_BACK ?
		   "source" : "text", event->text);
	if (event->type == CUBBY_EAR_KEEPING)
		add(print, ",\"keeping\":%s", event->kept ? "true" : "false");
	if (event->type == CUBBY_EAR_MUTED)
		add(print, ",\"muted\":%s", event->muted ? "true" : "false");
	if (event->span) {
		add_string(print, "span", event->span);
		add_string(print, "outcome", event->outcome);
		add(print, ",\"items\":%u", event->items);
	}
	if (event->type == CUBBY_EAR_FINAL) {
		add(print, ",\"confidence\":%.3f,\"duration_s\":%.3f,\"who\":\"%s\"",
		    event->confidence, (double)event->duration_ms / 1000.0, who_name(event->who));
		if (event->profile)
			add_string(print, "profile", event->profile);
		else
			add(print, ",\"profile\":null");
		add(print, ",\"kept\":%s",
		    event->uncertain ? "null" : event->kept ? "true" : "false");
		add_string(print, "id", event->id);
	}
	add_string(print, "reason", event->reason);
	add(print, "}\n");
}

static void line_final(struct print *print, const struct cubby_ear_event *event)
{
	add(print, "\"%s\" (%.0f %% sure, %.1f s)\n", event->text, event->confidence * 100.0,
	    (double)event->duration_ms / 1000.0);
	if (event->kept)
		add(print, "  kept for %s as %s\n", event->profile, event->id);
	else if (event->uncertain)
		add(print, "  not known whether it is kept, as %s: %s\n", event->id, event->reason);
	else
		add(print, "  not kept: %s\n", event->reason);
}

static void line_forgotten(struct print *print, const struct cubby_ear_event *event)
{
	if (!event->span)
		add(print, "  forgotten\n");
	else if (event->reason)
		add(print, "Could not forget what was kept: %s.\n", event->reason);
	else if (strcmp(event->outcome, "nothing") == 0)
		add(print, "Nothing of it was kept.\n");
	else
		add(print, "Forgotten: %u %s%s.\n", event->items,
		    event->items == 1 ? "recording" : "recordings",
		    strcmp(event->outcome, "done") == 0 ? "" :
		    "; nobody can open what is left, and it goes too");
}

static void line_people(struct print *print, const struct cubby_ear_event *event)
{
	switch (event->type) {
	case CUBBY_EAR_READY:
		if (event->text)
			add(print, "Listening to %s.\n", event->text);
		else
			add(print, "Listening.\n");
		break;
	case CUBBY_EAR_WAKE:
		add(print, "Yes?\n");
		break;
	case CUBBY_EAR_FINAL:
		line_final(print, event);
		break;
	case CUBBY_EAR_FORGOTTEN:
		line_forgotten(print, event);
		break;
	case CUBBY_EAR_KEEPING:
		if (event->kept)
			add(print, "What is said now is kept.\n");
		else
			add(print, "Nothing that is said now is kept: %s.\n", event->reason);
		break;
	case CUBBY_EAR_PLAYED:
		add(print, "A parent has played a recording.\n");
		break;
	case CUBBY_EAR_SOURCE_LOST:
		add(print, "Not listening: %s.\n", event->reason);
		break;
	case CUBBY_EAR_SOURCE_BACK:
		add(print, "Listening again to %s.\n", event->text);
		break;
	case CUBBY_EAR_ERROR:
		add(print, "Error: %s.\n", event->reason);
		break;
	case CUBBY_EAR_MUTED:
		add(print, event->muted ? "Muted: nothing is heard.\n" : "Listening again.\n");
		break;
	case CUBBY_EAR_SPEECH_START:
	case CUBBY_EAR_SPEECH_END:
		break;
	case CUBBY_EAR_PARTIAL:
		add(print, "%s ...\n", event->text);
		break;
	}
}

int print_event(struct print *print, const struct cubby_ear_event *event)
{
	int r = 0;

	print->n = 0;
	if (print->json)
		line_json(print, event);
	else
		line_people(print, event);
	if (print->n)
		r = file_write(print->fd, print->line->bytes, print->n);
	secret_wipe(print->line->bytes, print->line->n);
	return r < 0 ? fault_trace(r) : 0;
}
