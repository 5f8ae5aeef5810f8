import { type Command, Option } from 'commander';
import { leaf, type ProgramDeps } from './command.ts';

const ENDINGS = { versionId: new Option('--version-id <id>', 'a certain version') };

/** put, get, ls, rm, stat */
export function addObjectCommands(program: Command, deps: ProgramDeps): void {
  for (const add of [addPut, addGet, addLs, addRm, addStat]) add(program, deps);
}

function addPut(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'put',
      summary: 'Seal a file and store it',
      description:
        'Seals a file on this machine and stores the sealed bytes. The first put makes your first key pair. ' +
        'A large upload that was interrupted goes on where it stopped when you run the same command again. ' +
        'With --direct the gateway plans where the bytes go, this machine puts them there, and the gateway publishes what it verified; ' +
        'what it cannot plan goes through it.',
      arguments: [
        ['<file>', 'the file to store, or - for standard input'],
        ['<address>', 's3://bucket/key'],
      ],
      options: [
        new Option('--class <name>', 'redundancy class, for example StandardClass'),
        new Option('--content-type <type>', 'stored in the clear').default(undefined, 'application/octet-stream'),
        new Option('--if-absent', 'only when there is no such object yet'),
        new Option('--plain', 'send the bytes as they are, without a seal'),
        new Option('--direct', 'put the sealed bytes to the backends, past the gateway').conflicts('plain'),
        new Option('--no-resume', 'start anew instead of going on with an interrupted upload'),
      ],
      needs: ['s3', 'control'],
      examples: [
        'sealgate put report.pdf s3://vault/report.pdf',
        'tar c photos | sealgate put - s3://vault/photos.tar',
        'sealgate put backup.img s3://vault/backup.img --class ColdArchiveClass',
        'sealgate put --direct film.mov s3://vault/film.mov',
      ],
      handler: async () => (await import('../commands/put.ts')).put,
    },
    deps,
  );
}

function addGet(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'get',
      summary: 'Fetch an object, verify it and open its seal',
      description:
        'Fetches an object and opens its seal. A file appears under its name only when all of it was verified; ' +
        'after exit code 4 there is none. On standard output the bytes flow as they are verified: use them only after exit code 0.',
      arguments: [
        ['<address>', 's3://bucket/key'],
        ['<file>', 'the file to write, a folder, or - for standard output'],
      ],
      options: [
        new Option('--range <bytes>', 'A-B, A- or -N: bytes from A to B, from A on, or the last N'),
        ENDINGS.versionId,
        new Option('--plain', 'the bytes as they are stored, without opening a seal'),
        new Option('--allow-older', 'take a version that is older than one you have seen, knowingly'),
      ],
      needs: ['s3', 'control'],
      examples: [
        'sealgate get s3://vault/report.pdf report.pdf',
        'sealgate get s3://vault/photos.tar - | tar x',
        'sealgate get s3://vault/backup.img head.bin --range 0-511',
      ],
      handler: async () => (await import('../commands/get.ts')).get,
      dataOnStdout: (args: readonly unknown[]) => args[1] === '-',
    },
    deps,
  );
}

function addLs(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'ls',
      summary: 'List buckets or objects',
      description: 'Lists buckets, or what a bucket holds. Sizes are those of the stored, sealed bytes.',
      arguments: [['[address]', 's3://bucket or s3://bucket/prefix']],
      options: [new Option('-r, --recursive', 'all objects below the prefix, not only its folders')],
      needs: ['s3'],
      examples: ['sealgate ls', 'sealgate ls s3://vault/reports/', 'sealgate ls -r --json s3://vault'],
      handler: async () => (await import('../commands/ls.ts')).ls,
    },
    deps,
  );
}

function addRm(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'rm',
      summary: 'Delete objects',
      arguments: [['<address>', 's3://bucket/key, or with --recursive s3://bucket/prefix']],
      options: [new Option('-r, --recursive', 'everything below the prefix'), ENDINGS.versionId],
      needs: ['s3'],
      examples: ['sealgate rm s3://vault/report.pdf', 'sealgate rm -r s3://vault/old/'],
      handler: async () => (await import('../commands/rm.ts')).rm,
    },
    deps,
  );
}

function addStat(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'stat',
      summary: 'Show how and where an object is kept',
      description:
        'Shows size, class, seal and the keys that open it; with access to the control listener also every copy.',
      arguments: [['<address>', 's3://bucket/key']],
      options: [
        ENDINGS.versionId,
        new Option(
          '--verify-head <file>',
          'ask for a signed head and check it against these public keys ("sealgate audit key")',
        ),
        new Option('--head-out <file>', 'write the signed head: keep it, it proves what was served'),
      ],
      needs: ['s3', 'control'],
      examples: [
        'sealgate stat s3://vault/report.pdf',
        'sealgate stat s3://vault/report.pdf --verify-head audit.pub --head-out monday.head',
        'sealgate stat --json s3://vault/report.pdf',
      ],
      handler: async () => (await import('../commands/stat.ts')).stat,
    },
    deps,
  );
}
