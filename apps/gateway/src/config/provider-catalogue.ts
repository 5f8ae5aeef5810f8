import { z } from 'zod';
import type { SettingMeta } from './fields.ts';

const facts: SettingMeta = {
  env: 'SEALGATE_PROVIDER_CATALOGUE',
  form: 'file',
  fallback: 'the catalogue that comes with the gateway',
  description: 'Another provider catalogue, in the form of `data/providers/providers.csv`. Read at the start.',
};

export const providerCatalogue = z
  .string('must be text')
  .min(1, 'must name a file')
  .optional()
  .meta({ ...facts });
