// Key services: one that nobody has to install, and real ones where a program for them is here.
export { startFakeVault } from '@sealgate/testkit/fake-vault';
export { startVaultServer, vaultProgram } from '@sealgate/testkit/vault-server';
