// ETags are stored packed: most are an MD5, in hex twice as long as it need be. The first byte tells the form, so that
// equal ETags have equal bytes and no ETag packs to nothing (which preconditions use for `*`).
const MD5 = 1;
const MULTIPART = 2;
const TEXT = 0;
const MD5_FORM = /^[0-9a-f]{32}$/;
const MULTIPART_FORM = /^([0-9a-f]{32})-([1-9][0-9]{0,4})$/;
const PARTS_MAX = 65_535;

/** An ETag without quotes as the bytes of its column. */
export function packEtag(etag: string): Buffer {
  if (MD5_FORM.test(etag)) return Buffer.concat([Buffer.of(MD5), Buffer.from(etag, 'hex')]);
  const parts = MULTIPART_FORM.exec(etag);
  if (parts !== null && Number(parts[2]) <= PARTS_MAX) {
    const packed = Buffer.alloc(19);
    packed[0] = MULTIPART;
    packed.write(parts[1] ?? '', 1, 'hex');
    packed.writeUInt16BE(Number(parts[2]), 17);
    return packed;
  }
  return Buffer.concat([Buffer.of(TEXT), Buffer.from(etag, 'utf8')]);
}

/** A precondition's ETag, where `*` packs to no bytes. */
export function packCondition(etag: string | undefined): Buffer | null {
  if (etag === undefined) return null;
  return etag === '*' ? Buffer.alloc(0) : packEtag(etag);
}

export function unpackEtag(packed: Buffer): string {
  switch (packed[0]) {
    case MD5:
      return packed.toString('hex', 1);
    case MULTIPART:
      return `${packed.toString('hex', 1, 17)}-${packed.readUInt16BE(17)}`;
    default:
      return packed.toString('utf8', 1);
  }
}
