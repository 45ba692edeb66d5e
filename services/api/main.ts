/** HTTP API: devices, readings, commands, the live stream and the console. */
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import {
  createKafka,
  ensureTopics,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, type Topic, Topics } from '../../schemas/topics';
import { clickHouseFromEnv } from '../lib/clickhouse';
import { replay } from '../lib/dead-letters/replay';
import { StreamCommandPublisher } from '../lib/command-publisher';
import { samePartitions } from '../lib/consume-partitions';
import { Publisher } from '../../schemas/publisher';
import { ConfigurationError, type Env, integer, secret, text } from '../lib/environment';
import { type RunningService, runService, type ServiceContext } from '../lib/service';
import { temporalConfig } from '../lib/temporal';
import { tokenAccess } from './access-from-env';
import { StreamProfiles } from './agent-profiles';
import { ApiKeys, StreamKeyStore } from './api-keys';
import { createApp } from './app';
import { Recorder, StreamAudit } from './audit-log';
import { CommandLog } from './command-log';
import { Definitions } from './definitions';
import { Directory } from './directory';
import { Feed } from './feed';
import { History } from './history';
import { ImageStore } from './image-store';
import { follow } from './ingest';
import { createListener, listen } from './listener';
import { observe, requestDuration } from './metrics';
import { IdentityBook, StreamIdentityLog } from './identity/book';
import { certification } from './identity/from-env';
import { mutualTlsOf, mutualTlsServer } from './identity/listener';
import { Overview } from './overview';
import { Probes } from './probes';
import { Pseudonyms } from './pseudonyms';
import { Registrar } from './registrar';
import { KafkaStreamHealth } from './stream-health';
import { TemporalSchedules } from './temporal-schedules';
import { TemporalWorkflows } from './temporal';
import { wireWebhooks } from './webhooks/wiring';

const SECRET_BYTES = 32;
const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

void runService('api', process.env, start);

async function start({ log, metrics, tracer, env }: ServiceContext): Promise<RunningService> {
  const { host, port, token } = listenOptions(env);
  const instance = `api-${randomUUID()}`;
  const config = streamConfig(env, instance);
  const kafka = createKafka(config, log);
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin);
  const { deviceRequests, definitionRequests, apiKeys, audit: audited, identities: identified } = Topics;
  const written = [deviceRequests, definitionRequests, apiKeys, audited, identified, Topics.commandEvents];
  const ofAgents = [AgentTopics.profile('any'), AgentTopics.commands('any'), AgentTopics.probes('any')];
  const ids = await registerSchemas(config, [...written, Topics.replays, Topics.webhooks, ...ofAgents]);
  const producer = idempotentProducer(kafka);
  await producer.connect();

  const directory = new Directory();
  const commands = new CommandLog();
  const definitions = new Definitions();
  const feed = new Feed(Date.now);
  const replays = new EventWriter(Topics.replays, ids);
  const publisher = new Publisher(() => idempotentProducer(kafka));
  const keys = new ApiKeys(new StreamKeyStore(publisher, new EventWriter(Topics.apiKeys, ids)), Date.now);
  const asking = {
    device: new EventWriter(Topics.deviceRequests, ids),
    definition: new EventWriter(Topics.definitionRequests, ids),
  };
  const partitions = await samePartitions(admin, [deviceRequests.name]);
  const registrar = new Registrar(instance, producer, asking, partitions);
  const identities = new IdentityBook(new StreamIdentityLog(publisher, new EventWriter(Topics.identities, ids)));
  const writers = new WriterSchemas(config);
  const audit = new StreamAudit(publisher, new EventWriter(Topics.audit, ids));
  const told = { env, metrics, log, audit, now: Date.now, newId: randomUUID };
  const hooks = wireWebhooks({ kafka, admin, writers, ids, publisher, ...told });
  const { webhooks } = hooks;
  const ensure = (topic: Topic): Promise<void> => ensureTopics(admin, [topic]);
  const probes = new Probes({ publisher, ids, ensure, now: Date.now, newSecret });
  const sinks = { directory, commands, definitions, registrar, feed, keys, identities, webhooks, probes };
  const tails = await follow(kafka, writers, sinks, log);
  hooks.start();
  const clickhouse = clickHouseFromEnv(env, 'millrace-api');
  const orders = new StreamCommandPublisher(publisher, ids, ensure, tracer);
  const workflows = new TemporalWorkflows(temporalConfig(env), {
    publish: (records) => orders.publish(records),
    left: ({ command_id }, err) => log.warn({ err, command_id }, 'order not sent: its workflow will send it'),
  });
  const access = await tokenAccess(env, Date.now);
  const certifying = await certification(env, { book: identities, kafka, now: Date.now, newId: randomUUID, newSecret });
  const recorder = new Recorder({ sink: audit, now: Date.now, newId: randomUUID });
  observe(metrics, { directory, feed, registrar, recorder });
  const app = createApp(
    {
      log,
      tracer,
      now: Date.now,
      newId: randomUUID,
      newSecret,
      keys,
      ...access,
      ...certifying,
      recorder,
      webhooks,
      token,
      tenant: text(env, 'TENANT', 'tenant of this installation', 'default'),
      registrar,
      pseudonyms: new Pseudonyms(env['PSEUDONYM_KEY_DIR'] || undefined),
      directory,
      commands,
      definitions,
      history: new History(clickhouse),
      overview: new Overview(clickhouse),
      health: new KafkaStreamHealth({
        ...{ admin, now: Date.now },
        group: text(env, 'PROJECTOR_GROUP', 'consumer group of the projector', 'millrace-projector'),
      }),
      replay: (letters) => replay({ kafka, notes: replays, now: Date.now, newId: randomUUID }, letters),
      schemaOf: (id) => writers.get(id),
      profiles: new StreamProfiles({ kafka, writers, publisher, ids, newId: randomUUID }),
      probes,
      ...(env['TEMPORAL_UI_URL'] && { workflowsUrl: env['TEMPORAL_UI_URL'] }),
      feed,
      rateLimit: {
        per_second: integer(env, 'API_RATE_PER_SECOND', 2_000, 0, 1_000_000),
        burst: integer(env, 'API_RATE_BURST', 4_000, 1, 1_000_000),
      },
      workflows,
      images: new ImageStore(resolve(text(env, 'IMAGE_DIR', 'folder of the images for devices', 'images')), randomUUID),
      schedules: new TemporalSchedules((question) => workflows.ask(question)),
      approvals: approvalsOf(env),
    },
    requestDuration(metrics),
  );
  const server = await listen(createListener(app), host, port);
  const mutual = mutualTlsOf(env, certifying.chain !== undefined);
  const forMachines = mutual && mutualTlsServer(mutual, certifying.chain ?? '', app);
  const servers = [server, ...(forMachines ? [await listen(forMachines, mutual.host, mutual.port)] : [])];
  log.info({ host, port, mutual_tls_port: mutual?.port, devices: directory.count() }, 'listening');
  return {
    notReady: () => undefined,
    stop: async () => {
      feed.close();
      await Promise.all(servers.map((s) => new Promise((closed) => s.close(closed).closeIdleConnections())));
      await Promise.all([
        ...tails.map((t) => t.stop()),
        hooks.stop(),
        admin.disconnect(),
        producer.disconnect(),
        publisher.close(),
        certifying.close(),
        clickhouse.close(),
        workflows.close(),
      ]);
    },
  };
}

function listenOptions(env: Env): { host: string; port: number; token: string | undefined } {
  const host = text(env, 'API_HOST', 'address to listen on', '127.0.0.1');
  const token = secret(env, 'MILLRACE_API_TOKEN');
  if (token === undefined && !LOOPBACK.has(host))
    throw new ConfigurationError(
      'MILLRACE_API_TOKEN_FILE',
      `is not set and API_HOST is ${host}`,
      'set a token: an open API listens on loopback only',
    );
  return { host, port: integer(env, 'API_PORT', 8080, 0, 65_535), token };
}

/** COMMAND_APPROVAL: models, or model/command pairs, separated by commas. */
function approvalsOf(env: Env): ReadonlySet<string> {
  const listed = env['COMMAND_APPROVAL'] ?? '';
  return new Set(
    listed
      .split(',')
      .map((s) => s.trim())
      .filter((s) => s !== ''),
  );
}
