/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The edge to WebRTC's voice detector, and the energy floor. No sound is kept here: the detector
 * holds filter states and noise levels, this file a second of levels, and both are wiped.
 *
 * Debian's libwebrtc-audio-processing exports the C functions of WebRTC's VAD but installs only
 * the header of its C++ interface. The prototypes are those of
 * webrtc/common_audio/vad/include/webrtc_vad.h in version 0.3 of that package (soname 1).
 */

#include "voice.h"

#include <math.h>
#include <stdlib.h>
#include "base/fault.h"
#include "crypt/secret.h"

typedef struct WebRtcVadInst VadInst;
extern VadInst *WebRtcVad_Create(void);
extern void WebRtcVad_Free(VadInst *handle);
extern int WebRtcVad_Init(VadInst *handle);
extern int WebRtcVad_set_mode(VadInst *handle, int mode);
extern int WebRtcVad_Process(VadInst *handle, int fs, const int16_t *audio_frame,
			     size_t frame_length);

#define VOICE_RATE_HZ 16000
/* 0 to 3; 3 calls the least noise speech, but lost the first, soft word of one in eight recordings
 * of children and adults reading; 2 lost one in thirty. The floor below keeps noise out. */
#define VOICE_MODE 2
/* Quieter than this is nobody, whatever the shape: the noise of a converter. */
#define VOICE_LEVEL_MIN_DB (-65.0)
/* So far above the floor is voice: 5 dB of signal over noise must still be heard. */
#define VOICE_MARGIN_DB 3.0
/* The floor is the lowest smoothed level of the last FLOOR_BLOCKS blocks of FLOOR_BLOCK_FRAMES. */
#define FLOOR_BLOCKS 8
#define FLOOR_BLOCK_FRAMES 25
/* Smoothing over about 80 ms: long enough that the lowest of many is near their mean. */
#define FLOOR_SMOOTHING 0.12
#define FLOOR_START_FRAMES 20
#define HIGH_PASS 0.96

struct voice {
	VadInst *detector;
	double last_in, last_out;	/* of the high-pass */
	double smoothed;		/* mean square, full scale = 1 */
	double block_lowest;
	unsigned block_frames;
	double blocks[FLOOR_BLOCKS];
	unsigned block;
	unsigned started;		/* frames of the beginning, up to FLOOR_START_FRAMES */
};

int voice_new(struct voice **ret)
{
	_cleanup_(voice_freep) struct voice *voice = calloc(1, sizeof(*voice));

	if (!voice)
		return fault_origin(-ENOMEM);
	voice->detector = WebRtcVad_Create();
	if (!voice->detector)
		return fault_origin(-ENOMEM);
	if (WebRtcVad_Init(voice->detector) || WebRtcVad_set_mode(voice->detector, VOICE_MODE))
		return fault_origin(-EINVAL);
	*ret = take(voice);
	return 0;
}

struct voice *voice_free(struct voice *voice)
{
	if (!voice)
		return NULL;
	if (voice->detector) {
		WebRtcVad_Init(voice->detector);
		WebRtcVad_Free(voice->detector);
	}
	secret_wipe(voice, sizeof(*voice));
	free(voice);
	return NULL;
}

static double decibel(double mean_square)
{
	return 10.0 * log10(mean_square + 1e-10);
}

static double floor_lowest(const struct voice *voice)
{
	double lowest = voice->block_lowest;

	for (unsigned i = 0; i < FLOOR_BLOCKS; i++)
		if (voice->blocks[i] < lowest)
			lowest = voice->blocks[i];
	return lowest;
}

/* The first fifth of a second is taken for the room, whatever it is: one frame alone would be
 * far from the mean. A voice in it is corrected by its first pause. */
static void floor_start(struct voice *voice, double mean_square)
{
	voice->started++;
	voice->smoothed += (mean_square - voice->smoothed) / voice->started;
	voice->block_lowest = voice->smoothed;
	for (unsigned i = 0; i < FLOOR_BLOCKS; i++)
		voice->blocks[i] = voice->smoothed;
}

/* Falls at once, rises when two seconds have been louder. */
static void floor_follow(struct voice *voice, double mean_square)
{
	if (voice->started < FLOOR_START_FRAMES) {
		floor_start(voice, mean_square);
		return;
	}
	voice->smoothed += FLOOR_SMOOTHING * (mean_square - voice->smoothed);
	if (voice->smoothed < voice->block_lowest)
		voice->block_lowest = voice->smoothed;
	if (++voice->block_frames < FLOOR_BLOCK_FRAMES)
		return;
	voice->blocks[voice->block] = voice->block_lowest;
	voice->block = (voice->block + 1) % FLOOR_BLOCKS;
	voice->block_frames = 0;
	voice->block_lowest = voice->smoothed;
}

/* Mean square above about 100 Hz: hum and rumble come and go in a room without anybody speaking. */
static double frame_level(struct voice *voice, const int16_t samples[static VOICE_FRAMES])
{
	double sum = 0.0;

	for (unsigned i = 0; i < VOICE_FRAMES; i++) {
		voice->last_out = samples[i] - voice->last_in + HIGH_PASS * voice->last_out;
		voice->last_in = samples[i];
		sum += voice->last_out * voice->last_out;
	}
	return sum / (VOICE_FRAMES * 32768.0 * 32768.0);
}

double voice_floor_db(const struct voice *voice)
{
	return decibel(floor_lowest(voice));
}

bool voice_frame(struct voice *voice, const int16_t samples[static VOICE_FRAMES])
{
	double mean_square = frame_level(voice, samples);
	double level = decibel(mean_square);
	int spoken;

	floor_follow(voice, mean_square);
	spoken = WebRtcVad_Process(voice->detector, VOICE_RATE_HZ, samples, VOICE_FRAMES);
	return spoken == 1 && level > VOICE_LEVEL_MIN_DB &&
	       level > voice_floor_db(voice) + VOICE_MARGIN_DB;
}
