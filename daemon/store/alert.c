/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of alerts. No text of anybody goes in here; the nickname in a sentence is the profile's own
 * and goes with it. */

#include "store/alert.h"

#include <stdlib.h>
#include <string.h>

STATEMENT(alert_drop_one,
	"DELETE FROM alert WHERE kind = :kind AND ifnull(profile, 0) = "
	"ifnull((SELECT profile FROM profile WHERE id = :profile), 0)");
STATEMENT(alert_insert,
	"INSERT INTO alert (kind, profile, time_min, count) VALUES (:kind, "
	"(SELECT profile FROM profile WHERE id = :profile), :time_min, :count)");
STATEMENT(alert_drop, "DELETE FROM alert WHERE kind = :kind");
STATEMENT(alert_all,
	"SELECT kind, coalesce(name, '') AS name, time_min, count FROM alert "
	"LEFT JOIN profile USING (profile) WHERE coalesce(removing, 0) = 0 "
	"ORDER BY time_min DESC, alert DESC");
STATEMENT(alert_name, "SELECT name FROM profile WHERE id = :profile AND removing = 0");

static void alert_bind(struct statement *s, const char *kind, const struct id *profile)
{
	statement_bind_text(s, ":kind", kind);
	statement_bind_blob(s, ":profile", profile ? profile->bytes : NULL, profile ? ID_BYTES : 0);
}

int store_alert_put(struct store *store, const char *kind, const struct id *profile,
		    int64_t time_min, uint64_t count)
{
	_cleanup_(statement_endp) struct statement *drop = store_statement(store, &alert_drop_one);
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &alert_insert);
	int r;

	alert_bind(drop, kind, profile);
	alert_bind(s, kind, profile);
	statement_bind_integer(s, ":time_min", time_min);
	statement_bind_integer(s, ":count", count > INT64_MAX ? INT64_MAX : (int64_t)count);
	r = statement_run(drop);
	if (r == 0)
		r = statement_run(s);
	return fault_trace(r);
}

int store_alert_drop(struct store *store, const char *kind)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &alert_drop);

	statement_bind_text(s, ":kind", kind);
	return fault_trace(statement_run(s));
}

static int alert_read(struct statement *s, void *ret)
{
	struct alert_row row = {
		.time_min = statement_integer(s, "time_min"),
		.count = (uint64_t)statement_integer(s, "count"),
	};
	int r;

	r = statement_text_copy(s, "kind", row.kind, sizeof(row.kind));
	if (r == 0)
		r = statement_text_copy(s, "name", row.profile, sizeof(row.profile));
	if (r == 0)
		*(struct alert_row *)ret = row;
	return r;
}

int store_alerts(struct store *store, struct alert_row **ret_rows, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &alert_all);

	return fault_trace(statement_rows(s, sizeof(**ret_rows), alert_read, NULL, ret_rows,
					  ret_n));
}

int store_alert_name(struct store *store, const struct id *profile, char ret[static NAME_BYTES])
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &alert_name);
	int r;

	statement_bind_id(s, ":profile", profile);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(statement_text_copy(s, "name", ret, NAME_BYTES));
}
