import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { Fault } from '../faults/index.ts';
import { CATALOGUE_BYTES_MAX, CATALOGUE_ROW_CHARS_MAX, CATALOGUE_ROWS_MAX } from '../limits.ts';
import { isCountry, isPlace, liesIn, UNPINNED_EU } from '../places/countries.ts';
import type { CatalogueEntry } from './types.ts';

const text = z.string().trim().min(1);
const claim = z.enum(['yes', 'no', 'unknown']);
const list = (separator: string) =>
  z.string().transform((joined) =>
    joined
      .split(separator)
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

/** One row; the key order is the column order of the file. */
const row = z
  .strictObject({
    provider_id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not a short name in small letters'),
    provider: text,
    zone_code: z.string().regex(/^[A-Z]{2}-[A-Z0-9]+-[A-Z0-9-]+$/, 'is not country-SITE-PROVIDER'),
    country: z
      .string()
      .refine((code) => isCountry(code) || code === UNPINNED_EU || code === 'XX', 'is no ISO 3166-1 code, EU or XX'),
    region_name: text,
    provider_region: text,
    endpoint: z.string().refine(isEndpoint, 'is no https URL'),
    jurisdiction: z
      .string()
      .refine((code) => isPlace(code) || code === 'GLOBAL' || code === 'unknown', 'is no jurisdiction'),
    operator_jurisdiction: z.string().refine((code) => isCountry(code) || code === 'unknown', 'is no ISO 3166-1 code'),
    s3_compatible: z.enum(['yes', 'partial', 'no']),
    object_lock: claim,
    versioning: claim,
    sse_c: claim,
    conditional_writes: claim,
    iso_27001: claim,
    gdpr_dpa: claim,
    secnumcloud_or_c5: z.enum(['SecNumCloud', 'C5', 'no', 'unknown']),
    veeam_ready: claim,
    addressing: z.enum(['path', 'virtual', 'both', 'unknown']),
    storage_class_notes: z.string(),
    verified_source: list(' ; ').refine((sources) => sources.length > 0, 'names no source'),
    verified_on: z.iso.date(),
    notes: list('; '),
  })
  .superRefine(({ country, jurisdiction, zone_code: zone, provider_id: provider }, context) => {
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (isPlace(jurisdiction) && !liesIn(country, jurisdiction)) {
      refuse('jurisdiction', `does not hold the country ${country}`);
    }
    if (!zone.startsWith(`${country}-`) || !zone.endsWith(`-${provider.toUpperCase()}`)) {
      refuse('zone_code', 'does not begin with the country and end with the provider');
    }
  });

const COLUMNS = Object.keys(row.shape);

/**
 * Parses the provider catalogue (CSV with a header row, see data/providers/README.md) and checks every value.
 * @throws Fault ConfigInvalid that names line and column
 */
export function parseCatalogue(csv: string): readonly CatalogueEntry[] {
  if (csv.length > CATALOGUE_BYTES_MAX) throw invalid(1, `it is larger than ${CATALOGUE_BYTES_MAX} bytes`);
  if (csv.trim() === '') throw invalid(1, 'it is empty');
  const zones = new Map<string, number>();
  return readRows(csv).map(({ record, line }) => {
    const parsed = row.safeParse(record);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw invalid(line, `${issue?.path.join('.') ?? 'the row'} ${issue?.message ?? 'is not valid'}`);
    }
    const earlier = zones.get(parsed.data.zone_code);
    if (earlier !== undefined) throw invalid(line, `zone_code repeats line ${earlier}`);
    zones.set(parsed.data.zone_code, line);
    return toEntry(parsed.data);
  });
}

interface Row {
  readonly record: Readonly<Record<string, string>>;
  readonly line: number;
}

function readRows(csv: string): readonly Row[] {
  let rows: readonly { readonly record: Readonly<Record<string, string>>; readonly info: { readonly lines: number } }[];
  try {
    rows = parse(csv, {
      bom: true,
      columns: checkHeader,
      info: true,
      max_record_size: CATALOGUE_ROW_CHARS_MAX,
      to: CATALOGUE_ROWS_MAX + 1,
    });
  } catch (error) {
    if (error instanceof Fault) throw error;
    const line: unknown = error instanceof CsvError ? error['lines'] : undefined;
    throw invalid(typeof line === 'number' ? line : 1, 'it is not CSV with one value for each column', error);
  }
  if (rows.length > CATALOGUE_ROWS_MAX) throw invalid(1, `it has more than ${CATALOGUE_ROWS_MAX} rows`);
  return rows.map(({ record, info }) => ({ record, line: info.lines }));
}

function checkHeader(header: readonly string[]): string[] {
  if (header.length === COLUMNS.length && COLUMNS.every((name, index) => header[index] === name)) return COLUMNS;
  throw invalid(1, `the header must be ${COLUMNS.join(',')}`);
}

function isEndpoint(endpoint: string): boolean {
  const filled = endpoint.replace(/\{[a-z_]+\}/g, 'x');
  const url = URL.parse(filled);
  return (
    url?.protocol === 'https:' && url.username === '' && url.search === '' && url.hash === '' && !/[{}\s]/.test(filled)
  );
}

function toEntry(data: z.infer<typeof row>): CatalogueEntry {
  return {
    zone: data.zone_code,
    providerId: data.provider_id,
    provider: data.provider,
    country: data.country,
    regionName: data.region_name,
    providerRegion: data.provider_region,
    endpoint: data.endpoint,
    endpointParameters: Array.from(data.endpoint.matchAll(/\{([a-z_]+)\}/g), ([, name = '']) => name),
    jurisdiction: data.jurisdiction,
    operatorJurisdiction: data.operator_jurisdiction,
    s3Compatible: data.s3_compatible,
    capabilities: {
      objectLock: data.object_lock,
      versioning: data.versioning,
      sseC: data.sse_c,
      conditionalWrite: data.conditional_writes,
    },
    iso27001: data.iso_27001,
    nationalScheme: data.secnumcloud_or_c5,
    gdprAgreement: data.gdpr_dpa,
    veeamListed: data.veeam_ready,
    addressing: data.addressing,
    storageClassNotes: data.storage_class_notes,
    notes: data.notes,
    sources: data.verified_source,
    verifiedOn: data.verified_on,
  };
}

function invalid(line: number, what: string, cause?: unknown): Fault {
  return new Fault('ConfigInvalid', `The provider catalogue is not valid: line ${line}: ${what}.`, {
    detail: { line },
    ...(cause === undefined ? {} : { cause }),
  });
}
