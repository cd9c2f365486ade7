/* SPDX-License-Identifier: Apache-2.0 */
/* Lines under a statement. There may be as many as there are items, so they are never all in this
 * process's own memory: they go into the memfd that is handed out, and are hashed on the way. */

#include "export_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/file.h"

void export_list_clear(struct export_list *list)
{
	free(list->head);
	cleanup_close(&list->lines);
	*list = (struct export_list)EXPORT_LIST_INIT;
}

int export_list_begin(struct export_list *list)
{
	hash_stream_begin(&list->hash, NULL, 0);
	return fault_trace(file_memfd_new("cubby", &list->lines));
}

int export_list_add(struct export_list *list, const char *line)
{
	const size_t n = strlen(line);
	int r = file_pwrite(list->lines, line, n, (off_t)list->n_lines);

	if (r)
		return fault_trace(r);
	hash_stream_add(&list->hash, line, n);
	list->n_lines += n;
	return 0;
}

int export_list_end(struct export_list *list, uint8_t ret_hash[static HASH_BYTES])
{
	hash_stream_end(&list->hash, ret_hash);
	return fault_trace(file_memfd_seal(list->lines));
}
