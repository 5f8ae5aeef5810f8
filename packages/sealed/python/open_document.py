#!/usr/bin/env python3
"""Opens a sealed document (SGD1) with nothing of Sealgate: Python 3.9 and the `cryptography` package.

    open_document.py --key private.jwk --purpose recovery-manifest|metadata-backup DOCUMENT OUTPUT

The output file appears only when every segment was authenticated. Exit code 0: done; 4: integrity failure; 2: usage.
The format: docs/spec/sealed-documents.md. The key encryption is that of open_sealed.py, which lies beside this file.
"""

import argparse
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from open_sealed import Refused, b64u, key_id, require, unwrap_ecdh, unwrap_rsa

PREAMBLE = bytes.fromhex("895347440d0a1a0a" "01" "01" "0000")
SEGMENT, TAG = 65536, 16


def open_envelope(envelope, jwk, purpose):
    """The 32-byte key of a document."""
    protected = json.loads(b64u(envelope["protected"]))
    require(protected["enc"] == "A256GCM" and protected["typ"] == "sealgate-document+jwe", "not a sealed document")
    require(protected["sg"] == {"v": 1, "purpose": purpose}, "made for another purpose")
    own = [one for one in envelope["recipients"] if one["header"]["kid"] == key_id(jwk)]
    require(len(own) == 1, "the document was not sealed to this key")
    header, wrapped = own[0]["header"], b64u(own[0]["encrypted_key"])
    if jwk["kty"] == "RSA":
        content_key = unwrap_rsa(jwk, wrapped)
    else:
        content_key = unwrap_ecdh(jwk, wrapped, header.get("epk") or protected["epk"])
    sealed = b64u(envelope["ciphertext"]) + b64u(envelope["tag"])
    return AESGCM(content_key).decrypt(b64u(envelope["iv"]), sealed, envelope["protected"].encode())


def open_document(document, jwk, purpose):
    """Yields the content of a document (bytes), segment by segment."""
    require(document[:12] == PREAMBLE, "not a sealed document of a known version")
    body = 16 + struct.unpack(">I", document[12:16])[0]
    head, commitment, sealed = document[:body], document[body : body + 32], document[body + 32 :]
    key = open_envelope(json.loads(head[16:]), jwk, purpose)
    digest = hashlib.sha256(head).digest()

    def derive(label):
        return hmac.new(key, b"sealgate document 1 " + label + b"\0" + digest, hashlib.sha256).digest()

    require(hmac.compare_digest(derive(b"commitment"), commitment), "the key does not fit")
    cipher = AESGCM(derive(b"segments"))
    count = max(1, -(-len(sealed) // SEGMENT))
    require(len(sealed) - SEGMENT * (count - 1) > TAG or count == 1, "truncated")
    for index in range(count):
        nonce = bytes(3) + struct.pack(">Q?", index, index == count - 1)
        try:
            yield cipher.decrypt(nonce, sealed[index * SEGMENT : (index + 1) * SEGMENT], None)
        except InvalidTag:
            raise Refused(f"segment {index} is damaged") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, help="private key, JWK")
    parser.add_argument("--purpose", required=True)
    parser.add_argument("document")
    parser.add_argument("output")
    options = parser.parse_args()

    partial = options.output + ".part"
    try:
        with open(options.key, encoding="utf-8") as file:
            jwk = json.load(file)
        with open(options.document, "rb") as file:
            document = file.read()
        with open(partial, "wb") as output:
            for piece in open_document(document, jwk, options.purpose):
                output.write(piece)
        os.replace(partial, options.output)
    except Exception as error:  # every failure of a hostile input is the same to the caller: refused, nothing written
        if os.path.exists(partial):
            os.remove(partial)
        print(f"refused: {error if isinstance(error, Refused) else type(error).__name__}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
