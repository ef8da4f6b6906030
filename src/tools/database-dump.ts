/** The text of schema/database.sql: what the migrations amount to, as the catalog tells it. */
import type { Client } from 'pg';

const INTRODUCTION = `-- The database after all migrations, for reading and for reviews: a change of the schema shows here
-- as a difference. Made by \`npm run schema:print\`; what is run are the files in migrations/.
-- Left out: the job queue's own schema (graphile_worker), TypeORM's list of migrations and the daily
-- partitions of seat_changes and domain_events, which carry dates.
`;

/** Ours: tables of the schema public that are neither partitions nor TypeORM's own. */
const OUR_TABLES = `
  SELECT c.oid, c.relname, c.relkind, c.reloptions FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition AND c.relname <> 'migrations'`;

const TABLES = `
  SELECT t.relname AS name, t.reloptions AS options,
    CASE t.relkind WHEN 'p' THEN pg_get_partkeydef(t.oid) END AS "partitionKey"
  FROM (${OUR_TABLES}) t ORDER BY t.relname`;

/** A NOT NULL is a constraint of its own since PostgreSQL 18; it stands with its column. */
const COLUMNS = `
  SELECT t.relname AS "table", quote_ident(a.attname)
    || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attstorage <> ty.typstorage THEN
         ' STORAGE ' || CASE a.attstorage WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
           WHEN 'x' THEN 'EXTENDED' ELSE 'PLAIN' END ELSE '' END
    || CASE WHEN a.attcollation <> ty.typcollation THEN ' COLLATE ' || quote_ident(co.collname) ELSE '' END
    || CASE WHEN a.attidentity <> '' THEN ' GENERATED AS IDENTITY'
         WHEN a.attgenerated <> '' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')'
         WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS definition
  FROM (${OUR_TABLES}) t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type ty ON ty.oid = a.atttypid
  LEFT JOIN pg_collation co ON co.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  ORDER BY t.relname, a.attnum`;

const CONSTRAINTS = `
  SELECT t.relname AS "table",
    'CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) AS definition
  FROM (${OUR_TABLES}) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype <> 'n'
  ORDER BY t.relname, array_position('{p,u,f,c}'::"char"[], k.contype), k.conname`;

/** What belongs to a table but stands after it. The index of a key is part of its constraint. */
const AFTER_TABLES = `
  SELECT t.relname AS "table", pg_get_indexdef(i.indexrelid) COLLATE "C" AS definition, 1 AS place
  FROM (${OUR_TABLES}) t JOIN pg_index i ON i.indrelid = t.oid
  WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT t.relname, pg_get_triggerdef(g.oid), 2
  FROM (${OUR_TABLES}) t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
  ORDER BY 1, 3, 2`;

/** Types, views and functions of ours, each as a whole statement. Sorted alike in every locale. */
const OTHERS = `
  SELECT 'CREATE TYPE ' || quote_ident(ty.typname) || ' AS ENUM ('
    || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = ty.oid) || ')' AS definition, 1 AS place, ty.typname::text COLLATE "C" AS name
  FROM pg_type ty WHERE ty.typnamespace = 'public'::regnamespace AND ty.typtype = 'e'
  UNION ALL
  SELECT 'CREATE DOMAIN ' || quote_ident(ty.typname) || ' AS ' || format_type(ty.typbasetype, ty.typtypmod)
    || coalesce((SELECT string_agg(E'\\n  CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid),
         '' ORDER BY k.conname)
       FROM pg_constraint k WHERE k.contypid = ty.oid AND k.contype <> 'n'), ''), 1, ty.typname
  FROM pg_type ty WHERE ty.typnamespace = 'public'::regnamespace AND ty.typtype = 'd'
  UNION ALL
  SELECT 'CREATE ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW '
    || quote_ident(c.relname) || E' AS\\n' || rtrim(pg_get_viewdef(c.oid), ';'), 2, c.relname
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
  UNION ALL
  SELECT rtrim(pg_get_functiondef(p.oid), E'\\n'), 3, p.oid::regprocedure::text
  FROM pg_proc p
  WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p') AND NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
  ORDER BY 2, 3`;

interface Definition {
  table: string;
  definition: string;
}

async function definitionsByTable(client: Client, sql: string): Promise<Map<string, string[]>> {
  const { rows } = await client.query<Definition>(sql);
  const byTable = new Map<string, string[]>();
  for (const { table, definition } of rows) {
    byTable.set(table, [...(byTable.get(table) ?? []), definition]);
  }
  return byTable;
}

/** The whole schema as SQL, sorted by name: the same migrations always give the same text. */
export async function dumpDatabase(client: Client): Promise<string> {
  // Names of another schema would be written with it, and ours without, on every machine alike.
  await client.query(`SET search_path = public`);
  const { rows: tables } = await client.query<{
    name: string;
    options: string[] | null;
    partitionKey: string | null;
  }>(TABLES);
  const columns = await definitionsByTable(client, COLUMNS);
  const constraints = await definitionsByTable(client, CONSTRAINTS);
  const after = await definitionsByTable(client, AFTER_TABLES);
  const { rows: others } = await client.query<{ definition: string }>(OTHERS);

  const statements = tables.map(({ name, options, partitionKey }) => {
    const lines = [...(columns.get(name) ?? []), ...(constraints.get(name) ?? [])];
    const ending = [
      partitionKey === null ? '' : ` PARTITION BY ${partitionKey}`,
      options === null ? '' : ` WITH (${options.join(', ')})`,
    ].join('');
    return [
      `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n)${ending};`,
      ...(after.get(name) ?? []).map((definition) => `${definition};`),
    ].join('\n');
  });
  return `${[INTRODUCTION.trimEnd(), ...statements, ...others.map((one) => `${one.definition};`)].join('\n\n')}\n`;
}
