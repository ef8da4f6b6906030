// npm start: builds what is out of date, then runs src/main.ts in this very process, so that signals
// reach it without a go-between.
import { createRequire } from 'node:module';
import { build } from './build.mjs';

build();
createRequire(import.meta.url)('../dist/src/main.js');
