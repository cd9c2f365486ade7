/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the n-th allocation fail: whoever makes it, our code, libdbus, SQLite or the C library.
 * Laid under a program with LD_PRELOAD and told through a file what to do (CUBBY_HEAP), or linked
 * into it. It never fails what it was not told to.
 */

#include "heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct heap nobody = { .until = -1 };
static struct heap *control = &nobody;

/* What dlsym() asks for while it looks for malloc(). */
static char arena[8192] __attribute__((aligned(16)));
static size_t arena_used;

static void *(*real_malloc)(size_t n);
static void *(*real_calloc)(size_t count, size_t n);
static void *(*real_realloc)(void *old, size_t n);
static void (*real_free)(void *bytes);

static bool in_arena(const void *bytes)
{
	return (const char *)bytes >= arena && (const char *)bytes < arena + sizeof(arena);
}

static void *arena_take(size_t n)
{
	void *bytes = arena + arena_used;

	n = (n + 15) & ~(size_t)15;
	if (n > sizeof(arena) - arena_used)
		return NULL;
	arena_used += n;
	return bytes;
}

/* False: while it is being found. */
static bool real_find(void)
{
	static bool finding;

	if (real_free)
		return true;
	if (finding)
		return false;
	finding = true;
	real_malloc = (__typeof__(real_malloc))dlsym(RTLD_NEXT, "malloc");
	real_calloc = (__typeof__(real_calloc))dlsym(RTLD_NEXT, "calloc");
	real_realloc = (__typeof__(real_realloc))dlsym(RTLD_NEXT, "realloc");
	real_free = (__typeof__(real_free))dlsym(RTLD_NEXT, "free");
	return true;
}

static bool fails(void)
{
	if (control->until < 0)
		return false;
	control->calls++;
	if (control->until > 0) {
		control->until--;
		return false;
	}
	if (control->once)
		control->until = -1;
	control->failed++;
	errno = ENOMEM;
	return true;
}

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("CUBBY_HEAP");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	close(fd);
	control = map;
}

struct heap *heap_control(void)
{
	return control;
}

#pragma GCC visibility push(default)

void *malloc(size_t n)
{
	if (!real_find())
		return arena_take(n);
	return fails() ? NULL : real_malloc(n);
}

void *calloc(size_t count, size_t n)
{
	/* The arena is zero, and nothing in it is used twice. */
	if (!real_find())
		return arena_take(count * n);
	return fails() ? NULL : real_calloc(count, n);
}

void *realloc(void *old, size_t n)
{
	void *bytes;

	if (real_find() && !in_arena(old))
		return fails() ? NULL : real_realloc(old, n);
	bytes = malloc(n);
	if (bytes && old)
		memcpy(bytes, old, n < (size_t)(arena + sizeof(arena) - (char *)old) ?
					   n : (size_t)(arena + sizeof(arena) - (char *)old));
	return bytes;
}

void free(void *bytes)
{
	if (bytes && !in_arena(bytes) && real_find())
		real_free(bytes);
}

#pragma GCC visibility pop
