// A key service that nobody has to install.
export { startFakeVault } from '@sealgate/testkit/fake-vault';
