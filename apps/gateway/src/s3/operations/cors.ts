import { Fault } from '@sealgate/core/faults';
import {
  CORS_VARY,
  corsConfiguration,
  corsHeaders,
  corsMethods,
  headerValue,
  matchCors,
  parseCorsConfiguration,
  parseRequestHeaders,
} from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { corsRules } from '../cors.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export async function putBucketCors(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const rules = parseCorsConfiguration(await readWholeBody(context));
  await context.metadata.updateBucket(bucket.id, { configs: { cors: JSON.stringify(rules) } }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
export async function getBucketCors(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const rules = corsRules(bucket);
  if (rules === undefined) {
    throw new Fault('NoSuchCORSConfiguration', 'The CORS configuration does not exist', {
      detail: { BucketName: bucket.name },
    });
  }
  replyXml(context.response, corsConfiguration(rules));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html */
export async function deleteBucketCors(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.updateBucket(bucket.id, { configs: { cors: null } }, context.actor);
  replyEmpty(context.response, 204);
}

/**
 * What a browser asks before a request that a form could not make. It carries no credentials, so nobody is authenticated;
 * only the bucket's rules speak, the same for a private and a public one.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
 */
export async function preflight(context: S3Context): Promise<void> {
  const { operation, headers, response } = context;
  if (operation.level === 'service') throw new Fault('InvalidRequest', 'The request names no bucket.');
  const origin = headerValue(headers, 'origin');
  if (origin === undefined || origin === '') {
    throw new Fault('BadRequest', 'Insufficient information. Origin request header needed.');
  }
  const method = headerValue(headers, 'access-control-request-method');
  if (!corsMethods.some((known) => known === method)) {
    throw new Fault('BadRequest', `Invalid Access-Control-Request-Method: ${method?.slice(0, 32) ?? 'null'}`);
  }
  const bucket = await context.findBucket(operation.bucket);
  if (bucket === undefined) {
    throw new Fault('NoSuchBucket', 'The specified bucket does not exist', {
      detail: { BucketName: operation.bucket },
    });
  }
  const rules = corsRules(bucket);
  const detail = { Method: method ?? '', ResourceType: operation.level.toUpperCase() };
  if (rules === undefined) {
    throw new Fault('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.', { detail });
  }
  const requestHeaders = parseRequestHeaders(headerValue(headers, 'access-control-request-headers'));
  const asked = { origin, method: method ?? '', requestHeaders };
  const rule = matchCors(rules, asked);
  if (rule === undefined) {
    throw new Fault(
      'AccessForbidden',
      "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      { detail },
    );
  }
  for (const [name, value] of Object.entries(corsHeaders(rule, asked))) response.setHeader(name, value);
  response.setHeader('vary', CORS_VARY);
  replyEmpty(response, 200);
}
