import { type Command, Option } from 'commander';
import { leaf, listOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/tenant-end.ts');

/** tenant delete, tenant erasure: the end of a tenant and the proof of it. */
export function addTenantEnd(tenants: Command, deps: ProgramDeps): void {
  leaf(
    tenants,
    {
      name: 'delete',
      summary: 'Delete a suspended tenant with everything it has, for good',
      description:
        'Takes its keys, sessions and roles away at once, then removes buckets, versions whatever their age and their bytes on every backend, in the background. Refused while the tenant is not suspended, and while a legal hold or retention in COMPLIANCE mode keeps a version. GOVERNANCE is bypassed.',
      arguments: [['<name>', 'name of the tenant']],
      options: [
        new Option('--yes', 'that it is meant: without it nothing happens'),
        new Option('--wait', 'until everything that is known is confirmed to be gone, and show the report'),
        listOption('--without <backends>', 'backends that are gone for good: their confirmation is not waited for'),
        new Option('--out <file>', 'with --wait: write the signed report'),
      ],
      needs: ['control'],
      examples: [
        'sealgate tenant update acme --state suspended',
        'sealgate tenant delete acme --yes --wait --out acme.erasure',
        'sealgate tenant delete acme --yes --without lost-backend',
      ],
      handler: async () => (await load()).deleteTenant,
    },
    deps,
  );
  leaf(
    tenants,
    {
      name: 'erasure',
      summary: 'How far the deletion of a tenant is, and the signed report of it',
      description:
        'Shows what each backend confirmed and what is waited for. With --out it writes the signed report, which "sealgate evidence verify" checks without a gateway. It settles when no write that was under way can leave anything any more; the report is final then.',
      arguments: [['<name>', 'name or id of the tenant']],
      options: [new Option('--out <file>', 'write the signed report: keep this, it is the proof')],
      needs: ['control'],
      examples: ['sealgate tenant erasure acme', 'sealgate tenant erasure acme --out acme.erasure'],
      handler: async () => (await load()).tenantErasure,
    },
    deps,
  );
}
