/* SPDX-License-Identifier: Apache-2.0 */
/* The newest transcript, through libcubby. Run as a parent:
 *
 *	cc newest.c $(pkg-config --cflags --libs cubby) -o newest && ./newest 3<passphrase-file
 */

#include <cubby/cubby.h>
#include <stdio.h>
#include <string.h>

static int newest_print(struct cubby *cubby, const char *passphrase)
{
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	const char *const kinds[] = { "transcript", NULL };
	const struct cubby_item *item = NULL;
	struct cubby_opened *opened = NULL;
	struct cubby_list *list = NULL;
	int r;

	proof.passphrase = passphrase;
	selection.kind = "transcript";
	r = cubby_prove(cubby, &proof, CUBBY_SECRET_HOME);
	if (r == 0)
		r = cubby_list_new(cubby, &selection, &list);
	if (r == 0)
		r = cubby_list_next(list, &item);
	if (r == 0 && item)
		r = cubby_open(cubby, item->id, kinds, &opened);
	if (r == 0)
		puts(opened ? opened->text : "(nothing is kept)");
	cubby_opened_free(opened);	/* wiped */
	cubby_list_free(list);
	return r;
}

int main(void)
{
	char passphrase[1024] = "";
	struct cubby *cubby = NULL;
	FILE *file = fdopen(3, "r");
	int r = cubby_new(NULL, &cubby);

	if (r == 0 && file && fgets(passphrase, sizeof(passphrase), file)) {
		passphrase[strcspn(passphrase, "\n")] = '\0';
		r = newest_print(cubby, passphrase);
	}
	if (r != 0 && cubby)
		fprintf(stderr, "newest: %s\n", cubby_why(cubby));
	memset(passphrase, 0, sizeof(passphrase));
	cubby_free(cubby);
	return r != 0;
}
