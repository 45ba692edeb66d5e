import { workflowOf } from '../../../services/relay/routing';
import { event } from '../domain/command/events';

test('what agents report concerns the workflow of the command', () => {
  expect(workflowOf(event('delivered'))).toBe('command-t/c1');
});

test.each(['workflow', 'ann', ''])('what %p wrote concerns no workflow', (actor) => {
  expect(workflowOf(event('issued', { actor }))).toBeUndefined();
});
