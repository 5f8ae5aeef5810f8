export type { Interference, Rule, Trouble } from './interference.ts';
export { createFakeS3, type FakeS3, type FakeS3Options } from './server.ts';
export type { FakeBucket, FakeUpload, FakeVersion } from './store.ts';
