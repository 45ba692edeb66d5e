import { rmSync } from 'node:fs';
import { missingPrerequisites } from '../../../deploy/local/install/prerequisites';
import { FakeTools } from './fake-tools';

let tools: FakeTools;
beforeEach(() => {
  tools = new FakeTools()
    .program('node', 'echo v20.19.0')
    .program('java', `echo 'openjdk version "17.0.15" 2025-04-15' >&2`)
    .program('python3', 'case "$*" in *pip*) echo "pip 23.0.1 from x (python 3.11)" ;; *) echo Python 3.11.2 ;; esac')
    .program('git', 'echo git version 2.39.5');
});
afterEach(() => rmSync(tools.dir, { recursive: true, force: true }));

test('nothing is missing on the machine that we describe', async () => {
  expect(await missingPrerequisites(tools.env)).toEqual([]);
});

test('names everything that an empty machine lacks, with what to do', async () => {
  const missing = await missingPrerequisites({ PATH: '' });
  expect(missing.map((m) => m.name)).toEqual(['node', 'java', 'python3', 'pip', 'git']);
  expect(missing.find((m) => m.name === 'java')).toEqual({
    name: 'java',
    problem: 'not found',
    remedy: 'apt-get install openjdk-17-jre-headless',
  });
});

test.each([
  ['java', `echo 'openjdk version "11.0.2"' >&2`, 'is 11.0, 17.0 or newer is needed'],
  ['java', `echo 'java version "1.8.0_392"' >&2`, 'is 1.8, 17.0 or newer is needed'],
  ['node', 'echo v20.11.1', 'is 20.11, 20.19 or newer is needed'],
  ['git', 'echo nonsense', 'its version cannot be told'],
])('%s: %s', async (name, script, problem) => {
  tools.program(name, script);
  expect(await missingPrerequisites(tools.env)).toMatchObject([{ name, problem }]);
});

test('Python may lack pip, as on Debian', async () => {
  tools.program(
    'python3',
    'case "$*" in *pip*) echo "No module named pip" >&2; exit 1 ;; *) echo Python 3.11.2 ;; esac',
  );
  expect(await missingPrerequisites(tools.env)).toEqual([
    { name: 'pip', problem: 'not found', remedy: 'apt-get install python3-pip' },
  ]);
});
