/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.(ts|js|mjs)$': ['@swc/jest'] },
  // Packages that ship ES modules only, and so have to be compiled for Jest.
  transformIgnorePatterns: [
    '/node_modules/(?!(redlock|uuidv7|cookie|@graphql-tools|graphql-sse|@apollo/client|rxjs)/)',
  ],
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/setup/each-file.ts'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
