/** What a primary and its workers tell each other over IPC. Secrets go this way and not through the environment. */
export type ToWorker =
  | {
      readonly kind: 'start';
      readonly args: readonly string[];
      readonly databaseUrl: string;
      readonly passphrase: string;
      readonly s3Port: number;
    }
  | { readonly kind: 'metrics'; readonly id: number }
  | { readonly kind: 'stop'; readonly graceMs: number };

export type FromWorker =
  | { readonly kind: 'up' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: object };
