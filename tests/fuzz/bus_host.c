/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper that is called without a bus, and the household it begins with each time. */

#include "bus_host.h"

#include <dirent.h>
#include <ev.h>
#include <fcntl.h>
#include <time.h>
#include "base/file.h"
#include "bus_stand_in.h"
#include "fuzz.h"
#include "host_house.h"
#include "log_day.h"
#include "service/service.h"

const struct stand_in_caller stand_in_callers[STAND_IN_CALLERS] = {
	[HOST_STRANGER] = { 4000, NULL }, [HOST_EAR] = { 900, "games" },
	[HOST_PARENT] = { 1000, "users" }, [HOST_PROVED] = { 1000, "users" },
	[HOST_ROOT] = { 0, "users" },
};

#define CONFIG "[groups]\near = games\nparents = users\n[bus]\nrate = 6000\n"
#define TURNS_MAX 400

static struct keeper *keeper;
static struct ev_loop *ev;		/* below keeper->loop, which runs once only */
static struct host_replies replies;
static char learned[8][80];
static unsigned n_learned;
static int64_t passed_s;
static char bus_path[96], config_path[96];
static dbus_uint32_t serial;

/* The start's files, as they are laid down again. */
static struct {
	char name[32];
	char *bytes;
	size_t n;
} files[8];
static unsigned n_files;

/* ---- What is laid over the keeper ---- */

int __wrap_sandbox_enter(int state_dir_fd, unsigned *ret_held, struct why *why);
int __wrap_sandbox_enter(int state_dir_fd, unsigned *ret_held, struct why *why)
{
	*ret_held = 0;
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	*ret = (struct timespec){ .tv_sec = passed_s + (clock == CLOCK_REALTIME ? HOUSE_NOW_S
										: 100) };
	return 0;
}

struct ev_loop *__wrap_ev_loop_new(unsigned flags);
struct ev_loop *__real_ev_loop_new(unsigned flags);
struct ev_loop *__wrap_ev_loop_new(unsigned flags)
{
	return ev = __real_ev_loop_new(flags);
}

static void word_learn(DBusMessage *reply)
{
	DBusMessageIter at;
	const char *text;
	int type;

	if (!dbus_message_iter_init(reply, &at))
		return;
	type = dbus_message_iter_get_arg_type(&at);
	if (type != DBUS_TYPE_STRING && type != DBUS_TYPE_OBJECT_PATH)
		return;
	dbus_message_iter_get_basic(&at, &text);
	snprintf(learned[n_learned++ % 8], sizeof(learned[0]), "%s", text);
}

dbus_bool_t __wrap_dbus_connection_send(DBusConnection *connection, DBusMessage *message,
					dbus_uint32_t *ret_serial);
dbus_bool_t __real_dbus_connection_send(DBusConnection *connection, DBusMessage *message,
					dbus_uint32_t *ret_serial);
dbus_bool_t __wrap_dbus_connection_send(DBusConnection *connection, DBusMessage *message,
					dbus_uint32_t *ret_serial)
{
	const char *text = "";

	if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_RETURN) {
		replies.good++;
		word_learn(message);
	} else if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR) {
		dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
		fuzz_check(text[0]);
		replies.refused++;
		replies.failed += strcmp(text, "the keeper could not do it; its log says why") == 0;
	}
	return __real_dbus_connection_send(connection, message, ret_serial);
}

/* ---- The household ---- */

static void files_read(void)
{
	const struct dirent *entry;
	DIR *dir = opendir(fuzz_directory());
	char path[128];

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		fuzz_check(n_files < 8);
		snprintf(files[n_files].name, sizeof(files[0].name), "%.31s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%.31s", fuzz_directory(), entry->d_name);
		fuzz_check(file_read_path(path, 64 << 20, &files[n_files].bytes,
					  &files[n_files].n) == 0);
		n_files++;
	}
	closedir(dir);
}

static void files_lay(void)
{
	struct dirent *entry;
	DIR *dir = opendir(fuzz_directory());

	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	for (unsigned i = 0; i < n_files; i++) {
		const int fd = openat(dirfd(dir), files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC,
				      0600);

		fuzz_check(fd >= 0 &&
			   write(fd, files[i].bytes, files[i].n) == (ssize_t)files[i].n);
		close(fd);
	}
	closedir(dir);
}

static void outside_remove(void)
{
	unlink(bus_path);
	unlink(config_path);
}

static void world_make(void)
{
	int fd;

	fuzz_device();
	snprintf(bus_path, sizeof(bus_path), "%s.bus", fuzz_directory());
	snprintf(config_path, sizeof(config_path), "%s.conf", fuzz_directory());
	fd = open(config_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fuzz_check(fd >= 0 && write(fd, CONFIG, strlen(CONFIG)) > 0 && close(fd) == 0);
	fuzz_check(stand_in_start(bus_path) > 0);
	atexit(outside_remove);
	host_house_make(fuzz_directory());
	/* The first start makes the device's key and the reserve. */
	files_read();
	fuzz_check(host_start() == 0);
	host_stop();
	while (n_files > 0)
		free(files[--n_files].bytes);
	files_read();
}

const char *host_word(unsigned number)
{
	return number % 4 == 3 ? learned[number / 4 % 8] : host_house_word(number - number / 4);
}

const uint8_t *host_bytes(unsigned number, size_t *ret_n)
{
	struct peer *peer = peer_find(keeper->server, ":1.3");

	return host_house_bytes(keeper, peer ? peer->caller.session : NULL, number, ret_n);
}

/* ---- Running ---- */

struct heap *host_heap;
bool host_heap_at_start;
static int64_t heap_until = -1;

bool host_starving(void)
{
	return host_heap && (heap_until >= 0 || host_heap->until >= 0 ||
				host_heap->failed);
}

/* Outside of what the keeper does every allocation passes. */
static void starve_begin(void)
{
	if (host_heap && heap_until >= 0) {
		host_heap->until = heap_until;
		heap_until = -1;
	}
}

static void starve_end(void)
{
	if (host_heap && host_heap->until >= 0) {
		heap_until = host_heap->until;
		host_heap->until = -1;
	}
}

static unsigned turns;

static void turn(void *wait_for)
{
	const struct peer *peer = wait_for;
	uint64_t items = 0, partial;

	if (peer && !peer->known && turns++ < 200000)
		usleep(10);
	else if (!peer && turns++ < TURNS_MAX &&
		 (turns < 4 || keeper->server->calls ||
		  (erasure_pending(keeper->erasure, &items, &partial) == 0 && items > 0)))
		;
	else {
		ev_break(ev, EVBREAK_ALL);
		return;
	}
	if (loop_post(keeper->loop, turn, wait_for))
		ev_break(ev, EVBREAK_ALL);
}

static void run(struct peer *wait_for)
{
	turns = 0;
	if (!wait_for)
		starve_begin();
	if (loop_post(keeper->loop, turn, wait_for) == 0)
		ev_run(ev, 0);
	starve_end();
}

void host_settle(void)
{
	run(NULL);
}

struct keeper *host_keeper(void)
{
	return keeper;
}

struct host_replies host_replies(void)
{
	return replies;
}

/* Everybody is known from the beginning, and the one who proved has done so. */
static int callers_know(void)
{
	struct session *session;
	struct peer *peer;
	char name[16];

	for (unsigned i = 0; i < HOST_CALLERS; i++) {
		snprintf(name, sizeof(name), ":1.%u", i);
		if (peer_get(keeper->server, name, &peer) < 0)
			return -ENOMEM;
	}
	/* They are asked for in order. */
	run(peer);
	if (!peer_find(keeper->server, name) || !peer->known)
		return -ENOTCONN;
	peer = peer_find(keeper->server, ":1.3");
	peer->caller.session = session = calloc(1, sizeof(*session));
	if (!session)
		return -ENOMEM;
	host_house_prove(&session->proof);
	return 0;
}

static int start(void)
{
	struct keeper_options options = { .config_path = config_path };
	char address[128];
	struct why why = { "" };
	int r;

	passed_s = 0;
	serial = 0;
	options.state_dir = fuzz_directory();
	snprintf(address, sizeof(address), "unix:path=%s", bus_path);
	options.bus_address = address;
	if (host_heap_at_start)
		starve_begin();
	r = keeper_start(&options, &keeper, &why);
	starve_end();
	fuzz_check(r <= 0 || why.text[0]);
	if (r)
		return r;
	memset(learned, 0, sizeof(learned));
	n_learned = 0;
	replies = (struct host_replies){ 0 };
	return callers_know();
}

int host_start(void)
{
	int r;

	starve_end();
	if (!bus_path[0])
		world_make();
	files_lay();
	r = start();
	if (r)
		host_stop();
	return r;
}

int host_start_again(void)
{
	host_stop();
	if (host_heap) {
		heap_until = -1;
		host_heap->until = -1;
		host_heap->failed = 0;
	}
	return start();
}

void host_stop(void)
{
	starve_begin();
	keeper = keeper_free(keeper);
	starve_end();
}

void host_call(enum host_caller caller, DBusMessage *call)
{
	char name[16];

	snprintf(name, sizeof(name), ":1.%d", (int)caller);
	if (dbus_message_set_sender(call, name)) {
		dbus_message_set_serial(call, ++serial);
		starve_begin();
		call_arrived(keeper->server, call);
		starve_end();
	}
	dbus_message_unref(call);
}

void host_minutes(unsigned minutes)
{
	passed_s += 60ll * minutes;
	starve_begin();
	leap_watch(&keeper->leap);
	store_tidy(keeper->store);
	access_log_flush(keeper->log);
	log_day_pass(keeper->log, keeper->store, keeper->age, keeper->device->sign);
	service_end_old(keeper);
	service_inactive_sweep(keeper);
	drill_minute(keeper->drill);
	erasure_sweep(keeper->erasure, NULL);
	vault_refill(keeper->vault);
	starve_end();
}
