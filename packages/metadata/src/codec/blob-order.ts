/** The one order in which rows of blobs are locked by those who lock many: two of them wait for each other, never dead. */
export function byId(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
