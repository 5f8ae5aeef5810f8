import type { Command } from 'commander';
import { leaf, noun, type ProgramDeps } from './command.ts';

/** housekeeping: what background cleaning does. */
export function addHousekeepingCommands(program: Command, deps: ProgramDeps): void {
  const housekeeping = noun(program, 'housekeeping', 'Housekeeping: what background cleaning has found');
  const load = () => import('../commands/housekeeping.ts');
  leaf(
    housekeeping,
    {
      name: 'status',
      summary: 'Show how far the sweep for orphans is and what it found',
      needs: ['control'],
      examples: ['sealgate housekeeping status', 'sealgate housekeeping status --json'],
      handler: async () => (await load()).showHousekeeping,
    },
    deps,
  );
  leaf(
    housekeeping,
    {
      name: 'release',
      summary: 'Let the sweep for orphans go on in a restored database',
      description:
        'A database that was restored from a backup does not know what was written since, and would take it for orphans: its sweep is held. Release it when nothing written since the backup is to be kept.',
      needs: ['control'],
      examples: ['sealgate housekeeping release'],
      handler: async () => (await load()).releaseSweep,
    },
    deps,
  );
}
