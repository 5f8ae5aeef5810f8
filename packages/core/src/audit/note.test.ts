import { describe, expect, it } from 'vitest';
import {
  checkpointText,
  createSigner,
  joinSignatures,
  newSignerSeed,
  openCheckpoint,
  openNote,
  parseVerifier,
} from './note.ts';
import { leafHash } from './tree.ts';

const seed = Buffer.alloc(32, 7);
const signer = createSigner('log.example/audit', seed);
const root = leafHash('a leaf');
const note = signer.sign(checkpointText({ origin: signer.name, size: 1, root }));

describe('signed notes', () => {
  it('reads the example of the specification', () => {
    // https://pkg.go.dev/golang.org/x/mod/sumdb/note#example-Open
    const key = parseVerifier('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const signed = `${text}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
    expect(openNote(signed, [key])).toBe(text);
    expect(() => openNote(signed.replace('answer', 'problem'), [key])).toThrow(SyntaxError);
  });

  it('keep a checkpoint, also under two keys at once', () => {
    const other = createSigner('log.example/audit', newSignerSeed());
    const both = joinSignatures(note, other.sign(checkpointText({ origin: signer.name, size: 1, root })));
    for (const verifier of [signer.verifier, other.verifier]) {
      expect(openCheckpoint(both, [parseVerifier(verifier.text)])).toEqual({ origin: signer.name, size: 1, root });
    }
    expect(() => openCheckpoint(note, [other.verifier])).toThrow('None of the given keys');
  });

  it('stay as frozen', () => {
    expect(signer.verifier.text).toMatchInlineSnapshot(
      `"log.example/audit+5f469888+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"`,
    );
    expect(note).toMatchInlineSnapshot(`
      "log.example/audit
      1
      a+of8BglCjlyvVbrZIuJv1l3q++nFbo36BGCFgW8h4w=

      — log.example/audit X0aYiE+JeuiyrwoIbHydCLEoztqRg/KnTgjm5pHLK+WnTyS2aYX6PmzkFES5fxCTBC6QUOprkj6Ueooh9OGAd6qxYQ8=
      "
    `);
  });

  it('are refused with any byte changed', () => {
    const bytes = Buffer.from(note, 'utf8');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openCheckpoint(changed.toString('utf8'), [signer.verifier]), `byte ${at}`).toThrow(SyntaxError);
    }
    expect(() => openCheckpoint(note.slice(0, -1), [signer.verifier])).toThrow(SyntaxError);
  });

  it.each(['', 'a+b', 'log+00000000+AQID', signer.verifier.text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')])(
    'refuses the key %j',
    (text) => {
      expect(() => parseVerifier(text)).toThrow(SyntaxError);
    },
  );
});
