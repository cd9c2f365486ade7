# SPDX-License-Identifier: Apache-2.0
"""The parts of libsodium that Cubby's formats are made of, through ctypes. Written from
docs/FORMATS.md and the headers alone: a second reading of the formats, for the tests."""

import ctypes
import json
import os
import struct

_lib = ctypes.CDLL("libsodium.so.23")
_lib.sodium_init()
_pointer, _size, _u64 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_ulonglong


class Refused(Exception):
    """A box, signature or body that does not hold."""


def _call(name, *arguments):
    if getattr(_lib, name)(*arguments) != 0:
        raise Refused(name)


def blake2b(message, key=b"", size=32):
    out = ctypes.create_string_buffer(size)
    _call("crypto_generichash", out, _size(size), message, _u64(len(message)), key, _size(len(key)))
    return out.raw


def argon2id(passphrase, salt, passes, memory_bytes):
    """64 bytes: the proof half and the wrap half."""
    if isinstance(passphrase, str):
        passphrase = passphrase.encode()
    out = ctypes.create_string_buffer(64)
    _call("crypto_pwhash", out, _u64(64), passphrase, _u64(len(passphrase)), salt, _u64(passes),
          _size(memory_bytes), 2)
    return out.raw[:32], out.raw[32:]


def box_pair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    _call("crypto_box_keypair", public, secret)
    return public.raw, secret.raw


def box_public(secret):
    public = ctypes.create_string_buffer(32)
    _call("crypto_scalarmult_base", public, secret)
    return public.raw


def seal(public, message):
    out = ctypes.create_string_buffer(len(message) + 48)
    _call("crypto_box_seal", out, message, _u64(len(message)), public)
    return out.raw


def unseal(public, secret, box):
    out = ctypes.create_string_buffer(max(len(box) - 48, 1))
    _call("crypto_box_seal_open", out, box, _u64(len(box)), public, secret)
    return out.raw[:len(box) - 48]


def wrap(half, name, secret):
    """A secret behind a door."""
    nonce, key = os.urandom(24), blake2b(name.encode(), half)
    out = ctypes.create_string_buffer(len(secret) + 16)
    _call("crypto_aead_xchacha20poly1305_ietf_encrypt", out, None, secret, _u64(len(secret)),
          name.encode(), _u64(len(name)), None, nonce, key)
    return nonce + out.raw


def unwrap(half, name, wrapped):
    key, sealed = blake2b(name.encode(), half), wrapped[24:]
    out = ctypes.create_string_buffer(len(sealed) - 16)
    _call("crypto_aead_xchacha20poly1305_ietf_decrypt", out, None, None, sealed,
          _u64(len(sealed)), name.encode(), _u64(len(name)), wrapped[:24], key)
    return out.raw


# Statements.

def canonical(statement):
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def sign(seed, kind, members):
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    _call("crypto_sign_seed_keypair", public, secret, seed)
    body = {**members, "statement": kind, "key": public.raw.hex()}
    signature = ctypes.create_string_buffer(64)
    text = canonical(body)
    _call("crypto_sign_detached", signature, None, text, _u64(len(text)), secret)
    return json.dumps({**body, "signature": signature.raw.hex()})


def sign_public(seed):
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    _call("crypto_sign_seed_keypair", public, secret, seed)
    return public.raw


def sign_box_public(public):
    """What can be sealed to who signs with this key."""
    box = ctypes.create_string_buffer(32)
    _call("crypto_sign_ed25519_pk_to_curve25519", box, public)
    return box.raw


def sign_box(seed):
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    _call("crypto_sign_seed_keypair", public, secret, seed)
    box = ctypes.create_string_buffer(32)
    _call("crypto_sign_ed25519_sk_to_curve25519", box, secret)
    return box_public(box.raw), box.raw


def verify(text, kind, key=None):
    """The members of a statement, or Refused."""
    body = json.loads(text)
    signature = bytes.fromhex(body.pop("signature"))
    public = bytes.fromhex(body["key"])
    if body["statement"] != kind or (key is not None and key != public):
        raise Refused("statement")
    bare = canonical(body)
    _call("crypto_sign_verify_detached", signature, bare, _u64(len(bare)), public)
    return body


# Envelopes.

KINDS = {"audio": 1, "transcript": 2, "location": 3}
CHUNK = 16384


def header(recipient):
    """(FK, header)"""
    key = os.urandom(32)
    return key, b"\x01" + blake2b(recipient)[:8] + seal(recipient, key)


def header_open(head, secret):
    return unseal(box_public(secret), secret, head[9:])


def padded(size):
    """Padmé over length and content, 1 KiB at least."""
    size += 8
    if size <= 1024:
        return 1024
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def _stream(key, slot_key, item, kind):
    number = bytes([KINDS[kind]])
    content_key = blake2b(key + item + number, slot_key)
    return content_key, b"cubby body\x01" + item + number


def body(key, slot_key, item, kind, content):
    content_key, associated = _stream(key, slot_key, item, kind)
    state, head = ctypes.create_string_buffer(64), ctypes.create_string_buffer(24)
    _call("crypto_secretstream_xchacha20poly1305_init_push", state, head, content_key)
    plain = struct.pack("<Q", len(content)) + content
    plain += bytes(padded(len(content)) - len(plain))
    out = b"\x01" + head.raw
    for at in range(0, len(plain), CHUNK):
        part = plain[at:at + CHUNK]
        sealed = ctypes.create_string_buffer(len(part) + 17)
        last = at + CHUNK >= len(plain)
        _call("crypto_secretstream_xchacha20poly1305_push", state, sealed, None, part,
              _u64(len(part)), associated, _u64(len(associated)), ctypes.c_ubyte(3 if last else 0))
        out += sealed.raw
    return out


def body_open(key, slot_key, item, kind, sealed):
    content_key, associated = _stream(key, slot_key, item, kind)
    state = ctypes.create_string_buffer(64)
    _call("crypto_secretstream_xchacha20poly1305_init_pull", state, sealed[1:25], content_key)
    plain = b""
    for at in range(25, len(sealed), CHUNK + 17):
        part = sealed[at:at + CHUNK + 17]
        out, tag = ctypes.create_string_buffer(len(part)), ctypes.c_ubyte()
        _call("crypto_secretstream_xchacha20poly1305_pull", state, out, None, ctypes.byref(tag),
              part, _u64(len(part)), associated, _u64(len(associated)))
        plain += out.raw[:len(part) - 17]
        if tag.value != (3 if at + CHUNK + 17 >= len(sealed) else 0):
            raise Refused("final tag")
    size, = struct.unpack_from("<Q", plain)
    return plain[8:8 + size]
