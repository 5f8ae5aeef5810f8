import { s3Actions } from '@sealgate/core/access';
import { expect, test } from 'vitest';
import { operationAccess } from './actions.ts';
import { bucketOperations, implementedOperations, objectOperations, serviceOperations } from './names.ts';

const all = [...serviceOperations, ...bucketOperations, ...objectOperations];

test('every operation has a row and no row is about another', () => {
  expect(Object.keys(operationAccess).sort()).toEqual([...all].sort());
});

test('what is implemented can be allowed to somebody', () => {
  const never = [...implementedOperations].filter((name) => operationAccess[name].on === 'never');
  expect(never).toEqual([]);
});

test('an operation on a bucket needs no right on objects, and the other way round', () => {
  for (const name of objectOperations) {
    expect(['object', 'nothing', 'never']).toContain(operationAccess[name].on);
  }
  for (const name of bucketOperations) expect(operationAccess[name].on).not.toBe('object');
});

test('every action is one that policies can name', () => {
  const named = all.flatMap((name) => {
    const access = operationAccess[name];
    if (access.on === 'nothing' || access.on === 'never') return [];
    const also = access.on === 'object' ? access.also : [];
    return [access, ...also].flatMap((row) => ('ofVersion' in row ? [row.action, row.ofVersion] : [row.action]));
  });
  expect(named.filter((action) => !s3Actions.includes(action))).toEqual([]);
});
