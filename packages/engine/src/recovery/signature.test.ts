import { createSigner, joinSignatures, newSignerSeed } from '@sealgate/core/audit';
import { describe, expect, it } from 'vitest';
import { isSignedManifest, signManifest } from './signature.ts';

const own = createSigner('sealgate/own', newSignerSeed());
const before = '{"format":"sealgate-recovery-1","bucket":"vault","number":3}\n{"t":"k","key":"a"}\n';
const end = { t: 'end', lines: 1, more: false } as const;
const signerOf = (signer: typeof own) => ({ sign: (text: string) => Promise.resolve(signer.sign(text)) });
const signed = async (signer = own) => ({ ...end, signature: await signManifest(signerOf(signer), before, end) });

describe('the signature of a document', () => {
  it('is about every byte of it and what its last line says', async () => {
    const ending = await signed();
    expect(isSignedManifest([own.verifier], before, ending)).toBe(true);
    for (const changed of [before.replace('vault', 'other'), `${before}{"t":"k","key":"b"}\n`, before.slice(0, -1)]) {
      expect(isSignedManifest([own.verifier], changed, ending)).toBe(false);
    }
    expect(isSignedManifest([own.verifier], before, { ...ending, lines: 2 })).toBe(false);
    expect(isSignedManifest([own.verifier], before, { ...ending, more: true })).toBe(false);
  });

  it('counts for its own key only, and one that was stripped or is damaged for none', async () => {
    const stranger = createSigner('sealgate/own', newSignerSeed());
    expect(isSignedManifest([stranger.verifier], before, await signed())).toBe(false);
    expect(isSignedManifest([stranger.verifier, own.verifier], before, await signed())).toBe(true);
    expect(isSignedManifest([own.verifier], before, await signed(stranger))).toBe(false);
    expect(isSignedManifest([own.verifier], before, end)).toBe(false);
    expect(isSignedManifest([own.verifier], before, { ...end, signature: '' })).toBe(false);
    const ending = await signed();
    expect(isSignedManifest([own.verifier], before, { ...ending, signature: ending.signature.slice(0, 40) })).toBe(
      false,
    );
  });

  it('of a key that took over is beside that of the key before, and either is enough', async () => {
    const next = createSigner('sealgate/own', newSignerSeed());
    const both = { sign: (text: string) => Promise.resolve(joinSignatures(next.sign(text), own.sign(text))) };
    const ending = { ...end, signature: await signManifest(both, before, end) };
    for (const { verifier } of [own, next]) expect(isSignedManifest([verifier], before, ending)).toBe(true);
  });
});
