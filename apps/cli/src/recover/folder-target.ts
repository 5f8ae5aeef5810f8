import { lstat, mkdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeVerified } from '../files/download-target.ts';
import { safePath } from './safe-path.ts';
import { type RecoveryTarget, versionName } from './target.ts';

/** Sealed objects that stay sealed get these endings, for programs that open them. */
const SEALED_ENDING = '%.sgo';

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
