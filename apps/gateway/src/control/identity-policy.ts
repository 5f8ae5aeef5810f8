import { parsePolicyDocument } from '@sealgate/core/access';
import { z } from 'zod';

/** A policy of a credential or role in a request: the document as JSON, or its text. */
export const identityPolicyField = z.union([z.string(), z.record(z.string(), z.unknown())]).meta({
  description: 'IAM-style policy document (JSON): Version, Statement with Effect, Action, Resource, Condition.',
});

export const identityPolicyShown = z.record(z.string(), z.unknown()).meta({ description: 'The policy document.' });

/** The text to keep. @throws Fault MalformedPolicy */
export function identityPolicyText(given: z.output<typeof identityPolicyField>): string {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  parsePolicyDocument(text, { kind: 'identity' });
  return text;
}

export function identityPolicyModel(text: string): z.input<typeof identityPolicyShown> {
  return JSON.parse(text) as z.input<typeof identityPolicyShown>;
}
