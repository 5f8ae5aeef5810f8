import { Fault } from '@sealgate/core/faults';
import {
  type Acl,
  type GatewayEncryption,
  PLAIN_ATTRIBUTES,
  type Retention,
  type VersionAttributes,
} from '@sealgate/core/ports';

/** Columns of a version for what it has besides bytes and headers. All NULL for most versions. */
export interface AttributeColumns {
  readonly retain_until: number | null;
  readonly retention_mode: string | null;
  readonly legal_hold: boolean | null;
  readonly owner_id: string | null;
  readonly acl: Acl | null;
  readonly sse: Uint8Array | null;
}

/** Attributes as the stored functions take them, in one value, and as an upload keeps them until it is completed. */
interface PackedAttributes {
  readonly retainUntil?: number | null;
  readonly retentionMode?: string | null;
  readonly legalHold?: boolean;
  readonly ownerId?: string | null;
  readonly acl?: Acl | null;
  /** Base64 of the column. */
  readonly sse?: string;
}

// Letters as stored: never change one.
const modes = { GOVERNANCE: 'G', COMPLIANCE: 'C' } as const satisfies Record<Retention['mode'], string>;

/** NULL for a version that has nothing of it, so that a plain write sends and stores nothing. */
export function packAttributes(attributes: VersionAttributes): string | null {
  const { ownerId, acl, retention, legalHold, encryption } = attributes;
  const packed: PackedAttributes = {
    ...(retention === null ? {} : packRetention(retention)),
    ...(legalHold === null ? {} : { legalHold }),
    ...(ownerId === null ? {} : { ownerId }),
    ...(acl === null ? {} : { acl }),
    ...(encryption === null ? {} : { sse: packEncryption(encryption).toString('base64') }),
  };
  return Object.keys(packed).length === 0 ? null : JSON.stringify(packed);
}

/** A retention as two members; none as two nulls, which says that it is to be removed. */
export function packRetention(retention: Retention | null): Pick<PackedAttributes, 'retainUntil' | 'retentionMode'> {
  if (retention === null) return { retainUntil: null, retentionMode: null };
  return { retainUntil: retention.untilMs, retentionMode: modes[retention.mode] };
}

export function attributesOf(row: AttributeColumns): VersionAttributes {
  if (
    row.retain_until === null &&
    row.legal_hold === null &&
    row.owner_id === null &&
    row.acl === null &&
    row.sse === null
  )
    return PLAIN_ATTRIBUTES;
  return {
    ownerId: row.owner_id,
    acl: row.acl,
    retention: row.retain_until === null ? null : { mode: modeOf(row.retention_mode), untilMs: row.retain_until },
    legalHold: row.legal_hold,
    encryption: row.sse === null ? null : unpackEncryption(row.sse),
  };
}

export function unpackAttributes(packed: PackedAttributes | null): VersionAttributes {
  if (packed === null) return PLAIN_ATTRIBUTES;
  return attributesOf({
    retain_until: packed.retainUntil ?? null,
    retention_mode: packed.retentionMode ?? null,
    legal_hold: packed.legalHold ?? null,
    owner_id: packed.ownerId ?? null,
    acl: packed.acl ?? null,
    sse: packed.sse === undefined ? null : Buffer.from(packed.sse, 'base64'),
  });
}

const encryptions = { 'SSE-S3': 0x53, 'SSE-C': 0x43 } as const satisfies Record<GatewayEncryption['kind'], number>;

/** The letter of the kind, the key's version, the wrapped key: 43 bytes, since nearly every version has them. */
function packEncryption({ kind, keyVersion, wrappedKey }: GatewayEncryption): Buffer {
  return Buffer.concat([Buffer.of(encryptions[kind], keyVersion), Buffer.from(wrappedKey, 'base64')]);
}

/** @throws Fault InternalError when the row is damaged: to read its bytes as they lie would be worse */
function unpackEncryption(packed: Uint8Array): GatewayEncryption {
  const [letter, keyVersion] = packed;
  const kind = letter === encryptions['SSE-S3'] ? 'SSE-S3' : letter === encryptions['SSE-C'] ? 'SSE-C' : undefined;
  if (kind === undefined || keyVersion === undefined || packed.length === 2) {
    throw new Fault('InternalError', 'A stored version is encrypted in an unknown way.');
  }
  return { kind, keyVersion, wrappedKey: Buffer.from(packed.subarray(2)).toString('base64') };
}

/** Anything that is not known counts as the stricter mode. */
function modeOf(letter: string | null): Retention['mode'] {
  return letter === modes.GOVERNANCE ? 'GOVERNANCE' : 'COMPLIANCE';
}

export type { PackedAttributes };
