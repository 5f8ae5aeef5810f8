/** A JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string or a list of strings, as policies write them; undefined when it is anything else, or an empty list. */
export function stringsOf(
  value: unknown,
  options: { /** Numbers and booleans count as their text. */ readonly scalars?: boolean } = {},
): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.map((one) => {
    if (typeof one === 'string') return one;
    return options.scalars === true && (typeof one === 'number' || typeof one === 'boolean') ? String(one) : undefined;
  });
  return texts.length > 0 && texts.every((text) => text !== undefined) ? texts : undefined;
}
