import { implementedOperations } from '@sealgate/s3';
import { expect, test } from 'vitest';
import { handlers } from './index.ts';

test('the operations that are said to be implemented are the ones that are served', () => {
  expect(new Set(Object.keys(handlers))).toEqual(implementedOperations);
});
