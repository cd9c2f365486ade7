/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Diagnostics to stderr, with syslog priorities as "<3>" prefixes when a service manager reads
 * them (JOURNAL_STREAM set). Nothing logged may hold words, sound or hashes of them, a key, a
 * nickname or a passphrase (R16): secret types have no way to be formatted. */

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

void log_open(const char *program, enum log_level level);
__attribute__((format(printf, 2, 3)))
void log_message(enum log_level level, const char *format, ...);

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
