// A web page with our packages in it, in a real browser, from the same origin as the gateway.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { removeFolder } from '../../support/stored-files.ts';
import { type OwnPage, startTamperingProxy, type TamperingProxy } from '../../support/tampering-proxy.ts';

/** Where Debian's package puts it. */
export const CHROMIUM = '/usr/bin/chromium';
/** `-` is no name of a bucket. */
const OWN = '/-/';
const VECTORS = `${OWN}vectors/`;
const vectorsDir = new URL('../../../packages/sealed/vectors/', import.meta.url);
const HTML = `<!doctype html><meta charset="utf-8"><title>Sealgate</title><script type="module" src="${OWN}page.js"></script>`;
const PAGE_JS = `import * as harness from '${OWN}entry.js';\nglobalThis.harness = harness;\n`;
/** No eval: an application must not have to weaken its policy for us further than WebAssembly needs. */
const CONTENT_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For a browser on a machine that does much else. */
const PATIENCE_MS = 180_000;

export interface BrowserPage {
  readonly page: Page;
  /** Between the page and the gateway. */
  readonly proxy: TamperingProxy;
  /** What the page's console and its uncaught errors said. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/**
 * One module for browsers. Fails on anything that a browser does not have: an import that stays unresolved, a module of
 * Node, and whatever else the bundler finds worth a warning.
 */
export async function bundleEntry(): Promise<string> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('entry.ts', import.meta.url)),
    platform: 'browser',
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  try {
    const { output } = await bundle.generate({ format: 'es', minify: true });
    const [chunk, ...others] = output;
    const imports = [...chunk.imports, ...chunk.dynamicImports];
    if (others.length > 0 || imports.length > 0) throw new Error(`not one module alone: ${imports.join(', ')}`);
    return chunk.code;
  } finally {
    await bundle.close();
  }
}

export async function openPage(s3Endpoint: string): Promise<BrowserPage> {
  const entry = await bundleEntry();
  const proxy = await startTamperingProxy(s3Endpoint, () => Promise.reject(new Error('not needed')), ownPages(entry));
  const browser = await openBrowser();
  const { page } = browser;
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Answers of 4xx, which tests provoke, are noted by the browser on its own.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  await page.goto(`${proxy.endpoint}${OWN}page.html`);
  await page.waitForFunction(() => 'harness' in globalThis);
  return {
    page,
    proxy,
    complaints,
    async close() {
      await browser.close();
      await proxy.close();
    },
  };
}

/** A browser of its own with an empty page. */
export async function openBrowser(): Promise<{ readonly page: Page; close(): Promise<void> }> {
  const userDataDir = mkdtempSync(join(tmpdir(), 'sealgate-browser-'));
  const context = await chromium.launchPersistentContext(userDataDir, {
    executablePath: CHROMIUM,
    args: ARGUMENTS,
    headless: true,
    timeout: PATIENCE_MS,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    page: await firstPage(context),
    async close() {
      await context.close();
      // Processes of it that still end may write there.
      removeFolder(userDataDir);
    },
  };
}

async function firstPage(context: BrowserContext): Promise<Page> {
  return context.pages()[0] ?? (await context.newPage());
}

function ownPages(entry: string): (path: string) => OwnPage | undefined {
  const fixed = new Map([
    ['page.html', answer('text/html', HTML)],
    ['page.js', answer('text/javascript', PAGE_JS)],
    ['entry.js', answer('text/javascript', entry)],
  ]);
  return (path) => {
    if (path.startsWith(VECTORS)) {
      const file = new URL(path.slice(VECTORS.length), vectorsDir);
      return existsSync(file) ? answer('application/octet-stream', readFileSync(file)) : undefined;
    }
    return path.startsWith(OWN) ? fixed.get(path.slice(OWN.length)) : undefined;
  };
}

function answer(type: string, body: string | Buffer): OwnPage {
  const headers = { 'content-type': type, 'content-security-policy': CONTENT_POLICY };
  return { headers, body: Buffer.from(body) };
}
