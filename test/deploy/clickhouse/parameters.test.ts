import { bindParameters } from '../../../deploy/local/clickhouse/parameters';

const bind = (sql: string, params: Record<string, string>): string =>
  bindParameters(sql, new Map(Object.entries(params)));

describe('bindParameters', () => {
  it.each([
    ['SELECT {a:UInt8}', { a: '3' }, "SELECT CAST('3', 'UInt8')"],
    ['SELECT { a : UInt8 }', { a: '3' }, "SELECT CAST('3', 'UInt8')"],
    ["SELECT {d:DateTime64(3, 'UTC')}", { d: '2026-01-01' }, "SELECT CAST('2026-01-01', 'DateTime64(3, \\'UTC\\')')"],
    ['SELECT {s:String}', { s: "it's" }, "SELECT CAST('it\\'s', 'String')"],
    ['SELECT {s:String}', { s: 'a\\tb\\\\c\\n' }, "SELECT CAST('a\tb\\\\c\n', 'String')"],
    ['SELECT {n:Nullable(String)}', { n: '\\N' }, "SELECT CAST(NULL, 'Nullable(String)')"],
    ['SELECT {a:Array(String)}', { a: "['a\\'b']" }, "SELECT CAST('[\\'a\\\\\\'b\\']', 'Array(String)')"],
    ['SELECT * FROM {t:Identifier}', { t: 'db.ta`ble' }, 'SELECT * FROM `db`.`ta\\`ble`'],
    ["SELECT '{a:UInt8}', {a:UInt8}", { a: '1' }, "SELECT '{a:UInt8}', CAST('1', 'UInt8')"],
    ["SELECT {'k': 1} AS m", {}, "SELECT {'k': 1} AS m"],
    ['SELECT 1 -- {a:UInt8}', {}, 'SELECT 1 -- {a:UInt8}'],
  ])('%s', (sql, params, expected) => expect(bind(sql, params as Record<string, string>)).toBe(expected));

  it('cannot be made to leave its literal', () => {
    for (const evil of ["' OR 1=1 --", "\\' OR 1=1 --", "\\\\' OR 1", "'); DROP TABLE t; --"]) {
      const bound = bind('SELECT {s:String}', { s: evil });
      expect(bound).toMatch(/^SELECT CAST\('(?:[^'\\]|\\[\s\S])*', 'String'\)$/);
    }
  });

  it('names a parameter that is missing', () => {
    expect(() => bind('SELECT {a:UInt8}', {})).toThrow('Substitution `a` is not set');
  });
});
