# SPDX-License-Identifier: Apache-2.0
"""Puts Cubby's answer in front of what OpenVoiceOS's listener saves and uploads.

ovos-dinkum-listener can write every utterance, wake word and recording to disk, and upload them, with
no regard to who spoke. Mix this in before its service class, and give it something to ask:

    class Service(CubbyGuard, OVOSDinkumVoiceService):
        cubby = EarSession(library, session)

    for module in (ovos_dinkum_listener.opendata, ovos_dinkum_listener.service):
        guard_uploads(module, Service.cubby)    # where uploads are functions, as they are of late

Nothing is saved or uploaded unless the answer is yes, for just this utterance. No answer, an error, or
nobody to ask is no. What may be kept, Cubby keeps itself; there is no need for a second copy."""

import ctypes


class EarSession:
    """The two questions of cubby/ear.h, to the ear that heard the utterance."""

    def __init__(self, library, session):
        self._library, self._session = library, session

    def _ask(self, name):
        why = ctypes.create_string_buffer(256)
        function = getattr(self._library, name)
        function.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        function.restype = ctypes.c_int
        # 1 is yes; 0, and anything that may ever be added, is no.
        return function(self._session, why, len(why)) == 1

    def may_leave_device(self):
        return self._ask("cubby_ear_audio_may_leave_device")

    def may_be_exported(self):
        return self._ask("cubby_ear_may_be_exported")


def allowed(cubby, *questions):
    """True only where Cubby said so, to each question."""
    try:
        return all(getattr(cubby, question)() is True for question in questions)
    except Exception:   # whatever went wrong, the answer is no
        return False


def guard_uploads(module, cubby):
    """Puts the answer in front of a module's functions that upload."""
    for name in ("upload_stt_sample", "upload_wake_word_sample"):
        upload = getattr(module, name, None)
        if upload:
            setattr(module, name, lambda *args, _upload=upload, **options: _upload(*args, **options)
                    if allowed(cubby, "may_leave_device", "may_be_exported") else None)


class CubbyGuard:
    cubby = None

    # To disk: the file outlives the answer, and everything that may be done with a file.

    def _save_stt(self, audio_bytes, stt_meta, save_path=None):
        if allowed(self.cubby, "may_be_exported"):
            return super()._save_stt(audio_bytes, stt_meta, save_path)
        return ""

    def _save_ww(self, audio_bytes, ww_meta, save_path=None):
        if allowed(self.cubby, "may_be_exported"):
            return super()._save_ww(audio_bytes, ww_meta, save_path)
        return ""

    def _save_recording(self, audio_bytes, stt_meta, save_path=None):
        if allowed(self.cubby, "may_be_exported"):
            return super()._save_recording(audio_bytes, stt_meta, save_path)
        return ""

    # To somebody else: both must be yes.

    def _upload_stt(self, wav_data, metadata):
        if allowed(self.cubby, "may_leave_device", "may_be_exported"):
            super()._upload_stt(wav_data, metadata)

    def _upload_hotword(self, wav_data, metadata):
        if allowed(self.cubby, "may_leave_device", "may_be_exported"):
            super()._upload_hotword(wav_data, metadata)
