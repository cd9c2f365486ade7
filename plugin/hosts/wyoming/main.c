/* SPDX-License-Identifier: Apache-2.0 */

/* cubby-wyoming: the ear behind Wyoming sockets. It is the one program of Cubby that may listen on
 * the network; it must never do so unasked, and never call out. */

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include "base/log.h"
#include "base/loop.h"
#include "crypt/secret.h"
#include "hosts/confine.h"
#include "hosts/wyoming/config.h"
#include "hosts/wyoming/hearing.h"
#include "hosts/wyoming/server.h"

enum { EXIT_GENERAL = 1, EXIT_USAGE = 2 };

static const char usage[] =
	"Usage: cubby-wyoming [--uri URI [--profile NAME]]... [--wake-uri URI]...\n"
	"                     [--allow-lan] [--config FILE] [--check] [--bus ADDRESS]\n"
	"\n"
	"Recognises speech and hears a wake phrase for Wyoming clients such as Home Assistant.\n"
	"What an asr listener with a child's profile hears is kept if a parent has consented;\n"
	"everything else is forgotten as soon as the client has its text.\n"
	"\n"
	"  --uri URI       listen there, tcp://127.0.0.1:10300 or unix:///run/asr.sock, and not\n"
	"                  where the configuration says; may be given several times\n"
	"  --profile NAME  of the --uri before it: a child's, whose room or device this is\n"
	"  --wake-uri URI  listen there for the wake phrase\n"
	"  --allow-lan     a URI may be one that other machines can reach\n"
	"  --config FILE   instead of " CONFIG_PATH "\n"
	"  --check         only say what the configuration means\n"
	"  --bus ADDRESS   the keeper's bus instead of the system bus\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 ok, 1 general (also: an address cannot be had), 2 usage or\n"
	"configuration.\n";

struct options {
	const char *config, *bus;
	bool check, allow_lan;
	struct config_asked asked[CONFIG_LISTENERS_MAX];
	unsigned n_asked;
	char profiles[CONFIG_LISTENERS_MAX][CONFIG_PROFILE_BYTES];
};

static int usage_fail(const char *text)
{
	fprintf(stderr, "cubby-wyoming: %s; see cubby-wyoming --help\n", text);
	return 1 + EXIT_USAGE;
}

static int listener_ask(struct options *options, enum service service, const char *uri)
{
	if (options->n_asked == CONFIG_LISTENERS_MAX)
		return usage_fail("too many listeners");
	options->asked[options->n_asked++] = (struct config_asked) { .service = service,
								     .uri = uri };
	return 0;
}

/* Off the command line, which every user of the machine may read. */
static int profile_take(struct options *options, char *name)
{
	const unsigned last = options->n_asked - 1;

	if (options->n_asked == 0 || options->asked[last].service != SERVICE_ASR ||
	    options->asked[last].profile)
		return usage_fail("--profile goes behind a --uri, once");
	if (strlen(name) >= CONFIG_PROFILE_BYTES)
		return usage_fail("the name of that profile is too long");
	strcpy(options->profiles[last], name);
	options->asked[last].profile = options->profiles[last];
	memset(name, 0, strlen(name));
	return 0;
}

/* 0: go on; otherwise the exit status + 1. */
static int options_take(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
		{ "bus", required_argument, NULL, 'b' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { "uri", required_argument, NULL, 'u' },
		{ "profile", required_argument, NULL, 'p' },
		{ "wake-uri", required_argument, NULL, 'w' },
		{ "allow-lan", no_argument, NULL, 'l' }, { NULL },
	};
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'u':
			r = listener_ask(options, SERVICE_ASR, optarg);
			break;
		case 'w':
			r = listener_ask(options, SERVICE_WAKE, optarg);
			break;
		case 'p':
			r = profile_take(options, optarg);
			break;
		case 'l':
			options->allow_lan = true;
			break;
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check = true;
			break;
		case 'b':
			options->bus = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'v':
			puts("cubby-wyoming " CUBBY_VERSION);
			return 1;
		default:
			fputs("cubby-wyoming: see cubby-wyoming --help\n", stderr);
			return 1 + EXIT_USAGE;
		}
	if (r != 0 || optind == argc)
		return r;
	fprintf(stderr, "cubby-wyoming: unknown argument %s; see cubby-wyoming --help\n",
		argv[optind]);
	return 1 + EXIT_USAGE;
}

/* Where it is, in words to copy: what is entered wrongly most is this. No name of a child: this
 * may end in a journal. */
static void listener_print(const struct listener_config *listener)
{
	char text[ADDRESS_TEXT];

	printf("[%s]", listener->name);
	if (listener->tcp.any.sa_family != AF_UNSPEC)
		printf(" tcp://%s", address_text(&listener->tcp, text));
	if (*listener->path)
		printf(" unix://%s", listener->path);
	printf("%s\n", *listener->profile ? " (a profile's: kept under consent)" :
	       listener->service == SERVICE_ASR ? " (unknown speakers: nothing is kept)" : "");
	if (listener->tcp.any.sa_family != AF_UNSPEC && !address_is_loopback(&listener->tcp))
		printf("[%s] CAN BE REACHED FROM THE NETWORK: the protocol has no password and no "
		       "encryption. Whoever reaches %s can have speech recognised, can speak as "
		       "this listener%s, and what is said to it can be read on the way. Let a "
		       "firewall allow the one machine that is to use it.\n", listener->name,
		       address_text(&listener->tcp, text),
		       *listener->profile ? " and so as its child" : "");
}

static void listeners_print(const struct config *config)
{
	for (unsigned i = 0; i < config->n_listeners; i++)
		listener_print(&config->listeners[i]);
	fflush(stdout);
}

static bool has_service(const struct config *config, enum service service)
{
	for (unsigned i = 0; i < config->n_listeners; i++)
		if (config->listeners[i].service == service)
			return true;
	return false;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* The models are loaded and the seats made before anybody is let in (rule 5). */
static int hearing_make(const struct config *config, const char *bus, struct hearing **ret,
			struct why *why)
{
	_cleanup_(hearing_freep) struct hearing *hearing = NULL;
	bool wake = has_service(config, SERVICE_WAKE);
	const struct cubby_ear_config ear = {
		.size = sizeof(ear), .bus = bus, .model = or_null(config->model),
		.grammar = or_null(config->grammar), .lm = or_null(config->lm),
		.wake = wake ? config->wake_phrase : NULL,
	};
	int r = hearing_new(&ear, &hearing, why);

	for (unsigned i = 0; r == 0 && i < config->n_listeners; i++)
		for (unsigned k = 0; r == 0 && k < config->streams; k++) {
			const struct listener_config *listener = &config->listeners[i];

			r = hearing_seat_add(hearing, i, listener->name,
					     listener->service == SERVICE_WAKE ?
					     CUBBY_EAR_WAKE_ONLY : CUBBY_EAR_AWAKE,
					     listener->profile, why);
		}
	if (r)
		return r;
	*ret = take(hearing);
	return 0;
}

static int serve(const struct config *config, const char *bus, struct why *why)
{
	_cleanup_(loop_freep) struct loop *loop = NULL;
	_cleanup_(hearing_freep) struct hearing *hearing = NULL;
	_cleanup_(server_freep) struct server *server = NULL;
	int r;

	r = loop_new(&loop);
	if (r == 0)
		r = hearing_make(config, bus, &hearing, why);
	if (r == 0)
		r = server_new(loop, hearing, config, &server, why);
	/* All sockets but those to the bus are there now. */
	if (r == 0)
		r = confine_enter(why);
	if (r == 0)
		r = hearing_start(hearing);
	if (r)
		return r;
	listeners_print(config);
	return loop_run(loop);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct config config;
	struct why why = { "" };
	int status = options_take(&options, argc, argv);
	int r;

	if (status)
		return status - 1;
	log_open("cubby-wyoming", LOG_LEVEL_WARNING);
	signal(SIGPIPE, SIG_IGN);
	if (crypt_init() < 0)
		return EXIT_GENERAL;
	r = config_read(options.config, &config, &why);
	if (r == 0)
		r = config_ask(&config, options.asked, options.n_asked, options.allow_lan, &why);
	status = r > 0 ? EXIT_USAGE : EXIT_GENERAL;
	if (r == 0 && options.check) {
		listeners_print(&config);
		return 0;
	}
	if (r == 0) {
		r = serve(&config, options.bus, &why);
		status = EXIT_GENERAL;
	}
	if (r)
		fprintf(stderr, "cubby-wyoming: %s\n", r > 0 ? why.text : strerror(-r));
	return r ? status : 0;
}
