/* SPDX-License-Identifier: Apache-2.0 */

/* Alerts to parents. Nothing that was said, and nothing but a nickname and a count, may come into
 * a sentence; an alert is told even where storing it failed. */

#include "alert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/alert.h"

struct alerts {
	struct alerts_config config;
};

/* In a sentence: {of} is " of NICKNAME" or nothing, {n} the count, {s} an "s" unless it is 1. */
static const struct alert_row_of {
	const char *name;
	bool informs;		/* seeing it is enough */
	const char *text;
} kinds[ALERT_KIND_LAST + 1] = {
	[ALERT_PARTIAL] = {"partial", false,
		"An erasure is only partly done; it is tried again by itself. \"cubby log\" shows "
		"when it was asked for."},
	[ALERT_POLICY] = {"policy-changed", false,
		"The policy now allows more than a parent consented to: {n} consent{s}{of} stopped "
		"counting, and nothing more is kept under them. \"cubby policy\" shows the new "
		"one, \"cubby consent grant\" agrees to it."},
	[ALERT_INACTIVE] = {"inactive", false,
		"Nothing{of} was kept for a long time: in {n} day{s} the profile and all that is "
		"kept of it are erased, unless it is used or \"cubby profile keep\" is said."},
	[ALERT_BULK_ACCESS] = {"bulk-access", true,
		"{n} item{s}{of} were opened within a short time; \"cubby log\" shows by whom."},
	[ALERT_ODD_ACCESS] = {"odd-access", true,
		"There was unusual access{of} ({n}); \"cubby log\" shows what and by whom."},
	[ALERT_FORGOT_TODAY] = {"forgot-today", true,
		"Somebody asked by voice to forget today: {n} item{s}{of}."},
	[ALERT_DRILL_FAILED] = {"drill-failed", false,
		"The last deletion drill failed; \"cubby drill\" runs it again and says where."},
	[ALERT_STORES_DISAGREE] = {"stores-disagree", false,
		"The stores are damaged or disagree with each other in {n} place{s}; \"cubby "
		"drill\" says where."},
	[ALERT_CLOCK] = {"clock", false,
		"The system clock went ahead by {n} hour{s} at once; what that would expire is "
		"hidden, and erased only once the clock has proved right."},
	[ALERT_LOG_BROKEN] = {"log-broken", true,
		"When the keeper started, the access log or its key was not as it had left them: "
		"from entry {n} on entries may be missing or changed. If nobody restored or "
		"upgraded the keeper's files, somebody changed them: find out who could. \"cubby "
		"log --verify\" compares with the last check made here, if there was one."},
	[ALERT_CLOCK_LOST] = {"clock-lost", true,
		"The file of the age clock was damaged or missing and was made anew from the "
		"newest entry in the database; what is kept may be erased later by the time "
		"between."},
	[ALERT_KEYS_LOST] = {"keys-lost", true,
		"An old database seems to have been put back: it names {n} part{s} whose keys are "
		"gone. Nobody can open them; they are not shown, and what of them had been erased "
		"is erased again."},
	[ALERT_CONSENT_ENDS] = {"consent-ends", false,
		"The consent to a voiceprint{of} ends in {n} day{s}; from then on nobody is known "
		"by it, and nothing more of theirs is kept. \"cubby enroll\" asks for another."},
};

const char *alert_name(int kind)
{
	return kind >= 1 && kind <= ALERT_KIND_LAST ? kinds[kind].name : NULL;
}

/* 0: a row of a kind that this build does not know. */
static int kind_of(const char *name)
{
	for (int kind = 1; kind <= ALERT_KIND_LAST; kind++)
		if (!strcmp(kinds[kind].name, name))
			return kind;
	return 0;
}

static const char *placeholder_put(FILE *file, const char *at, const char *profile, uint64_t count)
{
	if (!strncmp(at, "{of}", 4)) {
		if (profile[0])
			fprintf(file, " of %s", profile);
		return at + 4;
	}
	if (!strncmp(at, "{n}", 3)) {
		fprintf(file, "%llu", (unsigned long long)count);
		return at + 3;
	}
	if (!strncmp(at, "{s}", 3)) {
		if (count != 1)
			fputc('s', file);
		return at + 3;
	}
	fputc(*at, file);
	return at + 1;
}

int alert_text(enum alert_kind kind, const char *profile, uint64_t count, char **ret)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	if (!file)
		return fault_origin(-errno);
	for (const char *at = kinds[kind].text; *at;)
		at = placeholder_put(file, at, profile, count);
	if (fclose(file)) {
		free(text);
		return fault_origin(-ENOMEM);
	}
	*ret = text;
	return 0;
}

int alert_tell(struct alerts *alerts, enum alert_kind kind, const struct id *profile,
	       uint64_t count)
{
	_cleanup_(cleanup_free) char *text = NULL;
	char name[NAME_BYTES] = "";
	int r = 0;

	if (profile)
		r = store_alert_name(alerts->config.store, profile, name);
	if (r < 0)
		return fault_trace(r);
	r = alert_text(kind, name, count, &text);
	if (r)
		return fault_trace(r);
	if (alerts->config.tell)
		alerts->config.tell(alerts->config.context, kinds[kind].name, text);
	return 0;
}

static int alert_put(struct alerts *alerts, enum alert_kind kind, const struct id *profile,
		     uint64_t count)
{
	int r = store_alert_put(alerts->config.store, kinds[kind].name, profile,
				age_now_min(alerts->config.age), count);

	if (r > 0)
		r = fault_origin(r == ANSWER_QUOTA_EXCEEDED ? -ENOSPC : -EBADMSG);
	return fault_trace(r);
}

int alert_count(struct alerts *alerts, enum alert_kind kind, uint64_t count)
{
	return fault_trace(alert_put(alerts, kind, NULL, count));
}

int alert_raise(struct alerts *alerts, enum alert_kind kind, const struct id *profile,
		uint64_t count)
{
	int r = alert_put(alerts, kind, profile, count);
	int told = alert_tell(alerts, kind, profile, count);

	if (r)
		log_warning("the alert \"%s\" could not be stored; \"cubby status\" will not "
			    "show it", kinds[kind].name);
	return fault_trace(r ? r : told);
}

int alert_clear(struct alerts *alerts, enum alert_kind kind)
{
	return fault_trace(store_alert_drop(alerts->config.store, kinds[kind].name));
}

int alerts_seen(struct alerts *alerts)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r = store_begin(alerts->config.store, &transaction);

	for (int kind = 1; !r && kind <= ALERT_KIND_LAST; kind++)
		if (kinds[kind].informs)
			r = store_alert_drop(alerts->config.store, kinds[kind].name);
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

int alerts_texts(struct alerts *alerts, char ***ret_texts, size_t *ret_n)
{
	_cleanup_(cleanup_free) struct alert_row *rows = NULL;
	char **texts;
	size_t n_rows, n = 0;
	int r = store_alerts(alerts->config.store, &rows, &n_rows);

	if (r)
		return fault_trace(r);
	texts = calloc(n_rows + 1, sizeof(*texts));
	if (!texts)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; !r && i < n_rows; i++) {
		int kind = kind_of(rows[i].kind);

		if (!kind)
			continue;
		r = alert_text(kind, rows[i].profile, rows[i].count, &texts[n]);
		if (!r)
			n++;
	}
	if (r) {
		alerts_texts_free(texts, n);
		return fault_trace(r);
	}
	*ret_texts = texts;
	*ret_n = n;
	return 0;
}

char **alerts_texts_free(char **texts, size_t n)
{
	for (size_t i = 0; texts && i < n; i++)
		free(texts[i]);
	free(texts);
	return NULL;
}

int alerts_new(const struct alerts_config *config, struct alerts **ret)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (!alerts)
		return fault_origin(-ENOMEM);
	alerts->config = *config;
	*ret = alerts;
	return 0;
}

struct alerts *alerts_free(struct alerts *alerts)
{
	free(alerts);
	return NULL;
}
