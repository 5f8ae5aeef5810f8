import { toBase64url, utf8 } from '../format/bytes.ts';
import { type ManifestFacts, manifestPayload, manifestType } from '../inspect/manifest.ts';
import { type SignKey, signAlgorithms } from '../manifest/verify-key.ts';

/** The manifest of an object as a compact JWS. */
export async function signManifest(facts: ManifestFacts, key: SignKey): Promise<string> {
  const header = JSON.stringify({ alg: key.algorithm, kid: key.keyId, typ: manifestType });
  const signed = `${toBase64url(utf8(header))}.${toBase64url(utf8(manifestPayload(facts)))}`;
  const { sign } = signAlgorithms[key.algorithm];
  const signature = await crypto.subtle.sign(sign, key.privateKey, utf8(signed));
  return `${signed}.${toBase64url(new Uint8Array(signature))}`;
}
