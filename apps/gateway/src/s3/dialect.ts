import type { Fault } from '@sealgate/core/faults';
import type {
  OperationName,
  RequestHeaders,
  S3ErrorContext,
  S3ErrorResponse,
  S3Operation,
  SignedRequest,
} from '@sealgate/s3';
import type { QueryApi } from '../sts/serve.ts';
import type { Authenticate } from './authenticate.ts';
import type { S3Handler, ToldVersion } from './context.ts';

/**
 * How one listener spells requests for objects and answers to them. What a request means, who may make it and what it
 * does is the same for all: a dialect only translates.
 */
export interface Dialect {
  /** For metrics. */
  readonly listener: 's3' | 'control';
  readonly authenticate: Authenticate;
  /** Answers what comes to the same address and is about no object. */
  readonly queryApi?: QueryApi;
  /** @throws Fault of a request that asks for nothing there is */
  operationOf(request: SignedRequest & { readonly host: string }): S3Operation;
  /** The headers of a request whose sender is known, as S3 calls them. @throws Fault of headers that are not right */
  headersOf(headers: RequestHeaders): RequestHeaders;
  /** Operations that only this dialect has. */
  readonly handlers: Readonly<Partial<Record<OperationName, S3Handler>>>;
  /** The headers that give back what of a version a request brought along. */
  headersOfVersion(version: ToldVersion): Readonly<Record<string, string>>;
  /** The headers that every answer has. */
  opening(exchange: { readonly requestId: string; readonly hostId: string }): Readonly<Record<string, string>>;
  /** What an error looks like; its opening headers stay as they are. */
  answerOf(fault: Fault, context: S3ErrorContext): S3ErrorResponse;
}
