import { coordinatesOf, type Letter, lettersOf, sort } from '../../../../services/lib/dead-letters/letter';

const letter = (offset: number): Letter => ({
  ...{ source_topic: 'm2m.telemetry', source_partition: 2, source_offset: String(offset) },
  ...{ key_hex: null, value_hex: '00', headers_hex: {} },
});

test('what was sent back before is left out, and what is named twice goes once', () => {
  const before = new Set(['m2m.telemetry:2:7']);
  const { fresh, already } = sort([letter(9), letter(7), letter(8), letter(9), letter(7)], before);
  expect(fresh.map(coordinatesOf)).toEqual(['m2m.telemetry:2:9', 'm2m.telemetry:2:8']);
  expect(already).toEqual(['m2m.telemetry:2:7']);
});

test('a file of letters is one JSON object a line', () => {
  const file = [letter(1), letter(2)].map((l) => `${JSON.stringify(l)}\n`).join('');
  expect(lettersOf(file)).toEqual([letter(1), letter(2)]);
});
