/* SPDX-License-Identifier: Apache-2.0 */
/* A family like that of the keeper's unit tests, made by the same hands. */

#include "host_house.h"

#include <dirent.h>
#include <fcntl.h>
#include "base/file.h"
#include "crypt/envelope.h"
#include "fuzz.h"

static struct house *house;
static struct profile mia, dad;
static struct id items[3], copy;
static char words[24][2400];
static unsigned n_words;

static void word_add(const char *text)
{
	fuzz_check(n_words < 24 && strlen(text) < sizeof(words[0]));
	strcpy(words[n_words++], text);
}

static void words_make(void)
{
	static const char *const plain[] = { "", "audio", "transcript", "mia", "dad", "child",
					     "adult", "passphrase", "recovery", "Anna", "home",
					     "lab", "training", "hf", "flac", "heard" };
	_cleanup_(cleanup_free) char *consent = house_consent(house, &mia, KIND_AUDIO, 3600);
	_cleanup_(cleanup_free) char *statement = house_statement(house);
	char text[ID_TEXT];

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		word_add(plain[i]);
	for (size_t i = 0; i < 3; i++)
		word_add(id_text(&items[i], text));
	word_add(id_text(&copy, text));
	word_add(id_text(&mia.id, text));
	word_add(id_text(&dad.id, text));
	word_add(consent);
	word_add(statement);
}

static void file_move(const char *from, const char *name, const char *to)
{
	_cleanup_(cleanup_free) char *bytes = NULL;
	char path[400];
	size_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", from, name);
	fuzz_check(file_read_path(path, 64 << 20, &bytes, &n) == 0 && unlink(path) == 0);
	snprintf(path, sizeof(path), "%s/%s", to, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fuzz_check(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0);
}

void host_house_make(const char *directory)
{
	static const char *const kinds[] = { "audio", "transcript" };
	struct intake_asker ear, parent;
	struct dirent *entry;
	void *state = NULL;
	DIR *dir;

	fuzz_check(house_make(&state) == 0);
	house = state;
	ear = house_ear(house);
	parent = house_parent(house);
	house_setup(house);
	mia = house_add(house, "mia", "child");
	dad = house_add(house, "dad", "adult");
	fuzz_check(house_grant(house, &mia, KIND_AUDIO, 86400) == 0);
	fuzz_check(house_grant(house, &mia, KIND_TRANSCRIPT, 3600) == 0);
	fuzz_check(house_keep(house, &ear, "mia", kinds, 2, &items[0]) == 0);
	fuzz_check(house_keep(house, &ear, "mia", kinds, 2, &items[1]) == 0);
	fuzz_check(house_keep(house, &parent, "dad", kinds, 2, &items[2]) == 0);
	fuzz_check(house_approve(house, &items[2], house->release->public, "training", &copy) == 0);
	words_make();
	drafts_clear(&house->drafts);
	house_close(house);
	dir = opendir(house->dir);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			file_move(house->dir, entry->d_name, directory);
	closedir(dir);
	rmdir(house->dir);
	/* house_close() wipes it; who proves is the same. */
	house->proof = (struct proof){ .parent = 1 };
	memcpy(house->proof.sign_key, house->founder->public, SIGN_PUBLIC_BYTES);
}

void host_house_prove(struct proof *ret)
{
	*ret = house->proof;
	ret->until_boot_ms = (100 + PROOF_LASTS_S) * 1000ll;
}

const char *host_house_word(unsigned number)
{
	return words[number % n_words];
}

const uint8_t *host_house_bodies(size_t *ret_n)
{
	static uint8_t bodies[2 * HOST_PART_BYTES];

	fuzz_check(envelope_body_bytes(1) == HOST_PART_BYTES);
	bodies[0] = bodies[HOST_PART_BYTES] = 1;
	*ret_n = sizeof(bodies);
	return bodies;
}

/* A guess at the passphrase that is right. */
static void guess_make(struct keeper *keeper, struct session *session, uint8_t **ret, size_t *ret_n)
{
	char nonce[2 * NONCE_BYTES + 1], reply[65], proof[65];
	_cleanup_(cleanup_free) char *text = NULL;
	json_t *json;

	json = json_pack("{s:s, s:s, s:s, s:s}", "caller", ":1.3", "nonce",
			 hex_text(session->nonce.bytes, NONCE_BYTES, nonce), "reply_key",
			 hex_text(house->reply->public, 32, reply), "proof",
			 hex_text(house->passphrase_proof->bytes, KEY_BYTES, proof));
	text = json_dumps(json, 0);
	json_decref(json);
	fuzz_check(text && box_seal(keeper->device->box->public, text, strlen(text), ret, ret_n) ==
			   0);
}

const uint8_t *host_house_bytes(struct keeper *keeper, struct session *session, unsigned number,
				size_t *ret_n)
{
	static struct envelope_header header = { { 1 } };
	struct device *const own = house->device;
	static uint8_t *made;

	*ret_n = BOX_PUBLIC_BYTES;
	switch (number % 4) {
	case 0:
		return house->reply->public;
	case 1:
		*ret_n = sizeof(header.bytes);
		return header.bytes;
	case 2:
		if (!session)
			return house->reply->public;
		free(made);
		made = NULL;
		guess_make(keeper, session, &made, ret_n);
		return made;
	default:
		if (!session)
			return house->reply->public;
		free(made);
		made = NULL;
		house->device = keeper->device;
		house_doors(house, ":1.3", &made, ret_n);
		house->device = own;
		session->nonce = house->nonce;
		return made;
	}
}
