import { describe, expect, it } from 'vitest';
import type { AuditEntry } from './entry.ts';
import { contradiction, createHeadCheck, type Head, signHead, verifyHead } from './head.ts';
import { checkpointText, createSigner, newSignerSeed } from './note.ts';

const signer = createSigner('sealgate/0123456789abcdef', newSignerSeed());
const verifiers = [signer.verifier];
const at = (second: number): string => new Date(Date.UTC(2026, 10, 28, 10, 0, second)).toISOString();
const note = (size: number): string =>
  signer.sign(checkpointText({ origin: signer.name, size, root: Buffer.alloc(32, size) }));

function head(changes: Partial<Head> & { readonly size?: number } = {}) {
  const { size = 2, ...rest } = changes;
  const facts = {
    bucketId: 7,
    bucket: 'vault',
    key: 'a',
    version: 2,
    versionId: 'null',
    etag: 'e2',
    bytes: 5,
    digest: null,
  };
  return verifyHead(signHead({ ...facts, at: at(30), checkpoint: note(size), ...rest }, signer), verifiers);
}

const base = { actor: 'tenant:k', requestId: '' };
const made = (seq: number, versionsDelta: number, key = 'a'): AuditEntry => ({
  ...base,
  seq,
  at: at(seq),
  action: 1,
  bucket: 7,
  key,
  versionsDelta,
});
const removed = (seq: number, version: number): AuditEntry => ({
  ...base,
  seq,
  at: at(seq),
  action: 2,
  bucket: 7,
  key: 'a',
  version,
  versionsDelta: -1,
});
const marker = (seq: number): AuditEntry => ({ ...base, seq, at: at(seq), action: 3, bucket: 7, key: 'a' });
const versioned = (seq: number): AuditEntry => ({
  ...base,
  seq,
  at: at(seq),
  action: 21,
  bucket: 7,
  detail: { versioning: 'enabled' },
});

const later: AuditEntry = { ...base, seq: 1000, at: at(600), action: 122 };

function check(of: ReturnType<typeof head>, log: readonly AuditEntry[], goesOn = true): 'agrees' | 'unknown' {
  const held = createHeadCheck(of);
  const whole = goesOn ? [...log, later] : log;
  whole.forEach((entry, leaf) => held.add(entry, leaf));
  return held.finish();
}

describe('a signed head', () => {
  it('is refused when anything of it was changed, or somebody else signed it', () => {
    const jws = signHead({ ...head(), checkpoint: note(2) }, signer);
    for (let i = 0; i < jws.length; i += 3) {
      const changed = jws.slice(0, i) + (jws[i] === 'A' ? 'B' : 'A') + jws.slice(i + 1);
      expect(() => verifyHead(changed, verifiers), `at ${i}`).toThrow();
    }
    const other = createSigner(signer.name, newSignerSeed());
    expect(() => verifyHead(jws, [other.verifier])).toThrow('None of the given keys');
    expect(() => verifyHead(signHead({ ...head(), checkpoint: note(2) }, other), verifiers)).toThrow(
      'None of the given keys',
    );
  });

  it('contradicts another one that gives the version another content, or the log fewer entries later', () => {
    expect(contradiction(head(), head())).toBeNull();
    expect(contradiction(head(), head({ etag: 'other' }))).toContain('two contents');
    expect(contradiction(head({ digest: 'aa' }), head({ digest: 'bb' }))).toContain('two digests');
    expect(contradiction(head({ size: 9 }), head({ size: 8, at: at(40), version: 3 }))).toContain('it only grows');
    expect(contradiction(head(), head({ key: 'b', etag: 'other' }))).toBeNull();
  });

  it('agrees with a log in which its version was current, at its checkpoint or by the time it was served', () => {
    const log = [made(1, 1), made(2, 0)];
    expect(check(head(), log, false)).toBe('agrees');
    expect(check(head({ size: 1 }), log)).toBe('agrees');
    expect(check(head({ version: 3 }), [...log, made(3, 0)])).toBe('agrees');
    // What others write, and what came long after it, is nothing against it.
    expect(check(head(), [...log, made(3, 1, 'b'), { ...made(4, 0), at: at(600) }])).toBe('agrees');
    // Nobody can say yet.
    expect(check(head({ version: 3 }), log, false)).toBe('unknown');
  });

  it('is refuted by a log in which another version was current all that time', () => {
    const log = [made(1, 1), made(2, 0), made(3, 0)];
    expect(() => check(head({ size: 3 }), log)).toThrow('was not the current one then');
    expect(() => check(head({ size: 3, version: 1 }), log)).toThrow('was not the current one then');
    expect(() => check(head({ version: 9 }), log)).toThrow('was not the current one then');
    expect(() => check(head({ size: 9 }), log)).toThrow('has 4 entries');
  });

  it('follows versions, markers and their removal', () => {
    const log = [versioned(1), made(2, 1), made(3, 1), removed(4, 3)];
    expect(check(head({ size: 4, version: 2 }), log)).toBe('agrees');
    expect(() => check(head({ size: 4, version: 3 }), log)).toThrow('was not the current one then');
    const hidden = [...log, marker(5)];
    expect(() => check(head({ size: 5, version: 2 }), hidden)).toThrow('was not the current one then');
    expect(check(head({ size: 6, version: 2 }), [...hidden, removed(6, 5)])).toBe('agrees');
  });
});
