/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export create` and `cancel`: writes what was approved. It proves with the release key
 * alone, so that a child's item could not be opened here even if one were handed out. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/words.h"
#include "export.h"
#include "moment.h"
#include "progress.h"
#include "prompt.h"
#include "render.h"
#include "sound/sound.h"
#include "verb.h"

CLEANUP_DEFINE(struct dataset *, dataset_free)
CLEANUP_DEFINE(struct cubby_export *, cubby_export_free)

static void signals_hold(sigset_t *ret_before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}

static bool signals_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 ||
					     sigismember(&pending, SIGTERM) == 1 ||
					     sigismember(&pending, SIGHUP) == 1);
}

/* ---- Writing ---- */

static int item_write(struct hand *hand, struct cubby_export *export, struct dataset *dataset,
		      size_t i)
{
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	_cleanup_(sound_clear) struct sound sound = { 0 };
	_cleanup_(secret_freep) struct secret *wav = NULL;
	struct cubby_written written = CUBBY_WRITTEN_INIT;
	char token[CUBBY_ID_TEXT];
	struct dataset_item item;
	int r = cubby_export_open(export, i, token, &opened);

	if (r != 0)
		return hand_refused(hand, r);
	if (!opened->flac)
		return hand_fail(hand, EXIT_GENERAL, "the keeper handed out an item without sound");
	item = (struct dataset_item){
		.token = token,
		.text = opened->text ? opened->text : "",
		.file = opened->flac,
		.file_bytes = opened->flac_bytes,
		.duration_s = (double)opened->frames / opened->rate_hz,
	};
	if (strcmp(cubby_export_info(export)->encoding, "wav") == 0) {
		sound.rate_hz = opened->rate_hz;
		sound.frames = opened->frames;
		r = secret_from(opened->samples, opened->frames * sizeof(*opened->samples),
				&sound.samples);
		if (r == 0)
			r = sound_to_wav(&sound, &wav);
		if (r != 0)
			return hand_fail(hand, EXIT_GENERAL, "cannot make the WAV (%s)",
					 strerror(-r));
		item.file = wav->bytes;
		item.file_bytes = wav->n;
	}
	r = dataset_add(dataset, &item, &written.lines);
	if (r < 0)
		return export_write_failed(hand, hand->command.arguments[0], r);
	written.token = token;
	written.file = item.file;
	written.file_bytes = item.file_bytes;
	written.samples = opened->samples;
	written.frames = opened->frames;
	r = cubby_export_wrote(export, &written);
	return r == 0 ? 0 : hand_refused(hand, r);
}

static int page_write(struct hand *hand, struct cubby_export *export, struct dataset *dataset,
		      size_t n)
{
	const char *path = hand->command.arguments[0];
	bool stopped = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && !stopped; i++) {
		r = item_write(hand, export, dataset, i);
		stopped = signals_pending();
	}
	if (r != 0)
		return r;
	r = dataset_sync(dataset);
	if (r < 0)
		return export_write_failed(hand, path, r);
	r = cubby_export_synced(export);
	if (r != 0)
		return hand_refused(hand, r);
	return !stopped ? 0
			: hand_fail(hand, EXIT_GENERAL,
				    "stopped at %u of %u items; the same command goes on, 'cubby "
				    "export cancel %s' drops it",
				    cubby_export_info(export)->written,
				    cubby_export_info(export)->items, path);
}

static int items_write(struct hand *hand, struct cubby_export *export, struct dataset *dataset)
{
	const struct cubby_export_info *info = cubby_export_info(export);
	size_t n = 0;
	int r;

	do {
		r = cubby_export_page(export, &n);
		if (r != 0)
			return hand_refused(hand, r);
		r = n > 0 ? page_write(hand, export, dataset, n) : 0;
		progress_draw(hand, info->written, info->items);
	} while (r == 0 && n > 0);
	progress_end(hand);
	return r;
}

struct dropping {
	struct dataset *dataset;
	size_t n;
};

static int recalled_drop(void *context, const char *token)
{
	struct dropping *dropping = context;

	dropping->n++;
	return dataset_drop(dropping->dataset, token);
}

static int export_tell(struct hand *hand, const char *path, const struct cubby_export_info *info,
		       size_t items, size_t recalled)
{
	json_t *excluded;
	int r;

	if (!hand->json) {
		hand_say(hand, words_n("Wrote %zu item to %s, with a signed manifest.",
				       "Wrote %zu items to %s, with a signed manifest.", items),
			 items, path);
		for (size_t i = 0; i < info->n_excluded; i++)
			if (info->excluded[i].items)
				hand_say(hand, "Left out: %u (%s).", info->excluded[i].items,
					 _(info->excluded[i].reason));
		if (recalled)
			hand_say(hand, "Recalled while it was written: %zu.", recalled);
		return 0;
	}
	excluded = json_object();
	for (size_t i = 0; i < info->n_excluded; i++)
		json_object_set_new(excluded, info->excluded[i].reason,
				    json_integer(info->excluded[i].items));
	r = render_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o}", "directory",
				  path, "export", info->id, "format", info->format, "encoding",
				  info->encoding, "purpose", info->purpose, "recipient",
				  info->recipient, "items", (int)items, "recalled", (int)recalled,
				  "excluded", excluded));
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

static int export_write(struct hand *hand, struct cubby_export *export, struct dataset *dataset)
{
	const char *path = hand->command.arguments[0];
	struct dropping dropping = { dataset, 0 };
	_cleanup_(cleanup_free) char *head = NULL;
	_cleanup_(cleanup_close) int lines = -1;
	size_t items;
	int r = dataset_begin(dataset, cubby_export_info(export));

	if (r < 0)
		return export_write_failed(hand, path, r);
	r = items_write(hand, export, dataset);
	if (r != 0)
		return r;
	r = cubby_export_finish(export, recalled_drop, &dropping, &head, &lines);
	if (r != 0)
		return hand_refused(hand, r);
	r = dataset_finish(dataset, head, lines, &items);
	if (r < 0)
		return export_write_failed(hand, path, r);
	return export_tell(hand, path, cubby_export_info(export), items, dropping.n);
}

static int form_read(struct hand *hand, const char **ret_format, const char **ret_encoding)
{
	static const char *const formats[] = { "hf", "nemo", "kaldi" };
	const char *format = hand->command.value[OPTION_FORMAT];
	const char *encoding = hand->command.value[OPTION_ENCODING];
	bool known = false;

	for (size_t i = 0; format && i < ARRAY_SIZE(formats); i++)
		known = known || strcmp(formats[i], format) == 0;
	if (!format)
		return hand_fail(hand, EXIT_USAGE, "no format; --format takes hf, nemo or kaldi");
	if (!known)
		return hand_fail(hand, EXIT_USAGE,
				 "no such format: %s; --format takes hf, nemo or kaldi", format);
	if (!encoding)
		encoding = strcmp(format, "kaldi") == 0 ? "wav" : "flac";
	if (strcmp(encoding, "flac") != 0 && strcmp(encoding, "wav") != 0)
		return hand_fail(hand, EXIT_USAGE,
				 "no such encoding: %s; --encoding takes flac or wav", encoding);
	*ret_format = format;
	*ret_encoding = encoding;
	return 0;
}

int verb_export_create(struct hand *hand)
{
	_cleanup_(cubby_export_freep) struct cubby_export *export = NULL;
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	const char *path = hand->command.arguments[0];
	const char *format = NULL, *encoding = NULL;
	sigset_t before;
	int r;

	r = form_read(hand, &format, &encoding);
	if (r != 0)
		return r;
	r = dataset_open(path, &dataset);
	if (r < 0)
		return export_write_failed(hand, path, r);
	r = prompt_proof(hand, CUBBY_SECRET_RELEASE);
	if (r != 0)
		return r;
	r = export_take_up(hand, dataset, format, encoding, &export);
	if (r != 0)
		return r;
	signals_hold(&before);
	r = export_write(hand, export, dataset);
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int verb_export_cancel(struct hand *hand)
{
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	const char *path = hand->command.arguments[0];
	int r = dataset_open(path, &dataset);

	if (r < 0)
		return export_write_failed(hand, path, r);
	if (!dataset_unfinished(dataset))
		return hand_fail(hand, EXIT_NOT_FOUND, "no unfinished export lies at %s", path);
	r = cubby_export_cancel(hand->cubby, dataset_unfinished(dataset));
	/* Complete at the keeper, and not here: nobody has it, and it can only be recalled. */
	if (r != 0 && r != CUBBY_NOT_FOUND && r != CUBBY_EXISTS)
		return hand_refused(hand, r);
	r = dataset_discard(dataset);
	if (r < 0)
		return export_write_failed(hand, path, r);
	hand_say(hand, "Dropped the unfinished export of %s.", path);
	return 0;
}
