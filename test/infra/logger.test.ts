import { Client, Pool } from 'pg';
import { errorForLog } from '../../src/infra/logger';
import { cloneDatabase, type TestDatabase } from '../setup/databases';

let database: TestDatabase;
beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(() => database.drop());

it('the error of a broken connection is logged without the connection and its keys', async () => {
  const pool = new Pool({ connectionString: database.url });
  const killer = new Client({ connectionString: database.url });
  await killer.connect();
  try {
    const broke = new Promise<Error>((tell) => pool.once('error', tell));
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await killer.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
    const error = await broke;
    // What it is about: pg does this.
    expect(error).toHaveProperty('client.secretKey');
    const told = errorForLog(error);
    expect(told).toMatchObject({ type: 'DatabaseError', message: error.message });
    expect(JSON.stringify(told)).not.toContain('secretKey');
  } finally {
    await killer.end();
    await pool.end();
  }
});
