#!/usr/bin/env python3
"""Restores one object from folders of backends with nothing of Sealgate: Python 3.9 and the `cryptography` package.

    restore_object.py --key private.jwk [--key ...] BACKENDS TENANT BUCKET KEY OUTPUT

BACKENDS is a folder with a folder for each backend (of the demo: data/backends). The newest manifest that the keys open says
what the object is; copies or shards that are wrong or missing are made up for by others. The output file appears only
when every block was verified and the seal, if there is one, opened. Exit code 0: done; 4: not restored; 2: usage.

Formats: docs/spec/recovery.md, sealed-documents.md, erasure-shards.md, gateway-encryption.md, sealed-objects.md.
"""

import argparse
import base64
import hashlib
import io
import itertools
import json
import os
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from open_document import open_document
from open_sealed import Refused, b64u, context_hash, open_body, open_envelope, require


def unmark(name):
    """A name of the filesystem backend's layout: folders end in @ (a slash) or ~ (fan-out), other characters are %XX."""
    if name.endswith("~"):
        return ""
    mark = "/" if name.endswith("@") else ""
    text = name[:-1] if mark else name
    parts = text.split("%")
    return parts[0] + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:]) + mark


def list_keys(root):
    """Every file below every physical bucket, by its key; several backends may hold one key."""
    found = {}
    for bucket in sorted(pathlib.Path(root).glob("*/s3gw-*")):
        for path in bucket.rglob("*"):
            if path.is_file():
                key = "".join(unmark(name) for name in path.relative_to(bucket).parts)
                found.setdefault(key, []).append(path)
    return found


def read_manifests(keys, jwks):
    """Lines of the newest generation of each bucket, generation by generation, the newest first."""
    documents = {}
    for key, paths in keys.items():
        if key.startswith("r/"):
            _, generation, name = key.split("/")
            documents.setdefault(generation, []).append((name, paths))
    for generation in sorted(documents, reverse=True):
        lines, whole = [], False
        for name, paths in sorted(documents[generation]):
            opened = first_good(paths, lambda path: read_document(path, name, jwks))
            if opened is None:
                if not whole:
                    break
                continue
            header, content, end = opened
            lines.append((header, content))
            whole = whole or (header["kind"] == "base" and not end["more"])
        if whole:
            yield lines


def first_good(candidates, attempt):
    for candidate in candidates:
        try:
            return attempt(candidate)
        except Exception:  # the next copy may be better; what is wrong with this one does not matter
            continue
    return None


def read_document(path, name, jwks):
    stored = path.read_bytes()
    require(hashlib.sha256(stored).hexdigest().startswith(name.split("-")[1]), "damaged")
    content = first_good(jwks, lambda jwk: b"".join(open_document(stored, jwk, "recovery-manifest")))
    require(content is not None, "not sealed to these keys")
    header, *lines, end = [json.loads(line) for line in content.decode().splitlines()]
    require(end["t"] == "end" and end["lines"] == len(lines), "incomplete")
    return header, lines, end


def find_version(keys, jwks, tenant, bucket, key):
    """The newest version of a key and its segments."""
    for documents in read_manifests(keys, jwks):
        header = documents[0][0]
        if (header["tenant"], header["bucket"]) != (tenant, bucket):
            continue
        versions, segments = {}, {}
        for line in itertools.chain.from_iterable(lines for _, lines in documents):
            if line["key"] != key:
                continue
            if line["t"] == "v":
                versions[int(line["seq"])], segments[int(line["seq"])] = line, []
            elif line["t"] == "s":
                segments[int(line["seq"])].append(line)
            else:
                gone = {int(seq) for seq in line["gone"]}
                null = None if line["null"] is None else int(line["null"])
                stale = {seq for seq, one in versions.items() if one["versionId"] == "null" and seq != null}
                for seq in gone | stale:
                    versions.pop(seq, None)
        require(versions, "no such object")
        newest = max(versions)
        require(not versions[newest]["marker"], "the object was deleted")
        return versions[newest], sorted(segments[newest], key=lambda one: one["offset"])
    raise Refused("no manifest of this bucket opens")


def digests_of(blob):
    joined = base64.b64decode(blob["digests"])
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def read_blob(keys, blob):
    layout = blob["layout"]
    if layout["kind"] == "copies":
        return read_copies(keys.get(f"b/{blob['id']}.0", []), blob)
    return read_shards(keys, blob, layout["k"], layout["m"], blob["blockBytes"])


def read_copies(paths, blob):
    """Block by block from whichever copy has it right."""
    copies = [path.read_bytes() for path in paths]
    size, blocks = blob["blockBytes"], []
    for index, digest in enumerate(digests_of(blob)):
        pieces = (copy[index * size : (index + 1) * size] for copy in copies)
        good = next((piece for piece in pieces if hashlib.sha256(piece).digest() == digest), None)
        require(good is not None, "a block is lost on every copy")
        blocks.append(good)
    return b"".join(blocks)[: blob["bytes"]]


# GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1.
EXP, LOG = [0] * 510, [0] * 256
for power, value in zip(range(255), itertools.accumulate(range(254), lambda v, _: (v << 1) ^ (0x11D if v & 0x80 else 0), initial=1)):
    EXP[power] = EXP[power + 255] = value
    LOG[value] = power


def multiply(a, b):
    return 0 if a == 0 or b == 0 else EXP[LOG[a] + LOG[b]]


def invert(a):
    return EXP[255 - LOG[a]]


def solve(matrix):
    """The inverse of a square matrix over the field."""
    size = len(matrix)
    rows = [row[:] + [int(i == j) for j in range(size)] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = invert(rows[column][column])
        rows[column] = [multiply(scale, cell) for cell in rows[column]]
        for row in range(size):
            if row != column and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [cell ^ multiply(factor, other) for cell, other in zip(rows[row], rows[column])]
    return [row[size:] for row in rows]


def times(factor, cell):
    return cell.translate(bytes(multiply(factor, byte) for byte in range(256)))


def add(left, right):
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def read_shards(keys, blob, k, m, cell):
    """Stripe by stripe from any k cells whose digests are right."""
    shards = {s: [path.read_bytes() for path in keys.get(f"b/{blob['id']}.{s}", [])] for s in range(k + m)}
    digests, out, offset = digests_of(blob), [], 64
    for stripe in range(-(-blob["bytes"] // (k * cell))):
        size = min(cell, -(-(blob["bytes"] - stripe * k * cell) // k))
        good = {}
        for s in range(k + m):
            wanted = digests[stripe * (k + m) + s]
            cells = (shard[offset : offset + size] for shard in shards[s])
            found = next((one for one in cells if hashlib.sha256(one).digest() == wanted), None)
            if found is not None and len(good) < k:
                good[s] = found
        require(len(good) == k, "too few shards are left")
        chosen = sorted(good)
        unit = lambda s: [int(j == s) for j in range(k)] if s < k else [invert(s ^ j) for j in range(k)]
        for row in solve([unit(s) for s in chosen]):
            data = bytes(size)
            for factor, s in zip(row, chosen):
                if factor:
                    data = add(data, times(factor, good[s]))
            out.append(data)
        offset += size
    return b"".join(out)[: blob["bytes"]]


def decrypt(stored, data_key, part, length):
    """What the gateway encrypted (gateway-encryption.md)."""
    cipher, count = AESGCM(data_key), max(1, -(-length // 65508))
    require(len(stored) == length + 28 * count, "of another length")
    plain = []
    for index in range(count):
        segment = stored[index * 65536 : (index + 1) * 65536]
        place = struct.pack(">BHIB", 1, part, index, int(index == count - 1))
        plain.append(cipher.decrypt(segment[:12], segment[12:], place))
    return b"".join(plain)


def restore(keys, jwks, names):
    version, segments = find_version(keys, jwks, *names)
    encryption = version["encryption"]
    require(encryption is None or encryption.get("dataKey"), "encrypted with a key that is not in the manifest")
    pieces = [(version["blob"], 0, version["bytes"])] if version["blob"] else [(s["blob"], s["part"], s["bytes"]) for s in segments]
    body = b""
    for blob, part, length in pieces:
        stored = read_blob(keys, blob)
        body += stored if encryption is None else decrypt(stored, base64.b64decode(encryption["dataKey"]), part, length)
    require(len(body) == version["bytes"], "incomplete")
    if version["envelope"] is None:
        return body
    envelope = json.loads(version["envelope"]["encryptedKey"])
    opened = first_good(jwks, lambda jwk: open_envelope(envelope, jwk))
    require(opened is not None, "sealed to other keys")
    data_key, sealed_names, binding = opened
    require(sealed_names == list(names) and b64u(binding["ctx"]) == context_hash(names), "sealed for another object")
    plain = io.BytesIO()
    open_body(io.BytesIO(body), len(body), data_key, binding, plain.write)
    return plain.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, action="append", help="private key, JWK")
    for name in ("backends", "tenant", "bucket", "object", "output"):
        parser.add_argument(name)
    options = parser.parse_args()
    try:
        jwks = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in options.key]
        body = restore(list_keys(options.backends), jwks, (options.tenant, options.bucket, options.object))
        partial = options.output + ".part"
        pathlib.Path(partial).write_bytes(body)
        os.replace(partial, options.output)
    except Exception as error:  # every failure of a hostile input is the same to the caller: refused, nothing written
        print(f"refused: {error if isinstance(error, Refused) else type(error).__name__}", file=sys.stderr)
        return 4
    print(f"restored: {len(body)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
