// Makes the users that ceph/s3-tests wants on a running gateway and prints its configuration:
//   node tools/s3-tests-config.ts --data-dir data > s3tests.conf
// The users are tenants of their own, with the settings that the suite takes for granted: see docs/conformance.md.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface SuiteUser {
  readonly ownerId: string;
  readonly displayName: string;
  readonly email: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Suite {
  readonly s3Endpoint: string;
  readonly region: string;
  /** Seconds of a "day" of a lifecycle rule, as the gateway was started with. */
  readonly lifecycleDaySeconds: number;
  readonly main: SuiteUser;
  readonly alt: SuiteUser;
  readonly tenant: SuiteUser;
}

/** Between which the suite lets objects move. The first is how the default class is shown. */
const STORAGE_CLASSES = ['STANDARD', 'RegionalClass', 'ColdArchiveClass'];

/** The text of `s3tests.conf`. There is no IAM here; its sections repeat users, for the suite reads them before any test. */
export function configurationOf(suite: Suite): string {
  const { hostname, port, protocol } = new URL(suite.s3Endpoint);
  const secure = protocol === 'https:';
  const section = (name: string, values: Readonly<Record<string, string>>): string =>
    [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`), ''].join('\n');
  const user = (name: string, of: SuiteUser, more: Readonly<Record<string, string>> = {}): string =>
    section(name, {
      display_name: of.displayName,
      user_id: of.ownerId,
      email: of.email,
      access_key: of.accessKeyId,
      secret_key: of.secretAccessKey,
      ...more,
    });
  return [
    section('DEFAULT', {
      host: hostname,
      port: port === '' ? (secure ? '443' : '80') : port,
      is_secure: secure ? 'True' : 'False',
      ssl_verify: 'False',
    }),
    section('fixtures', { 'bucket prefix': 's3-tests-{random}-' }),
    user('s3 main', suite.main, {
      api_name: suite.region,
      lc_debug_interval: String(suite.lifecycleDaySeconds),
      storage_classes: STORAGE_CLASSES.join(','),
    }),
    user('s3 alt', suite.alt),
    user('s3 tenant', suite.tenant, { tenant: 'testx' }),
    user('iam', suite.main),
    user('iam root', suite.main),
    user('iam alt root', suite.alt),
  ].join('\n');
}

interface Gateway {
  readonly s3Endpoint: string;
  readonly controlEndpoint: string;
  readonly region: string;
  readonly adminKey: string;
}

async function createUser(gateway: Gateway, name: string): Promise<SuiteUser> {
  const email = `${name}@example.com`;
  const answer = await fetch(`${gateway.controlEndpoint}/admin/tenants`, {
    method: 'POST',
    headers: { 'x-admin-key': gateway.adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      displayName: name,
      email,
      defaultEncryption: 'off',
      settings: { objectOwnership: 'ObjectWriter', legacySignatures: true, blockPublicAccess: false },
    }),
  });
  if (!answer.ok) throw new Error(`The gateway made no tenant ${name}: ${answer.status} ${await answer.text()}`);
  const made = (await answer.json()) as {
    readonly ownerId: string;
    readonly displayName: string;
    readonly credentials: readonly { readonly accessKeyId: string; readonly secretAccessKey: string }[];
  };
  const [credential] = made.credentials;
  if (credential === undefined) throw new Error(`Tenant ${name} was made without a key pair.`);
  return { ownerId: made.ownerId, displayName: made.displayName, email, ...credential };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string', default: 'data' },
      'lifecycle-day-seconds': { type: 'string', default: '10' },
    },
  });
  const gateway = JSON.parse(readFileSync(join(values['data-dir'], 'credentials.json'), 'utf8')) as Gateway;
  // New ones each time: secrets are shown once, and a run leaves things behind that would disturb the next.
  const run = randomBytes(4).toString('hex');
  const [main, alt, tenant] = [
    await createUser(gateway, `s3-tests-main-${run}`),
    await createUser(gateway, `s3-tests-alt-${run}`),
    await createUser(gateway, `s3-tests-tenant-${run}`),
  ];
  const lifecycleDaySeconds = Number(values['lifecycle-day-seconds']);
  process.stdout.write(
    `${configurationOf({ s3Endpoint: gateway.s3Endpoint, region: gateway.region, lifecycleDaySeconds, main, alt, tenant })}\n`,
  );
}
