import { Fault } from '@sealgate/core/faults';
import type { Retention } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '../request.ts';
import { parseIsoTime } from '../xml/object-lock.ts';

const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const HOLD = 'x-amz-object-lock-legal-hold';

/** What the headers of a write say about the lock of the version to be. */
export interface LockHeaders {
  readonly retention?: Retention;
  readonly legalHold?: boolean;
}

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * @throws Fault InvalidArgument
 */
export function parseLockHeaders(headers: RequestHeaders): LockHeaders {
  const mode = headerValue(headers, MODE);
  const until = headerValue(headers, UNTIL);
  const hold = headerValue(headers, HOLD);
  if ((mode === undefined) !== (until === undefined)) {
    throw invalid(mode === undefined ? MODE : UNTIL, '', `${UNTIL} and ${MODE} must both be supplied`);
  }
  return {
    ...(mode === undefined || until === undefined ? {} : { retention: { mode: modeOf(mode), untilMs: timeOf(until) } }),
    ...(hold === undefined ? {} : { legalHold: holdOf(hold) }),
  };
}

function modeOf(text: string): Retention['mode'] {
  if (text !== 'GOVERNANCE' && text !== 'COMPLIANCE') throw invalid(MODE, text, 'Unknown wormMode directive.');
  return text;
}

function timeOf(text: string): number {
  const time = parseIsoTime(text.trim());
  if (time === undefined) throw invalid(UNTIL, text, 'The retain until date must be provided in ISO 8601 format');
  return time;
}

function holdOf(text: string): boolean {
  if (text !== 'ON' && text !== 'OFF') throw invalid(HOLD, text, "Legal Hold must be either of 'ON' or 'OFF'");
  return text === 'ON';
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: name, ArgumentValue: value.slice(0, 128) } });
}
