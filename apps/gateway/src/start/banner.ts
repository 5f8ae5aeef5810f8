import { relative } from 'node:path';

export interface BannerFacts {
  readonly s3Endpoint: string;
  readonly controlEndpoint: string;
  readonly region: string;
  /** Undefined when the gateway does not own its data directory (an external database). */
  readonly credentialsFile: string | undefined;
  readonly backends: readonly { readonly country: string }[];
  readonly startedInMs: number;
}

/** What a person wants to know after the start, with commands to paste. Never a secret: this goes to logs. */
export function banner(facts: BannerFacts, cwd: string): string {
  const countries = [...new Set(facts.backends.map(({ country }) => country))].sort().join(', ');
  const lines = [
    '',
    `Sealgate is ready (${(facts.startedInMs / 1000).toFixed(1)} s).`,
    '',
    `  S3       ${facts.s3Endpoint}  region ${facts.region}`,
    `  Control  ${facts.controlEndpoint}  (REST, metrics, health; calls: ${facts.controlEndpoint}/docs)`,
    `  Backends ${facts.backends.length === 0 ? 'none yet: sealgate backend add' : `${facts.backends.length} in ${countries}`}`,
  ];
  if (facts.credentialsFile !== undefined) {
    lines.push(
      `  Keys     ${relative(cwd, facts.credentialsFile) || facts.credentialsFile}`,
      '',
      'In another terminal, in this folder:',
      '',
      '  npx sealgate bucket create vault',
      '  echo "for your eyes only" > secret.txt',
      '  npx sealgate put secret.txt s3://vault/secret.txt',
      '  npx sealgate get s3://vault/secret.txt -',
    );
  }
  return `${lines.join('\n')}\n\n`;
}
