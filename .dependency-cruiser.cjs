// The house has a direction (ARCHITECTURE.md): main → app, registry → modules →
// {live, jobs, outbox, graphql, http} → infra → {config, errors}. `npm run check` holds the imports to it.
// `import type` of src/app.types.ts is the one exception: it is erased, and lets a function say that
// it takes the whole App without anybody depending on how it is put together.

/** Modules may import only those above them in this list. */
const modules = [
  'auth',
  'organizations',
  'venues',
  'events',
  'webhooks',
  'seats',
  'reservations',
  'payments',
  'bookings',
  'tickets',
  'mail',
];

const moduleOrder = modules.map((name, index) => ({
  name: `modules-order-${name}`,
  severity: 'error',
  comment: `modules/${name} may import only modules that stand before it`,
  from: { path: `^src/modules/${name}/` },
  to: { path: `^src/modules/(${modules.slice(index + 1).join('|') || 'nothing'})/` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...moduleOrder,
    {
      name: 'rooms-below-never-import-modules',
      severity: 'error',
      from: { path: '^src/(live|jobs|outbox|graphql|http|infra)/' },
      to: { path: '^src/(modules/|app\\.ts|registry\\.ts|main\\.ts)' },
    },
    {
      name: 'infra-is-the-ground-floor',
      severity: 'error',
      from: { path: '^src/infra/' },
      to: { path: '^src/(live|jobs|outbox|graphql|http)/' },
    },
    {
      name: 'config-and-errors-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/(config|errors)\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'app-types-are-types-only',
      severity: 'error',
      from: { pathNot: '^(test|src/app\\.ts)' },
      to: { path: '^src/app\\.types\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-the-top-knows-the-composition',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|app\\.ts|registry\\.ts|tools/)' },
      to: { path: '^src/(main|app|registry)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      comment: 'a rules file decides; it imports no library and no service',
      from: { path: '\\.rules\\.ts$' },
      to: {
        pathNot: '(\\.rules|\\.entity|^src/errors|\\.model)\\.ts$|^src/errors\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'src-never-imports-tests-or-pages',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { path: '^(test|web)/' },
    },
    {
      name: 'src-runs-without-development-packages',
      severity: 'error',
      comment: 'an installation with --omit=dev, as in the image, has none of them',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'tools-are-for-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|tools/)' },
      to: { path: '^src/tools/' },
    },
    {
      name: 'migrations-stand-alone',
      severity: 'error',
      comment: 'what has landed must not change with the code',
      from: { path: '^migrations/' },
      to: { path: '^src/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)' },
  },
};
