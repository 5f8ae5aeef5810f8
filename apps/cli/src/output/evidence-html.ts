import { createHash } from 'node:crypto';
import type { CopySpan, SignedEvidence } from '@sealgate/core/evidence';

/** Copies of one page: a browser and a printer bear them. The document has them all. */
const COPIES_SHOWN_MAX = 5000;

/**
 * The report of evidence as a page for people: one file, no script, nothing from elsewhere, fit to print.
 * @param file the document's bytes, whose digest the page names
 */
export function evidenceHtml({ evidence, signature }: SignedEvidence, file: string): string {
  const { report, subject, from, to, issuedAt, checkpoint, entries } = evidence;
  const { bucket, summary, versions, copies } = report;
  const object = `s3://${bucket.name}/${subject.key ?? ''}`;
  const facts: readonly (readonly [string, string])[] = [
    [subject.key === null ? 'Bucket' : 'Object', object],
    ['Tenant', bucket.tenantId],
    from === to ? ['At', from] : ['From, to', `${from}, ${to}`],
    ['Versions', String(versions.length)],
    ['Backends', summary.backends.join(', ')],
    ['Countries', summary.countries.join(', ')],
    ['Jurisdictions', summary.jurisdictions.join(', ')],
    ["Seats of operators' parents", summary.operatorJurisdictions.join(', ')],
    ['Issued', issuedAt],
    ['Entries of the log', String(entries.length)],
    ['SHA-256 of the document', createHash('sha256').update(file).digest('hex')],
  ];
  const shown = copies.slice(0, COPIES_SHOWN_MAX);
  const cut =
    copies.length > shown.length ? `<p>${copies.length - shown.length} more copies are in the document.</p>` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Residency evidence: ${escape(object)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .25rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
th { font-weight: 600; } code, pre { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; } tr { break-inside: avoid; } }
</style>
</head>
<body>
<h1>Residency evidence</h1>
<p>Where every copy was. This page is for reading; the proof is the signed document, which <code>sealgate evidence verify</code> checks without a gateway.</p>
<table><tbody>${facts.map(([name, value]) => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`).join('\n')}</tbody></table>
<h2>Copies</h2>
<table><thead><tr><th scope="col">Key</th><th scope="col">Backend</th><th scope="col">Shard</th><th scope="col">State</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Place</th></tr></thead>
<tbody>${shown.map(copyRow).join('\n')}</tbody></table>${cut}
<h2>Signed head of the log</h2><pre>${escape(checkpoint)}</pre>
<h2>Signature of the document</h2><pre>${escape(signature)}</pre>
</body>
</html>
`;
}

function copyRow({ key, backend, shard, state, from, to, places }: CopySpan): string {
  const place = places.map(({ facts, from: since }, index) => {
    const text = `${facts.country}, ${facts.region}; ${facts.jurisdiction}; ${facts.provider} (${facts.operatorJurisdiction})`;
    return escape(index === 0 ? text : `since ${since}: ${text}`);
  });
  const cells = [key, backend, String(shard), state, from, to ?? 'still there'].map(escape);
  return `<tr>${[...cells, place.join('<br>')].map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
