// Runs one TypeScript file with its arguments, for tools that are not worth a build:
//   node scripts/run.mjs src/tools/migrate.ts
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const require = createRequire(import.meta.url);
process.env.SWCRC = 'true'; // one set of compiler options for build, tests and tools
require('@swc-node/register');
const [file, ...rest] = process.argv.slice(2);
if (!file) throw new Error('usage: node scripts/run.mjs FILE [ARGUMENT ...]');
process.argv = [process.argv[0], resolve(file), ...rest];
require(resolve(file));
