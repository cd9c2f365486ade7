/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby doctor`: is everything in place? It looks and never repairs, and a check that could not be
 * made is told as such, never as passed. */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/words.h"
#include "hand.h"
#include "playback.h"
#include "render.h"
#include "said.h"
#include "verb.h"

#define PARENTS_GROUP "cubby-parents"
/* No machine that runs this version has an earlier clock: 2026-01-01. */
#define CLOCK_EARLIEST_S 1767225600

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct doctor {
	struct hand *hand;
	json_t *findings;
	unsigned fails;
};

_printf_(5, 6)
static void found(struct doctor *doctor, const char *check, enum finding finding,
		  const char *remedy,
		  const char *format, ...)
{
	static const struct {
		const char *name, *tint;
	} shown[] = { { N_("ok"), TINT_GOOD }, { N_("warn"), TINT_WARN },
		    { N_("fail"), TINT_BAD } };
	bool color = doctor->hand->color;
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), _(format), arguments);
	remedy = remedy ? _(remedy) : NULL;
	va_end(arguments);
	render_clean(text);
	doctor->fails += finding == FINDING_FAIL;
	json_array_append_new(doctor->findings, json_pack("{s:s, s:s, s:s, s:s?}", "check",
							  check, "state",
							  shown[finding].name, "text", text,
							  "remedy",
							  remedy));
	if (doctor->hand->json || (doctor->hand->quiet && finding == FINDING_OK))
		return;
	printf("%s%-4s%s  %s%s%s\n", color ? shown[finding].tint : "", _(shown[finding].name),
	       color ? "\033[0m" : "", text, remedy ? "; " : "", remedy ? remedy : "");
}

static void check_groups(struct doctor *doctor)
{
	const struct group *group = getgrnam(PARENTS_GROUP);
	const struct passwd *passwd = getpwuid(getuid());
	const char *name = passwd ? passwd->pw_name : _("this user");
	gid_t gids[256];
	int n = getgroups((int)ARRAY_SIZE(gids), gids);
	bool member = false;

	if (getuid() == 0) {
		found(doctor, "group", FINDING_FAIL, N_("run cubby as the parent's own user"),
		      "you are root, and root is no parent");
		return;
	}
	if (!group) {
		found(doctor, "group", FINDING_FAIL, N_("install Cubby's users (systemd-sysusers)"),
		      "there is no group %s", PARENTS_GROUP);
		return;
	}
	for (int i = 0; i < n; i++)
		member = member || gids[i] == group->gr_gid;
	if (member || getegid() == group->gr_gid)
		found(doctor, "group", FINDING_OK, NULL, "%s is in the group %s",
		      name, PARENTS_GROUP);
	else
		found(doctor, "group", FINDING_FAIL,
		      N_("have an administrator run 'usermod -aG cubby-parents NAME', then log in "
			 "anew"),
		      "%s is not in the group %s", name, PARENTS_GROUP);
}

static void check_sandbox(struct doctor *doctor, const struct cubby_status *status)
{
	static const char *const wanted[] = { "no-new-privs", "not-dumpable", "seccomp",
					     "landlock" };
	char missing[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		bool there = false;

		for (const char *const *text = status->sandbox; *text; text++)
			there = there || strcmp(*text, wanted[i]) == 0;
		if (!there)
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				 "%s%s",
				 *missing ? ", " : "", wanted[i]);
	}
	if (*missing)
		found(doctor, "sandbox", FINDING_WARN, N_("see whether the kernel supports it"),
		      "the keeper runs without %s", missing);
	else
		found(doctor, "sandbox", FINDING_OK, NULL, "the keeper is confined");
}

static void check_household(struct doctor *doctor, const struct cubby_status *status)
{
	char room[SAID_TEXT];

	if (status->household)
		found(doctor, "household", FINDING_OK, NULL, "the household is set up");
	else
		found(doctor, "household", FINDING_FAIL, N_("run 'cubby setup --parent NAME'"),
		      "there is no household yet");
	if (status->device_trusted)
		found(doctor, "device-key", FINDING_OK, NULL, "the keeper's key is the one "
							      "pinned here");
	else
		found(doctor, "device-key", FINDING_FAIL,
		      N_("if the device was set up anew, move pins.json away; else do not type a "
			 "passphrase"),
		      "the keeper's key is not the one pinned in %s",
		      cubby_state_dir(doctor->hand->cubby));
	if (strcmp(status->erasure_level, "E0") == 0)
		found(doctor, "erasure", FINDING_WARN,
		      N_("put the state directory on ext4 (data=ordered) or XFS for more"),
		      "erasure level E0: this file system may keep old blocks");
	else
		found(doctor, "erasure", FINDING_OK, NULL, "erasure level %s",
		      status->erasure_level);
	check_sandbox(doctor, status);
	for (const char *const *text = status->alerts; *text; text++)
		found(doctor, "alert", FINDING_WARN, NULL, "%s", said(*text, room));
}

static void check_keeper(struct doctor *doctor)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	struct cubby *cubby = doctor->hand->cubby;

	if (cubby_connect(cubby) != 0) {
		found(doctor, "bus", FINDING_FAIL, NULL, "%s", cubby_why(cubby));
		return;
	}
	found(doctor, "bus", FINDING_OK, NULL, "the system bus answers");
	if (cubby_status(cubby, &status) != 0) {
		found(doctor, "keeper", FINDING_FAIL, NULL, "%s", cubby_why(cubby));
		return;
	}
	if (strcmp(status->version, CUBBY_VERSION) == 0)
		found(doctor, "keeper", FINDING_OK, NULL, "the keeper runs, version %s",
		      status->version);
	else
		found(doctor, "keeper", FINDING_WARN, N_("install both from one release"),
		      "the keeper is version %s, this program %s", status->version, CUBBY_VERSION);
	check_household(doctor, status);
}

static void check_microphone(struct doctor *doctor)
{
	char name[256];
	struct why why = { "" };
	int r = playback_microphone(name, sizeof(name), &why);

	/* The listener may run as another user with a sound server of its own. */
	if (r == 0)
		found(doctor, "microphone", FINDING_OK, NULL, "the microphone is %s", name);
	else
		found(doctor, "microphone", FINDING_WARN,
		      r == ANSWER_NOT_FOUND
			      ? N_("plug one in, or name it with cubby-listen --source")
			      : N_("start PulseAudio or PipeWire, or set PULSE_SERVER"),
		      "%s", why.text);
}

static void check_state(struct doctor *doctor)
{
	const char *dir = cubby_state_dir(doctor->hand->cubby);
	struct stat st;

	if (stat(dir, &st) < 0)
		found(doctor, "pins", FINDING_OK, NULL, "no keys are pinned yet (%s)", dir);
	else if (st.st_uid != getuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		found(doctor, "pins", FINDING_FAIL, N_("make it yours alone: chown and chmod 700"),
		      "others may change the pinned keys in %s", dir);
	else
		found(doctor, "pins", FINDING_OK, NULL, "pinned keys are in %s", dir);
}

static void check_clock(struct doctor *doctor)
{
	if (doctor->hand->now_s >= CLOCK_EARLIEST_S)
		found(doctor, "clock", FINDING_OK, NULL, "the clock is plausible");
	else
		found(doctor, "clock", FINDING_FAIL, N_("set the clock, or let it be set from the "
							"network"),
		      "the clock is far in the past");
}

int verb_doctor(struct hand *hand)
{
	struct doctor doctor = { .hand = hand, .findings = json_array() };

	if (!doctor.findings)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	check_groups(&doctor);
	check_keeper(&doctor);
	check_microphone(&doctor);
	check_state(&doctor);
	check_clock(&doctor);
	if (hand->json)
		render_json(doctor.findings);
	else
		json_decref(doctor.findings);
	return doctor.fails ? EXIT_GENERAL : EXIT_DONE;
}
