import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import { isCountry } from '../places/countries.ts';
import type { Backend } from '../ports/index.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import { builtinPolicy, compilePolicy, narrowRegionLock, parseRegionLock } from './index.ts';

const none = { regionLock: [] };
const policyOf = (spec: string) =>
  compilePolicy(`apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: test }\nspec: ${spec}\n`, { version: 1 });
const at = (country: string, jurisdiction: string): Backend => testBackend('b', { country, jurisdiction });

describe('a region lock', () => {
  const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

  it.each<[string, string, string, boolean]>([
    ['EU', 'FI', 'EU', true],
    ['EU', 'FI', 'EEA', true],
    ['EU', 'FI', 'FI', true],
    ['EU', 'EU', 'EU', true],
    ['EU', 'NO', 'EEA', false],
    ['EU', 'GB', 'UK', false],
    ['EU', 'CH', 'CH', false],
    ['EU', 'US', 'US', false],
    ['EEA', 'NO', 'EEA', true],
    ['EEA', 'FI', 'EU', true],
    ['EEA', 'EU', 'EU', true],
    ['UK', 'GB', 'UK', true],
    ['GB', 'GB', 'UK', true],
    ['CH', 'CH', 'CH', true],
    ['US', 'US', 'US', true],
    ['FI,DE', 'DE', 'EU', true],
    ['FI,DE', 'FR', 'EU', false],
    // The Union as a whole is not any one member.
    ['FI', 'EU', 'EU', false],
    // Unknown facts.
    ['EU', 'XX', 'EU', false],
    ['EU', '', 'EU', false],
    ['EU', 'fi', 'EU', false],
    ['EU', 'FI', 'unknown', false],
    ['EU', 'FI', 'GLOBAL', false],
    ['EU', 'FI', '', false],
    ['EU', 'XX', 'GLOBAL', false],
    // Facts that contradict each other.
    ['EU', 'FI', 'US', false],
    ['EU', 'US', 'EU', false],
    ['US', 'US', 'EU', false],
    ['UK', 'GB', 'EU', false],
    ['EU', 'EU', 'UK', false],
  ])('of %s on %s in %s: %s', (lock, country, jurisdiction, ok) => {
    const backend = at(country, jurisdiction);
    const regionLock = parseRegionLock(lock);
    expect(builtinPolicy.admits(backend, { regionLock })).toMatchObject({ ok, rule: 'bucket.regionLock' });
    const policy = policyOf(`{ residency: { regionLock: [${lock}] } }`);
    expect(policy.admits(backend, none)).toMatchObject({ ok, rule: 'residency.regionLock' });
  });

  it('of EU admits the 27 members and no other country', () => {
    const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i));
    const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => isCountry(code));
    expect(codes).toHaveLength(249);
    const admitted = codes.filter((code) => builtinPolicy.admits(at(code, code), { regionLock: ['EU'] }).ok);
    expect(admitted).toEqual(EU);
    const inEea = codes.filter((code) => builtinPolicy.admits(at(code, code), { regionLock: ['EEA'] }).ok);
    expect(inEea).toEqual([...EU, 'IS', 'LI', 'NO'].sort());
  });

  it('that nobody parsed admits nothing', () => {
    expect(builtinPolicy.admits(at('FI', 'EU'), { regionLock: ['Europe'] }).ok).toBe(false);
  });

  it('without entries leaves the backend to the policy', () => {
    expect(builtinPolicy.admits(at('XX', 'GLOBAL'), none)).toEqual({ ok: true, rule: 'policy.unrestricted' });
  });
});

describe('a residency list', () => {
  it.each([
    ['EU', ['EU']],
    ['FI,DE', ['FI', 'DE']],
    [' fi , de ', ['FI', 'DE']],
    ['eea,NO,EEA', ['EEA', 'NO']],
    ['UK', ['UK']],
  ])('%s', (text, codes) => {
    expect(parseRegionLock(text)).toEqual(codes);
  });

  it.each(['', ',', 'FI,', 'XX', 'GLOBAL', 'unknown', 'eu-west-1', 'FI;DE', 'ZZ', 'FI DE', `${'FI,'.repeat(300)}FI`])(
    '%s is refused',
    (text) => {
      expect(() => parseRegionLock(text)).toThrow(expect.objectContaining({ code: 'InvalidLocationConstraint' }));
    },
  );

  it('is parsed or refused, whatever it says, and admits only what one of its entries admits alone', () => {
    const entries = fc.constantFrom('EU', 'EEA', 'UK', 'fi', 'DE', 'US', 'xx', '');
    const text = fc.oneof(
      fc.string(),
      fc.array(entries, { minLength: 1 }).map((all) => all.join(',')),
    );
    fc.assert(
      fc.property(text, anyBackends(1, 4), (list, backends) => {
        let codes: readonly string[];
        try {
          codes = parseRegionLock(list);
        } catch (error) {
          expect(isFault(error, 'InvalidLocationConstraint')).toBe(true);
          return;
        }
        expect(parseRegionLock(codes.join(','))).toEqual(codes);
        for (const backend of backends) {
          const alone = codes.some((code) => builtinPolicy.admits(backend, { regionLock: [code] }).ok);
          expect(builtinPolicy.admits(backend, { regionLock: codes }).ok).toBe(alone);
        }
      }),
    );
  });
});

describe('a residency list within another', () => {
  const locks = fc.subarray(['EU', 'EEA', 'UK', 'FI', 'DE', 'NO', 'US', 'CH']);

  it('admits what both admit, or says that nothing is left', () => {
    fc.assert(
      fc.property(locks, locks, anyBackends(1, 6), (outer, inner, backends) => {
        const admits = (regionLock: readonly string[]) =>
          backends.map((backend) => builtinPolicy.admits(backend, { regionLock }).ok);
        const both = admits(outer).map((ok, i) => ok && admits(inner)[i]);
        let narrowed: readonly string[];
        try {
          narrowed = narrowRegionLock(outer, inner);
        } catch (error) {
          expect(isFault(error, 'PolicyRefused')).toBe(true);
          expect(both).not.toContain(true);
          return;
        }
        expect(admits(narrowed)).toEqual(both);
        expect(narrowed.length > 0).toBe(outer.length + inner.length > 0);
        if (narrowed.length > 0) expect(parseRegionLock(narrowed.join(','))).toEqual(narrowed);
      }),
    );
  });

  it.each([
    [[], ['FI'], ['FI']],
    [['EU'], [], ['EU']],
    [['EU'], ['FI', 'NO'], ['FI']],
    [['EEA'], ['EU'], ['EU']],
    [['FI', 'DE'], ['EU'], ['DE', 'FI']],
  ])('%j with %j is %j', (outer, inner, both) => {
    expect([...narrowRegionLock(outer, inner)].sort()).toEqual(both);
  });
});

describe('the rules of a policy', () => {
  const good = testBackend('good', { capabilities: { objectLock: true }, certificates: ['iso-27001', 'C5'] });

  it.each<[string, Partial<Backend>, string | undefined]>([
    ['{ residency: { countries: { allow: [FI] } } }', {}, undefined],
    ['{ residency: { countries: { allow: [SE] } } }', {}, 'residency.countries.allow'],
    ['{ residency: { countries: { allow: [FI] } } }', { jurisdiction: 'US' }, 'residency.countries.allow'],
    ['{ residency: { countries: { deny: [SE] } } }', {}, undefined],
    ['{ residency: { countries: { deny: [FI] } } }', {}, 'residency.countries.deny'],
    ['{ residency: { countries: { deny: [SE] } } }', { country: 'XX' }, 'residency.countries.deny'],
    ['{ residency: { countries: { deny: [SE] } } }', { country: 'EU' }, 'residency.countries.deny'],
    ['{ residency: { countries: { deny: [US] } } }', { country: 'EU' }, undefined],
    ['{ residency: { operatorJurisdiction: { deny: [US] } } }', {}, undefined],
    [
      '{ residency: { operatorJurisdiction: { deny: [US] } } }',
      { operatorJurisdiction: 'US' },
      'residency.operatorJurisdiction.deny',
    ],
    [
      '{ residency: { operatorJurisdiction: { deny: [US] } } }',
      { operatorJurisdiction: 'unknown' },
      'residency.operatorJurisdiction.deny',
    ],
    [
      '{ residency: { operatorJurisdiction: { deny: [UK] } } }',
      { operatorJurisdiction: 'GB' },
      'residency.operatorJurisdiction.deny',
    ],
    [
      '{ residency: { operatorJurisdiction: { deny: [DE] } } }',
      { operatorJurisdiction: 'EU' },
      'residency.operatorJurisdiction.deny',
    ],
    ['{ residency: { operatorJurisdiction: { allow: [EU] } } }', { operatorJurisdiction: 'EU' }, undefined],
    [
      '{ residency: { operatorJurisdiction: { allow: [EU] } } }',
      { operatorJurisdiction: 'CH' },
      'residency.operatorJurisdiction.allow',
    ],
    ['{ residency: { operatorJurisdiction: { allow: [GB] } } }', { operatorJurisdiction: 'UK' }, undefined],
    [
      '{ residency: { operatorJurisdiction: { allow: [EU] } } }',
      { operatorJurisdiction: 'unknown' },
      'residency.operatorJurisdiction.allow',
    ],
    ['{ residency: { providers: { allow: [provider-good] } } }', {}, undefined],
    ['{ residency: { providers: { deny: [provider-good] } } }', {}, 'residency.providers.deny'],
    ['{ residency: { providers: { deny: [other] } } }', { provider: '' }, 'residency.providers.deny'],
    ['{ residency: { backends: { allow: [other] } } }', {}, 'residency.backends.allow'],
    ['{ residency: { backends: { deny: [good] } } }', {}, 'residency.backends.deny'],
    ['{ require: { capabilities: [objectLock] } }', {}, undefined],
    ['{ require: { capabilities: [objectLock, versioning] } }', {}, 'require.capabilities.versioning'],
    [
      '{ require: { capabilities: [objectLock] } }',
      { capabilities: { objectLock: false } },
      'require.capabilities.objectLock',
    ],
    ['{ require: { certificates: [ISO 27001] } }', {}, undefined],
    ['{ require: { certificates: [ISO/IEC 27001] } }', {}, undefined],
    ['{ require: { certificates: [SecNumCloud] } }', {}, 'require.certificates.SECNUMCLOUD'],
    ['{ require: { certificates: [ISO 27001] } }', { certificates: ['ISO 27017'] }, 'require.certificates.ISO27001'],
  ])('%s for %o', (spec, facts, refusedBy) => {
    const verdict = policyOf(spec).admits({ ...good, ...facts }, none);
    expect(verdict.ok ? undefined : verdict.rule).toBe(refusedBy);
  });

  it('say EU data, no US parent, ISO 27001, object lock', () => {
    const text = readFileSync(new URL('../../../../examples/policies/eu-sovereign.yaml', import.meta.url), 'utf8');
    const policy = compilePolicy(text, { version: 1 });
    const refusedBy = (facts: Partial<Backend>): string | undefined => {
      const verdict = policy.admits({ ...good, ...facts }, none);
      return verdict.ok ? undefined : verdict.rule;
    };
    expect(refusedBy({})).toBeUndefined();
    expect(refusedBy({ country: 'CH', jurisdiction: 'CH' })).toBe('residency.regionLock');
    expect(refusedBy({ operatorJurisdiction: 'US' })).toBe('residency.operatorJurisdiction.allow');
    expect(refusedBy({ capabilities: {} })).toBe('require.capabilities.objectLock');
    expect(refusedBy({ certificates: [] })).toBe('require.certificates.ISO27001');
  });
});
