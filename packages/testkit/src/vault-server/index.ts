export { startVaultServer, vaultProgram } from './vault-server.ts';
