# SPDX-License-Identifier: Apache-2.0
"""docs/examples/openvoiceos: nothing is saved or uploaded without a yes. The listener is one of our
own with the methods of OpenVoiceOS's."""

import ctypes
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "docs", "examples", "openvoiceos"))
from cubby_guard import CubbyGuard, EarSession, guard_uploads   # noqa: E402
from tap import Tap                                             # noqa: E402


class Listener:
    def __init__(self):
        self.done = []

    def _save_stt(self, audio_bytes, stt_meta, save_path=None):
        self.done.append("save_stt")
        return "file:///utterance.wav"

    def _save_ww(self, audio_bytes, ww_meta, save_path=None):
        self.done.append("save_ww")
        return "file:///wake.wav"

    def _save_recording(self, audio_bytes, stt_meta, save_path=None):
        self.done.append("save_recording")
        return "file:///recording.wav"

    def _upload_stt(self, wav_data, metadata):
        self.done.append("upload_stt")

    def _upload_hotword(self, wav_data, metadata):
        self.done.append("upload_hotword")


class Answers:
    def __init__(self, leave, export):
        self.leave, self.export = leave, export

    def may_leave_device(self):
        if isinstance(self.leave, Exception):
            raise self.leave
        return self.leave

    def may_be_exported(self):
        return self.export


def done_with(cubby):
    class Service(CubbyGuard, Listener):
        pass
    service = Service()
    service.cubby = cubby
    service._save_stt(b"", {})
    service._save_ww(b"", {})
    service._save_recording(b"", {})
    service._upload_stt(b"", {})
    service._upload_hotword(b"", {})
    return service.done


class Module:
    """Functions that upload, as the newest listener has them."""

    def __init__(self):
        self.done = []
        self.upload_stt_sample = lambda wav, *, transcript: self.done.append(transcript)
        self.upload_wake_word_sample = lambda wav, *, name: self.done.append(name)


def uploaded_with(cubby):
    module = Module()
    guard_uploads(module, cubby)
    module.upload_stt_sample(b"", transcript="words")
    module.upload_wake_word_sample(b"", name="hey")
    return module.done


class Library:
    """What the two functions of the C interface return."""

    def __init__(self, answer):
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
        self.cubby_ear_audio_may_leave_device = function(lambda *_: answer)
        self.cubby_ear_may_be_exported = function(lambda *_: answer)


def main():
    tap = Tap()
    saves = ["save_stt", "save_ww", "save_recording"]
    uploads = ["upload_stt", "upload_hotword"]
    for name, cubby in (("nobody to ask", None), ("an object that cannot answer", object()),
                        ("no", Answers(False, False)), ("an error", Answers(OSError("gone"), False)),
                        ("an answer that is no answer", Answers("yes", 1)),
                        ("leaving without export", Answers(True, False))):
        tap.ok(done_with(cubby) == [] and uploaded_with(cubby) == [],
               f"R17 {name}: nothing is saved or uploaded", done_with(cubby))
    tap.ok(done_with(Answers(False, True)) == saves and uploaded_with(Answers(False, True)) == [],
           "R17 what must not leave is not uploaded")
    tap.ok(done_with(Answers(True, True)) == saves + uploads
           and uploaded_with(Answers(True, True)) == ["words", "hey"], "a yes to both is a yes")
    guard_uploads(object(), None)   # a module without them
    for answer in (0, -1, 2):
        tap.ok(done_with(EarSession(Library(answer), None)) == [], f"the ear's {answer} is no")
    tap.ok(done_with(EarSession(Library(1), None)) == saves + uploads, "the ear's 1 is yes")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
