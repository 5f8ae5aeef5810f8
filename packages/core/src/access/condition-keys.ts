/** Keys that a request of ours can have a value for. */
const ANSWERED = [
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalType',
  'aws:Referer',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceIp',
  'aws:UserAgent',
  'aws:ViaAWSService',
  'aws:userid',
  'aws:username',
  's3:LocationConstraint',
  's3:RequestObjectTagKeys',
  's3:ResourceAccount',
  's3:TlsVersion',
  's3:VersionId',
  's3:authType',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:max-keys',
  's3:object-lock-legal-hold',
  's3:object-lock-mode',
  's3:object-lock-remaining-retention-days',
  's3:object-lock-retain-until-date',
  's3:prefix',
  's3:signatureAge',
  's3:signatureversion',
  's3:x-amz-acl',
  's3:x-amz-content-sha256',
  's3:x-amz-copy-source',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
  's3:x-amz-metadata-directive',
  's3:x-amz-object-ownership',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-server-side-encryption-customer-algorithm',
  's3:x-amz-storage-class',
  's3:x-amz-website-redirect-location',
] as const;

/**
 * Keys of AWS that no request of ours ever has a value for: parts of AWS that are not here. A condition on one is
 * judged like any on an absent key, which is what it would be at AWS for a request from outside of that part.
 */
const NEVER_THERE = [
  'aws:CalledVia',
  'aws:CalledViaFirst',
  'aws:CalledViaLast',
  'aws:Ec2InstanceSourceVpc',
  'aws:FederatedProvider',
  'aws:MultiFactorAuthAge',
  'aws:MultiFactorAuthPresent',
  'aws:PrincipalOrgID',
  'aws:PrincipalOrgPaths',
  'aws:PrincipalServiceName',
  'aws:PrincipalServiceNamesList',
  'aws:ResourceOrgID',
  'aws:ResourceOrgPaths',
  'aws:SourceIdentity',
  'aws:SourceOrgID',
  'aws:SourceOrgPaths',
  'aws:SourceOwner',
  'aws:SourceVpc',
  'aws:SourceVpcArn',
  'aws:SourceVpce',
  'aws:TagKeys',
  'aws:TokenIssueTime',
  'aws:VpcSourceIp',
  's3:AccessGrantsInstanceArn',
  's3:AccessPointNetworkOrigin',
  's3:DataAccessPointAccount',
  's3:DataAccessPointArn',
  's3:InventoryAccessibleOptionalFields',
  's3:destinationRegion',
] as const;

const KNOWN = new Set([...ANSWERED, ...NEVER_THERE].map((key) => key.toLowerCase()));
/** What stands behind the slash is the name of a tag, whose case counts. */
const PREFIXES = [
  's3:existingobjecttag/',
  's3:requestobjecttag/',
  's3:buckettag/',
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
] as const;

/** Names of keys have no case; the tag in one does. */
export function normalizeKey(key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? key.toLowerCase() : key.slice(0, slash + 1).toLowerCase() + key.slice(slash + 1);
}

/** @param key normalized */
export function isKnownKey(key: string): boolean {
  return KNOWN.has(key) || PREFIXES.some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
}
