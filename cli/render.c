/* SPDX-License-Identifier: Apache-2.0 */
/* Shows things. Words of a child pass here on their way to the parent's screen: nothing is kept of
 * them, and no text may drive the terminal. */

#include "render.h"

#include <errno.h>
#include <libsmartcols.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/fault.h"
#include "base/words.h"
#include "pager.h"

#define COLUMNS_MAX 16
/* A column that goes on below is as wide as this at least. */
#define WRAP_MIN 20

struct table {
	struct libscols_table *scols;
	struct libscols_line *last;
	size_t n_columns;
	size_t widths[COLUMNS_MAX];
	size_t terminal;		/* its columns; 0: there is none */
	bool color;
	bool flows;			/* some of it was printed */
};

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	scols_unref_table(table->scols);
	free(table);
	return NULL;
}

/* Columns of the terminal that the character takes; *text moves on. */
static size_t character_width(const char **text)
{
	mbstate_t state = { 0 };
	wchar_t character = L'?';
	const size_t n = mbrtowc(&character, *text, MB_LEN_MAX, &state);
	const int width = wcwidth(character);

	*text += n == 0 || n > MB_LEN_MAX ? 1 : n;
	return width > 0 ? (size_t)width : 0;
}

static size_t text_width(const char *text)
{
	size_t width = 0;

	while (*text)
		width += character_width(&text);
	return width;
}

/* What the others leave at this terminal, but no less than can be read. */
static size_t wrap_width(const struct libscols_column *column, const char *text, void *context)
{
	const struct table *table = context;
	const size_t width = text_width(text);
	size_t others = 0, room = WRAP_MIN;

	for (size_t i = 0; i + 1 < table->n_columns; i++)
		others += table->widths[i] + 1;
	if (table->terminal > others + room)
		room = table->terminal - others;
	return table->terminal > 0 && width > room ? room : width;
}

/* Between words; a word that is wider than the column is not cut. Returns what goes on below. */
static char *wrap_next(const struct libscols_column *column, char *text, void *context)
{
	const size_t room = scols_column_get_width(column);
	char *blank = NULL;
	size_t width = 0;

	for (const char *at = text; *at;) {
		if (*at == ' ')
			blank = text + (at - text);
		width += character_width(&at);
		if (width > room && blank) {
			*blank = 0;
			return blank + 1;
		}
	}
	return NULL;
}

int table_new(const char *const *heads, bool color, struct table **ret)
{
	_cleanup_(table_freep) struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return fault_origin(-ENOMEM);
	table->color = color;
	table->scols = scols_new_table();
	if (!table->scols)
		return fault_origin(-ENOMEM);
	scols_table_enable_colors(table->scols, color);
	if (isatty(STDOUT_FILENO))
		table->terminal = scols_table_get_termwidth(table->scols);
	for (; *heads && table->n_columns < COLUMNS_MAX; heads++) {
		struct libscols_column *column;
		const char *head = **heads ? _(*heads) : "";
		int flags = 0;

		if (**heads == '~')
			flags = SCOLS_FL_TRUNC;
		else if (**heads == '>')
			flags = SCOLS_FL_RIGHT;
		else if (**heads == '=')
			flags = SCOLS_FL_WRAP;
		column = scols_table_new_column(table->scols, flags ? head + 1 : head, 0, flags);
		if (!column || (flags == SCOLS_FL_WRAP &&
				scols_column_set_wrapfunc(column, wrap_width, wrap_next,
							  table) < 0))
			return fault_origin(-ENOMEM);
		if (color)
			scols_cell_set_color(scols_column_get_header(column), "\033[1m");
		table->widths[table->n_columns++] = text_width(flags ? head + 1 : head);
	}
	*ret = take(table);
	return 0;
}

int table_row(struct table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	if (!line)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < table->n_columns; i++) {
		_cleanup_(cleanup_free) char *cell = cells[i] ? strdup(cells[i]) : NULL;
		size_t width;

		if (!cells[i])
			continue;
		if (!cell)
			return fault_origin(-ENOMEM);
		render_clean(cell);
		width = text_width(cell);
		if (scols_line_refer_data(line, i, cell) < 0)
			return fault_origin(-ENOMEM);
		cell = NULL;
		table->widths[i] = width > table->widths[i] ? width : table->widths[i];
	}
	table->last = line;
	return 0;
}

int table_tint(struct table *table, size_t column, const char *sequence)
{
	if (!table->color || !sequence)
		return 0;
	if (scols_cell_set_color(scols_line_get_cell(table->last, column), sequence) < 0)
		return fault_origin(-ENOMEM);
	return 0;
}

static int rows_print(struct hand *hand, struct table *table)
{
	/* It was measured at the terminal, and is not to be cut anywhere else in a pager. */
	if (!table->flows && pager_begin(hand))
		scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_ALWAYS);
	return scols_print_table(table->scols) < 0 ? fault_origin(-EIO) : 0;
}

int table_flow(struct hand *hand, struct table *table)
{
	int r = rows_print(hand, table);

	for (size_t i = 0; i < table->n_columns; i++) {
		struct libscols_column *column = scols_table_get_column(table->scols, i);

		scols_column_set_whint(column, (double)scols_column_get_width(column));
	}
	scols_table_remove_lines(table->scols);
	scols_table_enable_noheadings(table->scols, 1);
	table->flows = true;
	/* Who quits the pager has seen enough. */
	return r == 0 ? fflush(stdout) == EOF : r;
}

int table_print(struct hand *hand, struct table *table)
{
	int r = 0;

	if (!table->flows || scols_table_get_nlines(table->scols) > 0)
		r = rows_print(hand, table);
	pager_end();
	return r;
}

int table_text(struct table *table, char **ret)
{
	return scols_print_table_to_string(table->scols, ret) < 0 ? fault_origin(-EIO) : 0;
}

void render_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		/* The C1 controls, as UTF-8. */
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
		/* U+2028 to 202E, U+2066 to 2069: ends of lines, and text that runs backwards. */
		else if (*p == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
					(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
			p[0] = p[1] = p[2] = '?';
	}
}

static bool json_incomplete;

void *render_json_allocate(size_t n)
{
	void *bytes = malloc(n);

	json_incomplete |= !bytes;
	return bytes;
}

bool render_json_whole(void)
{
	return !json_incomplete;
}

int render_json(json_t *json)
{
	_cleanup_(render_json_freep) json_t *owned = json;

	if (!owned || !render_json_whole())
		return fault_origin(-ENOMEM);
	if (json_dumpf(owned, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) < 0 ||
	    putchar('\n') == EOF)
		return fault_origin(-EIO);
	return 0;
}
