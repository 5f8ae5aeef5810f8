import { type Command, Option } from 'commander';
import { leaf, noun, numberOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/audit.ts');
const loadFiles = () => import('../commands/audit-files.ts');

/** audit: what happened, and the proof of it. */
export function addAuditCommands(program: Command, deps: ProgramDeps): void {
  const audit = noun(program, 'audit', 'The audit log: what happened, and the proof of it');
  addReadingCommands(audit, deps);
  addProofCommands(audit, deps);
  leaf(
    audit,
    {
      name: 'export',
      summary: 'Copy the log into files that verify without a gateway',
      arguments: [],
      options: [
        new Option('--out <folder>', 'where the files go; must be empty or not there').makeOptionMandatory(),
        timeOption('--from <time>', 'entries not older than this'),
        timeOption('--to <time>', 'entries older than this'),
        numberOption('--first <leaf>', 'begin at this place in the log'),
        numberOption('--segment <entries>', 'entries of one file'),
      ],
      needs: ['control'],
      examples: ['sealgate audit export --out audit-2026', 'sealgate audit export --from 2026-11-01 --out november'],
      handler: async () => (await loadFiles()).exportAudit,
    },
    deps,
  );
  addKeptProofCommands(audit, deps);
  leaf(
    audit,
    {
      name: 'verify',
      summary: 'Check exported files against a public key, without a gateway; or the live log',
      description:
        'Checks that no entry was changed, left out, added or reordered, that the signatures are right, and that checkpoints you kept are of the same log. Exit code 4 when not.',
      arguments: [['[files...]', 'segments, or folders of them']],
      options: [
        ...keyOptions(),
        new Option('--checkpoint <file...>', 'checkpoints that were kept: a fork from any of them is found'),
        new Option('--live', 'read the log from the gateway'),
        new Option(
          '--archive <place>',
          'all archives that lie in a folder of backends, or on backends that a file lists (docs/spec/recovery.md)',
        ),
        new Option('--archive-key <file>', 'the private key (JWK) that archives are sealed to'),
        numberOption('--locked <number>', 'each archive must be kept by the object lock of so many places'),
      ],
      needs: ['control'],
      examples: [
        'sealgate audit verify audit-2026 --key audit.pub',
        'sealgate audit verify audit-2026 --key audit.pub --checkpoint january.checkpoint',
        'sealgate audit verify --live --key audit.pub',
        'sealgate audit verify --archive backends.yaml --archive-key auditor.jwk --key audit.pub --locked 2',
      ],
      handler: async () => (await loadFiles()).verifyAudit,
    },
    deps,
  );
}

/** What was kept elsewhere: heads with clients, archives on backends. */
function addKeptProofCommands(audit: Command, deps: ProgramDeps): void {
  leaf(
    audit,
    {
      name: 'heads',
      summary: 'Check signed heads of objects against each other and against an export of the log',
      description:
        'A head says which version the gateway served as the current one, and when ("sealgate stat --head-out"). Two that contradict each other, or one that the log refutes, prove that something else than the truth was served: exit code 4.',
      arguments: [['<files...>', 'heads, one a file']],
      options: [
        ...keyOptions(),
        new Option('--export <path...>', 'segments of the log from its beginning, or a folder of them'),
      ],
      examples: ['sealgate audit heads monday.head friday.head --key audit.pub --export audit-2026'],
      handler: async () => (await import('../commands/audit-heads.ts')).checkHeads,
    },
    deps,
  );
  leaf(
    audit,
    {
      name: 'archives',
      summary: 'List the sealed archives of the log that lie on backends',
      needs: ['control'],
      examples: ['sealgate audit archives'],
      handler: async () => (await import('../commands/audit-archives.ts')).listArchives,
    },
    deps,
  );
}

function addReadingCommands(audit: Command, deps: ProgramDeps): void {
  const filters = [
    new Option('--bucket <name>', 'about this bucket'),
    new Option('--key <key>', 'about this object'),
    new Option('--actor <actor>', 'by this actor, for example tenant:AKIA...'),
    new Option('--action <names>', 'of these kinds, for example versionPublished,versionRemoved'),
    new Option('--request-id <id>', 'of this request'),
    timeOption('--from <time>', 'not before'),
    timeOption('--to <time>', 'not after'),
    new Option('--of-tenant <name>', 'about this tenant and its buckets'),
  ];
  leaf(
    audit,
    {
      name: 'search',
      summary: 'Find entries, the newest first',
      options: [...filters, numberOption('--limit <number>', 'at most so many (100)')],
      needs: ['control'],
      examples: [
        'sealgate audit search --bucket vault --key report.pdf',
        'sealgate audit search --action backendStateChanged --from 2026-11-01 --json',
      ],
      handler: async () => (await load()).searchAudit,
    },
    deps,
  );
  leaf(
    audit,
    {
      name: 'requests',
      summary: 'Show who asked for what: the records of S3 requests, reads and refused ones too',
      options: [
        new Option('--of-tenant <name>', "this tenant's").makeOptionMandatory(),
        new Option('--bucket <name>', 'about this bucket'),
        new Option('--key <key>', 'about this object'),
        timeOption('--from <time>', 'not before'),
        timeOption('--to <time>', 'not after'),
      ],
      needs: ['control'],
      examples: ['sealgate audit requests --of-tenant acme --bucket vault --key report.pdf'],
      handler: async () => (await load()).auditRequests,
    },
    deps,
  );
  leaf(
    audit,
    {
      name: 'tail',
      summary: 'Show the newest entries, and those to come',
      options: [
        ...filters.slice(0, 4),
        numberOption('--lines <number>', 'begin with so many (20)'),
        new Option('--no-follow', 'do not wait for more'),
      ],
      needs: ['control'],
      examples: ['sealgate audit tail', 'sealgate audit tail --bucket vault --no-follow'],
      handler: async () => (await load()).tailAudit,
    },
    deps,
  );
}

function addProofCommands(audit: Command, deps: ProgramDeps): void {
  leaf(
    audit,
    {
      name: 'key',
      summary: 'Show the public keys that verify the log, or make a new one',
      options: [
        new Option('--rotate', 'make a new key'),
        numberOption('--overlap-hours <hours>', 'with --rotate: how long the old key signs beside it'),
      ],
      needs: ['control'],
      examples: ['sealgate audit key > audit.pub', 'sealgate audit key --rotate'],
      handler: async () => (await load()).auditKey,
    },
    deps,
  );
  leaf(
    audit,
    {
      name: 'checkpoint',
      summary: 'Show the signed head of the log: keep it, and nobody can change what it covers unseen',
      options: [new Option('--now', 'sign what the log has now, and do not wait for the schedule')],
      needs: ['control'],
      examples: ['sealgate audit checkpoint > today.checkpoint'],
      handler: async () => (await load()).auditCheckpoint,
    },
    deps,
  );
  leaf(
    audit,
    {
      name: 'proof',
      summary: 'Prove that an entry is in the log, or that the log has only grown since a checkpoint; and check it',
      arguments: [['[leaf]', 'place of the entry in the log']],
      options: [new Option('--since <file>', 'a checkpoint that was kept'), ...keyOptions()],
      needs: ['control'],
      examples: [
        'sealgate audit proof 17 --key audit.pub',
        'sealgate audit proof --since january.checkpoint --key audit.pub',
      ],
      handler: async () => (await load()).auditProof,
    },
    deps,
  );
}

function keyOptions(): Option[] {
  return [new Option('--key <file>', 'the public keys, as "sealgate audit key" shows them').makeOptionMandatory()];
}

function timeOption(flags: string, description: string): Option {
  return new Option(flags, `${description} (ISO 8601, for example 2026-11-28 or 2026-11-28T10:00:00Z)`);
}
