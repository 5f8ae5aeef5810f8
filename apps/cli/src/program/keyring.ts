import { type Command, Option } from 'commander';
import { choice, leaf, noun, type ProgramDeps } from './command.ts';

const KINDS = ['P-256', 'P-384', 'X25519', 'RSA-3072', 'RSA-4096'];
const ROOT = new Option('--root <file>', 'the file of the root key, when it is at hand');
const NO_PASSPHRASE = new Option('--no-passphrase', 'keep the private key in the clear (mode 0600)');
const needs = ['s3', 'control'] as const;
const load = () => import('../commands/keyring.ts');
const loadKeys = () => import('../commands/rotate-key.ts');

/** keyring, and what of `keys` goes with it. */
export function addKeyringCommands(program: Command, keys: Command, deps: ProgramDeps): void {
  addKeyCommands(keys, deps);
  const keyring = noun(program, 'keyring', 'The keys of a tenant, signed by its offline root');
  addTrust(keyring, deps);
  addChanges(keyring, deps);
  addPublishing(keyring, deps);
}

function addKeyCommands(keys: Command, deps: ProgramDeps): void {
  leaf(
    keys,
    {
      name: 'rotate',
      summary: 'Make a new key in the place of the first one in use',
      description:
        'Makes a key of the next version. With a pinned root it is put into the keyring, published with --root, else drafted to be signed offline. ' +
        'Stored objects stay sealed to the old key until "sealgate rewrap".',
      options: [
        choice('--kind <kind>', 'kind of the key', KINDS).default('P-256'),
        new Option('--name <name>', 'your name for it; the old one with its version when left out'),
        ROOT,
        NO_PASSPHRASE,
      ],
      needs,
      examples: ['sealgate keys rotate', 'sealgate keys rotate --root /media/usb/root.json'],
      handler: async () => (await loadKeys()).rotateKey,
    },
    deps,
  );
  leaf(
    noun(keys, 'root', 'The key that signs keyrings, kept offline'),
    {
      name: 'create',
      summary: 'Make a root key (Ed25519) into a file',
      arguments: [['<file>', 'where to write it; another medium is best']],
      options: [NO_PASSPHRASE],
      examples: ['sealgate keys root create /media/usb/root.json'],
      handler: async () => (await loadKeys()).createRoot,
    },
    deps,
  );
}

function addTrust(keyring: Command, deps: ProgramDeps): void {
  leaf(
    keyring,
    {
      name: 'init',
      summary: 'Pin a root and draft a first keyring of the keys in use',
      arguments: [['<root>', 'file of the root key, or its id']],
      needs,
      examples: ['sealgate keyring init /media/usb/root.json'],
      handler: async () => (await load()).initKeyring,
    },
    deps,
  );
  leaf(
    keyring,
    {
      name: 'pin',
      summary: 'Believe keyrings that this root signed, and no others',
      description: 'On every other machine that seals. Learn the id from the owner of the root, not from a gateway.',
      arguments: [['<id>', 'id of the root key']],
      needs,
      examples: [
        'sealgate keyring pin urn:ietf:params:oauth:jwk-thumbprint:sha-256:Kx9rvIrE4sNyyj__xpy9O32OQIMziJzlOCnzqwI_KZc',
      ],
      handler: async () => (await load()).pinRoot,
    },
    deps,
  );
  for (const [name, summary] of [
    ['show', 'Show the newest keyring, checked'],
    ['verify', 'Check the newest keyring from what was pinned and seen last: exit code 4 when it cannot be believed'],
  ] as const) {
    leaf(
      keyring,
      { name, summary, needs, examples: [`sealgate keyring ${name}`], handler: async () => (await load()).showKeyring },
      deps,
    );
  }
}

function addChanges(keyring: Command, deps: ProgramDeps): void {
  leaf(
    keyring,
    {
      name: 'add',
      summary: 'Draft a keyring with one more key',
      arguments: [['<key>', 'name or id of a key that is here; of a writer ("sealgate writer list") with --use sign']],
      options: [
        choice('--use <use>', 'what it is for', ['wrap', 'recovery', 'sign', 'agent']).default('wrap'),
        new Option('--required', 'every envelope must be sealed to it'),
      ],
      needs,
      examples: [
        'sealgate keyring add laptop',
        'sealgate keyring add recovery --use recovery --required',
        'sealgate keyring add ada --use sign',
      ],
      handler: async () => (await load()).addToKeyring,
    },
    deps,
  );
  leaf(
    keyring,
    {
      name: 'revoke',
      summary: 'Draft a keyring in which a key is revoked',
      description:
        'Nothing new may be sealed to it or signed with it then. What is sealed to it is found and changed with "sealgate rewrap".',
      arguments: [['<key>', 'name or id']],
      needs,
      examples: ['sealgate keyring revoke laptop'],
      handler: async () => (await load()).revokeInKeyring,
    },
    deps,
  );
}

function addPublishing(keyring: Command, deps: ProgramDeps): void {
  leaf(
    keyring,
    {
      name: 'sign',
      summary: 'Sign a draft with the root; needs no gateway',
      arguments: [['<draft>', 'file of the draft']],
      options: [ROOT],
      examples: ['sealgate keyring sign keyring-draft-acme.json --root /media/usb/root.json > signed'],
      handler: async () => (await load()).signDraft,
    },
    deps,
  );
  leaf(
    keyring,
    {
      name: 'publish',
      summary: 'Publish a keyring: the draft, signed with --root, or one that was signed elsewhere',
      arguments: [['[signed]', 'file of a signed keyring']],
      options: [ROOT],
      needs,
      examples: ['sealgate keyring publish --root /media/usb/root.json', 'sealgate keyring publish signed'],
      handler: async () => (await load()).publishKeyring,
    },
    deps,
  );
}
