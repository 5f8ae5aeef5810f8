// An S3 server with its objects in memory, as a process of its own: one that can be stopped in its tracks, and whose
// death is the loss of a provider with all it held. `node storage-process.ts PORT`, with its keys in the environment.
import { createFakeS3 } from '@sealgate/testkit/fake-s3';

const { LAB_ACCESS_KEY_ID: accessKeyId = '', LAB_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
await createFakeS3({
  users: [{ accessKeyId, secretAccessKey, owner: 'lab' }],
  region: 'us-east-1',
  port: Number(process.argv[2]),
});
