import { Fault, isFault } from '@sealgate/core/faults';
import { ANSWER_BYTES_MAX } from '../limits.ts';
import { readSmallText } from './read-text.ts';
import type { S3Request, Transport } from './transport.ts';

/** Sends a request whose answer is a document. @throws Fault InternalError when `parse` does not take it */
export async function callForDocument<T>(
  transport: Transport,
  request: S3Request,
  parse: (text: string) => T,
): Promise<{ readonly document: T; readonly headers: Headers }> {
  const response = await transport.send(request);
  const text = await readSmallText(response, ANSWER_BYTES_MAX);
  try {
    return { document: parse(text), headers: response.headers };
  } catch (error) {
    // The parsers' own faults blame the sender of the document, which here is the server.
    if (!isFault(error, 'MalformedXML', 'MissingRequestBodyError', 'MaxMessageLengthExceeded')) throw error;
    throw new Fault('InternalError', "The server's answer cannot be understood. Is the endpoint an S3 endpoint?", {
      cause: error,
    });
  }
}

/** Sends a request whose answer has no body that matters, and frees the connection. */
export async function callForHeaders(transport: Transport, request: S3Request): Promise<Headers> {
  const response = await transport.send(request);
  await response.body?.cancel();
  return response.headers;
}
