import { type Command, Option } from 'commander';
import { leaf, type ProgramDeps } from './command.ts';

const load = () => import('../commands/evidence.ts');

/** evidence: where copies were, and the proof of it. */
export function addEvidenceCommands(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'evidence',
      summary: 'Report where every copy was at a time, signed and with proofs',
      description:
        'Asks the gateway for a signed report of the places of all copies of a bucket or an object, with the entries of the audit log that it follows from and the proof that each is in the log. "sealgate evidence verify" checks it without a gateway.',
      arguments: [['<where>', 's3://bucket or s3://bucket/key']],
      options: [
        new Option('--at <time>', 'what was there at this time (default: now)'),
        new Option('--from <time>', 'what was there at any time since'),
        new Option('--to <time>', 'and until (default: now)'),
        new Option('--out <file>', 'write the signed document: keep this, it is the proof'),
        new Option('--html <file>', 'write a page for people, to read and to print'),
      ],
      needs: ['control'],
      examples: [
        'sealgate evidence s3://vault/report.pdf --at 2026-11-28T10:00:00Z --out report.evidence',
        'sealgate evidence s3://vault --from 2026-01-01 --out vault.evidence --html vault.html',
      ],
      handler: async () => (await load()).issueEvidence,
    },
    deps,
  );
  const evidence = program.commands.find((command) => command.name() === 'evidence');
  if (evidence === undefined) return;
  leaf(
    evidence,
    {
      name: 'verify',
      summary: 'Check a signed report against a public key, without a gateway',
      description:
        'Of the places of copies, or of a tenant\'s deletion ("sealgate tenant erasure --out"). Checks the signature, that each entry is in the log, and that the report follows from the entries. With --export also that no entry was kept back: the report must follow from the whole log. Exit code 4 when not.',
      arguments: [['<file>', 'what --out wrote']],
      options: [
        new Option('--key <file>', 'the public keys, as "sealgate audit key" shows them').makeOptionMandatory(),
        new Option(
          '--export <path...>',
          'segments of the log from its beginning ("sealgate audit export"), or a folder of them',
        ),
        new Option('--html <file>', 'write a page for people, to read and to print'),
      ],
      examples: [
        'sealgate evidence verify report.evidence --key audit.pub',
        'sealgate evidence verify report.evidence --key audit.pub --export audit-2026',
      ],
      handler: async () => (await load()).verifyEvidenceFile,
    },
    deps,
  );
}
