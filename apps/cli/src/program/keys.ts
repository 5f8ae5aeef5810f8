import { type Command, Option } from 'commander';
import { choice, leaf, noun, type ProgramDeps } from './command.ts';
import { addKeyringCommands } from './keyring.ts';

const KINDS = ['P-256', 'P-384', 'X25519', 'RSA-3072', 'RSA-4096'];
const NO_PASSPHRASE = new Option('--no-passphrase', 'keep the private key in the clear (mode 0600)');
const USE = new Option('--use', 'seal new objects to this key and no other');
const KEY = ['[key]', 'name, id or beginning of the id; the first key in use when left out'] as const;

const load = () => import('../commands/keys.ts');

export function addKeyCommands(program: Command, deps: ProgramDeps): void {
  const keys = noun(program, 'keys', 'Your keys: they never leave this machine');
  addOwnKeys(keys, deps);
  addForeignKeys(keys, deps);
  addPublishedKeys(keys, deps);
  addKeyringCommands(program, keys, deps);
}

function addOwnKeys(keys: Command, deps: ProgramDeps): void {
  leaf(
    keys,
    {
      name: 'create',
      summary: 'Make a key pair',
      description:
        'Makes a key pair under $XDG_CONFIG_HOME/sealgate. The passphrase is asked for, or taken from SEALGATE_PASSPHRASE.',
      options: [
        choice('--kind <kind>', 'kind of the key', [...KINDS, 'Ed25519']).default(undefined, 'P-256; Ed25519 to sign'),
        new Option('--name <name>', 'your name for it').default('default'),
        new Option('--use [sign]', 'seal new objects to this key and no other; "sign": sign new objects with it'),
        NO_PASSPHRASE,
      ],
      examples: [
        'sealgate keys create',
        'sealgate keys create --kind RSA-4096 --name recovery',
        'sealgate keys create --use sign --name ada',
      ],
      handler: async () => (await load()).createKey,
    },
    deps,
  );
  leaf(
    keys,
    {
      name: 'list',
      summary: 'List your keys and which of them new objects are sealed to',
      examples: ['sealgate keys list'],
      handler: async () => (await load()).listKeys,
    },
    deps,
  );
  leaf(
    keys,
    {
      name: 'export',
      summary: 'Print a key as JWK: the public half, or all of it',
      arguments: [KEY],
      options: [new Option('--private', 'the private key too, in the clear')],
      examples: [
        'sealgate keys export > mine.jwk',
        'sealgate keys export recovery --private > /media/usb/recovery.jwk',
      ],
      handler: async () => (await load()).exportKey,
    },
    deps,
  );
}

function addForeignKeys(keys: Command, deps: ProgramDeps): void {
  leaf(
    keys,
    {
      name: 'import',
      summary: 'Take in a key from a JWK file, private or public',
      arguments: [['<file>', 'a file with one JWK']],
      options: [
        new Option('--name <name>', 'your name for it').default('imported'),
        USE,
        new Option('--add', 'seal new objects to this key too'),
        NO_PASSPHRASE,
      ],
      examples: ['sealgate keys import recovery-public.jwk --name recovery --add'],
      handler: async () => (await load()).importKey,
    },
    deps,
  );
  leaf(
    keys,
    {
      name: 'use',
      summary: 'Choose the keys that new objects are sealed to',
      arguments: [['<keys...>', 'names or ids, the primary one first']],
      examples: ['sealgate keys use default recovery'],
      handler: async () => (await load()).useKeys,
    },
    deps,
  );
  leaf(
    keys,
    {
      name: 'protect',
      summary: 'Put a private key under a new passphrase',
      arguments: [KEY],
      examples: ['sealgate keys protect'],
      handler: async () => (await load()).protectKey,
    },
    deps,
  );
}

function addPublishedKeys(keys: Command, deps: ProgramDeps): void {
  const loadRecovery = () => import('../commands/recovery.ts');
  leaf(
    keys,
    {
      name: 'publish',
      summary: 'Register a key as recovery key of the tenant',
      description:
        'Registers the public half. Recovery manifests, which list what lies on the backends, are sealed to it from then on: ' +
        'its private half alone restores everything with "sealgate recover". The first key pair is registered when it is made.',
      arguments: [KEY],
      needs: ['control'],
      examples: ['sealgate keys publish', 'sealgate keys publish recovery --tenant acme'],
      handler: async () => (await loadRecovery()).publish,
    },
    deps,
  );
  leaf(
    keys,
    {
      name: 'unpublish',
      summary: 'Remove a recovery key of the tenant',
      description: 'Manifests are written anew without it, and what was sealed to it goes from the backends.',
      arguments: [['<key>', 'name or id']],
      needs: ['control'],
      examples: ['sealgate keys unpublish old'],
      handler: async () => (await loadRecovery()).unpublish,
    },
    deps,
  );
}
