import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer, secret, text } from '../../../services/lib/environment';

test('a missing variable is named with what it is for', () => {
  expect(() => text({}, 'KAFKA_BROKERS', 'brokers')).toThrow(
    expect.objectContaining({ variable: 'KAFKA_BROKERS', hint: 'set it to the brokers' }),
  );
  expect(text({}, 'A', 'a', 'fallback')).toBe('fallback');
});

test.each(['0', '65536', '80.5', 'http'])('port %s is refused with the range', (port) => {
  expect(() => integer({ PORT: port }, 'PORT', 80, 1, 65_535)).toThrow(/PORT/);
});

test.each([
  [undefined, 80],
  ['', 80],
  ['443', 443],
])('port %p is %d', (port, n) => {
  expect(integer({ PORT: port }, 'PORT', 80, 1, 65_535)).toBe(n);
});

describe('a secret', () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-secret-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  test('comes from its file before the variable', () => {
    writeFileSync(join(dir, 's'), 'from-file\n');
    expect(secret({ TOKEN: 'from-variable', TOKEN_FILE: join(dir, 's') }, 'TOKEN')).toBe('from-file');
    expect(secret({ TOKEN: 'from-variable' }, 'TOKEN')).toBe('from-variable');
    expect(secret({}, 'TOKEN')).toBeUndefined();
  });

  test('in a file that is not there is an error of configuration', () => {
    expect(() => secret({ TOKEN_FILE: join(dir, 'none') }, 'TOKEN')).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});
