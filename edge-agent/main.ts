/** The edge agent. The only reader of environment, arguments, clock and chance; everything else gets them as data. */
import { Command, Option } from 'commander';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdapterDeps } from './adapters';
import { systemClock } from './io/clock';
import { DEFAULT_PORT } from './adapters/bacnet/settings';
import { type BacnetConnectionSection } from './core/profile/types-bacnet';
import { type Policy } from './adapters/opcua/settings';
import { ProfileError, readPlan } from './profile-file';
import { discover, importEde } from './verbs/bacnet';
import { importDbc } from './verbs/can';
import { browseServer, type Server, serverOf, trustServer } from './verbs/browse';
import { dryRun } from './verbs/dry-run';
import { enrollAgent, renewAgent } from './verbs/identity';
import { exportCsv } from './verbs/export-csv';
import { outbox } from './verbs/outbox';
import { answerProbe } from './verbs/probe';
import { pushProfile, showProfile, withdrawProfile } from './verbs/profile';
import { run } from './verbs/run';
import { type Output, validate } from './verbs/validate';
import { verifyImage } from './verbs/verify-image';

const output: Output = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
};
const deps = { clock: systemClock, random: Math.random } satisfies AdapterDeps;

const profileOption = (): Option =>
  new Option('-p, --profile <file>', 'profile of this agent, YAML').makeOptionMandatory();
const DEFAULT_WAIT_S = 10;
const SECRET_BYTES = 24;
const BROWSE_DEPTH = 8;
const BROWSE_MAX = 1_000;
const DISCOVER_WAIT_S = 3;

function program(): Command {
  const agent = new Command('agent').description('Reads and writes the field, and ships every reading exactly once.');
  agent
    .command('run', { isDefault: true })
    .description('poll, store and ship until stopped')
    .addOption(profileOption())
    .requiredOption('-d, --data <dir>', 'folder of the outbox and the ledger')
    .action(async ({ profile, data }: { profile: string; data: string }) => {
      const boot = systemClock.now().toString(36);
      await run({
        profile,
        dataDir: data,
        env: process.env,
        boot,
        deps,
        newId: randomUUID,
        newSecret: () => randomBytes(SECRET_BYTES).toString('base64url'),
      });
    });
  agent
    .command('validate')
    .description('check a profile; exit 1 and every problem with its line when it is not valid')
    .addOption(profileOption())
    .option('--json', 'for machines')
    .action(({ profile, json }: { profile: string; json?: boolean }) => {
      process.exitCode = validate(profile, process.env, json ?? false, output);
    });
  agent
    .command('dry-run')
    .description('read every point once and print it; nothing is stored, shipped or written')
    .addOption(profileOption())
    .option('--json', 'one JSON object a line')
    .option('-f, --follow', 'go on until stopped')
    .option('--wait <seconds>', 'longest wait for the first reading of every point', Number, DEFAULT_WAIT_S)
    .action(async (o: { profile: string; json?: boolean; follow?: boolean; wait: number }) => {
      const options = {
        json: o.json ?? false,
        follow: o.follow ?? false,
        wait_ms: o.wait * 1_000,
        stop: interrupted(),
      };
      process.exitCode = await dryRun(readPlan(o.profile, process.env), deps, options, output);
    });
  agent
    .command('probe', { hidden: true })
    .description('answer the question about a draft that comes on stdin')
    .action(async () => {
      const question = readFileSync(0, 'utf8');
      process.exitCode = await answerProbe(question, { ...deps, env: process.env }, output);
    });
  agent
    .command('outbox')
    .description('what the outbox of a stopped agent holds and has accepted')
    .requiredOption('-d, --data <dir>', 'folder of the outbox and the ledger')
    .option('--json', 'for machines')
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      process.exitCode = await outbox(data, json ?? false, output);
    });
  agent
    .command('verify-image')
    .description('whether an image is what was signed for a model; exit 1 and why not')
    .argument('<image>', 'file')
    .requiredOption('--model <name>', 'of the devices it is for; releases of the agent: agent')
    .requiredOption('--keys <file>', 'PEM public keys that are trusted')
    .requiredOption('--manifest <file>', 'signed, as the campaign has it')
    .option('--signatures <count>', 'of different keys', Number, 1)
    .action((image: string, o: { model: string; keys: string; manifest: string; signatures: number }) => {
      process.exitCode = verifyImage(image, o, systemClock.now(), output);
    });
  serverVerbs(agent);
  buildingVerbs(agent);
  identityVerbs(agent);
  profileVerbs(agent.command('profile').description('the profile the platform desires of an agent'));
  agent
    .command('export-csv')
    .description('the points of a model or a device as a tag list, as points_csv takes it')
    .addOption(profileOption())
    .option('--of <name>', 'model or device; may be left out when there is only one model')
    .action(({ profile, of }: { profile: string; of?: string }) => {
      process.exitCode = exportCsv(profile, process.env, of, output);
    });
  return agent;
}

function buildingVerbs(agent: Command): void {
  agent
    .command('discover')
    .description('BACnet devices that answer Who-Is, as devices of a profile')
    .option('--interface <address>', 'own address to ask from')
    .option('--port <port>', 'own UDP port', Number, DEFAULT_PORT)
    .option('--broadcast <address>', 'where to ask', '255.255.255.255')
    .option('--bbmd <address>', 'BBMD to ask through')
    .option('--wait <seconds>', 'how long to listen', Number, DISCOVER_WAIT_S)
    .action(async ({ wait, ...bacnet }: BacnetConnectionSection & { wait: number }) => {
      process.exitCode = await discover(bacnet, wait * 1_000, output);
    });
  agent
    .command('import-ede')
    .description('objects of a BACnet EDE file as devices of a profile')
    .argument('<file>', 'main sheet of the EDE set, CSV')
    .option('--connection <name>', 'connection the devices are on', 'bacnet')
    .action((file: string, { connection }: { connection: string }) => {
      process.exitCode = importEde(file, connection, output);
    });
  agent
    .command('import-dbc')
    .description('signals of a DBC file as points of a profile')
    .argument('<file>', 'DBC file')
    .option('--message <names...>', 'only these messages')
    .action((file: string, { message = [] }: { message?: string[] }) => {
      process.exitCode = importDbc(file, message, output);
    });
}

function serverVerbs(agent: Command): void {
  interface Named {
    readonly profile?: string;
    readonly connection?: string;
    readonly endpoint?: string;
    readonly policy?: Policy;
  }
  const server = (o: Named): Server =>
    serverOf(
      o.profile === undefined ? undefined : readPlan(o.profile, process.env),
      o.connection,
      o.endpoint,
      o.policy,
    );
  const named = (command: Command): Command =>
    command
      .option('-p, --profile <file>', 'profile that has the connection')
      .option('--connection <name>', 'of the profile; may be left out when it is the only one with opcua')
      .option('--endpoint <address>', 'instead of a profile: opc.tcp://…')
      .option('--policy <name>', 'with --endpoint: None or Basic256Sha256');
  named(agent.command('browse').description('variables of an OPC UA server as points of a profile'))
    .option('--node <node>', 'where to begin: nsu=<namespace URI>;s=<name> (default: Objects)')
    .option('--depth <levels>', 'levels below it', Number, BROWSE_DEPTH)
    .option('--max <variables>', 'variables at most', Number, BROWSE_MAX)
    .action(async (o: Named & { node?: string; depth: number; max: number }) => {
      process.exitCode = await browseServer(server(o), o, output);
    });
  named(agent.command('trust').description('show the certificate of an OPC UA server; with --yes, trust it'))
    .option('--yes', 'trust it')
    .action(async (o: Named & { yes?: boolean }) => {
      process.exitCode = await trustServer(server(o), o.yes ?? false, output);
    });
}

function identityVerbs(agent: Command): void {
  const directory = (data: string): string => join(data, 'identity');
  agent
    .command('enroll')
    .description('get a certificate with a claim code; the key never leaves this machine')
    .requiredOption('-d, --data <dir>', 'folder of the outbox and the ledger')
    .requiredOption('--api <address>', 'of the platform, such as https://millrace.example.org')
    .option(
      '--claim <code>',
      'code an admin made; better in MILLRACE_CLAIM, where nobody else sees it',
      process.env['MILLRACE_CLAIM'] ?? '',
    )
    .action(async ({ data, api, claim }: { data: string; api: string; claim: string }) => {
      process.exitCode = await enrollAgent({ directory: directory(data), api, claim, now: systemClock.now() }, output);
    });
  agent
    .command('renew')
    .description('get the next certificate now; a working agent does so by itself in time')
    .requiredOption('-d, --data <dir>', 'folder of the outbox and the ledger')
    .action(async ({ data }: { data: string }) => {
      process.exitCode = await renewAgent(directory(data), systemClock.now(), output);
    });
}

function profileVerbs(profile: Command): void {
  profile
    .command('push')
    .description('check a profile, and have the agent it names work by it')
    .argument('<file>', 'profile, YAML; its tag lists go with it')
    .option('--by <name>', 'who does this, for the record', process.env['USER'] ?? '')
    .action(async (file: string, { by }: { by: string }) => {
      process.exitCode = await pushProfile({ file, by, env: process.env, now: systemClock.now() }, output);
    });
  const agentOption = (): Option => new Option('-a, --agent <id>', 'id of the agent').makeOptionMandatory();
  const tenantOption = (): Option => new Option('--tenant <name>', 'its tenant').default('default');
  profile
    .command('show')
    .description('what the agent was last told to work by')
    .addOption(agentOption())
    .option('--json', 'for machines')
    .action(async ({ agent, json }: { agent: string; json?: boolean }) => {
      process.exitCode = await showProfile(agent, process.env, json ?? false, output);
    });
  profile
    .command('withdraw')
    .description('take the platform’s word back: the agent works by its own file again')
    .addOption(agentOption())
    .addOption(tenantOption())
    .action(async ({ agent, tenant }: { agent: string; tenant: string }) => {
      process.exitCode = await withdrawProfile(agent, tenant, process.env, output);
    });
}

function interrupted(): Promise<unknown> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

program()
  .parseAsync()
  .catch((error: unknown) => {
    output.err(error instanceof ProfileError ? error.message : String((error as Error).stack ?? error));
    process.exit(1);
  });
