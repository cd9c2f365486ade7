/* SPDX-License-Identifier: Apache-2.0 */

/* cubby-listen against a real PulseAudio and the real recogniser, without a keeper. */

#include "unit/test.h"

#include "integration/listener.h"
#include "sound/sound.h"
#include "base/file.h"
#include "support/pulse_fixture.h"

#define RECORDINGS "/usr/share/pocketsphinx/test/data/"
#define GRAMMAR RECORDINGS "goforward.gram"
#define NO_BUS "unix:path=/nowhere/bus"
#define SECOND_MS 1000
#define SLOW_MS (90 * SECOND_MS)

/* goforward.raw as WAV, with silence behind it as in a room. */
static char forward_wav[] = "/tmp/cubby-forward-XXXXXX";

static int wav_make(void)
{
	_cleanup_(secret_freep) struct secret *wav = NULL;
	struct sound sound = { .rate_hz = SOUND_RATE_HZ };
	char *raw;
	size_t n;
	int fd, r;

	if (file_read_path(RECORDINGS "goforward.raw", 1 << 20, &raw, &n) != 0)
		return 0;
	sound.frames = n / sizeof(int16_t);
	r = secret_from(raw, n, &sound.samples);
	free(raw);
	if (r == 0)
		r = sound_to_wav(&sound, &wav);
	fd = r == 0 ? mkstemp(forward_wav) : -1;
	if (fd >= 0)
		r = file_write(fd, wav->bytes, wav->n);
	sound_clear(&sound);
	return fd < 0 ? -1 : r;
}

static int setup(void **state)
{
	struct pulse_fixture *pulse = calloc(1, sizeof(*pulse));
	int r = pulse_fixture_start(pulse);

	if (r == -ENOENT || access(GRAMMAR, R_OK) < 0) {
		pulse_fixture_stop(pulse);
		free(pulse);
		return 0;
	}
	*state = pulse;
	return r;
}

static int teardown(void **state)
{
	if (*state)
		pulse_fixture_stop(*state);
	free(*state);
	return 0;
}

static void need(void **state)
{
	if (!*state)
		skip();
}

static void check_forward(json_t *final)
{
	assert_string_equal(event_text(final, "text"), "go forward ten meters");
	assert_string_equal(event_text(final, "who"), "unknown");
	assert_true(json_is_false(json_object_get(final, "kept")));
	assert_true(json_is_null(json_object_get(final, "profile")));
	assert_true(json_real_value(json_object_get(final, "confidence")) > 0.3);
	assert_true(json_real_value(json_object_get(final, "duration_s")) > 1.5);
	assert_string_equal(event_text(final, "reason"), "unknown speaker");
	json_decref(final);
}

static void test_r1_speech_in_the_room_is_recognised_and_forgotten(void **state)
{
	struct listener listener;

	need(state);
	listener_start(&listener, (const char *const[]) {
		"--source", "room.monitor", "--utterances", "1", "--partial", "--bus", NO_BUS,
		NULL });
	json_decref(listener_expect(&listener, "ready", SLOW_MS));
	assert_int_equal(pulse_fixture_say(forward_wav), 0);
	json_decref(listener_expect(&listener, "speech-start", SLOW_MS));
	json_decref(listener_expect(&listener, "partial", SLOW_MS));
	json_decref(listener_expect(&listener, "speech-end", SLOW_MS));
	check_forward(listener_expect(&listener, "final", SLOW_MS));
	json_decref(listener_expect(&listener, "forgotten", SLOW_MS));
	assert_int_equal(listener_wait(&listener, SLOW_MS), 0);
}

static void test_sound_server_restarts(void **state)
{
	struct listener listener;

	need(state);
	listener_start(&listener, (const char *const[]) {
		"--source", "room.monitor", "--grammar", GRAMMAR, "--bus", NO_BUS, NULL });
	json_decref(listener_expect(&listener, "ready", SLOW_MS));
	pulse_fixture_kill(*state);
	json_decref(listener_expect(&listener, "source-lost", SLOW_MS));
	assert_int_equal(pulse_fixture_restart(*state), 0);
	json_decref(listener_expect(&listener, "source-back", SLOW_MS));
	assert_int_equal(pulse_fixture_say(forward_wav), 0);
	check_forward(listener_expect(&listener, "final", SLOW_MS));
	assert_int_equal(listener_stop(&listener), 0);
}

/* When the microphone is unplugged the default source becomes what the speaker plays. */
static void test_unplugged_microphone_is_not_replaced_by_the_speaker(void **state)
{
	struct listener listener;

	need(state);
	assert_int_equal(pulse_fixture_control("load-module", "module-remap-source",
					       "master=room.monitor source_name=mic"), 0);
	assert_int_equal(pulse_fixture_control("set-default-source", "mic", NULL), 0);
	listener_start(&listener,
		       (const char *const[]){ "--grammar", GRAMMAR, "--bus", NO_BUS, NULL });
	json_t *ready = listener_expect(&listener, "ready", SLOW_MS);

	assert_string_equal(event_text(ready, "source"), "mic");
	json_decref(ready);
	assert_int_equal(pulse_fixture_control("unload-module", "module-remap-source", NULL), 0);
	json_decref(listener_expect(&listener, "source-lost", SLOW_MS));
	/* Said while nobody may be listening. */
	assert_int_equal(pulse_fixture_say(RECORDINGS "cards/004.wav"), 0);
	assert_int_equal(pulse_fixture_control("load-module", "module-remap-source",
					       "master=room.monitor source_name=mic"), 0);
	assert_int_equal(pulse_fixture_control("set-default-source", "mic", NULL), 0);
	json_decref(listener_expect(&listener, "source-back", SLOW_MS));
	assert_int_equal(pulse_fixture_say(forward_wav), 0);
	check_forward(listener_expect(&listener, "final", SLOW_MS));
	assert_int_equal(listener_stop(&listener), 0);
}

static void test_monitor_is_no_microphone(void **state)
{
	struct listener listener;
	json_t *error;

	need(state);
	listener_start(&listener,
		       (const char *const[]){ "--grammar", GRAMMAR, "--bus", NO_BUS, NULL });
	error = listener_expect(&listener, "error", SLOW_MS);
	assert_non_null(strstr(event_text(error, "reason"), "room.monitor"));
	assert_non_null(strstr(event_text(error, "reason"), "--source"));
	json_decref(error);
	assert_int_equal(listener_stop(&listener), 0);
}

static void test_no_microphone_is_an_error_when_utterances_are_wanted(void **state)
{
	struct listener listener;

	need(state);
	listener_start(&listener,
		       (const char *const[]){ "--source", "attic", "--grammar", GRAMMAR,
					      "--utterances", "1", "--bus", NO_BUS, NULL });
	json_decref(listener_expect(&listener, "error", SLOW_MS));
	assert_int_equal(listener_wait(&listener, SLOW_MS), 1);
}

/* A host that names a child must hear about it when the keeper cannot be asked. */
static void test_r28_profile_without_a_keeper(void **state)
{
	struct listener listener;
	json_t *final;

	need(state);
	listener_start(&listener,
		       (const char *const[]){ "--profile", "Mia", "--file", forward_wav,
					      "--grammar", GRAMMAR, "--bus", NO_BUS, NULL });
	final = listener_expect(&listener, "final", SLOW_MS);
	assert_string_equal(event_text(final, "text"), "go forward ten meters");
	assert_string_equal(event_text(final, "who"), "unknown");
	assert_true(json_is_false(json_object_get(final, "kept")));
	assert_true(event_text(final, "reason")[0] != '\0');
	json_decref(final);
	assert_int_equal(listener_wait(&listener, SLOW_MS), 1);
}

/* A child's name is not for every user of the machine to read, as command lines are. */
static void test_profile_is_not_on_the_command_line(void **state)
{
	char path[64], line[4096];
	struct listener listener;
	size_t n;
	FILE *file;

	need(state);
	listener_start(&listener, (const char *const[]) {
		"--profile", "Wilhelmine", "--profile=Wilhelmine", "--source", "room.monitor",
		"--bus", NO_BUS, NULL });
	json_decref(listener_expect(&listener, "ready", SLOW_MS));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)listener.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	n = fread(line, 1, sizeof(line), file);
	fclose(file);
	assert_true(n > 0 && n < sizeof(line));
	assert_non_null(memmem(line, n, "--profile", strlen("--profile")));
	assert_null(memmem(line, n, "Wilhelmine", strlen("Wilhelmine")));
	assert_int_equal(listener_stop(&listener), 0);
}

/* A profile that is named is asked about, and there is no keeper to ask. */
static void test_profile_from_the_environment(void **state)
{
	struct listener listener;
	json_t *final;

	need(state);
	setenv("CUBBY_PROFILE", "Mia", 1);
	listener_start(&listener, (const char *const[]){ "--file", forward_wav, "--grammar",
							 GRAMMAR, "--bus", NO_BUS, NULL });
	unsetenv("CUBBY_PROFILE");
	final = listener_expect(&listener, "final", SLOW_MS);
	assert_non_null(strstr(event_text(final, "reason"), "no message bus"));
	json_decref(final);
	assert_int_equal(listener_wait(&listener, SLOW_MS), 1);
}

static void test_recordings_one_after_another(void **state)
{
	struct listener listener;
	json_t *final;

	need(state);
	listener_start(&listener,
		       (const char *const[]){ "--file", forward_wav, "--file",
					      RECORDINGS "cards/004.wav", "--bus", NO_BUS, NULL });
	check_forward(listener_expect(&listener, "final", SLOW_MS));
	final = listener_expect(&listener, "final", SLOW_MS);
	assert_string_equal(event_text(final, "text"), "five five");
	json_decref(final);
	assert_int_equal(listener_wait(&listener, SLOW_MS), 0);
}

/* What is said without the phrase is for nobody; the phrase itself is cut off. */
static void test_wake_phrase_opens_the_ear(void **state)
{
	struct listener listener;
	json_t *final;

	need(state);
	listener_start(&listener, (const char *const[]) {
		"--wake", "go forward", "--file", RECORDINGS "cards/004.wav", "--file", forward_wav,
		"--file", RECORDINGS "cards/004.wav", "--bus", NO_BUS, NULL });
	json_decref(listener_expect(&listener, "wake", SLOW_MS));
	final = listener_expect(&listener, "final", SLOW_MS);
	assert_non_null(strstr(event_text(final, "text"), "ten meters"));
	assert_null(strstr(event_text(final, "text"), "go forward"));
	json_decref(final);
	json_decref(listener_expect(&listener, "forgotten", SLOW_MS));
	assert_int_equal(fgetc(listener.events), EOF);
	assert_int_equal(listener_wait(&listener, SLOW_MS), 0);
}

/* Twice within the time in which nobody would have to say it again. */
static void test_only_the_wake_phrase(void **state)
{
	struct listener listener;

	need(state);
	listener_start(&listener, (const char *const[]) {
		"--wake", "go forward", "--wake-only", "--file", RECORDINGS "cards/004.wav",
		"--file", forward_wav, "--file", forward_wav, "--bus", NO_BUS, NULL });
	for (int i = 0; i < 2; i++)
		json_decref(listener_expect(&listener, "wake", SLOW_MS));
	assert_int_equal(fgetc(listener.events), EOF);
	assert_int_equal(listener_wait(&listener, SLOW_MS), 0);
}

static void check_exit(int expected, const char *const *arguments)
{
	struct listener listener;

	listener_start(&listener, arguments);
	assert_int_equal(listener_wait(&listener, SLOW_MS), expected);
}

static void test_wrong_use(void **state)
{
	check_exit(2, (const char *const[]) { "--nonsense", NULL });
	check_exit(2, (const char *const[]) { "stray", NULL });
	check_exit(2, (const char *const[]) { "--utterances", "0", NULL });
	check_exit(2, (const char *const[]) { "--utterances", "-1", NULL });
	check_exit(2, (const char *const[]) { "--utterances", "many", NULL });
	check_exit(2, (const char *const[]) { "--profile", "", NULL });
	check_exit(2, (const char *const[]) { "--wake", "", NULL });
	check_exit(1, (const char *const[]) { "--wake-only", NULL });
	check_exit(1, (const char *const[]) { "--wake", "okay qxzzy", NULL });
	check_exit(2, (const char *const[]) { "--grammar", "a", "--lm", "b", NULL });
	check_exit(1, (const char *const[]) { "--grammar", "/nowhere", NULL });
	check_exit(1, (const char *const[]) { "--file", "/nowhere.wav", NULL });
	check_exit(1, (const char *const[]) { "--file", "/etc/passwd", NULL });
	check_exit(0, (const char *const[]) { "--version", NULL });
	check_exit(0, (const char *const[]) { "--help", NULL });
}

#define IN_THE_ROOM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_THE_ROOM(test_r1_speech_in_the_room_is_recognised_and_forgotten),
		IN_THE_ROOM(test_sound_server_restarts),
		IN_THE_ROOM(test_unplugged_microphone_is_not_replaced_by_the_speaker),
		IN_THE_ROOM(test_monitor_is_no_microphone),
		IN_THE_ROOM(test_no_microphone_is_an_error_when_utterances_are_wanted),
		IN_THE_ROOM(test_r28_profile_without_a_keeper),
		IN_THE_ROOM(test_profile_is_not_on_the_command_line),
		IN_THE_ROOM(test_profile_from_the_environment),
		IN_THE_ROOM(test_recordings_one_after_another),
		IN_THE_ROOM(test_wake_phrase_opens_the_ear),
		IN_THE_ROOM(test_only_the_wake_phrase),
		cmocka_unit_test(test_wrong_use),
	};
	int failed;

	if (crypt_init() < 0 || wav_make() < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(forward_wav);
	return failed;
}
