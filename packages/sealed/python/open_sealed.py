#!/usr/bin/env python3
"""Opens a sealed object (SGO1) with nothing of Sealgate: Python 3.9 and the `cryptography` package.

    open_sealed.py --key private.jwk --envelope envelope.json BODY OUTPUT
    open_sealed.py --key private.jwk --envelope envelope.json --names TENANT BUCKET KEY BODY OUTPUT

`--names` says which object was asked for; without it the names in the envelope are printed and trusted. The output file
appears only when every segment was authenticated. Exit code 0: done; 4: integrity failure; 2: usage.
The format: docs/spec/sealed-objects.md.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER, SEGMENT, OVERHEAD = 128, 65536, 32
FIXED = bytes.fromhex("8953474f0d0a1a0a" "01" "01" "0080" "0000")
FLOE_PARAMS = bytes.fromhex("0000" "00010000" "00000020")
UNKNOWN = 0xFFFFFFFFFFFFFFFF
KID_PREFIX = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1}


class Refused(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Refused(what)


def b64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(b64u(text), "big")


def key_id(jwk):
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    canonical = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"), sort_keys=True)
    return KID_PREFIX + base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def unwrap_rsa(jwk, wrapped):
    public = rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"]))
    private = rsa.RSAPrivateNumbers(
        number(jwk["p"]), number(jwk["q"]), number(jwk["d"]), number(jwk["dp"]), number(jwk["dq"]), number(jwk["qi"]), public
    ).private_key()
    sha256 = hashes.SHA256()
    return private.decrypt(wrapped, padding.OAEP(mgf=padding.MGF1(sha256), algorithm=sha256, label=None))


def unwrap_ecdh(jwk, wrapped, epk):
    require(epk["crv"] == jwk["crv"], "the ephemeral key is on another curve")
    if jwk["crv"] == "X25519":
        private = x25519.X25519PrivateKey.from_private_bytes(b64u(jwk["d"]))
        shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(b64u(epk["x"])))
    else:
        curve = CURVES[jwk["crv"]]()
        private = ec.derive_private_key(number(jwk["d"]), curve)
        peer = ec.EllipticCurvePublicNumbers(number(epk["x"]), number(epk["y"]), curve).public_key()
        shared = private.exchange(ec.ECDH(), peer)
    # Concat KDF of RFC 7518, section 4.6.2, one round: AlgorithmID, empty PartyUInfo and PartyVInfo, 256 bits.
    algorithm = b"ECDH-ES+A256KW"
    info = struct.pack(">I", len(algorithm)) + algorithm + struct.pack(">III", 0, 0, 256)
    return keywrap.aes_key_unwrap(hashlib.sha256(struct.pack(">I", 1) + shared + info).digest(), wrapped)


def open_envelope(envelope, jwk):
    """Data key, names and bindings of a key envelope."""
    protected = json.loads(b64u(envelope["protected"]))
    require(protected["enc"] == "A256GCM" and protected["typ"] == "sealgate-key+jwe", "not a key envelope")
    require(protected["sg"]["v"] == 1, "unknown version of the envelope")
    own = [one for one in envelope["recipients"] if one["header"]["kid"] == key_id(jwk)]
    require(len(own) == 1, "the object was not sealed to this key")
    header, wrapped = own[0]["header"], b64u(own[0]["encrypted_key"])
    # The algorithm follows from the key, not from the message.
    if jwk["kty"] == "RSA":
        require(header["alg"] == "RSA-OAEP-256", "unexpected algorithm")
        content_key = unwrap_rsa(jwk, wrapped)
    else:
        require(header["alg"] == "ECDH-ES+A256KW", "unexpected algorithm")
        content_key = unwrap_ecdh(jwk, wrapped, header.get("epk") or protected["epk"])
    sealed = b64u(envelope["ciphertext"]) + b64u(envelope["tag"])
    payload = json.loads(AESGCM(content_key).decrypt(b64u(envelope["iv"]), sealed, envelope["protected"].encode()))
    return b64u(payload["dk"]), payload["n"], protected["sg"]


def context_hash(names):
    prefixed = (struct.pack(">I", len(name.encode())) + name.encode() for name in names)
    return hashlib.sha256(b"sealgate-ctx-v1" + b"".join(prefixed)).digest()


def floe_kdf(key, iv, purpose, aad, length):
    return hmac.new(key, FLOE_PARAMS + iv + purpose + aad + b"\x01", hashlib.sha384).digest()[:length]


def check_header(header, binding):
    """Associated data and announced length of a header that belongs to the envelope."""
    require(len(header) == HEADER and header.startswith(FIXED), "not an SGO1 body of version 1, suite 1")
    require(header[38:54] == bytes(16) and header[54:64] == FLOE_PARAMS, "malformed header")
    same = b64u(binding["eid"]) == header[14:30] and b64u(binding["hdr"]) == hashlib.sha256(header).digest()
    require(same, "the envelope belongs to another body")
    return header[:54], int.from_bytes(header[30:38], "big")


def open_body(body, length, data_key, binding, write):
    header = body.read(HEADER)
    aad, announced = check_header(header, binding)
    iv, tag = header[64:96], header[96:128]
    require(hmac.compare_digest(floe_kdf(data_key, iv, b"HEADER_TAG:", aad, 32), tag), "the data key is not this body's")
    message_key = floe_kdf(data_key, iv, b"MESSAGE_KEY:", aad, 48)

    sealed = length - HEADER
    count = -(-sealed // SEGMENT)
    final = sealed - SEGMENT * (count - 1)
    require(final > OVERHEAD or (final == OVERHEAD and count == 1), "truncated")
    require(announced in (UNKNOWN, sealed - OVERHEAD * count), "the length is not the announced one")

    cipher = None
    for index in range(count):
        if index % 2**20 == 0:
            cipher = AESGCM(floe_kdf(message_key, iv, b"DEK:" + struct.pack(">Q", index), aad, 32))
        last = index == count - 1
        segment = body.read(final if last else SEGMENT)
        marker = struct.unpack(">I", segment[:4])[0]
        require(marker == (final if last else 0xFFFFFFFF), f"truncated or damaged at segment {index}")
        try:
            write(cipher.decrypt(segment[4:16], segment[16:], struct.pack(">Q?", index, last)))
        except InvalidTag:
            raise Refused(f"segment {index} is damaged") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, help="private key, JWK")
    parser.add_argument("--envelope", required=True, help="key envelope, JSON")
    parser.add_argument("--names", nargs=3, metavar=("TENANT", "BUCKET", "KEY"))
    parser.add_argument("body")
    parser.add_argument("output")
    options = parser.parse_args()

    partial = options.output + ".part"
    try:
        with open(options.key, encoding="utf-8") as file:
            jwk = json.load(file)
        with open(options.envelope, encoding="utf-8") as file:
            envelope = json.load(file)
        data_key, names, binding = open_envelope(envelope, jwk)
        require(b64u(binding["ctx"]) == context_hash(names), "the envelope contradicts itself about the names")
        require(options.names in (None, names), "the envelope is for another object")
        with open(options.body, "rb") as body, open(partial, "wb") as output:
            open_body(body, os.path.getsize(options.body), data_key, binding, output.write)
        os.replace(partial, options.output)
    except Exception as error:  # every failure of a hostile input is the same to the caller: refused, nothing written
        if os.path.exists(partial):
            os.remove(partial)
        print(f"refused: {error if isinstance(error, Refused) else type(error).__name__}", file=sys.stderr)
        return 4
    print("opened:", "/".join(names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
