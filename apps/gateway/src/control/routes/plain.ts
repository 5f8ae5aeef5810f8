import { docsPage } from '../docs-page.ts';
import { openApiOf } from '../openapi.ts';
import type { PlainAnswer, PlainRoute, Route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** @param routes the other ones, which two of these describe */
export function plainRoutes(
  services: ControlServices,
  routes: readonly Route[],
  version: string,
): readonly PlainRoute[] {
  const json = (status: number, value: object): PlainAnswer => ({
    status,
    type: JSON_TYPE,
    body: JSON.stringify(value),
  });
  const plain: readonly PlainRoute[] = [
    {
      path: '/healthz',
      operationId: 'getHealth',
      tag: 'health',
      summary: 'The process is alive',
      answers: { 200: 'application/json' },
      answer: () => Promise.resolve(json(200, { status: 'alive' })),
    },
    {
      path: '/readyz',
      operationId: 'getReady',
      tag: 'health',
      summary: 'Requests will be served, or why not (503)',
      answers: { 200: 'application/json', 503: 'application/json' },
      async answer() {
        const reason = await services.readiness.reason();
        return reason === undefined ? json(200, { status: 'ready' }) : json(503, { status: 'not ready', reason });
      },
    },
    {
      path: '/metrics',
      operationId: 'getMetrics',
      tag: 'health',
      summary: "Prometheus metrics of all of this gateway's processes",
      answers: { 200: 'text/plain' },
      async answer() {
        const { contentType, text } = await services.metricsText();
        return { status: 200, type: contentType, body: text };
      },
    },
    {
      path: '/openapi.json',
      operationId: 'getOpenApi',
      tag: 'description',
      summary: 'This interface as OpenAPI 3.1',
      answers: { 200: 'application/json' },
      answer: () => Promise.resolve(json(200, document)),
    },
    {
      path: '/docs',
      operationId: 'getDocs',
      tag: 'description',
      summary: 'This interface as a page',
      answers: { 200: 'text/html' },
      answer: () => Promise.resolve(page),
    },
  ];
  const document = openApiOf(routes, plain, version);
  const { html, policy } = docsPage(routes, plain);
  const page = {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: html,
    headers: { 'content-security-policy': policy },
  };
  return plain;
}
