import { concernOf, isUrgent } from '../../../services/relay/routing';
import { event } from '../domain/command/events';

test('what agents report concerns the workflow of the command', () => {
  expect(concernOf(event('delivered'))).toEqual({ workflowId: 'command-t/c1' });
});

test.each(['workflow', 'ann', ''])('what %p wrote concerns no workflow', (actor) => {
  expect(concernOf(event('issued', { actor }))).toBeUndefined();
});

test('the `issued` of a command that the API sends starts its workflow', () => {
  const result = JSON.stringify({ sent_by_caller: true, deadline: 61_000 });
  expect(concernOf(event('issued', { actor: 'ann', result }), 'trace')).toEqual({
    workflowId: 'command-t/c1',
    start: expect.objectContaining({ command_id: 'c1', deadline: 61_000, actor: 'ann', traceparent: 'trace' }),
  });
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
