import { lstat, mkdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeVerified } from '../files/download-target.ts';
import type { OpenedVersion } from './open-version.ts';
import { safePath } from './safe-path.ts';
import type { FoundBucket, WorkVersion } from './work-file.ts';

/** Sealed objects that stay sealed get these endings, for programs that open them. */
const SEALED_ENDING = '%.sgo';

export interface RecoveryTarget {
  /** Names the place of a version; the same for the same version, always. */
  nameOf(
    bucket: FoundBucket,
    version: WorkVersion,
    how: { readonly sealed: boolean; readonly versions: boolean },
  ): string;
  /** Whether what an earlier run put there is still there. */
  has(name: string): Promise<boolean>;
  write(
    name: string,
    opened: OpenedVersion,
    options: {
      readonly version: WorkVersion;
      readonly signal: AbortSignal;
      readonly onBytes: (bytes: number) => void;
    },
  ): Promise<void>;
}

/** Files below a folder: `<tenant>/<bucket>/<path of the key>`. */
export function createFolderTarget(root: string): RecoveryTarget {
  return {
    nameOf({ header }, { line, isFolder }, { sealed, versions }) {
      const names = [header.tenant, header.bucket].flatMap((name) => safePath(name.replaceAll('/', '%2F'), false));
      const path = safePath(line.key, isFolder);
      const last = path.at(-1) ?? '%';
      const folders = path.slice(0, -1);
      const leaf = versions ? [`${last}%versions`, versionName(line.modifiedAtMs, line.versionId, line.seq)] : [last];
      const name = [...names, ...folders, ...leaf].join('/');
      return sealed ? `${name}${SEALED_ENDING}` : name;
    },
    async has(name) {
      return (await lstat(join(root, name)).catch(() => undefined))?.isFile() === true;
    },
    async write(name, opened, { version, signal, onBytes }) {
      const path = join(root, name);
      await mkdir(dirname(path), { recursive: true });
      await writeVerified(path, opened.body, { signal, onBytes });
      const modified = new Date(version.line.modifiedAtMs);
      await utimes(path, modified, modified);
    },
  };
}

function versionName(modifiedAtMs: number, versionId: string, seq: string): string {
  const time = new Date(modifiedAtMs).toISOString().replaceAll(/[-:]/g, '');
  return `${time}-${versionId === 'null' ? `null-${seq}` : versionId}`;
}
