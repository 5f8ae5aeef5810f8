/** CRC-16/XMODEM, as Redis Cluster takes it. @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}

const SLOTS = 16_384;

/** The slot of a key that has this text in braces, or is this text. */
export const slotOf = (tag: string): number => crc16(tag) % SLOTS;

/** The smallest number whose slot is in one of the ranges: keys with it in braces are of that node. */
export function tagIn(ranges: readonly (readonly [first: number, last: number])[]): string {
  for (let n = 0; n < 1_000_000; n += 1) {
    const slot = slotOf(String(n));
    if (ranges.some(([first, last]) => slot >= first && slot <= last)) return String(n);
  }
  throw new Error('a node of the cluster has no slots');
}
