import { createPrivateFile, readIfThere, writePrivateFile } from '@sealgate/runtime/files';

/** The object in a JSON file; undefined when there is no file. @throws SyntaxError when it is no JSON object */
export async function readJsonFile(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** Replaces a file with a private one that holds `value`. */
export function replaceJsonFile(path: string, value: object): Promise<void> {
  return writePrivateFile(path, textOf(value));
}

/** Makes a private file that holds `value`, unless there is one. False when there was one already; it stays as it is. */
export function createJsonFile(path: string, value: object): Promise<boolean> {
  return createPrivateFile(path, textOf(value));
}

function textOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
