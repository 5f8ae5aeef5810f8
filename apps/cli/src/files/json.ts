import { readFile } from 'node:fs/promises';
import { CliError } from '../cli-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON document that a person wrote. @throws CliError when it is not one object */
export async function readJsonFile(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CliError(`${path} is not valid JSON.`, { cause });
  }
  if (!isJsonObject(value)) throw new CliError(`${path} does not hold a JSON object.`);
  return value;
}
