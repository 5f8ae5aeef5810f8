import { readFileSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-s3';
import {
  bucketOperations,
  implementedOperations,
  type OperationName,
  objectOperations,
  refusedHeaders,
  refusedOperations,
  serviceOperations,
} from '@sealgate/s3';
import { describe, expect, it } from 'vitest';
import { renderS3Compatibility } from './s3-compatibility.ts';
import { type OperationEntry, operationLedger, tests } from './s3-operations.ts';
import { headerLedger, queryLedger } from './s3-parameters.ts';

const names: readonly OperationName[] = [...serviceOperations, ...bucketOperations, ...objectOperations];
const LEDGER_CALLS = 'tests/support/s3-operations.ts';
const stateOf = (name: OperationName): OperationEntry['state'] => operationLedger[name].state;

describe('operations', () => {
  it('that do something are not said to be refused, and the reverse', () => {
    expect(names.filter((name) => implementedOperations.has(name) === (stateOf(name) === 'refused'))).toEqual([]);
  });

  it('that are refused have a reason', () => {
    expect(names.filter((name) => refusedOperations.has(name) !== (stateOf(name) === 'refused'))).toEqual([]);
  });

  it('are all that the AWS SDK knows', () => {
    const known = commands().map(({ name }) => name);
    expect(known.length).toBeGreaterThan(100);
    expect(known.filter((name) => !names.includes(name as OperationName))).toEqual([]);
  });

  it('stand once each on the page', () => {
    const page = renderS3Compatibility();
    for (const name of names) expect(page.split(`\n| \`${name}\` |`).length, name).toBe(2);
  });
});

describe('tests', () => {
  const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  /** The test of the ledger calls what stands in a list of its own. */
  const texts = Object.fromEntries(
    Object.entries(tests).map(([name, path]) => [name, textOf(name === 'ledger' ? LEDGER_CALLS : path)]),
  );

  it('that the ledger names are there, and are about the operation', () => {
    const unproved = names.filter((name) => {
      const entry: OperationEntry = operationLedger[name];
      const text = texts[entry.state === 'refused' ? 'ledger' : entry.test] ?? '';
      return !text.includes(`'${name}'`) && !text.includes(`${name}Command`);
    });
    expect(unproved).toEqual([]);
  });
});

describe('headers and parameters', () => {
  const sent = { headers: new Set<string>(), query: new Set<string>() };
  for (const { headers, query } of commands()) {
    for (const name of headers) sent.headers.add(name);
    for (const name of query) sent.query.add(name);
  }

  it('that the AWS SDK can send are all there', () => {
    expect(sent.headers.size).toBeGreaterThan(80);
    // What an object lambda tells of the object it made up: a part of an operation that is refused as a whole.
    const forwarded = /^x-amz-fwd-/;
    const absent = [...sent.headers].filter((name) => !Object.hasOwn(headerLedger, name) && !forwarded.test(name));
    expect(absent).toEqual([]);
    expect([...sent.query].filter((name) => !Object.hasOwn(queryLedger, name))).toEqual([]);
  });

  it('that must not be overlooked are said to be refused', () => {
    for (const name of refusedHeaders.keys()) {
      expect(headerLedger[name], name).toMatchObject({ state: 'refused', code: 'NotImplemented' });
    }
  });

  it('are refused with an error and ignored for a reason', () => {
    for (const [name, entry] of [...Object.entries(headerLedger), ...Object.entries(queryLedger)]) {
      expect(entry.state === 'refused', name).toBe(entry.code !== undefined);
      if (entry.state === 'ignored') expect(entry.note, name).toBeDefined();
    }
  });
});

interface CommandFacts {
  readonly name: string;
  readonly headers: readonly string[];
  readonly query: readonly string[];
}

/**
 * What the commands of the AWS SDK put where, from the schemas that they carry. A structure is a list: kind, namespace,
 * name, traits, names of members, members; a member with traits is a pair, its schema and its traits.
 */
function commands(): readonly CommandFacts[] {
  return Object.entries(sdk).flatMap(([name, value]) => {
    if (!/^\w+Command$/.test(name) || typeof value !== 'function') return [];
    const Command = value as unknown as new (input: object) => { readonly schema?: readonly unknown[] };
    const [, , , , input] = new Command({}).schema ?? [];
    const [, , , , , members = []] = resolved(input) as readonly [..._: unknown[], members: readonly unknown[]];
    const traits = (members as readonly unknown[]).flatMap((member) =>
      Array.isArray(member) && typeof member[1] === 'object' ? [member[1] as Readonly<Record<string, string>>] : [],
    );
    const of = (trait: string): string[] => traits.flatMap((each) => each[trait] ?? []);
    const headers = of('httpHeader').map((header) => header.toLowerCase());
    const prefixes = of('httpPrefixHeaders').map((prefix) => `${prefix}*`);
    return [{ name: name.slice(0, -'Command'.length), headers: [...headers, ...prefixes], query: of('httpQuery') }];
  });
}

/** Schemas refer to each other by functions. */
function resolved(schema: unknown): unknown {
  return typeof schema === 'function' ? resolved((schema as () => unknown)()) : (schema ?? []);
}
