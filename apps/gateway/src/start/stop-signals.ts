/** The wishes of who stops the process. */
export interface StopSignals {
  /** Resolves with the signal's name at the first one: finish what is under way. */
  readonly requested: Promise<string>;
  /** Aborted at the first one: a start that is still under way is given up. */
  readonly first: AbortSignal;
  /** Aborted at the second one: stop waiting. A third one ends the process at once. */
  readonly forced: AbortSignal;
  stopping(): boolean;
}

export function listenForStop(): StopSignals {
  const first = new AbortController();
  const forced = new AbortController();
  let resolve: (name: string) => void = () => undefined;
  const requested = new Promise<string>((done) => {
    resolve = done;
  });
  const onSignal = (name: string): void => {
    if (forced.signal.aborted) process.exit(1);
    if (first.signal.aborted) {
      forced.abort();
      return;
    }
    first.abort(new Error(`stopped by ${name}`));
    resolve(name);
  };
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => onSignal(name));
  // A closed terminal is a wish to stop; where there was none (nohup, a service manager) it means nothing to us.
  process.on('SIGHUP', () => {
    if (process.stdin.isTTY) onSignal('SIGHUP');
  });
  return { requested, first: first.signal, forced: forced.signal, stopping: () => first.signal.aborted };
}
