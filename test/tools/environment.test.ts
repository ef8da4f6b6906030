import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config';

const root = join(__dirname, '../..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Service {
  image: string;
  command?: string[];
  environment: Record<string, string>;
  ports?: string[];
  profiles?: string[];
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  healthcheck?: object;
}

const compose = parse(textOf('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};
const ushers = ['api', 'worker'];
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

/** NAME=value lines, as `--env-file` and Docker Compose read them. */
const example = Object.fromEntries(
  textOf('.env.example')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`.env.example has a line of its own kind: ${line}`);
      return [name, value ?? ''];
    }),
);

/** What a container of Usher gets, with .env filled in as in `settings`. */
function environmentOf(name: string, settings: Record<string, string> = {}) {
  const filledIn = (text: string): string =>
    text.replace(/\$\{([A-Z_]+):-([^}]*)\}/g, (_, variable: string, otherwise: string) =>
      settings[variable] ? settings[variable] : otherwise,
    );
  return Object.fromEntries(
    Object.entries(service(name).environment).map(([key, value]) => [key, filledIn(value)]),
  );
}

/** Said by the container itself, whatever .env says. */
const CONTAINERS_OWN = ['HOST', 'USHER_DATA_DIR', 'WORKERS'];

describe('.env.example', () => {
  it('lists the variables that src/config.ts reads, and no others', () => {
    const read = [...textOf('src/config.ts').matchAll(/^ {6}([A-Z][A-Z_]+): \w+\(/gm)];
    const names = read.map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(example).sort()).toEqual(names.sort());
  });

  it('gives each its default', () => {
    expect(readConfig(example)).toEqual(readConfig({}));
  });

  it('tells a value apart that is not the default', () => {
    expect(readConfig({ ...example, PORT: '4001' })).not.toEqual(readConfig({}));
  });
});

describe('docker-compose.yml', () => {
  it.each(ushers)('gives %s every variable, with the default of .env.example', (name) => {
    expect(Object.keys(service(name).environment).sort()).toEqual(Object.keys(example).sort());
    const database = service('postgres').environment;
    const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: db } = database;
    expect(environmentOf(name)).toEqual({
      ...example,
      HOST: '0.0.0.0',
      USHER_DATA_DIR: '/data',
      WORKERS: name === 'worker' ? 'inline' : 'off',
      DATABASE_URL: `postgres://${user}:${password}@postgres:5432/${db}`,
      REDIS_URL: 'redis://redis:6379',
    });
  });

  it.each(ushers)('hands what .env says on to %s', (name) => {
    const settings = Object.fromEntries(Object.keys(example).map((key) => [key, `my ${key}`]));
    const handedOn = environmentOf(name, settings);
    for (const key of Object.keys(example).filter((each) => !CONTAINERS_OWN.includes(each))) {
      expect(handedOn[key]).toBe(`my ${key}`);
    }
  });

  it.each(ushers)('starts %s with an environment that passes, after its servers', (name) => {
    const config = readConfig(environmentOf(name));
    expect(config).toMatchObject({ host: '0.0.0.0', dataDir: '/data' });
    expect(service(name).command).toEqual(scripts[`start:${name}`]?.split(' '));
    for (const server of ['postgres', 'redis']) {
      expect(service(name).depends_on?.[server]).toEqual({ condition: 'service_healthy' });
      expect(service(server).healthcheck).toBeDefined();
    }
  });

  it('publishes the API where .env.example has it, and nothing else', () => {
    const { HOST, PORT } = example;
    const published = '${HOST:-H}:${PORT:-P}:${PORT:-P}'
      .replaceAll('-H', `-${HOST}`)
      .replaceAll('-P', `-${PORT}`);
    expect(service('api').ports).toEqual([published]);
    const others = Object.entries(compose.services).filter(([name]) => name !== 'api');
    expect(others.filter(([, { ports }]) => ports !== undefined)).toEqual([]);
  });

  it('has PostgreSQL 18, where its data outlive it, Redis 7, and Kafka on demand', () => {
    expect(service('postgres').image).toMatch(/^postgres:18\b/);
    expect(service('postgres').volumes).toEqual(['postgres:/var/lib/postgresql']);
    expect(service('redis').image).toMatch(/^redis:7\b/);
    expect(service('kafka').profiles).toEqual(['kafka']);
    const onDemand = Object.entries(compose.services).filter(([, { profiles }]) => profiles);
    expect(onDemand.map(([name]) => name)).toEqual(['kafka']);
  });

  it('declares the volumes it names', () => {
    const named = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    const names = new Set(named.map((volume) => volume.split(':')[0]));
    expect(Object.keys(compose.volumes).sort()).toEqual([...names].sort());
  });
});

describe('Dockerfile', () => {
  const lines = textOf('Dockerfile').split('\n');
  const valueOf = (instruction: string): string | undefined =>
    lines.findLast((line) => line.startsWith(`${instruction} `))?.slice(instruction.length + 1);

  it('agrees with .env.example and docker-compose.yml', () => {
    const given = Object.fromEntries(
      (valueOf('ENV') ?? '').split(' ').map((pair) => pair.split('=')),
    ) as Record<string, string>;
    expect(given).toEqual({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: example['PORT'],
      USHER_DATA_DIR: '/data',
    });
    expect(valueOf('EXPOSE')).toBe(example['PORT']);
    expect(valueOf('VOLUME')).toBe('/data');
    expect(JSON.parse(valueOf('CMD') ?? '')).toEqual(service('api').command);
  });

  it('runs as nobody’s root, and asks for its health', () => {
    expect(valueOf('USER')).toBe('node');
    expect(textOf('Dockerfile')).toMatch(/HEALTHCHECK[^]*\/health\/live/);
  });
});
