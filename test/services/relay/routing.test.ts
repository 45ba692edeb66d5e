import { isUrgent, workflowOf } from '../../../services/relay/routing';
import { event } from '../domain/command/events';

test('what agents report concerns the workflow of the command', () => {
  expect(workflowOf(event('delivered'))).toBe('command-t/c1');
});

test.each(['workflow', 'ann', ''])('what %p wrote concerns no workflow', (actor) => {
  expect(workflowOf(event('issued', { actor }))).toBeUndefined();
});

test.each([
  ['delivered', {}, false],
  ['executed', { result: '{"verifiable":true}' }, false],
  ['executed', { result: '{"verifiable":false}' }, true],
  ['executed', { name: 'millrace.flush' }, true],
  ['verified', {}, true],
  ['failed', {}, true],
  ['expired', {}, true],
  ['cancelled', {}, true],
  ['outcome-unknown', {}, true],
] as const)('%s %j ends the waiting: %p', (state, fields, urgent) => {
  expect(isUrgent(event(state, fields))).toBe(urgent);
});
