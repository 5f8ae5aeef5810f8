import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatTable,
  formatTime,
  printable,
  printableJson,
  printableLines,
} from './format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [200 * 1024 * 1024, '200 MiB'],
    [2 ** 40, '1.0 TiB'],
    [2 ** 70, '1048576 PiB'],
  ])('shows %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

it('formats durations and times', () => {
  expect([0, 9, 75, 3661].map(formatDuration)).toEqual(['0:00', '0:09', '1:15', '1:01:01']);
  expect(formatTime(Date.UTC(2026, 10, 21, 10))).toBe('2026-11-21 10:00:00');
  expect(formatTime(undefined)).toBe('-');
});

it('aligns columns and leaves no blanks at the end of lines', () => {
  const rows = [
    ['a', 'bb', 'c'],
    ['aaa', '', ''],
  ];
  expect(formatTable(rows)).toBe('a    bb  c\naaa\n');
});

it('lets no control character of a server reach the terminal', () => {
  expect(printable('a\u001b[2Jb\n')).toBe('a\\u001b[2Jb\\u000a');
  const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code));
  fc.assert(fc.property(fc.string({ unit }), (text) => !/\p{Cc}/u.test(printable(text))));
});

it('keeps the lines of a text, and lets nothing else through', () => {
  expect(printableLines('a\u001b[2Jb\nc\u009b1md\n')).toBe('a\\u001b[2Jb\nc\\u009b1md\n');
  expect(printableLines('a,b\r\nc\rd\r\n')).toBe('a,b\r\nc\\u000dd\r\n');
});

it('writes JSON that is the same value and moves no cursor', () => {
  const text = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(fc.dictionary(text, text), fc.constantFrom(undefined, 2), (value, indent) => {
      const json = printableJson(value, indent);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
