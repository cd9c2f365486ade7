/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts where given bytes occur in a file, at any offset, holes of the file skipped.
 *
 *   needles FILE <NEEDLES >COUNTS      a needle a line, in hex, 8 to 128 bytes; a count a line
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 8
#define NEEDLE_MAX_BYTES 128
#define BUCKET_BITS 18

struct needle {
	struct needle *next;	/* with the same bucket */
	uint8_t bytes[NEEDLE_MAX_BYTES];
	size_t n;
	uint64_t count;
};

static struct needle *buckets[1 << BUCKET_BITS];
static struct needle **needles;
static size_t n_needles;

static void fail(const char *what)
{
	fprintf(stderr, "needles: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t head_of(const uint8_t *bytes)
{
	uint64_t head;

	memcpy(&head, bytes, sizeof(head));
	return head;
}

static struct needle **bucket_of(uint64_t head)
{
	return &buckets[head * UINT64_C(0x9e3779b97f4a7c15) >> (64 - BUCKET_BITS)];
}

static struct needle *needle_read(const char *line)
{
	struct needle *needle = calloc(1, sizeof(*needle));
	unsigned byte;

	if (!needle)
		fail("memory");
	while (sscanf(line + 2 * needle->n, "%2x", &byte) == 1) {
		if (needle->n == NEEDLE_MAX_BYTES)
			break;
		needle->bytes[needle->n++] = (uint8_t)byte;
	}
	errno = EINVAL;
	/* Eight zeros would be everywhere. */
	if (needle->n < HEAD_BYTES || strlen(line) != 2 * needle->n + 1 ||
	    head_of(needle->bytes) == 0)
		fail(line);
	return needle;
}

static void needles_read(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		struct needle *needle = needle_read(line);
		struct needle **bucket = bucket_of(head_of(needle->bytes));

		needle->next = *bucket;
		*bucket = needle;
		needles = realloc(needles, (n_needles + 1) * sizeof(*needles));
		if (!needles)
			fail("memory");
		needles[n_needles++] = needle;
	}
	free(line);
}

/* Those that begin in [at, end); they may reach beyond. */
static void look(const uint8_t *bytes, size_t at, size_t end, size_t size)
{
	for (; at < end && at + HEAD_BYTES <= size; at++) {
		const uint64_t head = head_of(bytes + at);

		if (head == 0)
			continue;
		for (struct needle *n = *bucket_of(head); n; n = n->next)
			n->count += at + n->n <= size && memcmp(bytes + at, n->bytes, n->n) == 0;
	}
}

int main(int argc, char **argv)
{
	struct stat st;
	uint8_t *bytes;
	off_t at = 0, end;
	int fd;

	if (argc != 2 || (fd = open(argv[1], O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st) < 0)
		fail(argc == 2 ? argv[1] : "needles FILE");
	needles_read();
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		fail("mmap");
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			fail("lseek");
		/* From a hole nothing reaches into the data: no needle begins with eight zeros, but
		 * one may begin with a few. */
		look(bytes, (size_t)(at < HEAD_BYTES ? 0 : at - HEAD_BYTES), (size_t)end,
		     (size_t)st.st_size);
		at = end;
	}
	if (errno != ENXIO)
		fail("lseek");
	for (size_t i = 0; i < n_needles; i++)
		printf("%lu\n", (unsigned long)needles[i]->count);
	return 0;
}
