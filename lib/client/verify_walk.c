/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a directory that claims to be an export. Nothing in it is believed: a file is what its
 * bytes are, wherever it lies and whatever it is called. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "client/verify.h"
#include "sound/sound.h"

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 1024
#define CHUNK_BYTES (1u << 20)
/* A file that could be one recording; a larger one is only searched. */
#define SOUND_MAX_BYTES (16u << 20)
#define INDEX_LINE_MAX (1u << 20)
/* As long as a manifest may be, which says more of each item. */
#define INDEX_MAX_BYTES (256 << 20)

static void salted(const struct verify *verify, const void *bytes, size_t n,
		   uint8_t ret[static HASH_BYTES])
{
	crypt_hash_keyed(verify->manifest.salt, MANIFEST_SALT_BYTES, bytes, n, ret);
}

/* An item lies in this file, as `what` says; if it must not be used any more, that counts. */
static int item_there(struct verify *verify, struct known *known, const char *what,
		      const char *file)
{
	known->found = true;
	if (known->reason[0])
		return verify_tell(verify, "recalled", file, known);
	return what ? verify_tell(verify, what, file, known) : 0;
}

/* ---- A file that is no index ---- */

static int file_hash(struct verify *verify, int fd, uint8_t *chunk, uint8_t ret[static HASH_BYTES])
{
	struct hash_stream stream;
	off_t at = 0;
	size_t n;
	int r;

	hash_stream_begin(&stream, verify->manifest.salt, MANIFEST_SALT_BYTES);
	while ((r = file_pread_most(fd, chunk, CHUNK_BYTES, at, &n)) == 0 && n > 0) {
		hash_stream_add(&stream, chunk, n);
		at += (off_t)n;
	}
	hash_stream_end(&stream, ret);
	return fault_trace(r);
}

/* The same sound in another wrapping. */
static struct known *sound_find(struct verify *verify, const char *file)
{
	char path[PATH_MAX_BYTES + 256];
	_cleanup_(sound_clear) struct sound sound = { 0 };
	uint8_t hash[HASH_BYTES];

	if (snprintf(path, sizeof(path), "%s/%s", verify->dir, file) >= (int)sizeof(path) ||
	    sound_from_file(path, SOUND_SECONDS_MAX, &sound, NULL) != 0)
		return NULL;
	salted(verify, sound.samples->bytes, sound.frames * sizeof(int16_t), hash);
	return verify_by_sound(verify, hash);
}

/* Items inside a larger file: an archive or a table that does not compress them. */
static int inside_find(struct verify *verify, int fd, uint8_t *chunk, const char *file)
{
	uint8_t hash[HASH_BYTES];
	struct known *known;
	off_t at = 0;
	size_t n;
	int r = 0;

	while (r == 0) {
		size_t last;

		r = file_pread_most(fd, chunk, CHUNK_BYTES, at, &n);
		if (r < 0 || n < MANIFEST_START_BYTES)
			break;
		last = n - MANIFEST_START_BYTES;
		for (size_t i = 0; r == 0 && i <= last; i++) {
			if (memcmp(chunk + i, "fLaC", 4) != 0 && memcmp(chunk + i, "RIFF", 4) != 0)
				continue;
			salted(verify, chunk + i, MANIFEST_START_BYTES, hash);
			known = verify_by_start(verify, hash);
			if (known)
				r = item_there(verify, known, "repacked", file);
		}
		at += (off_t)last + 1;
	}
	return fault_trace(r);
}

/* The item that belongs where this file lies; NULL: none. */
static struct known *place_find(struct verify *verify, const char *file)
{
	char expected[MANIFEST_FILE_TEXT], token[ID_TEXT] = "";
	struct id id;

	if (strncmp(file, "audio/", 6) != 0 || strlen(file) < 6 + ID_TEXT - 1)
		return NULL;
	memcpy(token, file + 6, ID_TEXT - 1);
	if (!id_parse(token, &id) ||
	    strcmp(manifest_item_file(&id, verify->manifest.encoding, expected), file) != 0)
		return NULL;
	return verify_token(verify, &id);
}

static int file_look(struct verify *verify, int fd, const char *file, off_t size)
{
	_cleanup_(cleanup_free) uint8_t *chunk = malloc(CHUNK_BYTES);
	struct known *place = place_find(verify, file), *known = NULL;
	uint8_t hash[HASH_BYTES];
	int r;

	if (!chunk)
		return fault_origin(-ENOMEM);
	r = file_hash(verify, fd, chunk, hash);
	if (r != 0)
		return fault_trace(r);
	/* Its own place first: two items may be of the same sound. */
	if (place && memcmp(place->item.hash, hash, HASH_BYTES) == 0)
		return fault_trace(item_there(verify, place, NULL, file));
	known = verify_by_hash(verify, hash);
	if (known)
		return fault_trace(item_there(verify, known, "renamed", file));
	if (size <= (off_t)SOUND_MAX_BYTES)
		known = sound_find(verify, file);
	if (known)
		return fault_trace(item_there(verify, known, "repacked", file));
	if (place)
		return fault_trace(item_there(verify, place, "changed", file));
	return fault_trace(inside_find(verify, fd, chunk, file));
}

/* ---- Index files ---- */

static const char *token_in(const char *line, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t at = 0; at + ID_TEXT - 1 <= n; at++) {
		const size_t length = strspn(line + at, digits);

		if (length == ID_TEXT - 1)
			return line + at;
		at += length;
	}
	return NULL;
}

static int line_look(struct verify *verify, const char *file, unsigned index, const char *line,
		     size_t n)
{
	const char *text = token_in(line, n);
	struct known *known = NULL;
	char token[ID_TEXT] = "";
	uint8_t hash[HASH_BYTES];
	struct id id;

	if (text)
		memcpy(token, text, ID_TEXT - 1);
	if (id_parse(token, &id))
		known = verify_token(verify, &id);
	salted(verify, line, n, hash);
	if (known && known->reason[0])
		return verify_tell(verify, "recalled", file, known);
	if (!known || index >= known->item.n_lines || known->lines & 1u << index ||
	    memcmp(known->item.lines[index], hash, HASH_BYTES) != 0)
		return verify_tell(verify, "changed", file, known);
	known->lines |= 1u << index;
	return 0;
}

/* NULL: there is none, or it is a pipe, or has no end. */
static FILE *index_open(int dir, const char *file)
{
	_cleanup_(cleanup_close) int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						 O_NOCTTY | O_CLOEXEC);
	FILE *stream;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > INDEX_MAX_BYTES)
		return NULL;
	stream = fdopen(fd, "r");
	if (stream)
		fd = -1;
	return stream;
}

static int index_look(struct verify *verify, int dir, const char *file, unsigned index)
{
	_cleanup_(cleanup_free) char *line = NULL;
	FILE *stream = index_open(dir, file);
	size_t room = 0;
	ssize_t n;
	int r = 0;

	if (!stream)
		return verify_tell(verify, "missing", file, NULL);
	while (r == 0 && (n = getline(&line, &room, stream)) > 0)
		r = (size_t)n > INDEX_LINE_MAX ? verify_tell(verify, "changed", file, NULL)
					       : line_look(verify, file, index, line, (size_t)n);
	/* Without memory, too, it ends where it is not at its end. */
	if (r == 0 && !feof(stream))
		r = verify_tell(verify, "unreadable", file, NULL);
	fclose(stream);
	for (size_t i = 0; r == 0 && i < verify->n; i++)
		if (!verify->known[i].reason[0] && !(verify->known[i].lines & 1u << index))
			r = verify_tell(verify, "changed", file, &verify->known[i]);
	return fault_trace(r);
}

static bool is_ours(const struct verify *verify, const char *file)
{
	const char *const *index = manifest_index(verify->manifest.format);

	if (strcmp(file, MANIFEST_FILE) == 0)
		return true;
	while (*index && strcmp(*index, file) != 0)
		index++;
	return *index != NULL;
}

/* ---- Walking ---- */

static int dir_walk(struct verify *verify, int dir, const char *prefix, unsigned depth);

static int entry_look(struct verify *verify, int dir, const char *prefix, const char *name,
		      unsigned depth)
{
	_cleanup_(cleanup_close) int fd = -1;
	char file[PATH_MAX_BYTES];
	struct stat st;

	if (snprintf(file, sizeof(file), "%s%s", prefix, name) >= (int)sizeof(file) ||
	    depth > DEPTH_MAX)
		return verify_tell(verify, "unreadable", prefix, NULL);
	/* Neither a link out of here nor a pipe that never ends is followed. */
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return verify_tell(verify, "unreadable", file, NULL);
	if (S_ISDIR(st.st_mode)) {
		if (strlen(file) + 2 > sizeof(file))
			return verify_tell(verify, "unreadable", prefix, NULL);
		strcat(file, "/");
		return fault_trace(dir_walk(verify, fd, file, depth + 1));
	}
	if (!S_ISREG(st.st_mode))
		return verify_tell(verify, "unreadable", file, NULL);
	return is_ours(verify, file) ? 0 : fault_trace(file_look(verify, fd, file, st.st_size));
}

static int dir_walk(struct verify *verify, int dir, const char *prefix, unsigned depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int r = 0, unread = 0;

	if (!list) {
		cleanup_close(&copy);
		return verify_tell(verify, "unreadable", prefix, NULL);
	}
	while (r == 0 && (unread = file_next(list, &entry)) == 0 && entry)
		r = entry_look(verify, dir, prefix, entry->d_name, depth);
	closedir(list);
	return r == 0 && unread ? verify_tell(verify, "unreadable", prefix, NULL) : fault_trace(r);
}

int verify_walk(struct verify *verify)
{
	const char *const *index = manifest_index(verify->manifest.format);
	_cleanup_(cleanup_close) int dir = open(verify->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char file[MANIFEST_FILE_TEXT];
	int r;

	if (dir < 0)
		return fault_origin(-errno);
	r = dir_walk(verify, dir, "", 0);
	for (unsigned i = 0; r == 0 && index[i]; i++)
		r = index_look(verify, dir, index[i], i);
	/* What was recalled and is not there any more is as it must be. */
	for (size_t i = 0; r == 0 && i < verify->n; i++)
		if (!verify->known[i].found && !verify->known[i].reason[0])
			r = verify_tell(verify, "missing",
					manifest_item_file(&verify->known[i].item.token,
							   verify->manifest.encoding, file),
					&verify->known[i]);
	return fault_trace(r);
}
