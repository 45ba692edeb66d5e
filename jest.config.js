const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
  ],
};
const base = {
  transform,
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.millrace'],
};

/** unit: no network, no processes, runs in parallel. component: starts real components, one file at a time. e2e: the whole platform. */
module.exports = {
  projects: [
    { ...base, displayName: 'unit', testPathIgnorePatterns: ['/test/e2e/', '\\.component\\.test\\.ts$'] },
    { ...base, displayName: 'component', testMatch: ['<rootDir>/test/**/*.component.test.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
