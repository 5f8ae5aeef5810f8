/** The two wishes of who stops the process. */
export interface StopSignals {
  /** Resolves with the signal's name at the first one: finish what is under way. */
  readonly requested: Promise<string>;
  /** Aborted at the second one: stop waiting. A third one ends the process at once. */
  readonly forced: AbortSignal;
  /** As if a signal had come. */
  request(reason: string): void;
}

export function listenForStop(): StopSignals {
  const forced = new AbortController();
  let count = 0;
  let resolve: (name: string) => void = () => undefined;
  const requested = new Promise<string>((done) => {
    resolve = done;
  });
  const onSignal = (name: string): void => {
    count += 1;
    if (count === 1) resolve(name);
    else if (count === 2) forced.abort();
    else process.exit(1);
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
  return { requested, forced: forced.signal, request: resolve };
}
