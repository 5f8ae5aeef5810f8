import { Fault } from '@sealgate/core/faults';
import { chunksOf } from '../streams.ts';

/**
 * The text of a small answer. An error document that cannot be read is empty: the status alone then decides.
 * @throws the signal's reason when it was aborted
 */
export async function readText(response: Response, bytesMax: number, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readSmallText(response, bytesMax);
  } catch {
    signal?.throwIfAborted();
    return '';
  }
}

/** @throws Fault InternalError when the answer is longer than `bytesMax`; whatever the network says */
export async function readSmallText(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Fault('InternalError', 'The server sent an answer that is too long.');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
