import { createHash } from 'node:crypto';
import { NAME_BYTES_MAX } from './limits.ts';

// Keys are any text; what becomes of them on a disk must stay below the folder that was named, on every system, and two
// keys must never meet in one file. So, name by name between slashes:
//
//   - `%`, control characters, `\ : * ? " < > |` and anything that is no valid text are written %XX, byte by byte;
//   - the names `.` and `..`, and a dot or a space at the end, likewise; the empty name is `%`;
//   - a name too long for a file system keeps its beginning and ends in `%~` and 32 digits of its SHA-256;
//   - a key that is also the folder of another key ends in `%` (a bare one, which no other name has).

const UNSAFE = /[%\\:*?"<>|\p{Cc}]/u;

/** The relative path of a key, in names. @param isFolder whether other keys go on with a slash behind this one */
export function safePath(key: string, isFolder: boolean): readonly string[] {
  const names = key.split('/').map(safeName);
  const last = names.pop() ?? '%';
  return [...names, isFolder ? `${last}%` : last];
}

function safeName(name: string): string {
  if (name === '') return '%';
  const chars = Array.from(name, (char) => (UNSAFE.test(char) ? percent(char) : char));
  const last = chars.at(-1);
  // Windows drops them; `.` and `..` are the only names that are nothing but dots and mean something.
  if (last === '.' || last === ' ') chars[chars.length - 1] = percent(last);
  const safe = chars.join('');
  if (Buffer.byteLength(safe) < NAME_BYTES_MAX) return safe;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return `${cut(safe, NAME_BYTES_MAX - digest.length - 3)}%~${digest}`;
}

function percent(char: string): string {
  return [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** At most so many bytes, and no half character. */
function cut(text: string, bytes: number): string {
  let length = 0;
  let kept = '';
  for (const char of text) {
    length += Buffer.byteLength(char);
    if (length > bytes) break;
    kept += char;
  }
  return kept;
}
