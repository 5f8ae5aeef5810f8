import { expect, test } from 'vitest';
import { configurationOf, type SuiteUser } from './s3-tests-config.ts';

const user = (name: string): SuiteUser => ({
  ownerId: `id of ${name}`,
  displayName: name,
  email: `${name}@example.com`,
  accessKeyId: `AK${name}`,
  secretAccessKey: `secret of ${name}`,
});

const suite = {
  s3Endpoint: 'http://127.0.0.1:9000',
  region: 'us-east-1',
  lifecycleDaySeconds: 10,
  main: user('main'),
  alt: user('alt'),
  tenant: user('tenant'),
};

test('names the endpoint and every user the suite reads', () => {
  const text = configurationOf(suite);
  expect(text.match(/^\[.*\]$/gm)).toEqual(
    ['DEFAULT', 'fixtures', 's3 main', 's3 alt', 's3 tenant', 'iam', 'iam root', 'iam alt root'].map(
      (name) => `[${name}]`,
    ),
  );
  expect(text).toContain('host = 127.0.0.1\nport = 9000\nis_secure = False\n');
  expect(text).toContain(
    '[s3 alt]\ndisplay_name = alt\nuser_id = id of alt\nemail = alt@example.com\naccess_key = AKalt\n',
  );
  expect(text).toContain(
    'api_name = us-east-1\nlc_debug_interval = 10\nstorage_classes = STANDARD,RegionalClass,ColdArchiveClass\n',
  );
});

test('knows the port of an address without one', () => {
  expect(configurationOf({ ...suite, s3Endpoint: 'https://s3.example.eu' })).toContain(
    'port = 443\nis_secure = True\n',
  );
});
