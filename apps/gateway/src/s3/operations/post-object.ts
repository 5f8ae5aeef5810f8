import { Fault } from '@sealgate/core/faults';
import { parseObjectKey } from '@sealgate/core/names';
import type { PutObjectResult } from '@sealgate/engine';
import {
  checkPostLength,
  checkPostPolicy,
  type FormFields,
  headersOfForm,
  headerValue,
  type PostResponse,
  parsePostPolicy,
  parseTagging,
  postResponse,
  requireField,
  successRedirect,
  withFileName,
} from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { incomingFile } from '../forms/incoming-file.ts';
import { openForm } from '../forms/open-form.ts';
import { requireGovernedBucket } from '../governed.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { storeObject } from './put-object.ts';

/**
 * An upload by a browser's form. Who sends it and what it may do is in the fields, so they are read first; the file is
 * not touched before all of them were found right.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export async function postObject(context: S3Context): Promise<void> {
  requireForm(context);
  const { request, response } = context;
  if (headerValue(context.headers, 'expect')?.toLowerCase() === '100-continue') response.writeContinue();
  const form = await openForm(request);
  try {
    const sender = await context.authenticateForm(form.fields);
    const fields = withFileName(form.fields, form.fileName);
    const policy = policyOf(context, fields);
    const upload = uploadContext(sender, fields);
    const bucket = await requireGovernedBucket(upload);
    const file = await incomingFile(form, {
      headers: upload.headers,
      memory: context.formMemory,
      length: (bytes) => {
        if (policy !== undefined) checkPostLength(policy, bytes);
      },
    });
    const result = await storeObject(upload, bucket, file).finally(file.release);
    answer(upload, fields, result);
  } catch (error) {
    // Let go of, so that what is left of the request can be drained or cut.
    request.unpipe();
    throw error;
  }
}

/** @throws Fault PreconditionFailed, MissingContentLength */
function requireForm({ headers }: S3Context): void {
  if (!/^\s*multipart\/form-data\s*;.*boundary=./i.test(headerValue(headers, 'content-type') ?? '')) {
    throw new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      detail: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
    });
  }
  if (headerValue(headers, 'content-length') === undefined) {
    throw new Fault('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
}

/** The policy of a signed form, all its conditions met but those of the length. @throws Fault InvalidPolicyDocument, AccessDenied */
function policyOf(context: S3Context, fields: FormFields) {
  const text = fields.get('policy');
  if (text === undefined) return undefined;
  const { operation } = context;
  const policy = parsePostPolicy(text);
  const bucket = operation.level === 'service' ? '' : operation.bucket;
  checkPostPolicy(policy, new Map([...fields, ['bucket', bucket]]), context.clock.now());
  return policy;
}

/** The request as a PUT of the same object: who reads its headers and its operation needs to know nothing of forms. */
function uploadContext(sender: S3Context, fields: FormFields): S3Context {
  const { operation } = sender;
  if (operation.level === 'service') throw new Fault('InvalidRequest', 'The request names no bucket.');
  const name = requireField(fields, 'key');
  if (name === '') {
    throw new Fault('InvalidArgument', 'User key must have a length greater than 0.', {
      detail: { ArgumentName: 'key', ArgumentValue: '' },
    });
  }
  const headers = { ...headersOfForm(fields), ...taggingHeader(fields) };
  return {
    ...sender,
    operation: { ...operation, level: 'object', name: 'PutObject', key: parseObjectKey(name) },
    headers,
    payload: { kind: 'unsigned' },
  };
}

/** A form's tags are a document, an upload's header is encoded like a query. @throws Fault MalformedXML, InvalidTag */
function taggingHeader(fields: FormFields): Record<string, string> {
  const document = fields.get('tagging');
  if (document === undefined || document === '') return {};
  const tags = parseTagging(document, 'object').map(({ key, value }): [string, string] => [key, value]);
  return { 'x-amz-tagging': new URLSearchParams(tags).toString() };
}

function answer(context: S3Context, fields: FormFields, stored: PutObjectResult): void {
  const { operation, response, publicUrl } = context;
  if (operation.level !== 'object') throw new Fault('InternalError', 'The upload names no object.');
  const { bucket, key } = operation;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const result: PostResponse = { location: `${publicUrl}/${bucket}/${path}`, bucket, key, etag: stored.etag };
  const redirect = successRedirect(fields.get('success_action_redirect') ?? fields.get('redirect'), result);
  if (redirect !== undefined) {
    response.setHeader('location', redirect);
    replyEmpty(response, 303);
    return;
  }
  response.setHeader('location', result.location);
  const status = fields.get('success_action_status');
  if (status === '201') replyXml(response, postResponse(result), 201);
  else replyEmpty(response, status === '200' ? 200 : 204);
}
