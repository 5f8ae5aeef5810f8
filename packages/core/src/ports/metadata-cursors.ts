/** A place in a range, as its walker wrote it down: anything that JSON holds. */
export type CursorPosition = unknown;

/** A range as an onlooker sees it. */
export interface CursorState {
  readonly name: string;
  readonly position: CursorPosition;
  /** When the position was last saved, milliseconds since 1970. */
  readonly savedAtMs: number;
  /** Somebody holds it at the moment. */
  readonly leased: boolean;
}

/**
 * Durable positions of work that goes over a range, and who goes on with it: one process at a time. A lease that runs
 * out lets the next one begin, so whoever works must stand being overtaken (see `MetadataLifecycle`).
 */
export interface MetadataCursors {
  /**
   * Takes the named range for `leaseMs`, or keeps it for longer. Undefined while another holder has it; the position is
   * null when nobody ever saved one.
   */
  leaseCursor(
    name: string,
    holder: string,
    leaseMs: number,
  ): Promise<{ readonly position: CursorPosition } | undefined>;
  /** Where the named range stands, whoever has it; null when nobody ever saved anything. */
  readCursor(name: string): Promise<CursorPosition>;
  /**
   * Saves the position and keeps the range for `leaseMs` from now; 0 gives it back. False when the holder has lost it:
   * nothing is saved then.
   */
  saveCursor(
    name: string,
    holder: string,
    save: { readonly position: CursorPosition; readonly leaseMs: number },
  ): Promise<boolean>;
  /** Gives back all ranges that the holder has, with their positions as they are; how many. For one who stops in order. */
  releaseCursors(holder: string): Promise<number>;
  /** All ranges whose names start so, by name; at most 2000. */
  listCursors(prefix: string): Promise<readonly CursorState[]>;
  /** How many ranges whose names start so have a position that holds this text as a value, however deep. */
  countCursors(prefix: string, text: string): Promise<number>;
}
