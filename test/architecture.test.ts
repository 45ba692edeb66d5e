/** The house rules that a machine can hold: who may import whom, who may read the clock, chance and the environment. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { projectRoot } from '../schemas/root';

const root = projectRoot();
const SOURCES = ['schemas', 'edge-agent', 'services', 'workflows', 'deploy', 'test'];
const IGNORED = new Set(['node_modules', 'dist', 'generated', 'output']);

function walk(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return IGNORED.has(name) ? [] : walk(path);
    return path.endsWith('.ts') ? [relative(root, path).split(sep).join('/')] : [];
  });
}

const files = SOURCES.flatMap((s) => walk(join(root, s)));
const text = new Map(files.map((f) => [f, readFileSync(join(root, f), 'utf8')]));
const code = (f: string): string => (text.get(f) ?? '').replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1');

function importsOf(file: string): string[] {
  const specifiers = [...(text.get(file) ?? '').matchAll(/(?:from|import|require\()\s*'([^']+)'/g)].map(
    (m) => m[1] ?? '',
  );
  return specifiers.map((s) =>
    s.startsWith('.')
      ? relative(root, resolve(root, dirname(file), s))
          .split(sep)
          .join('/')
      : s,
  );
}

const isOurs = (target: string): boolean => SOURCES.some((s) => target === s || target.startsWith(`${s}/`));
const unit = (path: string): string => path.split('/').slice(0, 2).join('/');

interface Rule {
  readonly from: RegExp;
  readonly may: readonly RegExp[];
  readonly because: string;
}

/** First matching rule decides; `may` lists what of ours may be imported besides the file's own unit. */
const MATRIX: readonly Rule[] = [
  { from: /^test\//, may: [/./], because: 'tests may import everything' },
  { from: /^schemas\//, may: [/^schemas\//], because: 'schemas import nothing of ours' },
  {
    from: /^edge-agent\/adapters\/([^/]+)\//,
    may: [/^schemas\//, /^edge-agent\/(adapter|core\/|wire\/)/, /^edge-agent\/adapters\/(?!.*\/)/],
    because:
      'an adapter knows schemas, the seam, the core and the wires several protocols share, never another adapter',
  },
  {
    from: /^edge-agent\/wire\//,
    may: [/^schemas\//, /^edge-agent\/(adapter$|(core|wire)\/)/],
    because: 'a wire is what several adapters share, and knows none of them',
  },
  { from: /^edge-agent\//, may: [/^schemas\//, /^edge-agent\//], because: 'the agent imports schemas only' },
  { from: /^services\/domain\//, may: [/^schemas\//, /^services\/domain\//], because: 'the domain is pure' },
  { from: /^services\/lib\//, may: [/^schemas\//, /^services\/lib\//], because: 'the shell library knows no service' },
  {
    from: /^services\/api\//,
    may: [
      ...[/^schemas\//, /^services\/(domain|lib)\//, /^workflows\/([^/]+\/)?messages$/],
      ...[/^edge-agent\/profile-(fences|file|points)$/, /^edge-agent\/core\/profile\/problem$/],
    ],
    because:
      'the api starts workflows by their messages, and checks a profile and puts points into it by the code the agent works by',
  },
  {
    from: /^services\/relay\//,
    may: [/^schemas\//, /^services\/(domain|lib)\//, /^workflows\/([^/]+\/)?messages$/],
    because: 'the relay signals workflows by their messages',
  },
  {
    from: /^services\//,
    may: [/^schemas\//, /^services\/(domain|lib)\//],
    because: 'a service never imports another service',
  },
  {
    from: /^workflows\/io\//,
    may: [/^schemas\//, /^services\/(domain|lib)\//, /^workflows\//, /^edge-agent\/profile-file$/],
    because: 'effects of workflows change profiles, and check them by the code the agent works by',
  },
  {
    from: /^workflows\//,
    may: [/^schemas\//, /^services\/(domain|lib)\//, /^workflows\//],
    because: 'workflows import schemas, domain and lib',
  },
  { from: /^deploy\//, may: [/^schemas\//, /^deploy\//], because: 'deploy starts processes, it does not link them' },
];

function forbiddenImports(file: string): string[] {
  const rule = MATRIX.find((r) => r.from.test(file));
  if (!rule) return [`${file}: no rule for it`];
  return importsOf(file)
    .filter((target) => isOurs(target) && !(file.startsWith('services/') && unit(target) === unit(file)))
    .filter((target) => !target.startsWith(`${dirname(file)}/`) && !rule.may.some((m) => m.test(target)))
    .map((target) => `${target} (${rule.because})`);
}

test.each(files)('%s imports only what it may', (file) => {
  expect(forbiddenImports(file)).toEqual([]);
});

const isRoot = (f: string): boolean => /(^|\/)(main|worker|generate|root)\.ts$/.test(f);
const isClock = (f: string): boolean => /(^|\/)clock\.ts$/.test(f);
const isShell = (f: string): boolean => /^(deploy|test)\//.test(f);

const BANNED: readonly { what: RegExp; instead: string; except: (f: string) => boolean }[] = [
  {
    what: /\bDate\.now\(|new Date\(\)/,
    instead: 'take `now` as data, or a clock made in main.ts',
    except: (f) => isRoot(f) || isClock(f) || isShell(f),
  },
  { what: /\bMath\.random\(/, instead: 'take a random source as data', except: (f) => isRoot(f) || isShell(f) },
  { what: /\brandomUUID\(/, instead: 'take an id source as data', except: (f) => isRoot(f) || isShell(f) },
  {
    what: /\bprocess\.env\b/,
    instead: 'take the environment as data from main.ts',
    except: (f) => isRoot(f) || isShell(f),
  },
  { what: /catch\s*(\([^)]*\))?\s*\{\s*\}/, instead: 'handle the error or let it go up', except: () => false },
  { what: /\bsetInterval\([^;]*,\s*[01]\)/, instead: 'no busy polling: wait for an event', except: () => false },
];

const PURE = /^(services\/domain|edge-agent\/core)\/|^(edge-agent\/adapters\/[^/]+|schemas)\/(codec|plan|convert)\.ts$/;
const IMPURE_MODULES =
  /^(node:(fs|net|http|https|tls|dgram|child_process|worker_threads|timers).*|kafkajs|@clickhouse\/.*|express|pino|prom-client)$/;

test.each(files.filter((f) => !f.startsWith('test/')))('%s keeps to the banned list', (file) => {
  const found = BANNED.filter((b) => !b.except(file) && b.what.test(code(file)));
  expect(found.map((b) => `${b.what.source}: ${b.instead}`)).toEqual([]);
});

test.each(files.filter((f) => PURE.test(f) && !f.startsWith('test/')))(
  '%s is pure: no sockets, files or timers',
  (file) => {
    expect(importsOf(file).filter((i) => IMPURE_MODULES.test(i))).toEqual([]);
    expect(code(file)).not.toMatch(/\bset(Timeout|Interval|Immediate)\(/);
  },
);

test('no source file has outgrown one thing', () => {
  const long = files.filter((f) => !f.endsWith('.test.ts') && (text.get(f) ?? '').split('\n').length > 320);
  expect(long).toEqual([]);
});

test('nothing tracked names a path of the machine it was written on', () => {
  const personal = files.filter((f) => /(^|['"`\s(])\/(work|root|home)\/[a-z]/.test(text.get(f) ?? ''));
  expect(personal.filter((f) => f !== 'test/architecture.test.ts')).toEqual([]);
});
