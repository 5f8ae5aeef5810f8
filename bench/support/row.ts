import type { Scene } from './scene.ts';

/** One line of the table. */
export interface Finding {
  readonly row: string;
  readonly work: string;
  /** With its unit or as a ratio, as people read it. */
  readonly measured: string;
  readonly budget: string;
  /** Undefined: this machine cannot tell. */
  readonly met: boolean | undefined;
  /** The numbers behind it, of this machine. */
  readonly absolute: string;
}

export interface BenchOptions {
  /** Pairs of baseline and subject. */
  readonly rounds: number;
  /** Keys of the largest bucket of row 9. */
  readonly keys: number;
  /** Objects that row 13 repairs, and row 16 rewraps. */
  readonly objects: number;
  /** Bytes of one object of row 11 as a share of 1 GiB. */
  readonly scale: number;
  readonly profileDir: string | undefined;
}

export interface Stage {
  readonly options: BenchOptions;
  /** The shared scene, opened when the first row asks for it. */
  readonly scene: () => Promise<Scene>;
}

export interface Row {
  readonly id: number;
  run(stage: Stage): Promise<readonly Finding[]>;
}

/** Says on standard error what is going on; standard output is the table's. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
