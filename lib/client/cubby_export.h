/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The training export: review by an item's adult owner, writing, recalls, and the recipient's
 * verifier. Part of cubby.h, which includes it; its conventions are there.
 */

#include "cubby.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Items of adults that nobody approved or refused yet, newest first. profile NULL: of all adults.
 * Walk it with cubby_list_next(). Needs a proof. */
CUBBY_API int cubby_export_candidates(struct cubby *cubby, const char *profile,
				      struct cubby_list **ret);
/* Opens one item of an adult, seals a copy to the release key and hands that in. It is approved for
 * just this purpose and recipient, for 30 days at most. review: how the owner came to it: "named"
 * (NULL), "heard", "batch". voice: what came of comparing it with the owner's voiceprint: "match",
 * "mine" (it is another voice, and the owner answered for it), "unclear" (too short to tell),
 * "none" (nobody is enrolled), NULL (not compared). Both are in the log. Needs a proof with
 * CUBBY_SECRET_HOME. CUBBY_NOT_AUTHORIZED: it is not an adult's own. */
CUBBY_API int cubby_export_approve(struct cubby *cubby, const char *id, const char *purpose,
				   const char *recipient, const char *review, const char *voice,
				   char ret_copy[CUBBY_ID_TEXT], int64_t *ret_expires_s);
/* The voiceprint of an adult (lib/speaker/voiceprint.h), for comparing an item with before it is
 * approved; ret_bytes in memory that is not swapped, which the caller wipes. Needs a proof.
 * CUBBY_NOT_FOUND: nobody enrolled. */
CUBBY_API int cubby_export_voiceprint(struct cubby *cubby, const char *profile, void *ret_bytes,
				      size_t room, size_t *ret_n);
/* Takes approvals back, which recalls what was exported, and does not offer the items again. Needs
 * no proof. *ret_job: what is erased by it, for cubby_job_wait(), or NULL; free(). */
CUBBY_API int cubby_export_refuse(struct cubby *cubby, const char *const *ids, size_t n,
				  char **ret_job);

struct cubby_copy {
	char id[CUBBY_ID_TEXT];
	char item[CUBBY_ID_TEXT];
	int64_t approved_s, expires_s;
	const char *purpose, *recipient;
};
/* Tells of each, newest first; a non-zero return ends the call with CUBBY_FAILED. Needs a proof. */
CUBBY_API int cubby_copies(struct cubby *cubby,
			   int (*each)(void *context, const struct cubby_copy *copy),
			   void *context);

struct cubby_excluded {
	const char *reason;	/* "child", "not approved", "approved for something else" */
	uint32_t items;
};

/* An export, from its beginning to its manifest. What it hands out was approved by its adult owner
 * for just this purpose and recipient, and is opened with CUBBY_SECRET_RELEASE alone. */
struct cubby_export;
struct cubby_export_options {
	size_t size;
	const char *purpose;
	const char *recipient;
	const char *format;		/* "hf", "nemo", "kaldi" */
	const char *encoding;		/* "flac", "wav" */
	const char *resume;		/* id of one that was begun; then the rest may be NULL */
};
#define CUBBY_EXPORT_OPTIONS_INIT { .size = sizeof(struct cubby_export_options) }
struct cubby_export_info {
	char id[CUBBY_ID_TEXT];
	const char *purpose, *recipient, *format, *encoding;
	const char *const *index;	/* the format's index files; NULL-ended */
	uint32_t items, written;
	size_t n_excluded;		/* 0 for one that was resumed */
	const struct cubby_excluded *excluded;
};
CUBBY_API int cubby_export_begin(struct cubby *cubby, const struct cubby_export_options *options,
				 struct cubby_export **ret);
CUBBY_API const struct cubby_export_info *cubby_export_info(const struct cubby_export *export);
CUBBY_API struct cubby_export *cubby_export_free(struct cubby_export *export);

/* Fetches the next items. *ret_n 0: all are written. */
CUBBY_API int cubby_export_page(struct cubby_export *export, size_t *ret_n);
/* Opens one of them. ret_token: its name out there. */
CUBBY_API int cubby_export_open(struct cubby_export *export, size_t i,
				char ret_token[CUBBY_ID_TEXT], struct cubby_opened **ret);
/* It was written: the file as it stands, the sound in it, and its line in each index file, with the
 * line's end. */
struct cubby_written {
	size_t size;
	const char *token;
	const void *file;
	size_t file_bytes;
	const int16_t *samples;
	size_t frames;
	const char *const *lines;	/* as many as there are index files */
};
#define CUBBY_WRITTEN_INIT { .size = sizeof(struct cubby_written) }
CUBBY_API int cubby_export_wrote(struct cubby_export *export, const struct cubby_written *written);
/* What was written of this page is on the disk: tells the keeper. */
CUBBY_API int cubby_export_synced(struct cubby_export *export);
/* Ends it. `drop` is called for each item that was recalled meanwhile, to be removed; a non-zero
 * return ends the call with CUBBY_FAILED. The manifest's file is *ret_head (free() it) and what can
 * be read from *ret_lines, a sealed memfd (close() it). May be called again for one that has ended.
 * CUBBY_NOT_FOUND: nothing is left of it. */
CUBBY_API int cubby_export_finish(struct cubby_export *export,
				  int (*drop)(void *context, const char *token), void *context,
				  char **ret_head, int *ret_lines);
/* Forgets one that has not ended. Needs no proof. CUBBY_EXISTS: it has. */
CUBBY_API int cubby_export_cancel(struct cubby *cubby, const char *id);

struct cubby_past_export {
	char id[CUBBY_ID_TEXT];
	int64_t begun_s, ended_s;	/* 0: it has not ended */
	const char *purpose, *recipient;
	uint32_t items, recalled;
};
struct cubby_past_exports {
	size_t n;
	struct cubby_past_export *const *list;	/* newest first */
};
CUBBY_API int cubby_past_exports(struct cubby *cubby, struct cubby_past_exports **ret);
CUBBY_API struct cubby_past_exports *cubby_past_exports_free(struct cubby_past_exports *exports);
/* A new signed list of all recalls, as a file; checked here; free(). Needs no proof. */
CUBBY_API int cubby_export_recalls(struct cubby *cubby, char **ret_text, size_t *ret_bytes);

/* The consumer's side: is a directory just what the keeper signed, and is anything in it recalled?
 * Needs no keeper. */
struct cubby_verify_options {
	size_t size;
	const char *dir;
	const char *recalls;	/* file of the newest list; NULL: none */
	const char *key;	/* 64 hex digits as printed at setup; NULL: the pinned key */
	int64_t max_age_s;	/* of the list; 0: 7 days */
};
#define CUBBY_VERIFY_OPTIONS_INIT { .size = sizeof(struct cubby_verify_options) }
struct cubby_finding {
	const char *what;	/* "missing", "changed", "renamed", "repacked", "recalled",
				 * "unreadable" */
	const char *file;	/* below the directory */
	const char *token;	/* ""; it is not known of what */
	const char *reason;	/* of a recall: "deleted", "withdrawn", "removed", "expired",
				 * "moved" */
};
struct cubby_verified {
	size_t size;
	char export[CUBBY_ID_TEXT];
	size_t items, recalled;	/* in the manifest; recalled of these */
	size_t findings;	/* 0: all is as it must be */
	int64_t list_number, list_issued_s;	/* of the list of recalls; 0: none was given */
};
#define CUBBY_VERIFIED_INIT { .size = sizeof(struct cubby_verified) }
/* `finding` is told each thing that is wrong; a non-zero return ends the call. CUBBY_NOT_FOUND: no
 * manifest, file or key. CUBBY_INVALID_ARGUMENT: manifest or list are not genuine. CUBBY_FAILED:
 * the list is too old, or an earlier one than was here before. */
CUBBY_API int cubby_export_verify(struct cubby *cubby, const struct cubby_verify_options *options,
				  int (*finding)(void *context,
						 const struct cubby_finding *finding),
				  void *context, struct cubby_verified *ret);

#ifdef __cplusplus
}
#endif
