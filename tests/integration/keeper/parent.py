# SPDX-License-Identifier: Apache-2.0
"""A parent and an ear written from docs/FORMATS.md, on libsodium and nothing of Cubby's: what the
keeper takes from them it takes from any client that keeps to the formats."""

import ctypes
import ctypes.util
import fcntl
import hashlib
import json
import os
import time

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert sodium.sodium_init() >= 0

F_ADD_SEALS, F_SEAL_ALL = 1033, 0xF
SECRETS = ("home", "release", "sign")


def blake(message, key=b"", n=32):
    return hashlib.blake2b(message, key=key, digest_size=n).digest()


def box_pair():
    public, private = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    assert sodium.crypto_box_keypair(public, private) == 0
    return public.raw, private.raw


def box_seal(public, plain):
    sealed = ctypes.create_string_buffer(len(plain) + 48)
    assert sodium.crypto_box_seal(sealed, plain, ctypes.c_ulonglong(len(plain)), public) == 0
    return sealed.raw


def box_open(pair, sealed):
    plain = ctypes.create_string_buffer(len(sealed) - 48)
    if sodium.crypto_box_seal_open(plain, sealed, ctypes.c_ulonglong(len(sealed)), *pair) != 0:
        raise ValueError("not for this key")
    return plain.raw


class Signer:
    def __init__(self):
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        assert sodium.crypto_sign_keypair(self.public, self.secret) == 0

    def statement(self, type_, **body):
        """docs: lib/crypt/statement.h. ASCII only, so that Python's escapes are canonical."""
        body = dict(body, statement=type_, key=self.public.raw.hex())
        text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        signature = ctypes.create_string_buffer(64)
        assert sodium.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)),
                                           self.secret) == 0
        body["signature"] = signature.raw.hex()
        return json.dumps(body, sort_keys=True, separators=(",", ":"))


def statement_holds(text):
    body = json.loads(text)
    signature = bytes.fromhex(body.pop("signature"))
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return sodium.crypto_sign_verify_detached(signature, canonical,
                                              ctypes.c_ulonglong(len(canonical)),
                                              bytes.fromhex(body["key"])) == 0


class Parent:
    """Keys and doors of one parent. The halves are random here: what stretches a passphrase into
    them is the client's, and the keeper never sees it."""

    def __init__(self, name):
        self.name = name
        self.signer = Signer()
        self.home, self.release = box_pair(), box_pair()
        self.proofs = {"passphrase": os.urandom(32), "recovery": os.urandom(32)}

    def household(self):
        return self.signer.statement("cubby-household-1", founder_name=self.name, time_s=int(time.time()),
                                     home=self.home[0].hex(), release=self.release[0].hex())

    def doors(self, caller, nonce):
        doors = [{"kind": kind, "salt": os.urandom(16).hex(), "proof": proof.hex(),
                  "passes": 3 if kind == "passphrase" else 0,
                  "memory_bytes": 64 << 20 if kind == "passphrase" else 0,
                  "wraps": {name: os.urandom(72).hex() for name in SECRETS}}
                 for kind, proof in self.proofs.items()]
        return json.dumps({"caller": caller, "nonce": nonce, "doors": doors}).encode()

    def consent(self, profile, kind, keep_s, policy):
        return self.signer.statement("cubby-consent-1", profile=profile, kind=kind, keep_s=keep_s,
                                     policy=policy, time_s=int(time.time()),
                                     method="local-parent-key")


def memfd(content, seals=F_SEAL_ALL):
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, content)
    fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def header(public):
    """Sealed to the household as far as the keeper can see."""
    return bytes([1]) + blake(public)[:8] + box_seal(public, os.urandom(32))


def body():
    """A body of 1 KiB of padded content: version, secretstream header, one chunk. The keeper holds
    no key, so for it this is one."""
    return bytes([1]) + os.urandom(24 + 1024 + 17)
