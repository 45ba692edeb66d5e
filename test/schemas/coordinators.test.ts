import Cluster from 'kafkajs/src/cluster';
import { Coordinators, rememberCoordinators } from '../../schemas/coordinators';

let now = 0;
let asked: string[] = [];
const find = (name: string) => (): Promise<string> => Promise.resolve(`${name} ${asked.push(name)}`);
beforeEach(() => {
  now = 0;
  asked = [];
});

test('a coordinator is asked for once a second, each by itself', async () => {
  const known = new Coordinators(() => now);
  const group = () => known.find({ groupId: 'g' }, find('group'));
  const transaction = () => known.find({ groupId: 'g', coordinatorType: 1 }, find('transaction'));
  expect(await Promise.all([group(), group(), transaction()])).toEqual(['group 1', 'group 1', 'transaction 2']);
  now = 999;
  expect(await group()).toBe('group 1');
  now = 1_000;
  expect(await group()).toBe('group 3');
});

test('what could not be found is asked for again', async () => {
  const known = new Coordinators(() => now);
  await expect(known.find({ groupId: 'g' }, () => Promise.reject(new Error('none')))).rejects.toThrow('none');
  expect(await known.find({ groupId: 'g' }, find('group'))).toBe('group 1');
});

test('kafkajs asks that way, and one connection’s answers are not another’s', async () => {
  const { prototype } = Cluster;
  prototype.findGroupCoordinatorMetadata = ({ groupId }) => find(groupId)();
  rememberCoordinators();
  rememberCoordinators();
  const [one, other] = [Object.create(prototype) as Cluster, Object.create(prototype) as Cluster];
  const ask = (of: Cluster) => of.findGroupCoordinatorMetadata({ groupId: 'g' });
  expect(await Promise.all([ask(one), ask(one), ask(other)])).toEqual(['g 1', 'g 1', 'g 2']);
});
