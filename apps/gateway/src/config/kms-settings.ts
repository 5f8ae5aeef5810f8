import { integer, meta, secret, text, url } from './fields.ts';

const NAME = /^[A-Za-z0-9_-]{1,128}$/;
const PATH = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,7}$/;

/** Settings of the service that keeps the key of secrets at rest. */
export const kmsSettings = {
  kmsVaultUrl: url(['https:', 'http:'])
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_KMS_VAULT_URL',
        form: 'URL',
        description:
          'A HashiCorp Vault (or OpenBao) whose transit engine wraps the key that secrets in the database are sealed under, in place of a passphrase. https, but on the loopback.',
      }),
    ),
  kmsVaultMount: text(PATH, 'must be the path of a transit engine')
    .default('transit')
    .meta(meta({ env: 'SEALGATE_KMS_VAULT_MOUNT', form: 'path', description: 'Where its transit engine is mounted.' })),
  kmsVaultKey: text(NAME, 'must be the name of a key')
    .default('sealgate')
    .meta(
      meta({
        env: 'SEALGATE_KMS_VAULT_KEY',
        form: 'name',
        description:
          'The key of the transit engine. The token needs update on its datakey/plaintext, decrypt and rewrap.',
      }),
    ),
  kmsVaultNamespace: text(PATH, 'must be a namespace')
    .optional()
    .meta(
      meta({ env: 'SEALGATE_KMS_VAULT_NAMESPACE', form: 'path', description: 'Its namespace, where it has several.' }),
    ),
  kmsVaultToken: secret(4)
    .optional()
    .meta(meta({ env: 'SEALGATE_KMS_VAULT_TOKEN', form: 'text', secret: true, description: 'A token for it.' })),
  kmsVaultTokenFile: text(/^.+$/, 'must be a file')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_KMS_VAULT_TOKEN_FILE',
        form: 'file',
        description: 'A file with the token, read anew for each call: whoever renews tokens writes it there.',
      }),
    ),
  kmsKeyVersion: integer(2, 255)
    .default(100)
    .meta(
      meta({
        env: 'SEALGATE_KMS_KEY_VERSION',
        form: 'number',
        description:
          'The version of the key of secrets that the service makes; above every version of the passphrase. Raise it by one for a new key.',
      }),
    ),
};
