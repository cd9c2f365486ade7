/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's verifier: is this directory what the keeper signed, and is anything in it
 * recalled? It asks no keeper. A list of recalls that proves nothing about today is refused, not
 * believed. */

#include "client/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/id.h"

#define LIST_MAX_BYTES (256u << 20)
#define MAX_AGE_S (7 * 86400)
/* Clocks differ; a list from tomorrow is a wrong clock or a wrong list. */
#define CLOCK_DIFFERENCE_S 86400

void verify_clear(struct verify *verify)
{
	free(verify->known);
	free(verify->by_hash);
	free(verify->by_start);
	free(verify->by_sound);
}

int verify_tell(struct verify *verify, const char *what, const char *file,
		const struct known *known)
{
	char token[ID_TEXT] = "";
	const struct cubby_finding finding = {
		.what = what,
		.file = file,
		.token = known ? id_text(&known->item.token, token) : "",
		.reason = known ? known->reason : "",
	};

	verify->findings++;
	if (verify->finding && verify->finding(verify->context, &finding) != 0)
		return answer_why(&verify->cubby->why, ANSWER_FAILED, "stopped");
	return 0;
}

/* ---- Looking up ---- */

static int token_order(const void *a, const void *b)
{
	return memcmp(&((const struct known *)a)->item.token,
		      &((const struct known *)b)->item.token, sizeof(struct id));
}

struct known *verify_token(struct verify *verify, const struct id *token)
{
	struct known wanted;

	wanted.item.token = *token;
	return bsearch(&wanted, verify->known, verify->n, sizeof(wanted), token_order);
}

#define BY(name, member)                                                                          \
	static int name##_order(const void *a, const void *b, void *known)                        \
	{                                                                                         \
		const struct known *all = known;                                                  \
										  \
		return memcmp(all[*(const size_t *)a].item.member,                                \
			      all[*(const size_t *)b].item.member, HASH_BYTES);                   \
	}                                                                                         \
	struct known *verify_by_##name(struct verify *verify,                                     \
				       const uint8_t hash[static HASH_BYTES])                     \
	{                                                                                         \
		size_t low = 0, high = verify->n;                                                 \
										  \
		while (low < high) {                                                              \
			const size_t middle = low + (high - low) / 2;                             \
			struct known *known = &verify->known[verify->by_##name[middle]];          \
			const int order = memcmp(hash, known->item.member, HASH_BYTES);           \
										  \
			if (order == 0)                                                           \
				return known;                                                     \
			if (order < 0)                                                            \
				high = middle;                                                    \
			else                                                                      \
				low = middle + 1;                                                 \
		}                                                                                 \
		return NULL;                                                                      \
	}
BY(hash, hash)
BY(start, start)
BY(sound, sound)

static int index_make(struct verify *verify, size_t **ret,
		      int (*order)(const void *, const void *, void *))
{
	*ret = calloc(verify->n + 1, sizeof(**ret));
	if (!*ret)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < verify->n; i++)
		(*ret)[i] = i;
	qsort_r(*ret, verify->n, sizeof(**ret), order, verify->known);
	return 0;
}

/* ---- The two lists ---- */

/* A file whose first line is a statement: ends that line, gives what follows. */
static int list_open(struct cubby *cubby, const char *path, char **ret_text, const char **ret_lines,
		     size_t *ret_n)
{
	char *text, *end;
	size_t n;
	int r = file_read_path(path, LIST_MAX_BYTES, &text, &n);

	if (r == ANSWER_NOT_FOUND)
		return answer_why(&cubby->why, r, "there is no file %s", path);
	if (r != 0)
		return answer_why(&cubby->why, ANSWER_FAILED, "cannot read %s (%s)", path,
				  strerror(-r));
	end = memchr(text, '\n', n);
	if (!end || text[n - 1] != '\n' || strlen(text) != n) {
		free(text);
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "%s is cut off or no list of lines", path);
	}
	*end = '\0';
	*ret_text = text;
	*ret_lines = end + 1;
	*ret_n = n - (size_t)(end + 1 - text);
	return 0;
}

static int lines_check(struct cubby *cubby, const char *path, const char *lines, size_t n,
		       const uint8_t hash[static HASH_BYTES], int64_t items)
{
	uint8_t found[HASH_BYTES];
	int64_t count = 0;

	crypt_hash(lines, n, found);
	for (size_t i = 0; i < n; i++)
		count += lines[i] == '\n';
	if (memcmp(found, hash, HASH_BYTES) != 0 || count != items)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "%s was changed: its lines are not those that were signed",
				  path);
	return 0;
}

static int manifest_read(struct verify *verify, const uint8_t key[static SIGN_PUBLIC_BYTES])
{
	struct cubby *cubby = verify->cubby;
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	const char *lines;
	struct stat st;
	size_t n;
	int r;

	if (asprintf(&path, "%s/" MANIFEST_FILE, verify->dir) < 0)
		return fault_origin(-ENOMEM);
	/* A pipe would be waited for. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT, "%s is no regular file",
				  path);
	r = list_open(cubby, path, &text, &lines, &n);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(&cubby->why, r,
				  "%s has no manifest (%s): it is no export, or one that was never "
				  "finished", verify->dir, MANIFEST_FILE);
	if (r == 0)
		r = manifest_verify(text, key, NULL, &verify->manifest, &cubby->why);
	if (r == 0)
		r = lines_check(cubby, path, lines, n, verify->manifest.lines,
				verify->manifest.items);
	if (r != 0)
		return fault_trace(r);
	verify->known = calloc((size_t)verify->manifest.items, sizeof(*verify->known));
	if (!verify->known)
		return fault_origin(-ENOMEM);
	for (const char *end; r == 0 && (end = strchr(lines, '\n')); lines = end + 1)
		r = manifest_item_parse(lines, (size_t)(end - lines), verify->manifest.encoding,
					&verify->known[verify->n++].item, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	qsort(verify->known, verify->n, sizeof(*verify->known), token_order);
	r = index_make(verify, &verify->by_hash, hash_order);
	if (r == 0)
		r = index_make(verify, &verify->by_start, start_order);
	if (r == 0)
		r = index_make(verify, &verify->by_sound, sound_order);
	return fault_trace(r);
}

static int recalls_fresh(struct cubby *cubby, const char *path, const struct recalls *recalls,
			 const struct manifest *manifest, int64_t max_age_s)
{
	const int64_t age_s = session_now_s() - recalls->issued_s;

	if (recalls->number <= manifest->recalls)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is list %" PRId64 ", which is older than this export; ask "
				  "for the newest", path, recalls->number);
	if (age_s > max_age_s)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is %" PRId64 " days old; ask for the newest, or allow it "
				  "with --max-age", path, age_s / 86400);
	if (age_s < -CLOCK_DIFFERENCE_S)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is from the future: this machine's clock is wrong, or it is",
				  path);
	return 0;
}

static int recalls_read(struct verify *verify, const struct cubby_verify_options *options,
			const uint8_t key[static SIGN_PUBLIC_BYTES], struct cubby_verified *ret)
{
	struct cubby *cubby = verify->cubby;
	_cleanup_(cleanup_free) char *text = NULL;
	struct recalls recalls;
	const char *lines;
	size_t n;
	int r;

	r = list_open(cubby, options->recalls, &text, &lines, &n);
	if (r == 0)
		r = recalls_verify(text, key, NULL, &recalls, &cubby->why);
	if (r == 0)
		r = lines_check(cubby, options->recalls, lines, n, recalls.lines, recalls.items);
	if (r == 0)
		r = recalls_fresh(cubby, options->recalls, &recalls, &verify->manifest,
				  options->max_age_s > 0 ? options->max_age_s : MAX_AGE_S);
	for (const char *end; r == 0 && (end = strchr(lines, '\n')); lines = end + 1) {
		struct recall recall;
		struct known *known;

		r = recall_parse(lines, (size_t)(end - lines), &recall, &cubby->why);
		if (r != 0 || !id_equal(&recall.export, &verify->manifest.export))
			continue;
		known = verify_token(verify, &recall.token);
		if (known)
			strcpy(known->reason, recall.reason);
	}
	if (r == 0)
		r = verify_seen(verify, options->recalls, key, recalls.number);
	if (r != 0)
		return fault_trace(r);
	ret->list_number = recalls.number;
	ret->list_issued_s = recalls.issued_s;
	return 0;
}

/* ---- All of it ---- */

static int verify_run(struct verify *verify, const struct cubby_verify_options *options,
		      struct cubby_verified *ret)
{
	struct cubby *cubby = verify->cubby;
	const int64_t now_s = session_now_s();
	struct cubby_verified verified = { .size = sizeof(verified) };
	uint8_t key[SIGN_PUBLIC_BYTES];
	int r;

	r = session_size(cubby, options->size, sizeof(*options), "CUBBY_VERIFY_OPTIONS_INIT");
	if (r == 0)
		r = session_size(cubby, ret->size, sizeof(*ret), "CUBBY_VERIFIED_INIT");
	if (r == 0)
		r = session_known_device(cubby, options->key, key);
	if (r == 0)
		r = manifest_read(verify, key);
	if (r == 0 && options->recalls)
		r = recalls_read(verify, options, key, &verified);
	if (r != 0)
		return fault_trace(r);
	for (size_t i = 0; i < verify->n; i++) {
		struct known *known = &verify->known[i];

		/* An approval that ended needs no list to say so. */
		if (!known->reason[0] && known->item.expires_s <= now_s)
			strcpy(known->reason, "expired");
		verify->recalled += known->reason[0] != '\0';
	}
	r = verify_walk(verify);
	if (r != 0)
		return fault_trace(r);
	id_text(&verify->manifest.export, verified.export);
	verified.items = verify->n;
	verified.recalled = verify->recalled;
	verified.findings = verify->findings;
	*ret = verified;
	return 0;
}

int cubby_export_verify(struct cubby *cubby, const struct cubby_verify_options *options,
			int (*finding)(void *context, const struct cubby_finding *finding),
			void *context, struct cubby_verified *ret)
{
	_cleanup_(verify_clear) struct verify verify = {
		.cubby = cubby, .dir = options->dir, .finding = finding, .context = context,
	};

	session_begin(cubby);
	return session_end(cubby, verify_run(&verify, options, ret));
}
