/* SPDX-License-Identifier: Apache-2.0 */
/* Draws QR codes. What is in one is a secret: no copy of it stays in memory. */

#include "qr.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <string.h>

/* What a reader needs around it, and how large a module is in a file. */
#define QUIET_MODULES 4
#define MODULE_PIXELS 8

static void qr_freep(QRcode **qr)
{
	if (!*qr)
		return;
	secret_wipe((*qr)->data, (size_t)(*qr)->width * (size_t)(*qr)->width);
	QRcode_free(*qr);
}

static int qr_make(const char *code, QRcode **ret)
{
	*ret = QRcode_encodeString(code, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	return *ret ? 0 : fault_origin(-errno);
}

/* Is there a dark module? Outside there is none. */
static bool dark(const QRcode *qr, int x, int y)
{
	return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
	       qr->data[y * qr->width + x] & 1;
}

int qr_print(FILE *file, const char *code)
{
	/* Two modules in one character; what is light is lit, whatever colours a terminal has. */
	static const char *const lit[] = { " ", "\u2584", "\u2580", "\u2588" };
	_cleanup_(qr_freep) QRcode *qr = NULL;
	int r = qr_make(code, &qr);

	if (r != 0)
		return fault_trace(r);
	for (int y = -QUIET_MODULES / 2; y < qr->width + QUIET_MODULES / 2; y += 2) {
		fputs("    \033[97;40m", file);
		for (int x = -QUIET_MODULES / 2; x < qr->width + QUIET_MODULES / 2; x++)
			fputs(lit[2 * !dark(qr, x, y) + !dark(qr, x, y + 1)], file);
		fputs("\033[0m\n", file);
	}
	return 0;
}

static void pixels_draw(const QRcode *qr, uint8_t *pixels, size_t side)
{
	for (size_t y = 0; y < side; y++)
		for (size_t x = 0; x < side; x++)
			pixels[y * side + x] = dark(qr, (int)(x / MODULE_PIXELS) - QUIET_MODULES,
						    (int)(y / MODULE_PIXELS) - QUIET_MODULES)
						       ? 0 : 255;
}

int qr_png(const char *code, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *pixels = NULL;
	_cleanup_(secret_freep) struct secret *png = NULL;
	_cleanup_(qr_freep) QRcode *qr = NULL;
	png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_GRAY };
	png_alloc_size_t n = 0;
	size_t side;
	int r = qr_make(code, &qr);

	if (r != 0)
		return fault_trace(r);
	side = (size_t)(qr->width + 2 * QUIET_MODULES) * MODULE_PIXELS;
	r = secret_new(side * side, &pixels);
	if (r != 0)
		return fault_trace(r);
	pixels_draw(qr, pixels->bytes, side);
	image.width = image.height = (png_uint_32)side;
	n = PNG_IMAGE_PNG_SIZE_MAX(image);
	r = secret_new(n, &png);
	if (r != 0)
		return fault_trace(r);
	if (!png_image_write_to_memory(&image, png->bytes, &n, 0, pixels->bytes, 0, NULL))
		return fault_origin(-EIO);
	return fault_trace(secret_from(png->bytes, n, ret));
}
