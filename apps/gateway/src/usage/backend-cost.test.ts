import { expect, test } from 'vitest';
import { estimateCost } from './backend-cost.ts';

const use = {
  puts: 1500,
  gets: 1_000_000,
  lists: 500,
  deletes: 1_000_000,
  bytesSent: 1e15,
  bytesReceived: 5e9,
  placedByteHours: 10e9 * 730,
};

test('use comes to what the prices make of it: a month of 10 GB, 5 GB read, 2000 calls that write or list', () => {
  const prices = { currency: 'EUR', storagePerGbMonth: 0.02, egressPerGb: 0.09, per1000Requests: 0.005 };
  const cost = estimateCost(use, prices);
  expect(cost?.currency).toBe('EUR');
  expect(cost?.storage).toBeCloseTo(0.2, 9);
  expect(cost?.egress).toBeCloseTo(0.45, 9);
  expect(cost?.requests).toBeCloseTo(0.01, 9);
});

test('a price that is not known is no zero', () => {
  const prices = { currency: 'CHF', storagePerGbMonth: null, egressPerGb: 0, per1000Requests: null };
  expect(estimateCost(use, prices)).toEqual({ currency: 'CHF', storage: null, egress: 0, requests: null });
  expect(estimateCost(use, null)).toBeNull();
  expect(estimateCost(use, undefined)).toBeNull();
});
