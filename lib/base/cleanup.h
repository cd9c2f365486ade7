/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One owner per pointer. An owning local is marked _cleanup_(noun_freep); take() hands its value
 * over and leaves NULL behind. noun_free() takes NULL and returns NULL.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, first) __attribute__((format(printf, text, first)))
#define _must_use_ __attribute__((warn_unused_result))

#define take(pointer)                                                                             \
	({                                                                                        \
		__typeof__(pointer) *take_from_ = &(pointer);                                     \
		__typeof__(pointer) take_value_ = *take_from_;                                    \
		*take_from_ = NULL;                                                               \
		take_value_;                                                                      \
	})

#define take_fd(fd)                                                                               \
	({                                                                                        \
		int *take_from_ = &(fd);                                                          \
		int take_value_ = *take_from_;                                                    \
		*take_from_ = -1;                                                                 \
		take_value_;                                                                      \
	})

/* CLEANUP_DEFINE(struct job *, job_free) makes job_freep() for _cleanup_(job_freep). */
#define CLEANUP_DEFINE(type, function)                                                            \
	static inline void function##p(type *pointer)                                             \
	{                                                                                         \
		if (*pointer)                                                                     \
			function(*pointer);                                                       \
	}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
