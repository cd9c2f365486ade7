/* SPDX-License-Identifier: Apache-2.0 */

/* Checks what an ear or a parent's client hands over. The memfd is read only after its seals say
 * that nobody can change it any more; a pipe or a file is never read at all. */

#include <string.h>
#include <sys/mman.h>
#include "base/file.h"
#include "delivery.h"

static int bad(struct why *why, const char *what)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s; see docs/FORMATS.md \"Envelope\"",
			  what);
}

static int header_check(const struct delivery *delivery,
			const uint8_t recipient[static BOX_PUBLIC_BYTES],
			struct envelope_header *ret, struct why *why)
{
	const uint8_t *bytes = delivery->header;
	uint8_t hash[HASH_BYTES];

	if (delivery->n_header != ENVELOPE_HEADER_BYTES)
		return bad(why, "the header is not 89 bytes long");
	if (bytes[0] != 1)
		return bad(why, "the header is of another version than 1");
	crypt_hash(recipient, BOX_PUBLIC_BYTES, hash);
	if (memcmp(bytes + 1, hash, 8))
		return bad(why, "the item is sealed to a key that is not this household's");
	memcpy(ret->bytes, bytes, sizeof(ret->bytes));
	return 0;
}

static int parts_check(const struct delivery *delivery, const struct archive_draft *draft,
		       size_t n_memfd, struct why *why)
{
	uint64_t offset = 0;

	if (delivery->n_parts != draft->n_parts)
		return bad(why, "the parts are not those the item was begun with");
	for (unsigned i = 0; i < draft->n_parts; i++) {
		const struct delivery_part *part = &delivery->parts[i];

		if (part->kind != (int)draft->parts[i].kind)
			return bad(why, "the parts are not of the kinds, in the order, that the "
					"item was begun with");
		if (part->bytes < envelope_body_bytes(0) ||
		    part->bytes > envelope_body_bytes(ENVELOPE_CONTENT_MAX_BYTES))
			return bad(why, "a part is shorter or longer than a sealed body can be");
		if (part->offset != offset)
			return bad(why, "the parts do not follow one another from the start of the "
					"memfd");
		offset += part->bytes;
	}
	if (offset != n_memfd)
		return bad(why, "the memfd is not exactly as long as its parts");
	return 0;
}

int delivery_check(const struct delivery *delivery, const struct archive_draft *draft,
		   const uint8_t recipient[static BOX_PUBLIC_BYTES], struct delivered *ret,
		   struct why *why)
{
	struct delivered delivered = {.n_bodies = draft->n_parts};
	int r;

	r = header_check(delivery, recipient, &delivered.header, why);
	if (r)
		return r;
	if (!file_memfd_sealed(delivery->bodies_fd, &delivered.n_map))
		return bad(why,
			   "bodies is not a memfd sealed against write, grow, shrink and seal");
	r = parts_check(delivery, draft, delivered.n_map, why);
	if (r)
		return r;
	delivered.map = mmap(NULL, delivered.n_map, PROT_READ, MAP_PRIVATE, delivery->bodies_fd, 0);
	if (delivered.map == MAP_FAILED)
		return fault_origin(-errno);
	for (unsigned i = 0; i < draft->n_parts; i++) {
		const uint8_t *sealed = (const uint8_t *)delivered.map + delivery->parts[i].offset;

		delivered.bodies[i] = (struct archive_body){
			.kind = draft->parts[i].kind,
			.sealed = sealed,
			.bytes = delivery->parts[i].bytes,
		};
		if (sealed[0] == 1)
			continue;
		delivered_clear(&delivered);
		return bad(why, "a body is of another version than 1");
	}
	*ret = delivered;
	return 0;
}

void delivered_clear(struct delivered *delivered)
{
	if (delivered->map)
		munmap(delivered->map, delivered->n_map);
	*delivered = (struct delivered){0};
}
