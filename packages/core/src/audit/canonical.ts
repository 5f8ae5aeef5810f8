/**
 * JSON in its one canonical form: members in the order of their names' UTF-16 code units, no spaces, numbers and strings as
 * ECMAScript writes them. Members that are undefined are left out.
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('JSON has no such number.');
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : objectJson(value as JsonObject);
    default:
      throw new TypeError(`JSON has no form for a ${typeof value}.`);
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Every record of a request and every entry of the log comes through here: one pass over the names, one string. */
function objectJson(value: JsonObject): string {
  let members = '';
  // Without a comparison, sort() goes by UTF-16 code units.
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
