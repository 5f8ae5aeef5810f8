/** The floors of the tree (ARCHITECTURE.md): a package may import only what its row names. */
const may = {
  core: [],
  sealed: [],
  s3: ['core'],
  backends: ['core', 's3'],
  metadata: ['core'],
  erasure: [],
  engine: ['core', 'erasure'],
  client: ['core', 'sealed', 's3'],
  runtime: ['core', 'backends'],
};

const forbidden = [
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'apps-stay-apart',
    comment:
      'Composition roots never import each other. The command line starts gateways and agents through their entry points only.',
    severity: 'error',
    from: { path: '^apps/([^/]+)/' },
    to: { path: '^apps/([^/]+)/', pathNot: ['^apps/$1/', '^apps/(gateway|agent)/src/index\\.ts$'] },
  },
  {
    name: 'packages-know-no-app',
    severity: 'error',
    from: { path: '^packages/' },
    to: { path: '^(apps|tests|bench|tools)/' },
  },
  {
    name: 'gateway-cannot-decrypt',
    comment: 'Promise 1: the gateway never holds code that seals or opens objects.',
    severity: 'error',
    from: { path: '^(apps/(gateway|agent)|packages/(engine|metadata|backends|runtime))/' },
    to: { path: '^packages/sealed/src/(floe|seal|open|keys)/|^packages/client/' },
  },
  {
    name: 'gateway-relays-credentials',
    comment: 'What owners hand to agents is ciphertext to a gateway: it holds no code that opens it.',
    severity: 'error',
    from: { path: '^(apps/gateway|packages/(engine|metadata|backends|runtime))/' },
    to: { path: '^packages/sealed/src/credentials/' },
  },
  {
    name: 'testkit-is-for-tests',
    severity: 'error',
    from: { path: '^(packages|apps)/', pathNot: ['\\.test\\.ts$', '^packages/testkit/'] },
    to: { path: '^packages/testkit/' },
  },
  {
    name: 'core-is-pure',
    comment: 'Floor 0 has no sockets, no files, no clock of its own.',
    severity: 'error',
    from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|stream|assert)$' },
  },
  {
    name: 'sealed-runs-in-browsers',
    severity: 'error',
    from: { path: '^packages/(sealed|client)/src/', pathNot: '\\.test\\.ts$|/node/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'acceptance-is-black-box',
    comment:
      'But for what is bundled into the web page of the browser test: there the packages are what is tested. The checker ' +
      'of histories is no part of the product.',
    severity: 'error',
    from: { path: '^tests/(acceptance|interop)/', pathNot: '^tests/acceptance/browser/entry\\.ts$' },
    to: { path: '^packages/|^apps/', pathNot: '^packages/testkit/src/history/' },
  },
  {
    name: 'tests-are-not-imported',
    severity: 'error',
    from: { pathNot: '\\.test\\.ts$' },
    to: { path: '\\.test\\.ts$' },
  },
  ...Object.entries(may).map(([name, allowed]) => ({
    name: `floor-of-${name}`,
    severity: 'error',
    from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
    to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
  })),
];

module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(node_modules|dist|vectors|generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
