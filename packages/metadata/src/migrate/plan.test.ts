import { describe, expect, it } from 'vitest';
import { loadSchemaFiles, type Migration } from './files.ts';
import { planMigration } from './plan.ts';

const migration = (number: number): Migration => ({
  number,
  name: `000${number}-m.sql`,
  text: '',
  checksum: `c${number}`,
});
const files = { migrations: [migration(1), migration(2), migration(3)], functions: [] };

describe('planMigration', () => {
  it('continues behind the last one applied', () => {
    const plan = planMigration(files, { migrations: [migration(1)], functions: [] });
    expect(plan.migrations.map((file) => file.number)).toEqual([2, 3]);
    expect(planMigration(files, { migrations: [], functions: [] }).migrations).toHaveLength(3);
  });

  it('chooses functions that are new or changed', () => {
    const file = (name: string, checksum: string) => ({ name, checksum, text: '' });
    const functions = [file('a', '1'), file('b', '2'), file('c', '3')];
    const applied = [file('a', '1'), file('b', 'old'), file('gone', 'x')];
    const plan = planMigration({ migrations: [], functions }, { migrations: [], functions: applied });
    expect(plan.functions.map((f) => f.name)).toEqual(['b', 'c']);
  });

  it('refuses what it does not know', () => {
    expect(() => planMigration(files, { migrations: [migration(4)], functions: [] })).toThrow(/newer than the program/);
    const changed = { ...migration(2), checksum: 'other' };
    expect(() => planMigration(files, { migrations: [migration(1), changed], functions: [] })).toThrow(
      /other contents/,
    );
  });
});

describe('the files of this package', () => {
  it('are numbered from 1 without a gap, and every function may be applied again', () => {
    const { migrations, functions } = loadSchemaFiles();
    expect(migrations.map((file) => file.number)).toEqual(migrations.map((_, index) => index + 1));
    for (const file of functions)
      expect(file.text, file.name).toMatch(/^(--.*\n)*CREATE OR REPLACE FUNCTION sealgate\./);
  });
});
