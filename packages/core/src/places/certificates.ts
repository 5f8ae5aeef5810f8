/** One spelling for a certificate: `ISO/IEC 27001:2022`, `iso-27001` and `ISO27001` are the same. */
export function certificateKey(text: string): string {
  return text
    .toUpperCase()
    .replace(/:\d{4}$/, '')
    .replace(/[^A-Z0-9]/g, '')
    .replace(/^ISOIEC/, 'ISO');
}
