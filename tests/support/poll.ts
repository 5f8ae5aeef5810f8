/** Asks until `done` says so; fails after `timeoutMs` with what it saw last. */
export async function until<T>(
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  options: { readonly what: string; readonly timeoutMs?: number },
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 120_000);
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${options.what}: not in time. Last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
