/** What every answer of the control listener has. */
export function safeHeaders(requestId: string, encrypted: boolean): Record<string, string> {
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(encrypted ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}
