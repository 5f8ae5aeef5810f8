import { Fault } from '../faults/index.ts';

/**
 * Names as AWS tools know them. In the account's place stands the tenant's name, which is unique and never changes; its
 * id is understood there too.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */

const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
const ROLE_ARN = /^arn:aws:iam::([^:/]{1,63}):role\/(?:[\x21-\x2e\x30-\x7e]+\/)*([\w+=,.@-]{1,64})$/;

/** @throws Fault ValidationFailed */
export function parseRoleName(text: string): string {
  if (!ROLE_NAME.test(text)) {
    throw new Fault('ValidationFailed', 'A role name has 1 to 64 letters, digits or any of _+=,.@- characters.');
  }
  return text;
}

/**
 * A path before the name (`role/service/name`) is accepted and means nothing: roles have no paths here.
 * @throws Fault ValidationFailed
 */
export function parseRoleArn(text: string): { readonly account: string; readonly roleName: string } {
  const match = ROLE_ARN.exec(text);
  const [account, roleName] = [match?.[1], match?.[2]];
  if (account === undefined || roleName === undefined) {
    throw new Fault('ValidationFailed', `${printable(text)} is invalid. A role is arn:aws:iam::TENANT:role/NAME.`);
  }
  return { account, roleName };
}

export function roleArn(tenantName: string, roleName: string): string {
  return `arn:aws:iam::${tenantName}:role/${roleName}`;
}

/** Who acts under a session of a role. */
export function assumedRoleArn(tenantName: string, session: string): string {
  return `arn:aws:sts::${tenantName}:assumed-role/${session}`;
}

function printable(text: string): string {
  return text.slice(0, 128).replace(/[^\x20-\x7e]/g, '?');
}
