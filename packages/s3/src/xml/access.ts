import { isAclPermission, isObjectOwnership, type PublicAccessBlock } from '@sealgate/core/access';
import { Fault, isFault } from '@sealgate/core/faults';
import { ACL_GRANTS_MAX } from '@sealgate/core/limits';
import type { AclGrantee, AclPermission, ObjectOwnership } from '@sealgate/core/ports';
import type { RequestedGrant, RequestedGrantee } from '../headers/grants.ts';
import {
  booleanOf,
  childOf,
  childrenOf,
  malformedXml,
  parseXml,
  requireChildren,
  textOf,
  type XmlElement,
} from './reader.ts';
import { writeOwner, type XmlOwner } from './shared.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;
const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

type Group = Extract<AclGrantee, { kind: 'group' }>['group'];

const GROUP_URIS: readonly (readonly [Group, string])[] = [
  ['AllUsers', 'http://acs.amazonaws.com/groups/global/AllUsers'],
  ['AuthenticatedUsers', 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'],
  ['LogDelivery', 'http://acs.amazonaws.com/groups/s3/LogDelivery'],
];

/** The predefined group of a URI; undefined when there is none. */
export function groupOfUri(uri: string): Group | undefined {
  return GROUP_URIS.find(([, known]) => known === uri)?.[0];
}

export interface AccessControlPolicyRequest {
  readonly ownerId: string;
  readonly grants: readonly RequestedGrant[];
}

const POLICY: ReadonlySet<string> = new Set(['Owner', 'AccessControlList']);
const GRANT: ReadonlySet<string> = new Set(['Grantee', 'Permission']);
const GRANTEE: ReadonlySet<string> = new Set(['ID', 'DisplayName', 'EmailAddress', 'URI', 'Type']);

/**
 * Reads the body of PutBucketAcl and PutObjectAcl. `xsi:type` says nothing that the grantee's members do not.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
 * @throws Fault MalformedACLError, MissingRequestBodyError
 */
export function parseAccessControlPolicy(body: Uint8Array | string): AccessControlPolicyRequest {
  try {
    const root = parseXml(body, 'AccessControlPolicy');
    requireChildren(root, POLICY);
    const owner = childOf(root, 'Owner');
    const ownerId = owner === undefined ? undefined : textOf(owner, 'ID')?.trim();
    const list = childOf(root, 'AccessControlList');
    if (ownerId === undefined || ownerId === '' || list === undefined) throw malformedXml();
    if (list.children.length > ACL_GRANTS_MAX) throw malformedXml();
    return { ownerId, grants: list.children.map(parseGrant) };
  } catch (error) {
    if (!isFault(error, 'MalformedXML')) throw error;
    throw new Fault('MalformedACLError', error.message, { cause: error });
  }
}

function parseGrant(element: XmlElement): RequestedGrant {
  if (element.name !== 'Grant') throw malformedXml();
  requireChildren(element, GRANT);
  const grantee = childOf(element, 'Grantee');
  const permission = textOf(element, 'Permission')?.trim() ?? '';
  if (grantee === undefined || !isAclPermission(permission)) throw malformedXml();
  return { grantee: parseGrantee(grantee), permission };
}

function parseGrantee(element: XmlElement): RequestedGrantee {
  requireChildren(element, GRANTEE);
  const [id, email, uri] = ['ID', 'EmailAddress', 'URI'].map((name) => textOf(element, name)?.trim());
  const named = [id, email, uri].filter((text) => text !== undefined && text !== '');
  if (named.length !== 1) throw malformedXml();
  if (id !== undefined && id !== '') return { kind: 'id', id };
  if (email !== undefined && email !== '') return { kind: 'email', email };
  return { kind: 'uri', uri: uri ?? '' };
}

/** A grant as it is shown: a user with its name, when it has one. */
export interface ShownGrant {
  readonly grantee: ({ readonly kind: 'user' } & XmlOwner) | { readonly kind: 'group'; readonly group: Group };
  readonly permission: AclPermission;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html */
export function accessControlPolicy(owner: XmlOwner, grants: readonly ShownGrant[]): string {
  const writer = createXmlWriter();
  writer.open('AccessControlPolicy', NAMESPACE);
  writeOwner(writer, 'Owner', owner);
  writer.open('AccessControlList');
  for (const grant of grants) writeGrant(writer, grant);
  writer.close('AccessControlList');
  writer.close('AccessControlPolicy');
  return writer.end();
}

function writeGrant(writer: XmlWriter, { grantee, permission }: ShownGrant): void {
  writer.open('Grant');
  if (grantee.kind === 'user') {
    writer.open('Grantee', `${XSI} xsi:type="CanonicalUser"`);
    writer.leaf('ID', grantee.id);
    writer.leaf('DisplayName', grantee.displayName);
  } else {
    writer.open('Grantee', `${XSI} xsi:type="Group"`);
    writer.leaf('URI', GROUP_URIS.find(([group]) => group === grantee.group)?.[1]);
  }
  writer.close('Grantee');
  writer.leaf('Permission', permission);
  writer.close('Grant');
}

const RULES: ReadonlySet<string> = new Set(['Rule']);
const RULE: ReadonlySet<string> = new Set(['ObjectOwnership']);

/** @throws Fault MalformedXML */
export function parseOwnershipControls(body: Uint8Array | string): ObjectOwnership {
  const root = parseXml(body, 'OwnershipControls');
  requireChildren(root, RULES);
  const [rule, ...more] = childrenOf(root, 'Rule');
  if (rule === undefined || more.length > 0) throw malformedXml();
  requireChildren(rule, RULE);
  const text = textOf(rule, 'ObjectOwnership')?.trim() ?? '';
  if (!isObjectOwnership(text)) throw malformedXml();
  return text;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html */
export function ownershipControls(ownership: ObjectOwnership): string {
  const writer = createXmlWriter();
  writer.open('OwnershipControls', NAMESPACE);
  writer.open('Rule');
  writer.leaf('ObjectOwnership', ownership);
  writer.close('Rule');
  writer.close('OwnershipControls');
  return writer.end();
}

const BLOCK: ReadonlySet<string> = new Set([
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
]);

/** A switch that is left out is off. @throws Fault MalformedXML */
export function parsePublicAccessBlockConfiguration(body: Uint8Array | string): PublicAccessBlock {
  const root = parseXml(body, 'PublicAccessBlockConfiguration');
  requireChildren(root, BLOCK);
  return {
    blockPublicAcls: booleanOf(root, 'BlockPublicAcls') ?? false,
    ignorePublicAcls: booleanOf(root, 'IgnorePublicAcls') ?? false,
    blockPublicPolicy: booleanOf(root, 'BlockPublicPolicy') ?? false,
    restrictPublicBuckets: booleanOf(root, 'RestrictPublicBuckets') ?? false,
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html */
export function publicAccessBlockConfiguration(block: PublicAccessBlock): string {
  const writer = createXmlWriter();
  writer.open('PublicAccessBlockConfiguration', NAMESPACE);
  writer.leaf('BlockPublicAcls', block.blockPublicAcls);
  writer.leaf('IgnorePublicAcls', block.ignorePublicAcls);
  writer.leaf('BlockPublicPolicy', block.blockPublicPolicy);
  writer.leaf('RestrictPublicBuckets', block.restrictPublicBuckets);
  writer.close('PublicAccessBlockConfiguration');
  return writer.end();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html */
export function policyStatus(isPublic: boolean): string {
  const writer = createXmlWriter();
  writer.open('PolicyStatus', NAMESPACE);
  writer.leaf('IsPublic', isPublic);
  writer.close('PolicyStatus');
  return writer.end();
}
