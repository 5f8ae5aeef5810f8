import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBackendDriver } from '@sealgate/testkit/contracts';
import { createFilesystemDriver } from './filesystem-driver.ts';
import { type FilesystemIo, systemIo } from './io.ts';

/** Files, not folders, that this process has open below `root`. */
function openFilesBelow(root: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const link = `/proc/self/fd/${fd}`;
      return readlinkSync(link).startsWith(root) && statSync(link).isFile();
    } catch {
      return false;
    }
  }).length;
}

for (const descriptorPaths of [true, false]) {
  describeBackendDriver(
    `filesystem, ${descriptorPaths ? 'by descriptor' : 'by path'}`,
    { refusesOverwrite: true, holdsWrites: true, aheadBytesMax: 4 * 1024 * 1024, largeBytes: 16 * 1024 * 1024 },
    async () => {
      const root = mkdtempSync(join(tmpdir(), 'sealgate-fs-'));
      let released: Promise<void> = Promise.resolve();
      let release = (): void => undefined;
      const io: FilesystemIo = {
        ...systemIo,
        async writev(fd, chunks, position) {
          await released;
          return await systemIo.writev(fd, chunks, position);
        },
      };
      const driver = createFilesystemDriver({ root, io, descriptorPaths });
      return {
        driver,
        ...(existsSync('/proc/self/fd') ? { openHandles: () => openFilesBelow(root) } : {}),
        holdWrites(held) {
          release();
          released = held
            ? new Promise((resolve) => {
                release = resolve;
              })
            : Promise.resolve();
        },
        async dispose() {
          await driver.close();
          rmSync(root, { recursive: true, force: true });
        },
      };
    },
  );
}
