export { createLocalProbe } from '../shared/local-probe.ts';
export { createFilesystemDriver, type FilesystemDriverOptions } from './filesystem-driver.ts';
