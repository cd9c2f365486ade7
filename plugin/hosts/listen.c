/* SPDX-License-Identifier: Apache-2.0 */

/* cubby-listen: the stand-alone speech front end, and the smallest complete host of the ear. What
 * is heard goes to standard output, from locked memory, and nowhere else. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "crypt/secret.h"
#include "ear.h"
#include "hosts/confine.h"
#include "hosts/print.h"
#include "sound/sound.h"

#define SOURCE_WAIT_MS 10000
#define PUSH_FRAMES 16000

enum { EXIT_GENERAL = 1, EXIT_USAGE = 2 };

struct listen {
	struct cubby_ear_config ear;
	struct cubby_ear_session_config session;
	char *profile;			/* from the command line; NULL: not named there */
	const char **files;
	unsigned n_files;
	unsigned long utterances;	/* 0: no end */
	struct print *print;
	unsigned long finals;
	bool ready;
	bool failed;			/* something could not be kept although it should */
	bool broken;			/* nobody reads what is printed */
};

static const char usage[] =
	"Usage: cubby-listen [--profile NAME] [--source NAME] [--file WAV]...\n"
	"                    [--wake PHRASE [--wake-only]|--no-wake]\n"
	"                    [--grammar FILE|--lm FILE]\n"
	"                    [--model FOLDER] [--utterances N]\n"
	"                    [--partial] [--json]\n"
	"\n"
	"Listens, recognises, and keeps what a parent has consented to; everything else is\n"
	"forgotten as soon as it has been printed.\n"
	"\n"
	"  --profile NAME     whose button, room or device this is: a child's profile; without it\n"
	"                     what the variable CUBBY_PROFILE names\n"
	"  --source NAME      a PulseAudio source (pactl list short sources)\n"
	"  --file WAV         hear a recording instead of a microphone; may be repeated\n"
	"  --wake PHRASE      only what follows this phrase (words of the dictionary, lower case)\n"
	"  --wake-only        tell when the phrase was heard, and recognise nothing\n"
	"  --no-wake          every utterance (this is the default)\n"
	"  --grammar FILE     a JSGF grammar: only these sentences, much faster\n"
	"  --lm FILE          a language model instead of the default one\n"
	"  --model FOLDER     a speech model instead of Debian's, as script/adapt makes it\n"
	"  --utterances N     exit after N utterances\n"
	"  --partial          also the words so far, while they are spoken\n"
	"  --json             events as JSON, one a line\n"
	"  --bus ADDRESS      the keeper's bus instead of the system bus\n"
	"  --settings FILE    instead of /etc/cubby/ear.conf\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 ok, 1 general (also: something could not be kept that should be), 2 "
	"usage.\n";

enum {
	OPTION_PROFILE = 256,
	OPTION_SOURCE,
	OPTION_FILE,
	OPTION_WAKE,
	OPTION_WAKE_ONLY,
	OPTION_NO_WAKE,
	OPTION_GRAMMAR,
	OPTION_LM,
	OPTION_MODEL,
	OPTION_UTTERANCES,
	OPTION_PARTIAL,
	OPTION_JSON,
	OPTION_BUS,
	OPTION_SETTINGS,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{ "profile", required_argument, NULL, OPTION_PROFILE },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "wake", required_argument, NULL, OPTION_WAKE },
	{ "wake-only", no_argument, NULL, OPTION_WAKE_ONLY },
	{ "no-wake", no_argument, NULL, OPTION_NO_WAKE },
	{ "grammar", required_argument, NULL, OPTION_GRAMMAR },
	{ "lm", required_argument, NULL, OPTION_LM },
	{ "model", required_argument, NULL, OPTION_MODEL },
	{ "utterances", required_argument, NULL, OPTION_UTTERANCES },
	{ "partial", no_argument, NULL, OPTION_PARTIAL },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "bus", required_argument, NULL, OPTION_BUS },
	{ "settings", required_argument, NULL, OPTION_SETTINGS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL },
};

static int usage_error(const char *text, const char *value)
{
	fprintf(stderr, "cubby-listen: %s%s%s; see cubby-listen --help\n", text, value ? " " : "",
		value ? value : "");
	return EXIT_USAGE;
}

static bool count_parse(const char *text, unsigned long *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || n == 0 || n > 1000000)
		return false;
	*ret = n;
	return true;
}

/* Takes the name off the command line, which every user of the machine may read. */
static int profile_take(struct listen *listen, char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return 1 + EXIT_GENERAL;
	memset(name, '*', strlen(name));
	free(listen->profile);
	listen->profile = copy;
	return 0;
}

/* 0: go on; otherwise the exit status + 1. */
static int option_take(struct listen *listen, int option, bool *ret_json)
{
	switch (option) {
	case OPTION_PROFILE:
		if (!*optarg)
			return 1 + usage_error("--profile needs a name", NULL);
		return profile_take(listen, optarg);
	case OPTION_SOURCE:
		listen->session.source = optarg;
		return 0;
	case OPTION_FILE:
		listen->files[listen->n_files++] = optarg;
		return 0;
	case OPTION_WAKE:
		if (!*optarg)
			return 1 + usage_error("--wake needs a phrase", NULL);
		listen->ear.wake = optarg;
		return 0;
	case OPTION_WAKE_ONLY:
		listen->session.flags |= CUBBY_EAR_WAKE_ONLY;
		return 0;
	case OPTION_NO_WAKE:
		listen->ear.wake = NULL;
		return 0;
	case OPTION_GRAMMAR:
		listen->ear.grammar = optarg;
		return 0;
	case OPTION_LM:
		listen->ear.lm = optarg;
		return 0;
	case OPTION_MODEL:
		listen->ear.model = optarg;
		return 0;
	case OPTION_UTTERANCES:
		if (count_parse(optarg, &listen->utterances))
			return 0;
		return 1 +
		       usage_error("--utterances wants a number from 1 to 1000000, not", optarg);
	case OPTION_PARTIAL:
		listen->session.flags |= CUBBY_EAR_PARTIALS;
		return 0;
	case OPTION_JSON:
		*ret_json = true;
		return 0;
	case OPTION_BUS:
		listen->ear.bus = optarg;
		return 0;
	case OPTION_SETTINGS:
		listen->ear.settings = optarg;
		return 0;
	case OPTION_HELP:
		fputs(usage, stdout);
		return 1;
	case OPTION_VERSION:
		puts("cubby-listen " CUBBY_VERSION);
		return 1;
	default:
		/* getopt has said what. */
		return 1 + usage_error("see above", NULL);
	}
}

static int options_take(struct listen *listen, int argc, char **argv, bool *ret_json)
{
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		status = option_take(listen, option, ret_json);
		if (status)
			return status;
	}
	if (optind < argc)
		return 1 + usage_error("unknown argument", argv[optind]);
	if (listen->ear.grammar && listen->ear.lm)
		return 1 + usage_error("--grammar and --lm exclude each other", NULL);
	if (listen->n_files && listen->session.source)
		return 1 + usage_error("--file and --source exclude each other", NULL);
	return 0;
}

static bool enough(const struct listen *listen)
{
	return listen->broken || (listen->utterances && listen->finals >= listen->utterances);
}

static void heard(void *context, struct cubby_ear_session *session,
		  const struct cubby_ear_event *event)
{
	struct listen *listen = context;

	/* What is in the ring behind the last one asked for was not meant for anybody. */
	if (enough(listen) && event->type != CUBBY_EAR_FORGOTTEN)
		return;
	if (event->type == CUBBY_EAR_READY)
		listen->ready = true;
	if (event->type == CUBBY_EAR_FINAL) {
		listen->finals++;
		listen->failed |= event->failed;
	}
	if (print_event(listen->print, event) < 0)
		listen->broken = true;
}

static int file_hear(struct listen *listen, struct cubby_ear *ear,
		     struct cubby_ear_session *session, const char *path)
{
	struct sound sound = { 0 };
	struct why why = { "" };
	int r;

	r = sound_from_file(path, 0, &sound, &why);
	if (r) {
		fprintf(stderr, "cubby-listen: %s\n", r > 0 ? why.text : strerror(-r));
		return EXIT_GENERAL;
	}
	for (size_t done = 0; done < sound.frames && !enough(listen);) {
		const int16_t *samples = (const int16_t *)(const void *)sound.samples->bytes;
		size_t left = sound.frames - done;

		done += cubby_ear_session_push(session, samples + done,
					       left < PUSH_FRAMES ? left : PUSH_FRAMES);
		cubby_ear_dispatch(ear);
	}
	sound_clear(&sound);
	if (!enough(listen))
		cubby_ear_session_end_of_utterance(session);
	cubby_ear_dispatch(ear);
	return 0;
}

static int files_hear(struct listen *listen, struct cubby_ear *ear,
		      struct cubby_ear_session *session)
{
	cubby_ear_dispatch(ear);
	for (unsigned i = 0; i < listen->n_files && !enough(listen); i++) {
		int status = file_hear(listen, ear, session, listen->files[i]);

		if (status)
			return status;
	}
	if (listen->utterances > listen->finals && !listen->broken) {
		fprintf(stderr, "cubby-listen: %lu utterances were asked for and %lu heard; "
			"are the recordings speech?\n", listen->utterances, listen->finals);
		return EXIT_GENERAL;
	}
	return 0;
}

static int signalled = -1;

static void signal_arrived(int number)
{
	int before = errno;

	(void)number;
	eventfd_write(signalled, 1);
	errno = before;
}

/* A handler, and no mask: the recogniser's mathematics library may have made threads before main()
 * began, and one that blocks nothing would end the process for all. */
static int signals_open(void)
{
	const struct sigaction action = { .sa_handler = signal_arrived, .sa_flags = SA_RESTART };

	signalled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return signalled;
}

static struct cubby_ear *muteable;

static void mute_arrived(int number)
{
	int before = errno;

	cubby_ear_mute(muteable, number == SIGUSR1);
	errno = before;
}

static void mute_watch(struct cubby_ear *ear)
{
	const struct sigaction action = { .sa_handler = ear ? mute_arrived : SIG_IGN,
					  .sa_flags = SA_RESTART };

	if (ear)
		muteable = ear;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}

static int microphone_hear(struct listen *listen, struct cubby_ear *ear)
{
	_cleanup_(cleanup_close) int signals = signals_open();
	struct pollfd fds[] = { { .fd = cubby_ear_fd(ear), .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	int64_t give_up_ms = clock_boot_ms(&clock_system) + SOURCE_WAIT_MS;

	mute_watch(ear);
	while (!enough(listen)) {
		bool bounded = listen->utterances && !listen->ready;
		int64_t left_ms = give_up_ms - clock_boot_ms(&clock_system);

		if (bounded && left_ms <= 0) {
			fprintf(stderr, "cubby-listen: no microphone for %d s; "
				"\"pactl list short sources\" shows what there is\n",
				SOURCE_WAIT_MS / 1000);
			return EXIT_GENERAL;
		}
		if (poll(fds, ARRAY_SIZE(fds), bounded ? (int)left_ms :
			 cubby_ear_timeout_ms(ear)) < 0 && errno != EINTR)
			return EXIT_GENERAL;
		if (fds[1].revents)
			break;
		cubby_ear_dispatch(ear);
	}
	/* Still readable, and written to by whoever asks twice; the process ends with it. */
	signals = -1;
	return 0;
}

/* Where there is no cookie for the sound server libpulse makes one, and complains that it may make
 * no file here. This one is as good as any that the server has not seen. */
static void cookie_spare(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s/pulse/cookie", config ? config : home ? home : "",
		 config ? "" : "/.config");
	if (access(path, R_OK) < 0)
		setenv("PULSE_COOKIE", "/dev/zero", 0);
}

/* An exit status and 1, or 0. */
static int confined(void)
{
	struct why why = { "" };
	int r = confine_enter(&why);

	if (r)
		fprintf(stderr, "cubby-listen: %s\n", r > 0 ? why.text : strerror(-r));
	return r ? 1 + EXIT_GENERAL : 0;
}

static void listen_log(void *context, int level, const char *message)
{
	log_message((enum log_level)level, "%s", message);
}

static int listen_run(struct listen *listen)
{
	struct cubby_ear *ear = NULL;
	struct cubby_ear_session *session;
	char why[512];
	int status;

	if (cubby_ear_new(&listen->ear, &ear, why, sizeof(why)) < 0) {
		fprintf(stderr, "cubby-listen: %s\n", why);
		return EXIT_GENERAL;
	}
	if (!listen->n_files)
		listen->session.flags |= CUBBY_EAR_MICROPHONE;
	if (cubby_ear_session_new(ear, &listen->session, &session, why, sizeof(why)) < 0) {
		fprintf(stderr, "cubby-listen: %s\n", why);
		cubby_ear_free(ear);
		return EXIT_GENERAL;
	}
	status = listen->n_files ? files_hear(listen, ear, session) : microphone_hear(listen, ear);
	mute_watch(NULL);
	cubby_ear_free(ear);
	return status ? status : listen->failed || listen->broken ? EXIT_GENERAL : 0;
}

int main(int argc, char **argv)
{
	const struct cubby_ear_services services = { .size = sizeof(services), .log = listen_log };
	struct listen listen = {
		.ear = { .size = sizeof(listen.ear), .services = &services },
		.session = { .size = sizeof(listen.session), .event = heard, .context = &listen },
	};
	_cleanup_(print_freep) struct print *print = NULL;
	bool json = false;
	int status;

	log_open("cubby-listen", LOG_LEVEL_WARNING);
	/* Who stops reading ends it by a status, not by a signal. */
	signal(SIGPIPE, SIG_IGN);
	listen.files = calloc((size_t)argc, sizeof(*listen.files));
	if (!listen.files || crypt_init() < 0)
		return EXIT_GENERAL;
	status = options_take(&listen, argc, argv, &json);
	if (!status && print_new(STDOUT_FILENO, json, &print) < 0)
		status = 1 + EXIT_GENERAL;
	listen.print = print;
	listen.session.profile = listen.profile ? listen.profile : getenv("CUBBY_PROFILE");
	cookie_spare();
	if (!status)
		status = confined();
	status = status ? status - 1 : listen_run(&listen);
	free(listen.profile);
	free(listen.files);
	return status;
}
