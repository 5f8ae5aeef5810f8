import { type Command, Option } from 'commander';
import { leaf, listOption, noun, type ProgramDeps } from './command.ts';

/** credential, role, identity-provider: who may do what, with the operator key. */
export function addIdentityCommands(program: Command, deps: ProgramDeps): void {
  addCredentialCommands(program, deps);
  addRoleCommands(program, deps);
  addProviderCommands(program, deps);
}

function addCredentialCommands(program: Command, deps: ProgramDeps): void {
  const credentials = noun(program, 'credential', 'Access keys of a tenant');
  const load = () => import('../commands/credentials.ts');
  const needs = ['control'] as const;
  leaf(
    credentials,
    {
      name: 'create',
      summary: 'Make a key pair of the tenant for S3',
      options: [
        new Option('--description <text>', 'what it is for'),
        new Option('--expires-at <time>', 'when it ends, for example 2027-01-31T00:00:00Z'),
        new Option('--policy-file <file>', 'IAM-style policy (JSON) that bounds what it may do'),
      ],
      needs,
      examples: ['sealgate credential create --description nightly-backup --policy-file read-only.json'],
      handler: async () => (await load()).createCredential,
    },
    deps,
  );
  leaf(
    credentials,
    {
      name: 'list',
      summary: 'List the access keys of the tenant',
      needs,
      examples: ['sealgate credential list --tenant acme'],
      handler: async () => (await load()).listCredentials,
    },
    deps,
  );
  leaf(
    credentials,
    {
      name: 'policy',
      summary: 'Show, set or remove the policy that bounds an access key',
      arguments: [
        ['<access-key-id>', 'the key'],
        ['[file]', 'an IAM-style policy (JSON)'],
      ],
      options: [new Option('--remove', 'let it do everything its tenant may')],
      needs,
      examples: ['sealgate credential policy SGAKEXAMPLE read-only.json', 'sealgate credential policy SGAKEXAMPLE'],
      handler: async () => (await load()).credentialPolicy,
    },
    deps,
  );
  addCredentialChanges(credentials, deps);
}

function addCredentialChanges(credentials: Command, deps: ProgramDeps): void {
  const load = () => import('../commands/credentials.ts');
  const needs = ['control'] as const;
  leaf(
    credentials,
    {
      name: 'rotate',
      summary: 'Make a new key pair in the place of one, which ends after an overlap',
      arguments: [['<access-key-id>', 'the key that is to end']],
      options: [
        new Option('--overlap <duration>', 'for how long it still serves, such as 24h (the default), 30m or 7d'),
      ],
      needs,
      examples: ['sealgate credential rotate SGAKEXAMPLE --overlap 24h'],
      handler: async () => (await load()).rotateCredential,
    },
    deps,
  );
  for (const verb of ['disable', 'enable', 'delete'] as const) {
    const summaries = {
      disable: 'Disable an access key, and its temporary credentials with it',
      enable: 'Enable an access key that was disabled',
      delete: 'Remove an access key, and its temporary credentials with it',
    };
    leaf(
      credentials,
      {
        name: verb,
        summary: summaries[verb],
        arguments: [['<access-key-id>', 'the key']],
        needs,
        examples: [`sealgate credential ${verb} SGAKEXAMPLE`],
        handler: async () => {
          const { disableCredential, enableCredential, deleteCredential } = await load();
          return { disable: disableCredential, enable: enableCredential, delete: deleteCredential }[verb];
        },
      },
      deps,
    );
  }
}

function addRoleCommands(program: Command, deps: ProgramDeps): void {
  const roles = noun(program, 'role', 'Roles of a tenant: rights that others take for a while with STS');
  const load = () => import('../commands/roles.ts');
  const needs = ['control'] as const;
  leaf(
    roles,
    {
      name: 'apply',
      summary: 'Make or replace a role',
      description:
        'Makes or replaces a role. The file is JSON with trust (webIdentities, accessKeyIds), policy, and optionally ' +
        'sessionSecondsMax and description: see docs/reference/rest.md, putRole.',
      arguments: [
        ['<name>', 'its name'],
        ['<file>', 'a JSON document'],
      ],
      needs,
      examples: ['sealgate role apply backup backup-role.json'],
      handler: async () => (await load()).applyRole,
    },
    deps,
  );
  leaf(
    roles,
    {
      name: 'list',
      summary: 'List the roles of the tenant',
      needs,
      examples: ['sealgate role list'],
      handler: async () => (await load()).listRoles,
    },
    deps,
  );
  leaf(
    roles,
    {
      name: 'show',
      summary: 'Show a role with its trust and policy',
      arguments: [['<name>', 'its name']],
      needs,
      examples: ['sealgate role show backup'],
      handler: async () => (await load()).showRole,
    },
    deps,
  );
  leaf(
    roles,
    {
      name: 'delete',
      summary: 'Remove a role and end its sessions',
      arguments: [['<name>', 'its name']],
      needs,
      examples: ['sealgate role delete backup'],
      handler: async () => (await load()).deleteRole,
    },
    deps,
  );
}

function addProviderCommands(program: Command, deps: ProgramDeps): void {
  const providers = noun(program, 'identity-provider', 'OpenID Connect providers whose tokens roles may trust');
  const load = () => import('../commands/roles.ts');
  const needs = ['control'] as const;
  leaf(
    providers,
    {
      name: 'add',
      summary: 'Register an OpenID Connect identity provider, or change it',
      arguments: [['<name>', 'your name of it']],
      options: [
        new Option('--issuer <url>', 'what its tokens say as "iss"').makeOptionMandatory(),
        listOption('--audience <ids>', 'client ids, for example sts.amazonaws.com').makeOptionMandatory(),
        new Option('--grants-file <file>', 'what its tokens open on the control listener: {"grants": [...]} (JSON)'),
      ],
      needs,
      examples: [
        'sealgate identity-provider add github --issuer https://token.actions.githubusercontent.com --audience sts.amazonaws.com',
        'sealgate identity-provider add people --issuer https://login.example --audience console --grants-file grants.json',
      ],
      handler: async () => (await load()).addIdentityProvider,
    },
    deps,
  );
  leaf(
    providers,
    {
      name: 'list',
      summary: 'List identity providers',
      needs,
      examples: ['sealgate identity-provider list'],
      handler: async () => (await load()).listIdentityProviders,
    },
    deps,
  );
  leaf(
    providers,
    {
      name: 'delete',
      summary: 'Take no more tokens of an identity provider',
      arguments: [['<name>', 'your name of it']],
      needs,
      examples: ['sealgate identity-provider delete github'],
      handler: async () => (await load()).deleteIdentityProvider,
    },
    deps,
  );
}
