/* SPDX-License-Identifier: Apache-2.0 */

/* The program cubbyd: options in, exit status out. What it cannot start with it says in one
 * sentence, and touches nothing. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "crypt/secret.h"
#include "keeper.h"
#include "notify.h"
#include "purge.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
	"Usage: cubbyd [OPTION...]\n"
	"Keeps what a family allowed to be kept, encrypted, until it expires or is deleted.\n"
	"\n"
	"  --config FILE     read FILE instead of " CONFIG_PATH "\n"
	"  --state-dir DIR   keep everything in DIR instead of " STATE_DIR "\n"
	"  --bus BUS         \"system\" (the default), \"session\", or the address of a bus\n"
	"  --foreground      stay in the foreground; the keeper always does\n"
	"  --erase-everything  erase all that is kept, and the household, verify it, print the\n"
	"                    receipt, remove the files, and end: for the removal of Cubby\n"
	"  --help            show this\n"
	"  --version         show the version\n"
	"\n"
	"See cubbyd(8), cubbyd.conf(5).\n";

enum option_value { OPTION_CONFIG = 256, OPTION_STATE_DIR, OPTION_BUS, OPTION_FOREGROUND,
		    OPTION_ERASE, OPTION_HELP, OPTION_VERSION };

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"bus", required_argument, NULL, OPTION_BUS},
	{"foreground", no_argument, NULL, OPTION_FOREGROUND},
	{"erase-everything", no_argument, NULL, OPTION_ERASE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{0},
};

static int usage_error(const char *text, const char *value)
{
	fprintf(stderr, "cubbyd: %s%s; \"cubbyd --help\" shows what there is\n", text, value);
	return EXIT_USAGE;
}

/* -1: go on. */
static int bus_choose(const char *bus, struct keeper_options *options)
{
	if (!strcmp(bus, "system")) {
		options->bus_address = NULL;
	} else if (!strcmp(bus, "session")) {
		options->bus_address = getenv("DBUS_SESSION_BUS_ADDRESS");
		if (!options->bus_address || !options->bus_address[0])
			return usage_error("there is no session bus: DBUS_SESSION_BUS_ADDRESS is "
					   "not set",
					   "");
	} else if (strchr(bus, ':')) {
		options->bus_address = bus;
	} else {
		return usage_error("--bus takes \"system\", \"session\" or an address, not ", bus);
	}
	return -1;
}

/* -1: go on; otherwise the exit status. */
static int options_read(int argc, char **argv, struct keeper_options *options)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG:
			options->config_path = optarg;
			break;
		case OPTION_STATE_DIR:
			options->state_dir = optarg;
			break;
		case OPTION_BUS:
			status = bus_choose(optarg, options);
			if (status >= 0)
				return status;
			break;
		case OPTION_FOREGROUND:
			break;
		case OPTION_ERASE:
			options->offline = true;
			break;
		case OPTION_HELP:
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			puts("cubbyd " KEEPER_VERSION);
			return EXIT_SUCCESS;
		case ':':
			return usage_error("a value is missing after ", argv[optind - 1]);
		default:
			return usage_error("unknown option ", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return usage_error("unexpected argument ", argv[optind]);
	return -1;
}

/* The receipt on standard output, what it means on the other. Returns the exit status. */
static int purge(struct keeper *keeper)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	const char *level;
	struct why why = {{0}};
	int r = keeper_purge(keeper, &job, &level, &why);

	if (r) {
		log_error("%s", r > 0 ? why.text : strerror(-r));
		return EXIT_FAILURE;
	}
	log_info("everything is erased, %llu items, and was read back; erasure level %s: what that "
		 "means is in docs/ERASURE.md", (unsigned long long)job->items, level);
	return printf("%s\n", job->receipt) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	_cleanup_(keeper_freep) struct keeper *keeper = NULL;
	struct keeper_options options = {.state_dir = STATE_DIR};
	struct why why = {{0}};
	int r, status;

	status = options_read(argc, argv, &options);
	if (status >= 0)
		return status;
	log_open("cubbyd", LOG_LEVEL_INFO);
	/* Before the zone's file is out of reach: "today" is said where the keeper is. */
	tzset();
	if (crypt_init())
		return EXIT_FAILURE;
	r = keeper_start(&options, &keeper, &why);
	if (r > 0)
		log_error("%s", why.text);
	else if (r < 0)
		log_error("cannot start: %s; the lines above say where", strerror(-r));
	if (r)
		return EXIT_FAILURE;
	if (options.offline)
		return purge(take(keeper));
	notify_manager("READY=1");
	log_info("ready (version " KEEPER_VERSION ")");
	status = keeper_run(keeper);
	notify_manager("STOPPING=1");
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
