/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Descriptors that are read and written whole, and memfds that cannot change any more. */

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All of n bytes or a fault; EINTR and short transfers are handled. A file that ends early is
 * -EIO. `offset` as for pread(2). */
int file_pread(int fd, void *buffer, size_t n, off_t offset);
/* The same, but as many as there are before the file's end. */
int file_pread_most(int fd, void *buffer, size_t n, off_t offset, size_t *ret_n);
int file_pwrite(int fd, const void *buffer, size_t n, off_t offset);
int file_write(int fd, const void *buffer, size_t n);
/* The whole of a small file, NUL-terminated behind its end. Over `max_bytes`: -EFBIG.
 * ANSWER_NOT_FOUND: no such file. ret_n may be NULL. */
int file_read_path(const char *path, size_t max_bytes, char **ret_text, size_t *ret_n);
/* What lies in a folder, one by one, but "." and "..": *ret is NULL behind the last. A folder that
 * cannot be read further is a fault, and no end. */
int file_next(DIR *dir, const struct dirent **ret);
/* Writes a temporary file in the same directory, syncs it, renames it over `path`, syncs the
 * directory. Never for secrets or anything of a child. */
int file_replace(const char *path, const void *bytes, size_t n, mode_t mode);

/* An empty memfd, to be written with file_pwrite(), so that its offset stays at the start. */
int file_memfd_new(const char *name, int *ret_fd);
/* Against writing, growing, shrinking and unsealing. */
int file_memfd_seal(int fd);
/* A memfd with these bytes, sealed. */
int file_memfd(const char *name, const void *bytes, size_t n, int *ret_fd);
/* True only for a memfd with all four seals; *ret_n is then its size, for ever. */
bool file_memfd_sealed(int fd, size_t *ret_n);
