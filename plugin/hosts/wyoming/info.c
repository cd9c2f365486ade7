/* SPDX-License-Identifier: Apache-2.0 */

/* What the adapter says of itself. Home Assistant looks at the first program of a kind only, and
 * takes a service that has a satellite for nothing else: there must be none here (rule 6). */

#include "hosts/wyoming/info.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

#define ENGINE "{s:s,s:s}", "name", "CMU Sphinx", "url", "https://cmusphinx.github.io"

void info_wake_model(const struct config *config, char ret_name[static CONFIG_NAME_BYTES])
{
	size_t i;

	for (i = 0; i < CONFIG_NAME_BYTES - 1 && config->wake_phrase[i]; i++)
		ret_name[i] = config->wake_phrase[i] == ' ' ? '_' : config->wake_phrase[i];
	ret_name[i] = '\0';
}

/* What each program and each model says. */
static json_t *artifact(const char *name, const char *description)
{
	return json_pack("{s:s,s:o,s:b,s:s,s:s}", "name", name, "attribution", json_pack(ENGINE),
			 "installed", 1, "description", description, "version", CUBBY_VERSION);
}

static json_t *program(const char *description, json_t *model, const struct config *config)
{
	json_t *made = artifact("cubby", description);

	json_object_set_new(model, "languages", json_pack("[s]", config->language));
	json_object_set_new(made, "models", json_pack("[o]", model));
	return made;
}

static json_t *asr_program(const struct config *config)
{
	return program("Speech recognised on this device", artifact("pocketsphinx",
		       *config->grammar ? "The sentences of a grammar" : "A language model"),
		       config);
}

static json_t *wake_program(const struct config *config, const char *wake_model)
{
	json_t *model = artifact(wake_model, config->wake_phrase);

	json_object_set_new(model, "phrase", json_string(config->wake_phrase));
	return program("A wake phrase heard on this device", model, config);
}

int info_make(const struct config *config, enum service service, const char *wake_model,
	      char **ret_event)
{
	static const char *const others[] = { "tts", "handle", "intent", "mic", "snd" };
	json_t *data = json_object(), *event;
	char *text = NULL, *line = NULL;

	json_object_set_new(data, "asr", service == SERVICE_ASR ?
			    json_pack("[o]", asr_program(config)) : json_array());
	json_object_set_new(data, "wake", service == SERVICE_WAKE ?
			    json_pack("[o]", wake_program(config, wake_model)) : json_array());
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		json_object_set_new(data, others[i], json_array());
	event = json_pack("{s:s,s:o}", "type", "info", "data", data);
	if (event)
		text = json_dumps(event, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(event);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	*ret_event = line;
	return line ? 0 : fault_origin(-ENOMEM);
}
