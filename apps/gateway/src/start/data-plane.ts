/** Whatever serves S3 for this gateway: this process itself, or its workers. */
export interface DataPlane {
  readonly port: number;
  /** Undefined while requests are served, else why they are not. */
  reason(): string | undefined;
  /** Metrics of other processes, as prom-client gives them. */
  otherMetrics(): Promise<readonly object[]>;
  /** Takes nothing new; what is under way has `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** The place of a data plane that is still to come: the control listener is there first, to say so. */
export function createDataPlaneSlot(): Omit<DataPlane, 'close'> & { fill(plane: DataPlane): void } {
  let plane: DataPlane | undefined;
  return {
    fill(opened) {
      plane = opened;
    },
    get port() {
      return plane?.port ?? 0;
    },
    reason: () => (plane === undefined ? 'the S3 listener is not open yet' : plane.reason()),
    otherMetrics: async () => (await plane?.otherMetrics()) ?? [],
  };
}
