import { describe, expect, it } from 'vitest';
import type { ControlGrant } from '../ports/index.ts';
import { heldGrants, knowsTenant, reachOf, type WebIdentity } from './index.ts';

const identity = (claims: Record<string, unknown>, audiences = ['console']): WebIdentity => ({
  issuer: 'https://people.example',
  subject: 'ada',
  audiences,
  claims,
});
const grant = (changes: Partial<ControlGrant> = {}): ControlGrant => ({
  role: 'viewer',
  tenants: 'all',
  audiences: [],
  claims: { group: ['staff'] },
  ...changes,
});

describe('grants of a token', () => {
  it('are those whose claims and audiences fit', () => {
    const grants = [
      grant(),
      grant({ role: 'auditor', claims: { group: ['auditors'] } }),
      grant({ audiences: ['cli'] }),
    ];
    expect(heldGrants(grants, identity({ group: 'staff' }))).toEqual([{ role: 'viewer', tenants: 'all' }]);
    expect(heldGrants(grants, identity({ group: 'others' }))).toEqual([]);
    expect(heldGrants([grant({ claims: {} })], identity({ group: 'staff' }))).toEqual([]);
  });

  it('take tenants from a claim by name only, whatever the claim says', () => {
    const byClaim = grant({ tenants: { claim: 'org.tenants' } });
    const held = heldGrants([byClaim], identity({ group: 'staff', org: { tenants: ['all', 'acme', { x: 1 }] } }));
    expect(held).toEqual([{ role: 'viewer', tenants: ['all', 'acme'] }]);
    expect(reachOf(['viewer'], held)).toEqual(new Set(['all', 'acme']));
    expect(heldGrants([byClaim], identity({ group: 'staff' }))).toEqual([{ role: 'viewer', tenants: [] }]);
  });

  it('reach no further than each role does', () => {
    const held = [
      { role: 'operator', tenants: ['acme'] },
      { role: 'viewer', tenants: ['other'] },
      { role: 'auditor', tenants: 'all' },
    ] as const;
    expect(reachOf(['operator'], held)).toEqual(new Set(['acme']));
    expect(reachOf(['operator', 'viewer'], held)).toEqual(new Set(['acme', 'other']));
    expect(reachOf(['auditor'], held)).toBe('all');
    expect(reachOf(['tenant'], held)).toEqual(new Set());
    expect(knowsTenant(held.slice(0, 2), 'third')).toBe(false);
    expect(knowsTenant(held, 'third')).toBe(true);
  });
});
