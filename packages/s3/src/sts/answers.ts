import { createXmlWriter, type XmlWriter } from '../xml/writer.ts';
import { STS_NAMESPACE } from './namespaces.ts';

/** Temporary credentials as they are told, once. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
}

export interface AssumedRole {
  readonly credentials: SessionCredentials;
  readonly arn: string;
  /** `<role>:<session name>`, what policies know as `aws:userid`. */
  readonly assumedRoleId: string;
  /** How much of the room for a session policy is used, in percent; undefined without one. */
  readonly packedPolicySize?: number;
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
export function getSessionTokenResponse(credentials: SessionCredentials, requestId: string): string {
  return answer('GetSessionToken', requestId, (writer) => writeCredentials(writer, credentials));
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function assumeRoleResponse(assumed: AssumedRole, requestId: string): string {
  return answer('AssumeRole', requestId, (writer) => writeAssumedRole(writer, assumed));
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export function assumeRoleWithWebIdentityResponse(
  assumed: AssumedRole & { readonly subject: string; readonly audience: string; readonly provider: string },
  requestId: string,
): string {
  return answer('AssumeRoleWithWebIdentity', requestId, (writer) => {
    writer.leaf('SubjectFromWebIdentityToken', assumed.subject);
    writer.leaf('Audience', assumed.audience);
    writer.leaf('Provider', assumed.provider);
    writeAssumedRole(writer, assumed);
  });
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function getCallerIdentityResponse(
  caller: { readonly arn: string; readonly userId: string; readonly account: string },
  requestId: string,
): string {
  return answer('GetCallerIdentity', requestId, (writer) => {
    writer.leaf('Arn', caller.arn);
    writer.leaf('UserId', caller.userId);
    writer.leaf('Account', caller.account);
  });
}

function answer(action: string, requestId: string, result: (writer: XmlWriter) => void): string {
  const writer = createXmlWriter();
  writer.open(`${action}Response`, `xmlns="${STS_NAMESPACE}"`);
  writer.open(`${action}Result`);
  result(writer);
  writer.close(`${action}Result`);
  writer.open('ResponseMetadata');
  writer.leaf('RequestId', requestId);
  writer.close('ResponseMetadata');
  writer.close(`${action}Response`);
  return writer.end();
}

function writeAssumedRole(writer: XmlWriter, assumed: AssumedRole): void {
  writer.open('AssumedRoleUser');
  writer.leaf('Arn', assumed.arn);
  writer.leaf('AssumedRoleId', assumed.assumedRoleId);
  writer.close('AssumedRoleUser');
  writeCredentials(writer, assumed.credentials);
  writer.leaf('PackedPolicySize', assumed.packedPolicySize);
  writer.leaf('SessionTokenSize', Buffer.byteLength(assumed.credentials.sessionToken));
}

function writeCredentials(writer: XmlWriter, credentials: SessionCredentials): void {
  writer.open('Credentials');
  writer.leaf('AccessKeyId', credentials.accessKeyId);
  writer.leaf('SecretAccessKey', credentials.secretAccessKey);
  writer.leaf('SessionToken', credentials.sessionToken);
  writer.leaf('Expiration', `${new Date(credentials.expiresAtMs).toISOString().slice(0, 19)}Z`);
  writer.close('Credentials');
}
