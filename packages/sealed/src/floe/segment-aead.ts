import type { Bytes } from '../format/bytes.ts';
import { segmentTagBytes } from '../format/layout.ts';

/** AES-256-GCM under one segment key, with a tag of 16 bytes behind the ciphertext. */
export interface SegmentAead {
  /** `ciphertext || tag`, in as many pieces as the platform gives: joining them would cost an allocation a segment. */
  seal(plaintext: Bytes, options: AeadInput): Promise<readonly Bytes[]>;
  /** The plaintext of `ciphertext || tag`; rejects, with whatever error the platform has, when it is not authentic. */
  open(sealed: Bytes, options: AeadInput): Promise<Bytes>;
}

export interface AeadInput {
  readonly iv: Bytes;
  readonly aad: Bytes;
}

/** Takes the raw key over: the caller wipes its copy afterwards. */
export type ImportSegmentKey = (rawKey: Bytes) => Promise<SegmentAead>;

/** WebCrypto, in every runtime. Node resolves `#segment-aead` to its own implementation, see node/segment-aead.ts. */
export const importSegmentKey: ImportSegmentKey = async (rawKey) => {
  const key = await crypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const algorithm = ({ iv, aad }: AeadInput): AesGcmParams => ({
    name: 'AES-GCM',
    iv,
    additionalData: aad,
    tagLength: segmentTagBytes * 8,
  });
  return {
    async seal(plaintext, input) {
      return [new Uint8Array(await crypto.subtle.encrypt(algorithm(input), key, plaintext))];
    },
    async open(sealed, input) {
      return new Uint8Array(await crypto.subtle.decrypt(algorithm(input), key, sealed));
    },
  };
};
