/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a page for a browser. A nickname or a name of a user may hold anything, so whatever is not
 * markup of ours is escaped, and the page forbids itself every script and every request. */

#include "page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/words.h"

static const char head[] =
	"\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta name=\"referrer\" content=\"no-referrer\">\n<title>";

static const char style[] =
	"</title>\n<style>\n"
	":root{color-scheme:light dark;--page:#f6f5f2;--card:#fff;--ink:#1d1d1f;--soft:#55565c;"
	"--line:#d9d7d1;--audio:#2563a8;--transcript:#8a5a00;--location:#7a3d8f;--good:#1a6b35;"
	"--warn:#a8321e;--empty:#e4e2dc}\n"
	"@media(prefers-color-scheme:dark){:root{--page:#17181b;--card:#212226;--ink:#f0efec;"
	"--soft:#b4b3ae;--line:#3a3b40;--audio:#7db3ec;--transcript:#e0b25a;--location:#cf9ae0;"
	"--good:#7fd09a;--warn:#f29a88;--empty:#33343a}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--page);color:var(--ink);"
	"font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"main{max-width:46rem;margin:0 auto;padding:1rem}\n"
	"h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:0 0 .5rem}\n"
	"h3{font-size:1rem;margin:1rem 0 .25rem}p{margin:.4rem 0}ul{margin:.4rem 0;"
	"padding-left:1.2rem}"
	".kind{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;"
	"gap:0 1rem;margin-top:1rem}.kind h3{margin:0}.kind+p{margin-top:.1rem}\n"
	"section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;"
	"padding:1rem;margin:1rem 0}\n"
	".soft{color:var(--soft)}.good{color:var(--good)}.warn{color:var(--warn)}"
	".badge{font-size:.85rem;font-weight:600}\n"
	"table{border-collapse:collapse;table-layout:fixed;width:100%;font-size:.95rem}"
	"th,td{text-align:left;vertical-align:top;padding:.3rem .5rem .3rem 0;"
	"border-top:1px solid var(--line)}"
	"th{font-weight:600;border-top:0}th:first-child{width:6rem}th:nth-child(2){width:4.5rem}\n"
	"svg{display:block;width:100%;height:auto;margin:.25rem 0}"
	".none{fill:var(--empty)}.audio{fill:var(--audio)}.transcript{fill:var(--transcript)}"
	".location{fill:var(--location)}.bad{fill:var(--warn)}"
	"i{display:inline-block;width:.7em;height:.7em;margin-right:.3em;border-radius:2px;"
	"background:var(--audio)}.refusal{background:var(--warn)}\n"
	".scale{display:flex;justify-content:space-between;font-size:.85rem;color:var(--soft)}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem .8rem;font-size:.9rem}"
	"dd{margin:0}dd,pre{overflow-wrap:anywhere}pre{white-space:pre-wrap;font-size:.75rem}"
	".receipt summary{font-weight:400;padding:.25rem 0}"
	"a{color:inherit}summary{cursor:pointer;font-weight:600}"
	":focus-visible{outline:3px solid var(--audio);outline-offset:2px}\n"
	"@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#333;--line:#999;"
	"--empty:#ddd}section{break-inside:avoid}*{print-color-adjust:exact}}\n"
	"</style>\n<body>\n<main>\n";

int page_begin(struct page *page, const char *title)
{
	page->file = open_memstream(&page->text, &page->n);
	if (!page->file)
		return -errno;
	/* po: the language of this catalogue, as HTML has it. */
	fprintf(page->file, "<!DOCTYPE html>\n<html lang=\"%s\">", _("en"));
	fputs(head, page->file);
	page_text(page, title);
	fputs(style, page->file);
	return 0;
}

int page_end(struct page *page)
{
	FILE *file = take(page->file);

	fputs("</main>\n</body>\n</html>\n", file);
	return fclose(file) == 0 ? 0 : -errno;
}

void page_clear(struct page *page)
{
	if (page->file)
		fclose(page->file);
	free(page->text);
	*page = (struct page){ .file = NULL };
}

void page_text(struct page *page, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", page->file);
			break;
		case '<':
			fputs("&lt;", page->file);
			break;
		case '>':
			fputs("&gt;", page->file);
			break;
		case '"':
			fputs("&quot;", page->file);
			break;
		case '\'':
			fputs("&#39;", page->file);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? ' ' : *text, page->file);
		}
}

void page_add(struct page *page, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	for (const char *at = _(format); *at; at++) {
		if (at[0] == '%' && at[1] == 's') {
			page_text(page, va_arg(arguments, const char *));
			at++;
		} else if (at[0] == '%' && at[1] == 'm') {
			fprintf(page->file, "%lld", va_arg(arguments, long long));
			at++;
		} else {
			fputc(*at, page->file);
		}
	}
	va_end(arguments);
}

#define BAND_WIDTH 720
#define BAND_HEIGHT 22

void page_band(struct page *page, const char *label, const char *style_name, const unsigned *left,
	       unsigned n)
{
	const double step = (double)BAND_WIDTH / n;

	fprintf(page->file, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", BAND_WIDTH,
		BAND_HEIGHT);
	page_text(page, label);
	fprintf(page->file, "</title><rect class=\"none\" width=\"%d\" height=\"%d\" rx=\"4\"/>",
		BAND_WIDTH, BAND_HEIGHT);
	/* One piece for all days with as much: no seams where nothing changes. */
	for (unsigned i = 0, end; i < n && left[i] > 0; i = end) {
		for (end = i + 1; end < n && left[end] == left[i]; end++)
			;
		fprintf(page->file,
			"<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"4\" "
			"opacity=\"%.2f\"/>", style_name, i * step, (end - i) * step, BAND_HEIGHT,
			0.25 + 0.75 * left[i] / left[0]);
	}
	fputs("</svg>\n", page->file);
}

#define COLUMNS_HEIGHT 90

static void column_put(struct page *page, const char *style_name, double x, double width,
		       unsigned count, unsigned most)
{
	const double height = count ? 4 + (COLUMNS_HEIGHT - 4.0) * count / most : 0;

	if (count)
		fprintf(page->file,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>", style_name, x, COLUMNS_HEIGHT - height, width, height);
}

void page_columns(struct page *page, const char *label, const struct page_column *columns,
		  unsigned n)
{
	const double step = (double)BAND_WIDTH / n;
	unsigned most = 1;

	for (unsigned i = 0; i < n; i++) {
		most = columns[i].one > most ? columns[i].one : most;
		most = columns[i].other > most ? columns[i].other : most;
	}
	fprintf(page->file, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", BAND_WIDTH,
		COLUMNS_HEIGHT + 2);
	page_text(page, label);
	fprintf(page->file, "</title><rect class=\"none\" y=\"%d\" width=\"%d\" height=\"2\"/>",
		COLUMNS_HEIGHT, BAND_WIDTH);
	for (unsigned i = 0; i < n; i++) {
		column_put(page, "audio", i * step + 1, step / 2 - 2, columns[i].one, most);
		column_put(page, "bad", (i + 0.5) * step, step / 2 - 2, columns[i].other, most);
	}
	fputs("</svg>\n", page->file);
}
