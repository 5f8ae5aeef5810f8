/** The next bytes of a blob as they go out: the same for every backend, or for each shard its own. */
export type Frame = Buffer | readonly Buffer[];

export function pieceOf(frame: Frame, shard: number): Buffer {
  if (Buffer.isBuffer(frame)) return frame;
  const piece = (frame as readonly Buffer[])[shard];
  if (piece === undefined) throw new RangeError(`A frame has no shard ${shard}.`);
  return piece;
}
