import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printPlanSchema } from '../modules/venues/importers/usher-schema';

/** Writes the JSON Schema of the USHER format; a test fails while the file differs from the importer. */
const file = join(process.cwd(), 'schema', 'seating-plan.schema.json');
writeFileSync(file, printPlanSchema());
console.log(`written: ${file}`);
