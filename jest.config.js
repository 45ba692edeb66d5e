/** Packages that are ES modules, or import() built-in ones: node 20 can, jest's own loader cannot. */
const ESM_ONLY =
  'node_modules/(aedes|@marcbachmann/cel-js|flatbush|flatqueue|robust-predicates|@opentelemetry/otlp-exporter-base)/';
const swc = (syntax) => [
  '@swc/jest',
  { jsc: { target: 'es2022', parser: { syntax } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
];
const transform = { '^.+\\.ts$': swc('typescript'), [`${ESM_ONLY}.+\\.js$`]: swc('ecmascript') };
const base = {
  transform,
  transformIgnorePatterns: [`/node_modules/(?!${ESM_ONLY.slice('node_modules/'.length)})`],
  testEnvironment: 'node',
  runtime: require.resolve('./test/support/runtime.js'),
  roots: ['<rootDir>/test'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.millrace'],
};

/** Real components that mostly wait: simulated devices on a wire, small processes that are killed. */
const LIGHT = [
  '/test/contract/',
  '/test/edge-agent/adapters/',
  '/test/edge-agent/control\\.',
  '/test/deploy/(supervisor|cli)/',
];

/** unit: no network, no processes, runs in parallel. light and component: start real components. e2e: the whole platform. */
module.exports = {
  projects: [
    { ...base, displayName: 'unit', testPathIgnorePatterns: ['/test/e2e/', '\\.component\\.test\\.ts$'] },
    {
      ...{ ...base, displayName: 'light', testRegex: LIGHT.map((place) => `${place}.*component\\.test\\.ts$`) },
    },
    {
      ...{ ...base, displayName: 'component', testMatch: ['<rootDir>/test/**/*.component.test.ts'] },
      testPathIgnorePatterns: LIGHT,
      globalSetup: '<rootDir>/test/support/shared-setup.ts',
      globalTeardown: '<rootDir>/test/support/shared-teardown.ts',
    },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
