/** The chart as helm renders it: what Kubernetes accepts, what the processes read, what security asks for. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHART, cases, lint, type Manifest, manifests, render, valuesOf } from '../../../deploy/chart/render';
import { type ChartTools, chartTools } from '../../../deploy/chart/tools';
import { loginOf } from '../../../deploy/clickhouse/from-env';
import { Validator } from '../../../deploy/chart/validate';
import { streamConfig } from '../../../schemas/stream';
import { projectRoot } from '../../../schemas/root';
import { temporalConfig } from '../../../services/lib/temporal';
import { TASK_QUEUE } from '../../../workflows/shared/messages';
import { type Container, containersOf, type Pod, podOf, workloads } from './workloads';
import { variablesOf } from './variables';

const root = projectRoot();
const CASES = cases(root);
const found: Record<string, Manifest[]> = {};
let tools: ChartTools;
const scratch = mkdtempSync(join(tmpdir(), 'millrace-chart-test-'));

beforeAll(async () => {
  tools = await chartTools(root, () => undefined);
  const texts = await Promise.all(CASES.map((c) => render(tools.helm, root, valuesOf(root, c))));
  CASES.forEach((c, i) => (found[c] = manifests(texts[i] ?? '')));
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

const all = (): Manifest[] => Object.values(found).flat();
const pods = (): { name: string; pod: Pod }[] =>
  all().flatMap((m) => {
    const pod = podOf(m);
    return pod ? [{ name: `${m.kind} ${m.metadata.name}`, pod }] : [];
  });

test.each(CASES)('%s passes helm lint --strict', async (name) => {
  await lint(tools.helm, root, valuesOf(root, name));
});

test.each(CASES)('%s has no field that Kubernetes does not know', (name) => {
  const { problems, unknown } = new Validator(tools.schemas).validate(found[name] ?? []);
  expect(problems).toEqual([]);
  const operators = /^(kafka\.strimzi\.io|cert-manager\.io|keda\.sh|monitoring\.coreos\.com)\//;
  expect(unknown.filter((u) => !operators.test(u))).toEqual([]);
});

test('a field that Kubernetes does not know would be found', () => {
  const [deployment] = all().filter((m) => m.kind === 'Deployment');
  const broken = { ...deployment, spec: { ...(deployment?.spec as object), replicaz: 3 } } as Manifest;
  expect(new Validator(tools.schemas).validate([broken]).problems).toHaveLength(1);
});

test('every part is there', () => {
  const names = workloads(found['full'] ?? []).map((w) => w.metadata.labels?.['app.kubernetes.io/component']);
  expect(new Set(names)).toEqual(
    new Set(['api', 'registry', 'presence', 'projector', 'relay', 'worker', 'agent', 'canary', 'setup', 'test']),
  );
});

test('rendering is repeatable: nothing is drawn by lot', async () => {
  const [again] = await Promise.all([render(tools.helm, root, valuesOf(root, 'full'))]);
  expect(manifests(again)).toEqual(found['full']);
});

test('no secret is made, and none is in a variable', () => {
  expect(all().filter((m) => m.kind === 'Secret')).toEqual([]);
  const values = pods().flatMap(({ pod }) => containersOf(pod).flatMap((c) => c.env ?? []));
  expect(values.filter((v) => /PASSWORD|TOKEN|API_KEY/.test(v.name) && !v.name.endsWith('_FILE'))).toEqual([]);
});

test('every pod is restricted: no root, nothing gained, no capability, nothing written but its volumes', () => {
  for (const { name, pod } of pods()) {
    expect([name, pod.securityContext]).toEqual([
      name,
      expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }),
    ]);
    expect([name, pod.automountServiceAccountToken]).toEqual([name, false]);
    for (const c of containersOf(pod).filter((own) => own.image.includes('millrace')))
      expect([name, c.name, c.securityContext]).toEqual([
        name,
        c.name,
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      ]);
  }
});

test('every mount has its volume, and every volume of a secret its mount', () => {
  for (const { name, pod } of pods()) {
    const volumes = new Set([...(pod.volumes ?? []).map((v) => v.name), 'data']);
    const mounted = containersOf(pod).flatMap((c) => (c.volumeMounts ?? []).map((v) => v.name));
    expect([name, mounted.filter((m) => !volumes.has(m))]).toEqual([name, []]);
    expect([name, [...volumes].filter((v) => v !== 'data' && !mounted.includes(v))]).toEqual([name, []]);
  }
});

/** Read by Node.js itself, or by a profile; TZ is of a ci file. */
const OF_NODE = new Set(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ', 'POD_UID']);

function entryOf(c: Container): string | undefined {
  return c.command?.find((word) => word.startsWith('dist/'));
}

const ours = (): { of: string; container: Container; entry: string }[] =>
  Object.entries(found).flatMap(([name, those]) =>
    those.flatMap((m) =>
      containersOf(podOf(m)).flatMap((container) => {
        const entry = entryOf(container);
        return entry ? [{ of: `${name}: ${m.metadata.name}/${container.name}`, container, entry }] : [];
      }),
    ),
  );

test('every program is there, and every variable it is given is one that it reads', () => {
  expect(ours().length).toBeGreaterThan(30);
  for (const { of, container, entry } of ours()) {
    expect(existsSync(join(root, entry.replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(true);
    const { read } = variablesOf(entry);
    const profile = container.command?.find((word) => word.startsWith('deploy/') && word.endsWith('.yaml'));
    const referred = profile ? readFileSync(join(root, profile), 'utf8') : '';
    const strange = (container.env ?? [])
      .map((v) => v.name)
      .filter((v) => !read.has(v) && !OF_NODE.has(v) && !referred.includes(`\${${v}`));
    expect([of, strange]).toEqual([of, []]);
  }
});

test('every variable without which a program does not start is set', () => {
  for (const { of, container, entry } of ours()) {
    const set = new Set((container.env ?? []).map((v) => v.name));
    const only = container.command?.includes('topics,schemas') ? /^CLICKHOUSE_/ : /^$/;
    const missing = [...variablesOf(entry).required].filter((v) => !set.has(v) && !only.test(v));
    expect([of, missing]).toEqual([of, []]);
  }
});

test('what it reads is found in the sources: of the api, the worker and an agent', () => {
  const api = variablesOf('dist/services/api/main.js');
  expect([...api.required].sort()).toEqual(
    ['CLICKHOUSE_URL', 'KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TEMPORAL_ADDRESS'].sort(),
  );
  expect([...api.read]).toEqual(
    expect.arrayContaining(['MILLRACE_API_TOKEN_FILE', 'KAFKA_SSL_CA_FILE', 'TEMPORAL_API_KEY_FILE', 'OIDC_TENANT']),
  );
  expect([...variablesOf('dist/workflows/worker.js').read]).toContain('WORKER_BUILD_ID');
  expect([...variablesOf('dist/edge-agent/main.js').read]).toContain('KAFKA_REPLICATION_FACTOR');
});

/** Files of secrets, put where the process would find them in its pod. */
function asInPod(container: Container): Record<string, string> {
  return Object.fromEntries(
    (container.env ?? []).flatMap(({ name, value }) => {
      if (value === undefined) return [];
      if (!value.startsWith('/etc/millrace/')) return [[name, value]];
      const mount = (container.volumeMounts ?? []).find((m) => `${value}/`.startsWith(`${m.mountPath}/`));
      expect([name, mount !== undefined]).toEqual([name, true]);
      const file = join(scratch, value.replaceAll('/', '_'));
      writeFileSync(file, 'content');
      return [[name, file]];
    }),
  );
}

test('the code takes the configuration of every container, and connects by TLS unless the values say otherwise', () => {
  for (const { of, container, entry } of ours()) {
    const env = asInPod(container);
    if ('KAFKA_BROKERS' in env) {
      const { ssl, sasl } = streamConfig(env, 'chart');
      expect([of, ssl !== undefined]).toEqual([of, !/^minimal/.test(of)]);
      expect([of, sasl?.mechanism]).toEqual([of, /^cloud/.test(of) ? 'scram-sha-512' : undefined]);
    }
    if ('CLICKHOUSE_URL' in env) expect(loginOf(env).url).toBe(env['CLICKHOUSE_URL']);
    if ('TEMPORAL_ADDRESS' in env) {
      const { tls, apiKey } = temporalConfig(env).connection;
      expect([of, tls !== undefined]).toEqual([of, /^(full|cloud)/.test(of)]);
      expect([of, apiKey]).toEqual([of, /^cloud/.test(of) ? 'content' : undefined]);
    }
    expect(entry).toMatch(/^dist\//);
  }
});

test('an agent in the cluster has its own principal, and a profile that is valid', () => {
  const agent = (found['full'] ?? []).find(
    (m) => m.kind === 'StatefulSet' && m.metadata.name.endsWith('agent-ingress-1'),
  );
  const secrets = podOf(agent as Manifest)?.volumes?.map((v) => v.secret?.secretName);
  expect(secrets).toContain('agent-ingress-1');
  expect(secrets).not.toContain('millrace-user');
});

test('the setting up is another Job when what it does changes, and the same when it does not', async () => {
  const nameOf = async (...more: string[]): Promise<string | undefined> =>
    manifests(await render(tools.helm, root, valuesOf(root, 'minimal'), more)).find((m) => m.kind === 'Job')?.metadata
      .name;
  const [name, scaled, upgraded, moved] = await Promise.all([
    nameOf(),
    nameOf('--set', 'api.replicas=5'),
    nameOf('--set', 'image.tag=9.9.9'),
    nameOf('--set', 'clickhouse.cluster=main'),
  ]);
  expect(scaled).toBe(name);
  expect(new Set([name, upgraded, moved]).size).toBe(3);
});

test.each([
  ['kafka.brokers=', /kafka\.brokers is not set/],
  ['api.token.existingSecret=', /the chart makes no secrets/],
  ['plaintext={clickhouse}', /say plaintext: \[kafka\]/],
  ['projector.keda.enabled=true', /keda\.prometheus is not set/],
  ['tracing.endpoint=http://collector:4318', /say plaintext: \[traces\]/],
  ['tracing.framesPerMillion=10001', /framesPerMillion/],
  ['replicaCount=3', /additional properties|not allowed/i],
  ['kafka.sasl.mechanism=kerberos', /kafka.*sasl.*mechanism/],
  ['api.replicas=many', /api.*replicas/],
])('values that cannot work are refused with words: %s', async (setting, words) => {
  await expect(render(tools.helm, root, valuesOf(root, 'minimal'), ['--set', setting])).rejects.toThrow(words);
});

test('everything is denied by default, also what comes out', () => {
  const policies = (found['minimal'] ?? []).filter((m) => m.kind === 'NetworkPolicy');
  const deny = policies.find((p) => p.metadata.name.endsWith('default-deny'))?.spec as Record<string, unknown>;
  expect(deny['policyTypes']).toEqual(['Ingress', 'Egress']);
  expect(deny['ingress'] ?? deny['egress']).toBeUndefined();
  expect(JSON.stringify(policies)).toContain('"port":8123');
});

test('the queue that KEDA asks about is the workers’', () => {
  const scaled = (found['full'] ?? []).find((m) => m.kind === 'ScaledObject' && m.metadata.name.endsWith('-worker'));
  expect(JSON.stringify(scaled)).toContain(`"taskQueue":"${TASK_QUEUE}"`);
});

test('every file of values is an example that says what it is for', () => {
  for (const c of CASES) expect(readFileSync(valuesOf(root, c), 'utf8')).toMatch(/^# [A-Z]/);
  const values = parse(readFileSync(join(root, CHART, 'values.yaml'), 'utf8')) as object;
  const schema = JSON.parse(readFileSync(join(root, CHART, 'values.schema.json'), 'utf8')) as { properties: object };
  expect(Object.keys(schema.properties).sort()).toEqual([...Object.keys(values), 'global'].sort());
});
