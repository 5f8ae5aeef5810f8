import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOfAnswer } from './answer-errors.ts';

const xml = (code: string, message = 'Said so.'): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

function fault(status: number, text = '', headers: Record<string, string> = {}) {
  return faultOfAnswer({ status, headers: new Headers(headers), text, target: 'object' });
}

describe('faultOfAnswer', () => {
  it('keeps what the server says, and how to find the request in its log', () => {
    expect(fault(404, xml('NoSuchKey'), { 'x-amz-request-id': 'R1' })).toMatchObject({
      code: 'NoSuchKey',
      message: 'Said so.',
      detail: { status: 404, requestId: 'R1', s3Code: 'NoSuchKey' },
    });
  });

  it('tells faults apart that share one S3 code', () => {
    const headers = { 'x-sealgate-fault': 'PolicyRefused', 'x-sealgate-rule': 'bucket.regionLock' };
    expect(fault(403, xml('AccessDenied'), headers)).toMatchObject({
      code: 'PolicyRefused',
      rule: 'bucket.regionLock',
    });
    expect(fault(503, '', { 'x-sealgate-fault': 'NoLegalPlacement' }).code).toBe('NoLegalPlacement');
  });

  it('takes no name from a header that is no fault', () => {
    expect(fault(404, xml('NoSuchKey'), { 'x-sealgate-fault': 'toString' }).code).toBe('NoSuchKey');
  });

  it('names a code of another server that it does not know', () => {
    expect(fault(400, xml('OddCode'))).toMatchObject({ code: 'InvalidRequest', message: 'OddCode: Said so.' });
    expect(fault(503, xml('ServiceUnavailable')).code).toBe('SlowDown');
  });

  it.each([
    [304, 'NotModified'],
    [307, 'PermanentRedirect'],
    [403, 'AccessDenied'],
    [404, 'NoSuchKey'],
    [412, 'PreconditionFailed'],
    [418, 'InvalidRequest'],
    [500, 'InternalError'],
    [599, 'InternalError'],
  ])('makes do with a bare status %d', (status, code) => {
    expect(fault(status).code).toBe(code);
  });

  it('says in words what an answer without a body means', () => {
    expect(fault(404, '', { 'x-sealgate-fault': 'NoSuchBucket' }).message).toBe('The bucket does not exist.');
    expect(fault(404).message).toBe('The object does not exist.');
    expect(fault(418).message).toBe('The server answered 418 without an explanation.');
  });

  it('says what a bare 404 was about', () => {
    const headers = new Headers();
    expect(faultOfAnswer({ status: 404, headers, text: '', target: 'bucket' }).code).toBe('NoSuchBucket');
    expect(faultOfAnswer({ status: 404, headers, text: '', target: 'service' }).code).toBe('NotFound');
  });

  it('never fails itself, whatever the body is', () => {
    const unit = fc.constantFrom(
      '<',
      '>',
      '/',
      'Error',
      'Code',
      'a',
      '&',
      ';',
      '"',
      ' ',
      '\ud800',
      '<Error>',
      '</Error>',
    );
    fc.assert(
      fc.property(fc.string({ unit }), fc.integer({ min: 300, max: 599 }), (text, status) => {
        expect(isFault(fault(status, text))).toBe(true);
      }),
    );
  });
});
