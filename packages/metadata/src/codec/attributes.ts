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
  readonly sse: GatewayEncryption | null;
}

/** Attributes as the stored functions take them, in one value, and as an upload keeps them until it is completed. */
interface PackedAttributes {
  readonly retainUntil?: number | null;
  readonly retentionMode?: string | null;
  readonly legalHold?: boolean;
  readonly ownerId?: string | null;
  readonly acl?: Acl | null;
  readonly sse?: GatewayEncryption;
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
    ...(encryption === null ? {} : { sse: encryption }),
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
    encryption: row.sse,
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
    sse: packed.sse ?? null,
  });
}

/** Anything that is not known counts as the stricter mode. */
function modeOf(letter: string | null): Retention['mode'] {
  return letter === modes.GOVERNANCE ? 'GOVERNANCE' : 'COMPLIANCE';
}

export type { PackedAttributes };
