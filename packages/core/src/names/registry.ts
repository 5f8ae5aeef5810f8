import { Fault } from '../faults/index.ts';
import type { Brand } from './brand.ts';

/** A tenant's id: a UUID in lower case. */
export type TenantId = Brand<string, 'TenantId'>;
/** A backend's id, chosen by the operator: 1 to 63 of `a-z A-Z 0-9 _ -`, starting with a letter or a digit. */
export type BackendId = Brand<string, 'BackendId'>;
/** The public half of a SigV4 credential. */
export type AccessKeyId = Brand<string, 'AccessKeyId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const BACKEND_ID_FORM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
export const ACCESS_KEY_FORM = /^[A-Za-z0-9_-]{3,128}$/;
export const TENANT_NAME_FORM = /^[A-Za-z0-9](?:[A-Za-z0-9._$-]{0,61}[A-Za-z0-9])?$/;

/** @throws Fault ValidationFailed */
export function parseTenantId(text: string): TenantId {
  if (!UUID.test(text)) throw new Fault('ValidationFailed', 'A tenant id is a UUID in lower case.');
  return text as TenantId;
}

/** @throws Fault ValidationFailed */
export function parseTenantName(text: string): string {
  if (!TENANT_NAME_FORM.test(text)) {
    throw new Fault(
      'ValidationFailed',
      'A tenant name has 1 to 63 letters, digits, dots, dollars, hyphens or underscores.',
    );
  }
  return text;
}

/** @throws Fault ValidationFailed */
export function parseBackendId(text: string): BackendId {
  if (!BACKEND_ID_FORM.test(text)) {
    throw new Fault('ValidationFailed', 'A backend id has 1 to 63 letters, digits, hyphens or underscores.');
  }
  return text as BackendId;
}

/** @throws Fault InvalidAccessKeyId */
export function parseAccessKeyId(text: string): AccessKeyId {
  if (!ACCESS_KEY_FORM.test(text)) {
    throw new Fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  return text as AccessKeyId;
}
