import { createHash } from 'node:crypto';
import type { PlainRoute, Route } from './route.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid #8885}article{margin:1rem 0}code{font:.95em ui-monospace,monospace}
.m{display:inline-block;min-width:4.5rem;font-weight:700}p{margin:.2rem 0 .2rem 4.5rem}`;

/** A page that needs nothing but itself: no script, no font, no other host. */
export function docsPage(
  routes: readonly Route[],
  plain: readonly PlainRoute[],
): { readonly html: string; readonly policy: string } {
  const all: readonly Described[] = [...plain.map((each) => ({ ...each, method: 'GET' })), ...routes];
  const tags = [...new Set(all.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const calls = all.filter((each) => each.tag === tag).map(article);
    return `<section><h2>${escape(tag)}</h2>${calls.join('')}</section>`;
  });
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sealgate REST</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><h1>Sealgate REST</h1>
<p>Calls under <code>/admin</code> and <code>/proxy</code> carry the operator key in <code>X-Admin-Key</code>, a bearer token
of a registered identity provider or, where they are for tenants, a signature.
Errors are problem details (RFC 9457). The schemas are in <a href="/openapi.json">/openapi.json</a>.</p>
${sections.join('\n')}</body></html>`;
  const hash = createHash('sha256').update(STYLE).digest('base64');
  return { html, policy: `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'` };
}

type Described = Pick<Route, 'path' | 'operationId' | 'tag' | 'summary' | 'description'> & { readonly method: string };

function article(route: Described): string {
  const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
  const more = route.description === undefined ? '' : `<p>${escape(route.description)}</p>`;
  return `<article id="${escape(route.operationId)}"><span class="m">${route.method}</span><code>${escape(path)}</code><p>${escape(route.summary)}</p>${more}</article>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
