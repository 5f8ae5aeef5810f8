import { isFault } from '@sealgate/core/faults';
import type { ProbeAnswer } from '@sealgate/core/ports';
import type { S3Call, S3Calls } from '../calls.ts';
import type { WholeAnswer } from '../exchange.ts';
import { remoteCode, remoteStatus } from '../faults.ts';

/** One raw call of a probe: what came of it, be it success or refusal. */
export type Attempt =
  | { readonly ok: true; readonly answer: WholeAnswer }
  | { readonly ok: false; readonly status: number; readonly code: string };

/** @throws Fault BackendUnreachable, BackendTimeout when no answer came */
export async function attempt(calls: S3Calls, call: Omit<S3Call, 'idempotent'>): Promise<Attempt> {
  try {
    return { ok: true, answer: await calls.fetch({ ...call, idempotent: true }) };
  } catch (error) {
    const status = remoteStatus(error);
    if (status === undefined && !isFault(error, 'BackendRefused')) throw error;
    return { ok: false, status: status ?? 0, code: remoteCode(error) };
  }
}

/** The probe could not be carried through, for a reason that says nothing about the question. */
export class Unsettled extends Error {}

/** Runs a trial; a step of it that failed for another reason makes the answer `unknown`. */
export async function settle(trial: () => Promise<ProbeAnswer>): Promise<ProbeAnswer> {
  try {
    return await trial();
  } catch (error) {
    if (error instanceof Unsettled) return { verdict: 'unknown', note: error.message };
    throw error;
  }
}

/** Success, or the end of the trial. `doing` names the step for the operator. */
export async function must(calls: S3Calls, doing: string, call: Omit<S3Call, 'idempotent'>): Promise<WholeAnswer> {
  const outcome = await attempt(calls, call);
  if (outcome.ok) return outcome.answer;
  throw new Unsettled(`${doing} failed with HTTP ${outcome.status}`);
}

/**
 * Was it refused because it is not known or not right? A server error is neither: it may be a passing trouble.
 * @throws Unsettled on 5xx other than 501
 */
export function refused(outcome: Attempt, doing: string): boolean {
  if (outcome.ok) return false;
  if (outcome.status >= 500 && outcome.status !== 501)
    throw new Unsettled(`${doing} failed with HTTP ${outcome.status}`);
  return true;
}

export const yes: ProbeAnswer = { verdict: 'yes' };
export const no = (note?: string): ProbeAnswer => ({ verdict: 'no', ...(note === undefined ? {} : { note }) });
