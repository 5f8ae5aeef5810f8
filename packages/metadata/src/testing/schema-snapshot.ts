import { sql } from './empty-database.ts';

/**
 * The schema in words, from the catalogs: what a migration really made, one line a thing, in an order that does not
 * depend on how it came about. Compared with the committed `schema.snapshot.txt`.
 */
export async function schemaSnapshot(databaseUrl: string): Promise<string> {
  const sections: string[] = [];
  for (const [title, text] of Object.entries(queries)) {
    const rows = await sql<{ line: string }>(databaseUrl, text);
    sections.push(`# ${title}\n${rows.map((row) => row.line).join('\n')}\n`);
  }
  return sections.join('\n');
}

const queries = {
  columns: `
    SELECT format('%s.%s %s%s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
      CASE WHEN a.attidentity <> '' THEN ' identity' ELSE coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') END,
      CASE WHEN a.attcollation = '"C"'::regcollation THEN ' C' ELSE '' END,
      CASE WHEN c.relkind = 'r' AND a.attstorage = 'e' THEN ' external' ELSE '' END) AS line
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum`,
  indexes: `
    SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'sealgate' ORDER BY indexname`,
  constraints: `
    SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line
    FROM pg_constraint
    WHERE connamespace = 'sealgate'::regnamespace AND contype <> 'n'
    ORDER BY conrelid::regclass::text, conname`,
  triggers: `
    SELECT pg_get_triggerdef(t.oid) AS line FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'sealgate'::regnamespace AND NOT t.tgisinternal ORDER BY t.tgname`,
  functions: `
    SELECT format('%s(%s) %s', p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) AS line
    FROM pg_proc p WHERE p.pronamespace = 'sealgate'::regnamespace ORDER BY p.proname`,
  options: `
    SELECT format('%s %s', relname, reloptions) AS line FROM pg_class
    WHERE relnamespace = 'sealgate'::regnamespace AND reloptions IS NOT NULL ORDER BY relname`,
  views: `
    SELECT format('%s %s', viewname, regexp_replace(definition, '\\s+', ' ', 'g')) AS line
    FROM pg_views WHERE schemaname = 'sealgate' ORDER BY viewname`,
} as const;
